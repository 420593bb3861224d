"""What the card has, and the commands that bring it in step with risk's tables.

The rows that an order needs are compared with what the card has, and the differences become
commands: whatever changed them, a fill, a mark, an operator, a new day. What the card has is known
by its rules (card.pyx), which are given the same commands.

A slot is given to the accounts that trade, the instruments and the sessions, lowest handles first.
"""
cimport cython
from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset

from tidegate.native.card cimport (
    BUCKET_ACCOUNT, BUCKET_INSTRUMENT, BUCKET_SESSION, CARD_ACCOUNTS, CARD_INSTRUMENTS,
    CARD_LANES, CARD_QTY_BITS, CARD_SCENARIOS, CARD_SESSIONS, CARD_WORDS, OP_ACCOUNT, OP_BUCKET,
    OP_DEBT, OP_FILL, OP_INSTRUMENT, OP_KILL, OP_LANE, OP_LIMIT, OP_MONEY, OP_ORDER, OP_PAIR,
    OP_RELEASE, OP_STATE, OP_TERMS, OP_TICK, STATE_ACCOUNT, STATE_SESSION, TERM_LOADED,
    WORD_SCAN, WORD_STALE_AT, Card, answer, bucket_state, card_command, card_response, pair_state,
)
from tidegate.native.card_wanted cimport (
    CREDIT_ENOUGH, LANE_ENOUGH, as_state, bucket_wanted, chain_state, lanes_wanted, pair_wanted,
    wanted_pair, words_wanted,
)
from tidegate.native.context cimport context
from tidegate.native.records cimport BUY, KILLED, SELL, SUB_ACCOUNT
from tidegate.native.tables cimport (
    Tables, account_row, bucket, pair_row, session_orders_row, tables,
)
from tidegate.native.verdict cimport DECIDED_BIT

import numpy as np

cdef uint64_t PASSED = <uint64_t>1 << DECIDED_BIT


def slots(wanted, uint32_t capacity, int most):
    """By handle: slots from 1 in order, below `most`; 0 = none."""
    given = np.zeros(capacity, np.uint16)
    for slot, handle in enumerate(wanted[: most - 1], 1):
        given[handle] = slot
    return given


@cython.final
cdef class CardSync:
    """A card's slots and its copy; empty at first."""

    def __cinit__(self, Tables tables_ not None):
        cdef tables* t = &tables_.t
        self.rules = Card()
        self.has = self.rules.tables
        self.account_slots = slots(
            [a for a in range(1, t.risk.account_count + 1) if t.accounts[a].level >= SUB_ACCOUNT],
            t.account_capacity, CARD_ACCOUNTS,
        )
        self.instrument_slots = slots(
            range(1, t.risk.instrument_count + 1), t.instrument_capacity, CARD_INSTRUMENTS
        )
        self.session_slots = slots(
            range(1, t.session_capacity), t.session_capacity, CARD_SESSIONS
        )

    cdef card_command* command(self, int op) noexcept nogil:
        """The next command, empty; do() when it is whole."""
        cdef card_command* next = &self.commands[self.count]
        memset(next, 0, sizeof(card_command))
        next.op = <unsigned char>op
        self.tag += 1
        next.tag = self.tag
        return next

    cdef bint do(self) noexcept nogil:
        """Do it to the rules; False = it is refused, and changed nothing."""
        cdef card_command* next = &self.commands[self.count]
        cdef card_response* said = &self.expected[self.count]
        answer(self.has, next, said)
        self.count += 1
        if next.op != OP_ORDER and said.verdict != PASSED:
            self.is_refused = True
            return False
        return True

    cdef void order(self, const context* c) noexcept nogil:
        """The order itself; what it needs has been brought."""
        cdef card_command* next = self.command(OP_ORDER)
        next.price = c.order.price
        next.order_qty = <uint32_t>c.order.order_qty
        next.lots = <uint32_t>c.lots
        next.account = self.account_slots[c.order.account]
        next.instrument = self.instrument_slots[c.order.instrument]
        next.session = self.session_slots[c.order.session]
        next.side = c.order.side
        next.kind = not c.is_new
        self.do()

    cdef void bring(self, const tables* t, const pair_row* pair, bint is_buy) noexcept nogil:
        """All that an order of the pair and side needs, but session and buckets."""
        if self.has.now_ns != t.risk.now_ns:
            self.command(OP_TICK).amount = t.risk.now_ns
            self.do()
        self.bring_account(t, pair.account)
        self.bring_words(t, pair.instrument, is_buy)
        self.bring_pair(pair)
        self.bring_lanes(t, pair)

    cdef void bring_account(self, const tables* t, uint32_t account) noexcept nogil:
        """Its chain's state; the firm's KILLED is everybody's."""
        cdef const account_row* row = &t.accounts[account]
        cdef int slot = self.account_slots[account]
        cdef int state = chain_state(t, row)
        cdef bint is_killed = (
            t.accounts[row.chain[row.chain_count - 1]].trading_state == KILLED
        )
        cdef card_command* next
        if self.has.is_killed != is_killed:
            self.command(OP_KILL).index = is_killed
            self.do()
        if self.has.account_states[slot] != state:
            next = self.command(OP_STATE if self.has.account_states[slot] else OP_ACCOUNT)
            next.account = slot
            next.index = <unsigned char>state
            next.kind = STATE_ACCOUNT
            self.do()

    cdef void bring_session(self, const tables* t, uint32_t session) noexcept nogil:
        cdef int slot = self.session_slots[session]
        cdef int state = as_state(t.sessions[session].trading_state)
        cdef card_command* next
        if slot and self.has.session_states[slot] != state:
            next = self.command(OP_STATE)
            next.session = <uint16_t>slot
            next.index = <unsigned char>state
            next.kind = STATE_SESSION
            self.do()

    cdef void bring_words(
        self, const tables* t, uint32_t instrument, bint is_buy
    ) noexcept nogil:
        cdef int slot = self.instrument_slots[instrument]
        cdef int64_t words[CARD_WORDS]
        cdef const int64_t* has = self.has.words[slot][not is_buy]
        cdef card_command* next
        cdef int k
        if slot == 0:
            return
        if not words_wanted(&t.instruments[instrument], is_buy, words):
            self.is_refused = True
            return
        for k in range(WORD_SCAN + CARD_SCENARIOS):
            if has[k] != words[k] and (k <= WORD_STALE_AT or k >= WORD_SCAN):
                next = self.command(OP_INSTRUMENT)
                next.instrument = <uint16_t>slot
                next.side = BUY if is_buy else SELL
                next.index = <unsigned char>k
                next.amount = words[k]
                self.do()

    cdef void bring_terms(self, const pair_row* pair, const wanted_pair* wanted) noexcept nogil:
        cdef uint32_t account = self.account_slots[pair.account]
        cdef uint32_t instrument = self.instrument_slots[pair.instrument]
        cdef const pair_state* has = &self.has.pairs[account][instrument]
        cdef card_command* next
        if (
            has.max_qty == wanted.max_qty and has.max_notional == wanted.max_notional
            and has.bits == wanted.bits
        ):
            return
        next = self.command(OP_TERMS)
        next.account, next.instrument = account, <uint16_t>instrument
        next.order_qty, next.index = wanted.max_qty, wanted.bits
        next.amount = wanted.max_notional
        self.do()

    cdef void bring_pair(self, const pair_row* pair) noexcept nogil:
        """Terms; then lots that came back as such, all else as a new room and its limit."""
        cdef uint32_t account = self.account_slots[pair.account]
        cdef uint32_t instrument = self.instrument_slots[pair.instrument]
        cdef const pair_state* has = &self.has.pairs[account][instrument]
        cdef int64_t moved = pair.net - self.nets[account][instrument]
        cdef int64_t rooms[2]
        cdef int64_t credits[2]
        cdef wanted_pair wanted
        cdef card_command* next
        cdef int side
        pair_wanted(pair, &wanted)
        self.bring_terms(pair, &wanted)
        self.nets[account][instrument] = pair.net
        if not wanted.bits & TERM_LOADED:
            return
        for side in range(2):
            rooms[side] = wanted.room[side] - has.room[side]
            credits[side] = wanted.credit[side] - has.credit[side]
            # So much that no order is in want of it: left as it is.
            if wanted.credit[side] >= CREDIT_ENOUGH and has.credit[side] >= CREDIT_ENOUGH // 2:
                credits[side] = rooms[side]
        if rooms[0] == rooms[1] == 0 and credits[0] == credits[1] == 0:
            return
        if self.release(account, instrument, rooms, credits, moved):
            return
        next = self.command(OP_PAIR)
        next.account, next.instrument = account, <uint16_t>instrument
        next.price, next.amount = wanted.room[0], wanted.room[1]
        self.do()
        next = self.command(OP_LIMIT)
        next.account, next.instrument = account, <uint16_t>instrument
        next.price = wanted.credit[0] - wanted.room[0]
        next.amount = wanted.credit[1] - wanted.room[1]
        self.do()

    cdef bint release(
        self, uint32_t account, uint32_t instrument, const int64_t* rooms, const int64_t* credits,
        int64_t moved
    ) noexcept nogil:
        """Where lots came back on one side alone: RELEASE, or FILL of the other side where the
        position moved by them. False = it is no such change."""
        cdef int side = 0 if rooms[1] == 0 and credits[1] == 0 else 1
        cdef int64_t lots = rooms[side]
        cdef bint is_fill = moved == (lots if side else -lots)
        cdef bint was_refused = self.is_refused
        cdef card_command* next
        if rooms[1 - side] or credits[1 - side] or credits[side] != lots:
            return False
        if lots <= 0 or lots >> CARD_QTY_BITS:
            return False
        next = self.command(OP_FILL if is_fill else OP_RELEASE)
        next.account, next.instrument = account, <uint16_t>instrument
        next.lots = <uint32_t>lots
        next.side = BUY if (side == 0) != is_fill else SELL
        if self.do():
            return True
        self.is_refused = was_refused
        return False

    cdef void bring_lanes(self, const tables* t, const pair_row* pair) noexcept nogil:
        """The account's money as this instrument's margin model looks at it."""
        cdef uint32_t account = self.account_slots[pair.account]
        cdef const int64_t* has = self.has.lanes[account]
        cdef int64_t wanted[CARD_LANES]
        cdef int64_t most = 0, least = 0, moved
        cdef card_command* next
        cdef int k
        if not lanes_wanted(t, pair, wanted):
            self.is_refused = True
            return
        for k in range(CARD_LANES):
            moved = wanted[k] - has[k]
            if wanted[k] >= LANE_ENOUGH and has[k] >= LANE_ENOUGH // 2:
                moved = 0
            wanted[k] = moved
            most = moved if k == 0 else max(most, moved)
            least = moved if k == 0 else min(least, moved)
        if most == least and most:
            next = self.command(OP_MONEY)
            next.account = account
            next.amount = most
            self.do()
            return
        for k in range(CARD_LANES):
            if wanted[k]:
                next = self.command(OP_LANE)
                next.account = account
                next.index = <unsigned char>k
                next.amount = wanted[k]
                self.do()

    cdef void bring_buckets(self, const context* c) noexcept nogil:
        cdef const account_row* account = c.plans[0].account
        cdef const session_orders_row* session = c.session
        cdef uint32_t a = self.account_slots[c.order.account]
        cdef uint32_t i = self.instrument_slots[c.order.instrument]
        cdef uint32_t s = self.session_slots[c.order.session]
        cdef const bucket* row = &account.order_rate if c.is_new else &account.replace_rate
        self.bring_bucket(row, BUCKET_ACCOUNT, a, 0, 0, not c.is_new)
        row = &session.order_rate if c.is_new else &session.replace_rate
        self.bring_bucket(row, BUCKET_SESSION, 0, 0, s, not c.is_new)
        row = &c.instrument.order_rate if c.is_new else &c.instrument.replace_rate
        self.bring_bucket(row, BUCKET_INSTRUMENT, 0, i, 0, not c.is_new)

    cdef void bring_bucket(
        self, const bucket* row, int owner, uint32_t account, uint32_t instrument,
        uint32_t session, int kind
    ) noexcept nogil:
        cdef bucket_state wanted
        cdef const bucket_state* has = &self.has.session_buckets[session][kind]
        cdef card_command* next
        if owner == BUCKET_ACCOUNT:
            has = &self.has.account_buckets[account][kind]
        elif owner == BUCKET_INSTRUMENT:
            has = &self.has.instrument_buckets[instrument][kind]
        bucket_wanted(row, &wanted)
        if has.interval_ns != wanted.interval_ns or has.tolerance_ns != wanted.tolerance_ns:
            next = self.command(OP_BUCKET)
            next.account, next.instrument = account, <uint16_t>instrument
            next.session, next.kind = <uint16_t>session, <unsigned char>kind
            next.index = <unsigned char>owner
            next.price, next.amount = wanted.interval_ns, wanted.tolerance_ns
            self.do()
        # What is past already counts as nothing, however long past.
        if max(has.next_ns, self.has.now_ns) != max(wanted.next_ns, self.has.now_ns):
            next = self.command(OP_DEBT)
            next.account, next.instrument = account, <uint16_t>instrument
            next.session, next.kind = <uint16_t>session, <unsigned char>kind
            next.index = <unsigned char>owner
            next.amount = wanted.next_ns
            self.do()
