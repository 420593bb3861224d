"""CHECKS: every control that an order must pass, in the order of RISK.md 3. The list is here.

One function each, by idea: checks_state (who may trade now), checks_order (size and price),
checks_rate (how much is sent), checks_position, checks_money. True = failed. They read a context
and never write state. To add a control: a function there, a reason code in records.pxd, a line
in of_order or of_level, and one in doubts.pxd, which asks whether the check is needed at all.
"""
from libc.stdint cimport uint64_t

cimport tidegate.native.checks_money as money
cimport tidegate.native.checks_order as size_and_price
cimport tidegate.native.checks_position as position
cimport tidegate.native.checks_rate as rate
cimport tidegate.native.checks_state as state
from tidegate.native.compared cimport compared, tell
from tidegate.native.context cimport context
from tidegate.native.holding cimport level_plan
from tidegate.native.records cimport (
    BALANCE_MISSING, CLOSABLE_LOTS, CONCENTRATION, CURRENCY_RATE_MISSING, DAY_CANCELS,
    DAY_LARGE_CANCELS, DAY_ORDERS, DAY_SELF_TRADES, DRAWDOWN_LIMIT, FEE, GROSS_LIMIT,
    HALTED_STATE, IDENTICAL_ORDERS, KILL_SWITCH, LEVERAGE, LIMIT_MISSING, LOSS_LIMIT, LOT_STEP,
    MARGIN, MARGIN_MISSING, MARKET_ORDER_SIZE, MARKET_UNPROTECTED, NOT_PERMITTED, OPEN_ORDERS,
    ORDER_NOTIONAL, ORDER_RATE, ORDER_SIZE, ORDER_SIZE_MIN, ORDER_TO_TRADE, OVERFLOW,
    PERIOD_COLLAR, POOL, POSITION_LIMIT, PRICE_COLLAR, PRICE_STEP, PROTECTION_PULLED,
    RE_ENABLE_NEEDED, REDUCE_ONLY_ORDER, REDUCING_STATE, REFERENCE_MISSING, REFERENCE_STALE,
    REPLACE_RATE, RESTRICTED, SELF_MATCH_GROUP, SELF_MATCH_OWN, SESSION_CLOSED, SIDE_LOCKED,
    SLOWED,
)


cdef inline uint64_t one(int reason) noexcept nogil:
    return <uint64_t>1 << reason


cdef inline bint of_order(const context* c, int reason, compared* n) noexcept nogil:
    """What is checked once an order."""
    if reason == KILL_SWITCH:
        return state.kill_switch(c, n)
    if reason == HALTED_STATE:
        return state.halted_state(c, n)
    if reason == PROTECTION_PULLED:
        return state.protection_pulled(c, n)
    if reason == SESSION_CLOSED:
        return state.session_closed(c, n)
    if reason == NOT_PERMITTED:
        return state.not_permitted(c, n)
    if reason == RESTRICTED:
        return state.restricted(c, n)
    if reason == SIDE_LOCKED:
        return state.side_locked(c, n)
    if reason == REDUCING_STATE:
        return state.reducing_state(c, n)
    if reason == REDUCE_ONLY_ORDER:
        return state.reduce_only_order(c, n)
    if reason == CLOSABLE_LOTS:
        return state.closable_lots(c, n)
    if reason == ORDER_SIZE:
        return size_and_price.order_size(c, n)
    if reason == MARKET_ORDER_SIZE:
        return size_and_price.market_order_size(c, n)
    if reason == ORDER_SIZE_MIN:
        return size_and_price.order_size_min(c, n)
    if reason == LOT_STEP:
        return size_and_price.lot_step(c, n)
    if reason == PRICE_STEP:
        return size_and_price.price_step(c, n)
    if reason == ORDER_NOTIONAL:
        return size_and_price.order_notional(c, n)
    if reason == REFERENCE_MISSING:
        return size_and_price.reference_missing(c, n)
    if reason == REFERENCE_STALE:
        return size_and_price.reference_stale(c, n)
    if reason == PRICE_COLLAR:
        return size_and_price.price_collar(c, n)
    if reason == MARKET_UNPROTECTED:
        return size_and_price.market_unprotected(c, n)
    if reason == PERIOD_COLLAR:
        return size_and_price.period_collar(c, n)
    if reason == ORDER_RATE or reason == REPLACE_RATE:
        return rate.shared_rate(c, n)
    if reason == DAY_CANCELS:
        return rate.day_cancels(c, n)
    if reason == DAY_LARGE_CANCELS:
        return rate.day_large_cancels(c, n)
    if reason == DAY_SELF_TRADES:
        return rate.day_self_trades(c, n)
    if reason == ORDER_TO_TRADE:
        return rate.order_to_trade(c, n)
    if reason == IDENTICAL_ORDERS:
        return rate.identical_orders(c, n)
    if reason == SELF_MATCH_OWN:
        return rate.self_match_own(c, n)
    if reason == SELF_MATCH_GROUP:
        return rate.self_match_group(c, n)
    if reason == LIMIT_MISSING:
        return position.limit_missing(c, n)
    if reason == CONCENTRATION:
        return position.concentration(c, n)
    if reason == MARGIN_MISSING:
        return money.margin_missing(c, n)
    if reason == BALANCE_MISSING:
        return money.balance_missing(c, n)
    if reason == CURRENCY_RATE_MISSING:
        return money.currency_rate_missing(c, n)
    if reason == POOL:
        return money.pool(c, n)
    if reason == OVERFLOW:
        return tell(n, c.is_overflow, 0, 0, 0, 0, 0)
    return False


cdef inline bint of_level(
    const context* c, const level_plan* at, int reason, compared* n
) noexcept nogil:
    """What is checked at each level of the chain."""
    if reason == RE_ENABLE_NEEDED:
        return state.re_enable_needed(c, at, n)
    if reason == LOSS_LIMIT:
        return state.loss_limit(c, at, n)
    if reason == DRAWDOWN_LIMIT:
        return state.drawdown_limit(c, at, n)
    if reason == ORDER_RATE or reason == REPLACE_RATE:
        return rate.level_rate(c, at, n)
    if reason == SLOWED:
        return rate.slowed(c, at, n)
    if reason == DAY_ORDERS:
        return rate.day_orders(c, at, n)
    if reason == OPEN_ORDERS:
        return rate.open_orders(c, at, n)
    if reason == POSITION_LIMIT:
        return position.position_limit(c, at, n)
    if reason == GROSS_LIMIT:
        return position.gross_limit(c, at, n)
    if reason == LEVERAGE:
        return money.leverage(c, at, n)
    if reason == MARGIN:
        return money.margin(c, at, n)
    if reason == FEE:
        return money.fee(c, at, n)
    return False


cdef inline bint is_failed(const context* c, int reason, compared* n) noexcept nogil:
    """The check of this reason, and what it compared where n, which is zero before, is not NULL."""
    cdef bint is_bad = of_order(c, reason, n)
    cdef int i
    for i in range(c.level_count):
        is_bad |= of_level(c, &c.plans[i], reason, n)
    return is_bad


cdef inline uint64_t passed_by_closing() noexcept nogil:
    """(c) of RISK.md 3: a close is never refused for what it can only relieve."""
    return (
        one(LOSS_LIMIT) | one(DRAWDOWN_LIMIT) | one(ORDER_NOTIONAL) | one(SLOWED)
        | one(DAY_CANCELS) | one(DAY_LARGE_CANCELS) | one(DAY_SELF_TRADES)
        | one(ORDER_TO_TRADE) | one(OPEN_ORDERS) | one(POSITION_LIMIT)
        | one(GROSS_LIMIT) | one(CONCENTRATION) | of_money()
    )


cdef inline uint64_t of_new() noexcept nogil:
    return one(DAY_ORDERS) | one(OPEN_ORDERS) | one(IDENTICAL_ORDERS) | one(ORDER_RATE)


cdef inline uint64_t of_money() noexcept nogil:
    return one(LEVERAGE) | one(MARGIN) | one(FEE) | one(POOL)


cdef inline uint64_t not_asked(const context* c) noexcept nogil:
    """Checks that this order passes whatever they compare."""
    cdef bint adds_nothing = c.lots == 0 and c.fee == 0 and c.premium == 0
    cdef uint64_t passed = one(REPLACE_RATE) if c.is_new else of_new()
    if c.is_closing:
        passed |= passed_by_closing()
    if c.is_overflow or adds_nothing:
        passed |= of_money()
    return passed
