"""Controls 8 to 13, 20, 21, 23 and 32: how much is sent, and what it would meet of one's own."""
from libc.stdint cimport int64_t

cimport tidegate.native.identical as identical
cimport tidegate.native.rates as rates
cimport tidegate.native.self_match as self_match
from tidegate.native.compared cimport compared, tell
from tidegate.native.context cimport context, credits_at
from tidegate.native.holding cimport level_plan
from tidegate.native.records cimport (
    CANCEL_RESTING, MARKET, OWNER_GROUP, SCOPE_ALL, SCOPE_INSTRUMENT, SCOPE_SESSION,
    SELF_MATCH_ALLOW,
)
from tidegate.native.tables cimport account_row, bucket, credits

# More messages for each trade than this is no limit.
cdef enum:
    RATIO_MAX = 2147483647


cdef inline bint tell_bucket(
    const context* c, const bucket* b, int level, int scope, compared* n
) noexcept nogil:
    return tell(
        n, rates.is_full(b, c.now_ns), b.tolerance_ns, b.next_ns - c.now_ns, b.interval_ns,
        level, scope,
    )


cdef inline bint shared_rate(const context* c, compared* n) noexcept nogil:
    """Controls 8, 9: room in the bucket of the session, then in the instrument's."""
    cdef bint is_failed
    if c.is_new:
        is_failed = tell_bucket(c, &c.session.order_rate, 0, SCOPE_SESSION, n)
        return is_failed | tell_bucket(c, &c.instrument.order_rate, 0, 0, n)
    is_failed = tell_bucket(c, &c.session.replace_rate, 0, SCOPE_SESSION, n)
    return is_failed | tell_bucket(c, &c.instrument.replace_rate, 0, 0, n)


cdef inline bint level_rate(
    const context* c, const level_plan* at, compared* n
) noexcept nogil:
    """Controls 8, 9: room in the level's bucket."""
    if c.is_new:
        return tell_bucket(c, &at.account.order_rate, at.account.level, SCOPE_ALL, n)
    return tell_bucket(c, &at.account.replace_rate, at.account.level, SCOPE_ALL, n)


cdef inline bint slowed(const context* c, const level_plan* at, compared* n) noexcept nogil:
    """Control 32: a slowed level's last accepted order is slow_interval_ns ago."""
    cdef int64_t since = c.now_ns - at.account.last_order_ns
    return tell(
        n, at.account.is_slowed and since < at.account.slow_interval_ns,
        at.account.slow_interval_ns, since, 0, at.account.level, SCOPE_ALL,
    )


cdef inline bint day_orders(
    const context* c, const level_plan* at, compared* n
) noexcept nogil:
    """Control 11: orders of the day, of the level and of its owner group in the instrument."""
    cdef const account_row* account = at.account
    cdef bint is_failed = False
    if account.level == OWNER_GROUP:
        is_failed = tell(
            n, c.day.orders >= c.instrument.day_orders_max, c.instrument.day_orders_max,
            c.day.orders, 1, OWNER_GROUP, SCOPE_INSTRUMENT,
        )
    return is_failed | tell(
        n, account.day_orders >= account.day_orders_max, account.day_orders_max,
        account.day_orders, 1, account.level, SCOPE_ALL,
    )


cdef inline bint tell_day(int64_t most, int64_t count, compared* n) noexcept nogil:
    return tell(n, count >= most, most, count, 0, OWNER_GROUP, SCOPE_INSTRUMENT)


cdef inline bint day_cancels(const context* c, compared* n) noexcept nogil:
    """Control 11: the owner group's cancels in the instrument; only orders are stopped by it."""
    return tell_day(c.instrument.day_cancels_max, c.day.cancels, n)


cdef inline bint day_large_cancels(const context* c, compared* n) noexcept nogil:
    return tell_day(c.instrument.day_large_cancels_max, c.day.large_cancels, n)


cdef inline bint day_self_trades(const context* c, compared* n) noexcept nogil:
    return tell_day(c.instrument.day_self_trades_max, c.day.self_trades, n)


cdef inline bint order_to_trade(const context* c, compared* n) noexcept nogil:
    """Control 12: messages of the owner group in the instrument for each of its trades."""
    cdef int64_t most = c.instrument.order_to_trade_max
    cdef int64_t messages = <int64_t>c.day.orders + c.day.replaces + c.day.cancels
    cdef int64_t trades = c.day.trades
    return tell(
        n, messages >= c.instrument.order_to_trade_floor and most <= RATIO_MAX
        and messages > most * (trades if trades > 1 else 1),
        most, messages, trades, OWNER_GROUP, SCOPE_INSTRUMENT,
    )


cdef inline bint open_orders(
    const context* c, const level_plan* at, compared* n
) noexcept nogil:
    """Control 13: one more open order, in the instrument, the product and of all."""
    cdef const credits* row
    cdef bint is_failed = False
    cdef int scope
    for scope in range(<int>SCOPE_INSTRUMENT, SCOPE_ALL + 1):
        row = credits_at(at, scope)
        is_failed |= tell(
            n, row.order_credit < 1, row.max_open_orders,
            row.max_open_orders - row.order_credit, 1, at.account.level, scope,
        )
    return is_failed


cdef inline bint identical_orders(const context* c, compared* n) noexcept nogil:
    """Control 23: fewer than identical_max of the same order within the window."""
    cdef const account_row* account = c.plans[0].account
    cdef int64_t count
    if account.identical_max == 0:
        return tell(n, False, 0, 0, 1, account.level, SCOPE_ALL)
    count = identical.count_of(account, c.signature, c.now_ns)
    return tell(
        n, count >= account.identical_max, account.identical_max, count, 1,
        account.level, SCOPE_ALL,
    )


cdef inline bint meets(
    const context* c, bint is_group, int policy, int level, compared* n
) noexcept nogil:
    cdef int64_t px = 0
    cdef bint is_denying = policy != SELF_MATCH_ALLOW and policy != CANCEL_RESTING
    cdef bint may_cross = self_match.may_cross(
        c.day, c.is_buy, c.order.ord_type == MARKET, c.price
    )
    return tell(
        n, may_cross and is_denying
        and self_match.crosses(c.t, c.day, c.order, c.price, is_group, &px),
        px, 0, c.price, level, SCOPE_INSTRUMENT,
    )


cdef inline bint self_match_own(const context* c, compared* n) noexcept nogil:
    """Control 20: it would not trade with an order of its own account."""
    cdef const account_row* account = c.plans[0].account
    return meets(c, False, account.self_match_own, account.level, n)


cdef inline bint self_match_group(const context* c, compared* n) noexcept nogil:
    """Control 21: nor with one of its owner group, where the group's row says so."""
    cdef const account_row* group = &c.t.accounts[c.plans[0].account.group]
    return meets(c, True, group.self_match_group, OWNER_GROUP, n)
