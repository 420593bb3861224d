"""The card's rules as Cython: what the RTL must answer, bit for bit, and what stands in for it.

ARCHITECTURE.md, "FPGA backend", says what each command does. Commands are done one after the other;
what cannot be done changes nothing and says why in the verdict. Tables are of fixed size.
"""
cimport cython
from cpython.pycapsule cimport PyCapsule_New
from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport calloc, free

from tidegate.native.card_form cimport (
    card_fits, card_is_below, has_account, has_instrument, is_well_formed,
)
from tidegate.native.records cimport (
    BUY, HALTED, HALTED_STATE, KILLED, KILL_SWITCH, LIMIT_MISSING, MALFORMED, MARGIN,
    NOT_PERMITTED, ORDER_NOTIONAL, ORDER_RATE, ORDER_SIZE, OVERFLOW, POSITION_LIMIT, PRICE_COLLAR,
    REDUCING, REDUCING_STATE, REFERENCE_MISSING, REFERENCE_STALE, REPLACE_RATE, RESTRICTED, SELL,
    SESSION_CLOSED, SIDE_LOCKED, UNKNOWN_ACCOUNT, UNKNOWN_INSTRUMENT,
)
from tidegate.native.verdict cimport DECIDED_BIT

import numpy as np


cdef extern from "card_money.h" nogil:
    bint card_times(uint64_t left, uint64_t right, int shift, uint64_t* product)


cdef inline uint64_t one(int reason) noexcept nogil:
    return <uint64_t>1 << reason


cdef inline int64_t word(const int64_t* words, int index) noexcept nogil:
    return words[index]


cdef inline int side_of(const card_command* c) noexcept nogil:
    """0 = buy. A fill frees the other side: what was held for it stays with the position."""
    return (c.side == SELL) != (c.op == OP_FILL)


cdef uint64_t refused(const card_tables* t, const card_command* c) noexcept nogil:
    """Why the command cannot even be looked at."""
    cdef uint64_t bits = 0
    cdef bint is_traded = OP_ORDER <= c.op <= OP_CANCEL
    cdef bint is_loading = c.op == OP_LIMIT or c.op == OP_PAIR or c.op == OP_TERMS
    cdef bint is_money = c.op == OP_LANE or c.op == OP_MONEY
    if not is_well_formed(c):
        return one(MALFORMED)
    if (c.op == OP_ORDER or c.op == OP_CANCEL) and t.session_states[c.session] == 0:
        return one(MALFORMED)
    if is_traded or is_loading or is_money or c.op == OP_ACCOUNT:
        if not has_account(c):
            bits |= one(UNKNOWN_ACCOUNT)
        elif (is_traded or is_money) and t.account_states[c.account] == 0:
            bits |= one(UNKNOWN_ACCOUNT)
    if is_traded or is_loading or c.op == OP_INSTRUMENT:
        if not has_instrument(c):
            bits |= one(UNKNOWN_INSTRUMENT)
        elif is_traded and word(t.words[c.instrument][side_of(c)], WORD_STATE) & 7 == 0:
            bits |= one(UNKNOWN_INSTRUMENT)
    return bits


cdef inline bucket_state* bucket_of(
    card_tables* t, const card_command* c, int owner
) noexcept nogil:
    if owner == BUCKET_ACCOUNT:
        return &t.account_buckets[c.account][c.kind]
    if owner == BUCKET_SESSION:
        return &t.session_buckets[c.session][c.kind]
    return &t.instrument_buckets[c.instrument][c.kind]


cdef bint load(card_tables* t, const card_command* c) noexcept nogil:
    """Tables that orders only read, buckets and time; False = the command is none of these."""
    cdef pair_state* pair
    cdef bucket_state* bucket
    if c.op == OP_TERMS:
        pair = &t.pairs[c.account][c.instrument]
        pair.max_qty = c.order_qty
        pair.max_notional = c.amount
        pair.bits = c.index
    elif c.op == OP_STATE:
        if c.kind == STATE_ACCOUNT:
            t.account_states[c.account] = c.index
        else:
            t.session_states[c.session] = c.index
    elif c.op == OP_INSTRUMENT:
        t.words[c.instrument][c.side == SELL][c.index] = c.amount
    elif c.op == OP_BUCKET:
        bucket = bucket_of(t, c, c.index)
        bucket.interval_ns = c.price
        bucket.tolerance_ns = c.amount
    elif c.op == OP_DEBT:
        bucket_of(t, c, c.index).next_ns = c.amount
    elif c.op == OP_TICK:
        t.now_ns = max(t.now_ns, c.amount)
    elif c.op == OP_KILL:
        t.is_killed = c.index
    else:
        return False
    return True


cdef int64_t least(const int64_t* lanes) noexcept nogil:
    cdef int64_t found = lanes[0]
    cdef int k
    for k in range(1, CARD_LANES):
        found = min(found, lanes[k])
    return found


cdef bint needs_of(const card_tables* t, const card_command* c, int64_t* needs) noexcept nogil:
    """Money that each lane gives for the lots; True = it cannot be expressed."""
    cdef const int64_t* words = t.words[c.instrument][side_of(c)]
    cdef uint64_t price = -c.price if c.price < 0 else c.price
    cdef uint64_t of_lot = 0, of_lots = 0, scan
    cdef bint is_good = True
    cdef int k
    if c.op != OP_FILL:
        is_good = card_times(price, word(words, WORD_PRICE_RATE), CARD_FRACTION_BITS, &of_lot)
        of_lot += word(words, WORD_LOT_MARGIN)
        is_good = is_good and card_times(of_lot, c.lots, 0, &of_lots) and (
            card_is_below(of_lot, CARD_MONEY_BITS)
        )
    # A product that is too wide is cut: no sum of it must be made.
    for k in range(CARD_LANES):
        scan = word(words, WORD_SCAN + k) * c.lots if k < CARD_SCENARIOS else 0
        needs[k] = of_lots + scan if is_good else 0
    return not is_good


cdef bint move(
    card_tables* t, const card_command* c, int side, int64_t lots, const int64_t* deltas
) noexcept nogil:
    """Add to a side's room and credit and to the lanes, all or none; True = not expressed."""
    cdef pair_state* pair = &t.pairs[c.account][c.instrument]
    cdef int64_t* lanes = t.lanes[c.account]
    cdef bint fits = True
    cdef int k
    for k in range(CARD_LANES):
        fits &= card_fits(lanes[k] + deltas[k], CARD_LANE_BITS)
    if lots:
        fits &= card_fits(pair.room[side] + lots, CARD_CREDIT_BITS)
        fits &= card_fits(pair.credit[side] + lots, CARD_CREDIT_BITS)
    if not fits:
        return True
    for k in range(CARD_LANES):
        lanes[k] += deltas[k]
    if lots:
        pair.room[side] += lots
        pair.credit[side] += lots
    return False


cdef bint count(card_tables* t, const card_command* c) noexcept nogil:
    """It counts whatever the verdict; a full bucket takes no further debt. True = one was full."""
    cdef bucket_state* bucket
    cdef int64_t since
    cdef bint is_full = False
    cdef int owner
    for owner in range(BUCKET_INSTRUMENT + 1):
        bucket = bucket_of(t, c, owner)
        since = max(bucket.next_ns, t.now_ns)
        if since - t.now_ns > bucket.tolerance_ns:
            is_full = True
        else:
            bucket.next_ns = since + bucket.interval_ns
    return is_full


cdef inline void fail(uint64_t* bits, bint is_bad, int reason) noexcept nogil:
    if is_bad:
        bits[0] |= one(reason)


cdef uint64_t failed_states(const card_tables* t, const card_command* c) noexcept nogil:
    """Who may trade now, and the price."""
    cdef const int64_t* words = t.words[c.instrument][side_of(c)]
    cdef int terms = t.pairs[c.account][c.instrument].bits
    cdef int account = t.account_states[c.account]
    cdef int session = t.session_states[c.session]
    cdef int state = word(words, WORD_STATE) & 7
    cdef int locks = terms & (TERM_NO_BUY | TERM_NO_SELL)
    cdef int own = TERM_NO_BUY if c.side == BUY else TERM_NO_SELL
    cdef uint64_t bits = 0
    cdef bint has_mark = word(words, WORD_STATE) & STATE_HAS_MARK != 0
    fail(
        &bits, t.is_killed or account == KILLED or session == KILLED or state == KILLED,
        KILL_SWITCH,
    )
    fail(
        &bits,
        account == HALTED or state == HALTED or session == REDUCING or session == HALTED,
        HALTED_STATE,
    )
    fail(&bits, not word(words, WORD_STATE) & STATE_OPEN, SESSION_CLOSED)
    fail(&bits, terms & TERM_NOT_PERMITTED, NOT_PERMITTED)
    fail(&bits, locks == (TERM_NO_BUY | TERM_NO_SELL), RESTRICTED)
    fail(&bits, locks == own, SIDE_LOCKED)
    fail(&bits, not has_mark, REFERENCE_MISSING)
    fail(&bits, has_mark and t.now_ns > word(words, WORD_STALE_AT), REFERENCE_STALE)
    fail(
        &bits,
        c.price < word(words, WORD_COLLAR_LOW) or c.price > word(words, WORD_COLLAR_HIGH),
        PRICE_COLLAR,
    )
    fail(&bits, not terms & TERM_LOADED, LIMIT_MISSING)
    return bits


cdef uint64_t order(card_tables* t, const card_command* c) noexcept nogil:
    cdef const pair_state* pair = &t.pairs[c.account][c.instrument]
    cdef const int64_t* words = t.words[c.instrument][side_of(c)]
    cdef const int64_t* lanes = t.lanes[c.account]
    cdef uint64_t price = -c.price if c.price < 0 else c.price
    cdef uint64_t notional = 0, bits = failed_states(t, c)
    cdef int64_t needs[CARD_LANES]
    cdef int side = side_of(c)
    cdef bint is_closing = c.lots <= pair.room[side]
    cdef bint is_poor = False, is_need_too_much = needs_of(t, c, needs)
    cdef bint is_too_much = is_need_too_much
    cdef bint is_expressed = (
        card_times(price, word(words, WORD_TICK_VALUE), 0, &notional)
        and card_times(notional, c.order_qty, 0, &notional)
    )
    cdef int k
    fail(&bits, count(t, c), REPLACE_RATE if c.kind else ORDER_RATE)
    fail(
        &bits, not is_closing and (
            t.account_states[c.account] == REDUCING or word(words, WORD_STATE) & 7 == REDUCING
        ), REDUCING_STATE,
    )
    fail(&bits, c.order_qty > pair.max_qty, ORDER_SIZE)
    fail(
        &bits, is_expressed and not is_closing and <int64_t>notional > pair.max_notional,
        ORDER_NOTIONAL,
    )
    fail(&bits, not is_closing and c.lots > pair.credit[side], POSITION_LIMIT)
    for k in range(CARD_LANES):
        is_poor |= needs[k] > lanes[k]
        needs[k] = -needs[k]
        is_too_much |= not card_fits(lanes[k] + needs[k], CARD_LANE_BITS)
    is_too_much |= not card_fits(pair.room[side] - c.lots, CARD_CREDIT_BITS)
    is_too_much |= not card_fits(pair.credit[side] - c.lots, CARD_CREDIT_BITS)
    fail(&bits, is_too_much or not is_expressed, OVERFLOW)
    fail(&bits, is_poor and not is_closing and not is_need_too_much, MARGIN)
    if bits == 0:
        move(t, c, side, -<int64_t>c.lots, needs)
    return bits


cdef uint64_t change(card_tables* t, const card_command* c) noexcept nogil:
    """What is never denied, unless it cannot be expressed."""
    cdef pair_state* pair = &t.pairs[c.account][c.instrument]
    cdef int64_t deltas[CARD_LANES]
    cdef int k
    if c.op == OP_PAIR:
        pair.room[0] = pair.credit[0] = c.price
        pair.room[1] = pair.credit[1] = c.amount
        return 0
    if c.op <= OP_LIMIT and not pair.bits & TERM_LOADED:
        return one(LIMIT_MISSING)
    if c.op == OP_LIMIT:
        if (
            not card_fits(pair.credit[0] + c.price, CARD_CREDIT_BITS)
            or not card_fits(pair.credit[1] + c.amount, CARD_CREDIT_BITS)
        ):
            return one(OVERFLOW)
        pair.credit[0] += c.price
        pair.credit[1] += c.amount
        return 0
    if c.op == OP_RELEASE or c.op == OP_FILL:
        if needs_of(t, c, deltas) or move(t, c, side_of(c), c.lots, deltas):
            return one(OVERFLOW)
        return 0
    for k in range(CARD_LANES):
        if c.op == OP_ACCOUNT:
            t.lanes[c.account][k] = 0
        deltas[k] = 0 if c.op == OP_LANE and k != c.index else c.amount
    if c.op == OP_ACCOUNT:
        t.account_states[c.account] = c.index
    return one(OVERFLOW) if move(t, c, 0, 0, deltas) else 0


cdef void answer(card_tables* t, const card_command* c, card_response* r) noexcept nogil:
    cdef int64_t before
    r.tag = c.tag
    r.margin = 0
    r.available = 0
    r.verdict = refused(t, c)
    if r.verdict == 0 and not load(t, c):
        before = 0 if c.op == OP_ACCOUNT else least(t.lanes[c.account])
        if c.op == OP_ORDER:
            r.verdict = order(t, c)
        elif c.op != OP_CANCEL:
            r.verdict = change(t, c)
        if c.op != OP_LIMIT and c.op != OP_PAIR:
            r.available = least(t.lanes[c.account])
            r.margin = before - r.available
    r.verdict |= one(DECIDED_BIT)


cdef int64_t apply_to_tables(
    void* t, const card_command* commands, card_response* responses, int64_t count
) noexcept nogil:
    cdef int64_t i
    for i in range(count):
        answer(<card_tables*>t, &commands[i], &responses[i])
    return count


cdef card_command a_command
cdef card_response a_response
COMMAND = np.asarray(<card_command[:1]> &a_command).dtype
RESPONSE = np.asarray(<card_response[:1]> &a_response).dtype
LATENCY = CARD_LATENCY
IDENTITY = CARD_IDENTITY
LAYOUT_VERSION = CARD_LAYOUT_VERSION
LAYOUT_HASH = card_layout_hash()


@cython.final
cdef class Card:
    """The card's tables, empty at first: whatever is not loaded is refused."""

    def __cinit__(self):
        self.tables = <card_tables*>calloc(1, sizeof(card_tables))
        if self.tables == NULL:
            raise MemoryError("no memory for the card's tables")
        self.way.apply = apply_to_tables
        self.way.self = self.tables

    def __dealloc__(self):
        free(self.tables)

    def apply(self, card_command[::1] commands, card_response[::1] responses):
        if responses.shape[0] != commands.shape[0]:
            raise ValueError(
                f"{commands.shape[0]} commands need as many responses, got {responses.shape[0]}"
            )
        if commands.shape[0] == 0:
            return
        with nogil:
            apply_to_tables(self.tables, &commands[0], &responses[0], commands.shape[0])

    @property
    def made_of(self):
        return IDENTITY, LAYOUT_VERSION, LAYOUT_HASH

    @property
    def pipe(self):
        return PyCapsule_New(&self.way, b"card_pipe", NULL)
