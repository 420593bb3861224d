"""Whether a command is well formed: its fields within the widths that card.h states. No tables."""
from libc.stdint cimport int64_t, uint32_t

from tidegate.native.card cimport (
    BUCKET_ACCOUNT, BUCKET_INSTRUMENT, BUCKET_SESSION, CARD_ACCOUNTS, CARD_CREDIT_BITS,
    CARD_INSTRUMENTS, CARD_KINDS, CARD_LANES, CARD_LANE_BITS, CARD_MONEY_BITS, CARD_PRICE_BITS,
    CARD_QTY_BITS, CARD_RATE_BITS, CARD_SCENARIOS, CARD_SESSIONS, CARD_TIME_BITS, OP_ACCOUNT,
    OP_BUCKET, OP_CANCEL, OP_DEBT, OP_INSTRUMENT, OP_KILL, OP_LANE, OP_LIMIT, OP_MONEY,
    OP_ORDER, OP_PAIR, OP_STATE, OP_TERMS, OP_TICK, STATE_ACCOUNT, STATE_SESSION,
    WORD_COLLAR_HIGH, WORD_COLLAR_LOW, WORD_LOT_MARGIN, WORD_PRICE_RATE, WORD_SCAN,
    WORD_STALE_AT, WORD_STATE, WORD_TICK_VALUE, card_command,
)
from tidegate.native.records cimport BUY, KILLED, SELL

cdef extern from "card_money.h" nogil:
    bint card_fits(int64_t value, int bits)
    bint card_is_below(int64_t value, int bits)


cdef inline bint has_account(const card_command* c) noexcept nogil:
    return 0 < c.account < CARD_ACCOUNTS


cdef inline bint has_session(const card_command* c) noexcept nogil:
    return 0 < c.session < CARD_SESSIONS


cdef inline bint has_instrument(const card_command* c) noexcept nogil:
    return 0 < c.instrument < CARD_INSTRUMENTS


cdef inline bint has_side(const card_command* c) noexcept nogil:
    return c.side == BUY or c.side == SELL


cdef inline bint is_lots(uint32_t lots) noexcept nogil:
    return lots != 0 and lots >> CARD_QTY_BITS == 0


cdef inline bint is_word(int index, int64_t value) noexcept nogil:
    if index == WORD_STATE:
        return card_is_below(value, 5) and value & 7 <= KILLED
    if index == WORD_COLLAR_LOW or index == WORD_COLLAR_HIGH:
        return card_fits(value, CARD_PRICE_BITS)
    if index == WORD_STALE_AT:
        return card_is_below(value, CARD_TIME_BITS)
    if index == WORD_PRICE_RATE or index == WORD_LOT_MARGIN:
        return card_is_below(value, CARD_MONEY_BITS)
    if index == WORD_TICK_VALUE or WORD_SCAN <= index < WORD_SCAN + CARD_SCENARIOS:
        return card_is_below(value, CARD_RATE_BITS)
    return False


cdef inline bint is_bucket(const card_command* c) noexcept nogil:
    if c.kind >= CARD_KINDS:
        return False
    if c.index == BUCKET_ACCOUNT:
        return has_account(c)
    if c.index == BUCKET_SESSION:
        return has_session(c)
    return c.index == BUCKET_INSTRUMENT and has_instrument(c)


cdef inline bint is_well_formed_order(const card_command* c) noexcept nogil:
    if not has_side(c) or not card_fits(c.price, CARD_PRICE_BITS):
        return False
    if c.op != OP_CANCEL and not is_lots(c.lots):
        return False
    if c.op == OP_ORDER and (not is_lots(c.order_qty) or c.kind >= CARD_KINDS):
        return False
    if c.op == OP_ORDER or c.op == OP_CANCEL:
        return has_session(c)
    return True


cdef inline bint is_well_formed(const card_command* c) noexcept nogil:
    if OP_ORDER <= c.op <= OP_CANCEL:
        return is_well_formed_order(c)
    if c.op == OP_LIMIT or c.op == OP_PAIR:
        return card_fits(c.price, CARD_CREDIT_BITS) and card_fits(c.amount, CARD_CREDIT_BITS)
    if c.op == OP_TERMS:
        return (
            c.order_qty >> CARD_QTY_BITS == 0 and card_is_below(c.amount, CARD_MONEY_BITS)
            and c.index < 16
        )
    if c.op == OP_ACCOUNT:
        return card_fits(c.amount, CARD_LANE_BITS) and c.index <= KILLED
    if c.op == OP_LANE:
        return card_fits(c.amount, CARD_LANE_BITS) and c.index < CARD_LANES
    if c.op == OP_MONEY:
        return card_fits(c.amount, CARD_LANE_BITS)
    if c.op == OP_STATE:
        return c.index <= KILLED and (
            (c.kind == STATE_ACCOUNT and has_account(c))
            or (c.kind == STATE_SESSION and has_session(c))
        )
    if c.op == OP_INSTRUMENT:
        return has_side(c) and is_word(c.index, c.amount)
    if c.op == OP_BUCKET:
        return card_is_below(c.price, 30) and card_is_below(c.amount, 50) and is_bucket(c)
    if c.op == OP_DEBT:
        return card_is_below(c.amount, CARD_TIME_BITS) and is_bucket(c)
    if c.op == OP_TICK:
        return card_is_below(c.amount, CARD_TIME_BITS)
    return c.op == OP_KILL and c.index <= 1
