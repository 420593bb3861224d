"""Controls 16, 17, 39 and 43: margin, premium and fees at every level that backs the order."""
from libc.stdint cimport int64_t

from tidegate.native.balances cimport equity, fits_at, held
from tidegate.native.compared cimport compared, tell
from tidegate.native.context cimport context
from tidegate.native.holding cimport level_plan
from tidegate.native.margin cimport money_exceeds, money_share
from tidegate.native.records cimport MARGIN_SIDES, MARGIN_SPAN, SCOPE_ALL
from tidegate.native.tables cimport TG_NO_LIMIT, balance_row, instrument_row


cdef inline bint margin_missing(const context* c, compared* n) noexcept nogil:
    """Control 39: the instrument's margin is known on both sides, by its model."""
    cdef const instrument_row* row = c.instrument
    cdef bint is_missing
    if row.margin_model == MARGIN_SPAN:
        is_missing = row.scan_unit <= 0
    else:
        is_missing = (row.margin_long | row.margin_short) < 0
        if row.margin_model == MARGIN_SIDES:
            is_missing |= (row.margin_long_today | row.margin_short_today) < 0
    return tell(n, is_missing, 0, 0, 0, 0, 0)


cdef inline bint balance_missing(const context* c, compared* n) noexcept nogil:
    """Control 39: the order's own account has money in the instrument's currency."""
    return tell(
        n, not c.plans[0].balance.is_checked, 0, 0, 0, c.plans[0].account.level, SCOPE_ALL
    )


cdef inline bint currency_rate_missing(const context* c, compared* n) noexcept nogil:
    """Control 39: a converted account's currency has rates."""
    cdef bint is_known = c.t.currencies[c.instrument.currency].asset_rate >= 0
    return tell(
        n, c.plans[0].account.is_converted and not is_known, 0, 0, 0,
        c.plans[0].account.level, SCOPE_ALL,
    )


cdef inline bint leverage(
    const context* c, const level_plan* at, compared* n
) noexcept nogil:
    """Control 43: notional within equity times leverage_max, which is in hundredths."""
    cdef int64_t ratio = at.account.leverage_max
    cdef int64_t added = at.notional
    cdef int64_t most = TG_NO_LIMIT
    cdef bint is_failed = (
        ratio != TG_NO_LIMIT and at.pair.balance != 0
        and money_exceeds(at.balance.notional + added, 100, equity(at.balance), ratio)
    )
    if n != NULL and ratio != TG_NO_LIMIT:
        money_share(equity(at.balance), ratio, 100, &most)
    return tell(
        n, is_failed, most, at.balance.notional, added, at.account.level, SCOPE_ALL
    )


cdef inline bint can_spare(
    const context* c, const level_plan* at, int64_t asked
) noexcept nogil:
    return fits_at(c.t, at.pair.account, at.pair.balance, asked)


cdef inline bint margin(const context* c, const level_plan* at, compared* n) noexcept nogil:
    """Control 16: the added margin and premium fit into what the level has available."""
    cdef int64_t asked = at.margin.added + c.premium
    return tell(
        n, at.balance.is_checked and not can_spare(c, at, asked),
        equity(at.balance), held(at.balance), asked, at.account.level, SCOPE_ALL,
    )


cdef inline bint fee(const context* c, const level_plan* at, compared* n) noexcept nogil:
    """Control 17: and so does the fee, where they do."""
    cdef int64_t asked = at.margin.added + c.premium
    return tell(
        n, at.balance.is_checked and can_spare(c, at, asked)
        and not can_spare(c, at, asked + c.fee),
        equity(at.balance), held(at.balance), asked + c.fee, at.account.level, SCOPE_ALL,
    )


cdef inline bint pool(const context* c, compared* n) noexcept nogil:
    """Control 16: the pool that the account draws on can spare all of it."""
    cdef const level_plan* own = &c.plans[0]
    cdef int64_t asked = own.margin.added + c.premium + c.fee
    cdef const balance_row* balance = &c.t.balances[c.pool_balance]
    if c.pool_balance == 0:
        return tell(n, False, 0, 0, asked, 0, SCOPE_ALL)
    return tell(
        n, not fits_at(c.t, own.account.pool, c.pool_balance, asked), equity(balance),
        held(balance), asked, c.t.accounts[own.account.pool].level, SCOPE_ALL,
    )
