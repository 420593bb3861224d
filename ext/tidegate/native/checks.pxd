"""CHECKS: every control that an order must pass, in the order of RISK.md 3. The list is here.

One function each, by idea: checks_state (who may trade now), checks_order (size and price),
checks_rate (how much is sent), checks_position, checks_money. True = failed. They read a context
and never write state. To add a control: a function there, a reason code in records.pxd, a line in
of_order or of_level, and one in compare, which asks the same function for its numbers.
"""
from libc.stdint cimport uint64_t

cimport tidegate.native.checks_money as money
cimport tidegate.native.checks_order as size_and_price
cimport tidegate.native.checks_position as position
cimport tidegate.native.checks_rate as rate
cimport tidegate.native.checks_state as state
from tidegate.native.compared cimport compared, tell
from tidegate.native.context cimport context, level_context
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


cdef inline uint64_t bit(bint is_failed, int reason, bint is_exact) noexcept nogil:
    """The bit of a check that failed; only its being one where the bits are not asked for."""
    return <uint64_t>is_failed << (reason if is_exact else 0)


cdef inline uint64_t one(int reason) noexcept nogil:
    return <uint64_t>1 << reason


cdef inline uint64_t of_order(const context* c, bint is_exact) noexcept nogil:
    """What is checked once an order."""
    return (
        bit(state.kill_switch(c, NULL), KILL_SWITCH, is_exact)
        | bit(state.halted_state(c, NULL), HALTED_STATE, is_exact)
        | bit(state.protection_pulled(c, NULL), PROTECTION_PULLED, is_exact)
        | bit(state.session_closed(c, NULL), SESSION_CLOSED, is_exact)
        | bit(state.not_permitted(c, NULL), NOT_PERMITTED, is_exact)
        | bit(state.restricted(c, NULL), RESTRICTED, is_exact)
        | bit(state.side_locked(c, NULL), SIDE_LOCKED, is_exact)
        | bit(state.reducing_state(c, NULL), REDUCING_STATE, is_exact)
        | bit(state.reduce_only_order(c, NULL), REDUCE_ONLY_ORDER, is_exact)
        | bit(state.closable_lots(c, NULL), CLOSABLE_LOTS, is_exact)
        | bit(size_and_price.order_size(c, NULL), ORDER_SIZE, is_exact)
        | bit(size_and_price.market_order_size(c, NULL), MARKET_ORDER_SIZE, is_exact)
        | bit(size_and_price.order_size_min(c, NULL), ORDER_SIZE_MIN, is_exact)
        | bit(size_and_price.lot_step(c, NULL), LOT_STEP, is_exact)
        | bit(size_and_price.price_step(c, NULL), PRICE_STEP, is_exact)
        | bit(size_and_price.order_notional(c, NULL), ORDER_NOTIONAL, is_exact)
        | bit(size_and_price.reference_missing(c, NULL), REFERENCE_MISSING, is_exact)
        | bit(size_and_price.reference_stale(c, NULL), REFERENCE_STALE, is_exact)
        | bit(size_and_price.price_collar(c, NULL), PRICE_COLLAR, is_exact)
        | bit(size_and_price.market_unprotected(c, NULL), MARKET_UNPROTECTED, is_exact)
        | bit(size_and_price.period_collar(c, NULL), PERIOD_COLLAR, is_exact)
        | bit(rate.shared_rate(c, NULL), ORDER_RATE if c.is_new else REPLACE_RATE, is_exact)
        | bit(rate.day_cancels(c, NULL), DAY_CANCELS, is_exact)
        | bit(rate.day_large_cancels(c, NULL), DAY_LARGE_CANCELS, is_exact)
        | bit(rate.day_self_trades(c, NULL), DAY_SELF_TRADES, is_exact)
        | bit(rate.order_to_trade(c, NULL), ORDER_TO_TRADE, is_exact)
        | bit(rate.identical_orders(c, NULL), IDENTICAL_ORDERS, is_exact)
        | bit(rate.self_match_own(c, NULL), SELF_MATCH_OWN, is_exact)
        | bit(rate.self_match_group(c, NULL), SELF_MATCH_GROUP, is_exact)
        | bit(position.limit_missing(c, NULL), LIMIT_MISSING, is_exact)
        | bit(position.concentration(c, NULL), CONCENTRATION, is_exact)
        | bit(money.margin_missing(c, NULL), MARGIN_MISSING, is_exact)
        | bit(money.balance_missing(c, NULL), BALANCE_MISSING, is_exact)
        | bit(money.currency_rate_missing(c, NULL), CURRENCY_RATE_MISSING, is_exact)
        | bit(money.pool(c, NULL), POOL, is_exact)
        | bit(c.is_overflow, OVERFLOW, is_exact)
    )


cdef inline uint64_t of_level(
    const context* c, const level_context* at, bint is_exact
) noexcept nogil:
    """What is checked at each level of the chain."""
    return (
        bit(state.re_enable_needed(c, at, NULL), RE_ENABLE_NEEDED, is_exact)
        | bit(state.loss_limit(c, at, NULL), LOSS_LIMIT, is_exact)
        | bit(state.drawdown_limit(c, at, NULL), DRAWDOWN_LIMIT, is_exact)
        | bit(rate.level_rate(c, at, NULL), ORDER_RATE if c.is_new else REPLACE_RATE, is_exact)
        | bit(rate.slowed(c, at, NULL), SLOWED, is_exact)
        | bit(rate.day_orders(c, at, NULL), DAY_ORDERS, is_exact)
        | bit(rate.open_orders(c, at, NULL), OPEN_ORDERS, is_exact)
        | bit(position.position_limit(c, at, NULL), POSITION_LIMIT, is_exact)
        | bit(position.gross_limit(c, at, NULL), GROSS_LIMIT, is_exact)
        | bit(money.leverage(c, at, NULL), LEVERAGE, is_exact)
        | bit(money.margin(c, at, NULL), MARGIN, is_exact)
        | bit(money.fee(c, at, NULL), FEE, is_exact)
    )


cdef inline uint64_t passed_by_closing() noexcept nogil:
    """(c) of RISK.md 3: a close is never refused for what it can only relieve."""
    return (
        one(LOSS_LIMIT) | one(DRAWDOWN_LIMIT) | one(ORDER_NOTIONAL) | one(SLOWED)
        | one(DAY_CANCELS) | one(DAY_LARGE_CANCELS) | one(DAY_SELF_TRADES)
        | one(ORDER_TO_TRADE) | one(OPEN_ORDERS) | one(POSITION_LIMIT)
        | one(GROSS_LIMIT) | one(CONCENTRATION) | of_money()
    )


cdef inline uint64_t of_new() noexcept nogil:
    return one(DAY_ORDERS) | one(OPEN_ORDERS) | one(IDENTICAL_ORDERS)


cdef inline uint64_t of_money() noexcept nogil:
    return one(LEVERAGE) | one(MARGIN) | one(FEE) | one(POOL)


cdef inline uint64_t of_levels(const context* c, bint is_exact) noexcept nogil:
    cdef uint64_t bad = 0
    cdef int i
    for i in range(c.level_count):
        bad |= of_level(c, &c.levels[i], is_exact)
    return bad


cdef inline int any_failed(const context* c) noexcept nogil:
    """CHECKS, as fast as they go, for most orders fail none: bit 0 = one of the order's failed,
    bit 1 = one of a level's. Which: exact_checks.
    """
    return <int>(of_order(c, False) != 0) | <int>(of_levels(c, False) != 0) << 1


cdef inline uint64_t exact_checks(const context* c, int where) noexcept nogil:
    """CHECKS where any_failed has seen one fail. Bit r: the check with reason r failed."""
    cdef bint adds_nothing = c.lots == 0 and c.fee == 0 and c.premium == 0
    cdef uint64_t bad = 0
    if where & 1:
        bad = of_order(c, True)
    if where & 2:
        bad |= of_levels(c, True)
    if c.is_closing:
        bad &= ~passed_by_closing()
    if not c.is_new:
        bad &= ~of_new()
    if c.is_overflow or adds_nothing:
        bad &= ~of_money()
    return bad


cdef inline bint compare_order(const context* c, int reason, compared* n) noexcept nogil:
    """The numbers of one check of of_order; False = it is none of them."""
    if reason == KILL_SWITCH:
        state.kill_switch(c, n)
    elif reason == HALTED_STATE:
        state.halted_state(c, n)
    elif reason == PROTECTION_PULLED:
        state.protection_pulled(c, n)
    elif reason == SESSION_CLOSED:
        state.session_closed(c, n)
    elif reason == NOT_PERMITTED:
        state.not_permitted(c, n)
    elif reason == RESTRICTED:
        state.restricted(c, n)
    elif reason == SIDE_LOCKED:
        state.side_locked(c, n)
    elif reason == REDUCING_STATE:
        state.reducing_state(c, n)
    elif reason == REDUCE_ONLY_ORDER:
        state.reduce_only_order(c, n)
    elif reason == CLOSABLE_LOTS:
        state.closable_lots(c, n)
    elif reason == ORDER_SIZE:
        size_and_price.order_size(c, n)
    elif reason == MARKET_ORDER_SIZE:
        size_and_price.market_order_size(c, n)
    elif reason == ORDER_SIZE_MIN:
        size_and_price.order_size_min(c, n)
    elif reason == LOT_STEP:
        size_and_price.lot_step(c, n)
    elif reason == PRICE_STEP:
        size_and_price.price_step(c, n)
    elif reason == ORDER_NOTIONAL:
        size_and_price.order_notional(c, n)
    elif reason == REFERENCE_MISSING:
        size_and_price.reference_missing(c, n)
    elif reason == REFERENCE_STALE:
        size_and_price.reference_stale(c, n)
    elif reason == PRICE_COLLAR:
        size_and_price.price_collar(c, n)
    elif reason == MARKET_UNPROTECTED:
        size_and_price.market_unprotected(c, n)
    elif reason == PERIOD_COLLAR:
        size_and_price.period_collar(c, n)
    elif reason == ORDER_RATE or reason == REPLACE_RATE:
        rate.shared_rate(c, n)
        return False
    elif reason == DAY_CANCELS:
        rate.day_cancels(c, n)
    elif reason == DAY_LARGE_CANCELS:
        rate.day_large_cancels(c, n)
    elif reason == DAY_SELF_TRADES:
        rate.day_self_trades(c, n)
    elif reason == ORDER_TO_TRADE:
        rate.order_to_trade(c, n)
    elif reason == IDENTICAL_ORDERS:
        rate.identical_orders(c, n)
    elif reason == SELF_MATCH_OWN:
        rate.self_match_own(c, n)
    elif reason == SELF_MATCH_GROUP:
        rate.self_match_group(c, n)
    elif reason == LIMIT_MISSING:
        position.limit_missing(c, n)
    elif reason == CONCENTRATION:
        position.concentration(c, n)
    elif reason == MARGIN_MISSING:
        money.margin_missing(c, n)
    elif reason == BALANCE_MISSING:
        money.balance_missing(c, n)
    elif reason == CURRENCY_RATE_MISSING:
        money.currency_rate_missing(c, n)
    elif reason == POOL:
        money.pool(c, n)
    elif reason == OVERFLOW:
        tell(n, c.is_overflow, 0, 0, 0, 0, 0)
    else:
        return False
    return True


cdef inline void compare_level(
    const context* c, const level_context* at, int reason, compared* n
) noexcept nogil:
    if reason == RE_ENABLE_NEEDED:
        state.re_enable_needed(c, at, n)
    elif reason == LOSS_LIMIT:
        state.loss_limit(c, at, n)
    elif reason == DRAWDOWN_LIMIT:
        state.drawdown_limit(c, at, n)
    elif reason == ORDER_RATE or reason == REPLACE_RATE:
        rate.level_rate(c, at, n)
    elif reason == SLOWED:
        rate.slowed(c, at, n)
    elif reason == DAY_ORDERS:
        rate.day_orders(c, at, n)
    elif reason == OPEN_ORDERS:
        rate.open_orders(c, at, n)
    elif reason == POSITION_LIMIT:
        position.position_limit(c, at, n)
    elif reason == GROSS_LIMIT:
        position.gross_limit(c, at, n)
    elif reason == LEVERAGE:
        money.leverage(c, at, n)
    elif reason == MARGIN:
        money.margin(c, at, n)
    elif reason == FEE:
        money.fee(c, at, n)


cdef inline void compare(const context* c, int reason, compared* n) noexcept nogil:
    """What the check of this reason compared; n is zero before."""
    cdef int i
    if not compare_order(c, reason, n):
        for i in range(c.level_count):
            compare_level(c, &c.levels[i], reason, n)
