"""From a well-formed order to the verdict of every check, on every level. Reads, never writes."""
from libc.stdint cimport int64_t, uint32_t, uint64_t

cimport tidegate.native.checks as checks
cimport tidegate.native.margin as margin
cimport tidegate.native.positions as positions
from tidegate.native.checks cimport compared, context
from tidegate.native.records cimport (
    BUY, CLOSE, DAY, FILL_OR_KILL, GOOD_TILL_CANCEL, IMMEDIATE_OR_CANCEL, LIMIT, MARKET, OPEN,
    POSS_DUP, POSS_RESEND, POST_ONLY, REDUCE_ONLY, SELL,
    TG_NO_PRICE, order_record,
)
from tidegate.native.tables cimport account_row, order_row, pair_row, tables

# The largest order: 31 bits, so that a signed 32-bit credit can give it back.
cdef int64_t QTY_MAX = 2147483647

cdef enum:
    FLAGS_KNOWN = POSS_DUP | POSS_RESEND | REDUCE_ONLY | POST_ONLY


cdef bint has_unknown_terms(const order_record* o) noexcept nogil:
    """Terms that this version does not trade: better refused than traded as something else."""
    return (
        o.flags & ~<int>FLAGS_KNOWN or o.stop_px or o.expire_ns or o.exec_inst or o.hedge_flag
        or (o.position_effect and o.position_effect != OPEN and o.position_effect != CLOSE)
    )


cdef bint is_well_formed(const order_record* o) noexcept nogil:
    if has_unknown_terms(o):
        return False
    if o.order_qty <= 0 or o.order_qty > QTY_MAX or (o.side != BUY and o.side != SELL):
        return False
    if o.ord_type == LIMIT:
        if o.price == TG_NO_PRICE:
            return False
    elif o.ord_type != MARKET or o.price != TG_NO_PRICE:
        return False
    return (
        o.time_in_force == DAY or o.time_in_force == GOOD_TILL_CANCEL
        or o.time_in_force == IMMEDIATE_OR_CANCEL or o.time_in_force == FILL_OR_KILL
    )


cdef int64_t fee_to_add(context* c, const order_row* order) noexcept nogil:
    """What the fee of the order's lots to come needs beyond what is held for it already."""
    cdef int64_t lots = c.order.order_qty
    cdef int64_t fee_held = 0
    cdef int64_t fee = 0
    if order != NULL:
        lots -= order.cum_qty
        fee_held = order.fee_held
    c.is_overflow |= margin.fee(
        c.instrument, margin.fee_price(c.instrument, c.order.price), lots, &fee
    )
    return fee - fee_held if fee > fee_held else 0


cdef void gather(
    const tables* t, const order_record* o, int64_t lots, const order_row* order, context* c
) noexcept nogil:
    """Everything that the checks look at, on every level of the hierarchy."""
    cdef const account_row* account = &t.accounts[o.account]
    cdef const pair_row* pair
    cdef uint32_t pair_index = positions.find_pair(t, o.account, o.instrument)
    cdef int64_t buys, sells, total
    cdef int i
    c.order = o
    c.instrument = &t.instruments[o.instrument]
    c.now_ns = t.risk.now_ns
    c.lots = lots
    c.is_buy = o.side == BUY
    c.is_overflow = False
    c.level_count = account.chain_count
    c.fee = fee_to_add(c, order)
    buys = lots if c.is_buy else 0
    sells = 0 if c.is_buy else lots
    for i in range(c.level_count):
        if pair_index == 0:
            pair_index = positions.find_pair(t, account.chain[i], o.instrument)
        if pair_index:
            pair = &t.pairs[pair_index]
            pair_index = pair.parent
        else:
            positions.absent_pair(t, account.chain[i], o.instrument, &c.levels[i].absent)
            pair = &c.levels[i].absent
        c.levels[i].account = &t.accounts[account.chain[i]]
        c.levels[i].pair = pair
        c.levels[i].balance = &t.balances[pair.balance]
        c.levels[i].margin_after = 0
        c.is_overflow |= margin.requirement(
            c.instrument, pair.net, pair.open_buy + buys, pair.open_sell + sells,
            &c.levels[i].margin_after,
        )
        c.is_overflow |= margin.money_sum(
            c.levels[i].balance.margin, c.levels[i].margin_after - pair.margin, &total
        )
        c.is_overflow |= margin.money_sum(c.levels[i].balance.fee_held, c.fee, &total)


cdef int lowest_bit(uint64_t verdict) noexcept nogil:
    cdef int bit = 0
    while not (verdict >> bit) & 1:
        bit += 1
    return bit


cdef int assess(
    const tables* t, const order_record* o, int64_t lots, const order_row* order, context* c,
    compared* first, uint64_t* verdict
) noexcept nogil:
    """Run every check as if `lots` were added; the reason of the first that failed, or 0.

    `order` is the one to be replaced, NULL for a new one.
    """
    gather(t, o, lots, order, c)
    verdict[0] |= checks.run_checks(c, first)
    return 0 if verdict[0] == <uint64_t>1 << DECIDED_BIT else lowest_bit(verdict[0])
