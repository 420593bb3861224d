"""Which checks an order may fail: none of nearly every order, at the cost of a few comparisons.

A doubt is cheap and may be wrong; what is not doubted passes its check in checks.pxd, which the
debug build asks of every order. What a chain does not state is not looked at (pairs[].watched), and
what it may still add is compared for all rows at once.
"""
from libc.stdint cimport int64_t, uint32_t, uint64_t

cimport tidegate.native.checks_money as money
cimport tidegate.native.checks_order as size_and_price
cimport tidegate.native.checks_position as position
cimport tidegate.native.checks_rate as rate
cimport tidegate.native.checks_state as state
from tidegate.native.balances cimport available
from tidegate.native.checks cimport of_money, one
from tidegate.native.context cimport context
from tidegate.native.holding cimport (
    credit_lanes, credits_lack, credits_left, credits_none, level_plan,
)
from tidegate.native.orders cimport is_close
from tidegate.native.positions cimport (
    WATCH_CONCENTRATION, WATCH_DAY, WATCH_LOSS, WATCH_PLACES, WATCH_SELF_MATCH, WATCH_STEPS,
)
from tidegate.native.records cimport (
    ACTIVE, BALANCE_MISSING, CLOSABLE_LOTS, CONCENTRATION, CURRENCY_RATE_MISSING, DAY_CANCELS,
    DAY_LARGE_CANCELS, DAY_ORDERS, DAY_SELF_TRADES, DRAWDOWN_LIMIT, FEE, GROSS_LIMIT,
    HALTED_STATE, IDENTICAL_ORDERS, KILL_SWITCH, LEVERAGE, LIMIT_MISSING, LOSS_LIMIT, LOT_STEP,
    MARGIN, MARGIN_MISSING, MARKET, MARKET_ORDER_SIZE, MARKET_UNPROTECTED, NOT_PERMITTED,
    OPEN_ORDERS, ORDER_NOTIONAL, ORDER_RATE, ORDER_SIZE, ORDER_SIZE_MIN, ORDER_TO_TRADE,
    OVERFLOW, PERIOD_COLLAR, PHASE_OPEN, POOL, POSITION_LIMIT, PRICE_COLLAR, PRICE_STEP,
    PROTECTION_PULLED, RE_ENABLE_NEEDED, REDUCE_ONLY, REDUCE_ONLY_ORDER, REDUCING_STATE,
    REFERENCE_MISSING, REFERENCE_STALE, REPLACE_RATE, RESTRICTED, SELF_MATCH_GROUP,
    SELF_MATCH_OWN, SESSION_CLOSED, SIDE_LOCKED, SLOWED,
)
from tidegate.native.tables cimport account_row, bucket, instrument_row


cdef extern from *:
    """
    /* A branch that is hardly ever taken, and stays one: nothing is computed for it beside it. */
    static inline void tg_doubt(uint64_t *found, int is_open, uint64_t checks) {
        if (__builtin_expect(is_open, 0)) {
            __asm__ volatile("");
            *found |= checks;
        }
    }
    """
    # These checks have to be made where the question stays open.
    void doubt "tg_doubt"(uint64_t* found, bint is_open, uint64_t checks) noexcept nogil


cdef inline uint64_t of_places() noexcept nogil:
    """What is folded into one bit: something in the chain stands in the way, or is missing."""
    return (
        one(KILL_SWITCH) | one(HALTED_STATE) | one(RE_ENABLE_NEEDED) | one(NOT_PERMITTED)
        | one(RESTRICTED) | one(SIDE_LOCKED) | one(REDUCING_STATE) | one(SLOWED)
        | one(LIMIT_MISSING) | one(BALANCE_MISSING) | one(CURRENCY_RATE_MISSING)
    )


cdef inline void of_terms(const context* c, uint64_t* found) noexcept nogil:
    """Size, price and effect."""
    cdef const instrument_row* row = c.instrument
    cdef int64_t price = c.order.price
    doubt(found, c.order.order_qty > c.own.max_order_qty, one(ORDER_SIZE))
    doubt(found, c.notional > c.own.max_notional, one(ORDER_NOTIONAL))
    doubt(
        found, (c.order.flags & REDUCE_ONLY) or is_close(c.order.position_effect),
        one(REDUCE_ONLY_ORDER) | one(CLOSABLE_LOTS),
    )
    if c.order.ord_type == MARKET:
        doubt(found, size_and_price.market_order_size(c, NULL), one(MARKET_ORDER_SIZE))
        doubt(found, size_and_price.market_unprotected(c, NULL), one(MARKET_UNPROTECTED))
        return
    doubt(found, price > row.collar_high, one(PRICE_COLLAR))
    doubt(found, price < row.collar_low, one(PRICE_COLLAR))
    if row.period_ns:
        doubt(found, size_and_price.period_collar(c, NULL), one(PERIOD_COLLAR))


cdef inline void of_instrument(const context* c, uint64_t* found) noexcept nogil:
    """The reference, the phase, margins that are known; the session."""
    cdef const instrument_row* row = c.instrument
    doubt(
        found, c.now_ns - row.mark_ns > row.stale_ns,
        one(REFERENCE_MISSING) | one(REFERENCE_STALE),
    )
    doubt(found, size_and_price.reference_missing(c, NULL), one(REFERENCE_MISSING))
    doubt(found, row.phase != PHASE_OPEN, one(SESSION_CLOSED))
    doubt(found, money.margin_missing(c, NULL), one(MARGIN_MISSING))
    doubt(found, c.session.trading_state != ACTIVE, one(KILL_SWITCH) | one(HALTED_STATE))


cdef inline void of_bucket(
    const bucket* of_new, const bucket* of_replace, const context* c, uint64_t* found
) noexcept nogil:
    """rates.is_full; one that has no limit is seldom in the future."""
    cdef const bucket* row = of_new if c.is_new else of_replace
    doubt(found, row.next_ns - c.now_ns > row.tolerance_ns, one(ORDER_RATE) | one(REPLACE_RATE))


cdef inline void of_counts(const context* c, uint64_t* found) noexcept nogil:
    """What is counted of the session, the instrument and the account alone."""
    of_bucket(&c.session.order_rate, &c.session.replace_rate, c, found)
    of_bucket(&c.instrument.order_rate, &c.instrument.replace_rate, c, found)
    doubt(found, rate.identical_orders(c, NULL), one(IDENTICAL_ORDERS))
    doubt(found, c.plans[0].product.is_pulled, one(PROTECTION_PULLED))
    doubt(found, c.is_overflow, one(OVERFLOW))


cdef inline void of_day(const context* c, uint64_t* found) noexcept nogil:
    doubt(found, rate.day_cancels(c, NULL), one(DAY_CANCELS))
    doubt(found, rate.day_large_cancels(c, NULL), one(DAY_LARGE_CANCELS))
    doubt(found, rate.day_self_trades(c, NULL), one(DAY_SELF_TRADES))
    doubt(found, c.day.orders >= c.instrument.day_orders_max, one(DAY_ORDERS))
    doubt(found, rate.order_to_trade(c, NULL), one(ORDER_TO_TRADE))


cdef inline void of_watched(const context* c, uint64_t* found) noexcept nogil:
    """What only some chains and instruments state."""
    cdef uint32_t watched = c.own.watched
    doubt(found, watched & WATCH_PLACES, of_places())
    doubt(found, watched & WATCH_STEPS, one(ORDER_SIZE_MIN) | one(LOT_STEP) | one(PRICE_STEP))
    if watched & WATCH_DAY:
        of_day(c, found)
    if watched & WATCH_SELF_MATCH:
        doubt(found, rate.self_match_own(c, NULL), one(SELF_MATCH_OWN))
        doubt(found, rate.self_match_group(c, NULL), one(SELF_MATCH_GROUP))
    if watched & WATCH_CONCENTRATION:
        doubt(found, position.concentration(c, NULL), one(CONCENTRATION))


cdef inline void of_balance(
    const context* c, const level_plan* at, uint64_t* found
) noexcept nogil:
    """The money of a level that has some."""
    cdef int64_t asked = at.margin.added + c.premium + c.fee
    if c.own.watched & WATCH_LOSS:
        doubt(found, state.loss_limit(c, at, NULL), one(LOSS_LIMIT))
        doubt(found, state.drawdown_limit(c, at, NULL), one(DRAWDOWN_LIMIT))
        doubt(found, money.leverage(c, at, NULL), one(LEVERAGE))
    if at.balance.is_checked:
        doubt(found, asked > available(at.balance), one(MARGIN) | one(FEE))
        doubt(found, at.account.is_converted, one(MARGIN) | one(FEE))


cdef inline void of_levels(const context* c, uint64_t* found) noexcept nogil:
    cdef credit_lanes left = credits_none()
    cdef const level_plan* at
    cdef const account_row* account
    cdef int i
    for i in range(c.level_count):
        at = &c.plans[i]
        account = at.account
        credits_left(&left, &at.pair.all, &at.take)
        credits_left(&left, &at.product.all, &at.take)
        credits_left(&left, &account.all, &at.take)
        of_bucket(&account.order_rate, &account.replace_rate, c, found)
        doubt(found, account.day_orders >= account.day_orders_max, one(DAY_ORDERS))
        if at.pair.balance:
            of_balance(c, at, found)
    doubt(
        found, credits_lack(&left), one(OPEN_ORDERS) | one(POSITION_LIMIT) | one(GROSS_LIMIT)
    )


cdef inline uint64_t doubts(const context* c) noexcept nogil:
    """Bit r: the check of reason r has to be made; all others pass."""
    cdef uint64_t found = 0
    of_terms(c, &found)
    of_instrument(c, &found)
    of_counts(c, &found)
    of_levels(c, &found)
    if c.own.watched:
        of_watched(c, &found)
    if c.pool_balance:
        doubt(&found, money.pool(c, NULL), one(POOL))
    return found
