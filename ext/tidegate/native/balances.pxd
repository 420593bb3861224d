"""Money of (account, currency): changed at the account, its pool and its converted total."""
from libc.stdint cimport int64_t, uint32_t, uint64_t

from tidegate.native.dirty cimport mark_dirty
from tidegate.native.margin cimport money_sum
from tidegate.native.tables cimport account_row, balance_row, tables


# Signed. Zero it whole before use. initial_cash moves with deposits and withdrawals alone, and
# credit_line is of the account alone: a pool gets every other part as well.
ctypedef struct change:
    int64_t cash
    int64_t margin
    int64_t fee_held
    int64_t premium_held
    int64_t cash_held
    int64_t unrealised
    int64_t fees
    int64_t notional
    int64_t initial_cash
    int64_t credit_line


cdef inline int64_t held(const balance_row* row) noexcept nogil:
    return row.margin + row.fee_held + row.premium_held + row.cash_held


cdef inline int64_t equity(const balance_row* row) noexcept nogil:
    return row.cash + row.credit_line + row.unrealised


cdef inline int64_t available(const balance_row* row) noexcept nogil:
    return equity(row) - held(row)


cdef inline int64_t profit(const balance_row* row) noexcept nogil:
    return row.cash + row.unrealised - row.initial_cash


cdef inline uint32_t pool_balance(
    const tables* t, uint32_t account, uint32_t balance
) noexcept nogil:
    """The pool's balance in the same currency; 0 = the account has its own money."""
    cdef uint32_t pool = t.accounts[account].pool
    if pool == 0:
        return 0
    return balance - account * t.currency_capacity + pool * t.currency_capacity


# Done without asking: only after can_apply.
cdef void commit(tables* t, uint32_t account, uint32_t balance, const change* by) noexcept nogil
# True = it cannot be expressed and nothing was done. `account` is the balance's.
cdef bint apply_to(
    tables* t, uint32_t account, uint32_t balance, const change* by
) noexcept nogil
cdef bint apply_change(tables* t, uint32_t balance, const change* by) noexcept nogil
# False = it could not be expressed. Does nothing.
cdef bint can_apply(
    const tables* t, uint32_t account, uint32_t balance, const change* by
) noexcept nogil
cdef bint fits_converted(
    const tables* t, uint32_t account, uint32_t balance, int64_t asked
) noexcept nogil
# True = the account can spare it; one division more than fits_at.
cdef bint fits(const tables* t, uint32_t balance, int64_t asked) noexcept nogil
# Part of a change of many balances, whose sums are looked at when all parts are in: cash,
# unrealised and margin, of the account and its pool. True = too far from what can be expressed,
# and nothing was done.
cdef bint post(tables* t, uint32_t account, uint32_t balance, const change* by) noexcept nogil
# All money of the account, after that, in each currency and converted.
cdef bint is_expressible(const tables* t, uint32_t account) noexcept nogil
# What was posted stands; the day's profit starts at 0.
cdef void start_day(tables* t, uint32_t account) noexcept nogil
# Every currency of a converted account at the rates as they are now. True = not expressible,
# nothing done.
cdef bint reconvert(tables* t, uint32_t account) noexcept nogil


cdef inline bint fits_at(
    const tables* t, uint32_t account, uint32_t balance, int64_t asked
) noexcept nogil:
    """True = the account can spare it, its currencies converted where it says so."""
    if t.accounts[account].is_converted:
        return fits_converted(t, account, balance, asked)
    return asked <= available(&t.balances[balance])


# Of unrealised money alone, where a pool or a conversion has its part in it.
cdef bint can_gain_elsewhere(
    const tables* t, uint32_t account, uint32_t balance, int64_t amount
) noexcept nogil
cdef void gain_elsewhere(
    tables* t, uint32_t account, uint32_t balance, int64_t amount
) noexcept nogil


cdef inline bint can_gain(
    const tables* t, uint32_t account, uint32_t balance, int64_t amount
) noexcept nogil:
    """can_apply of unrealised money, which each mark changes in many accounts."""
    cdef const balance_row* row = &t.balances[balance]
    cdef int64_t total
    if t.accounts[account].pool | t.accounts[account].is_converted:
        return can_gain_elsewhere(t, account, balance, amount)
    return not (
        money_sum(row.unrealised, amount, &total)
        or money_sum(row.cash, total, &total)
        or money_sum(total, row.credit_line, &total)
    )


cdef inline void gain(
    tables* t, uint32_t account, uint32_t balance, int64_t amount
) noexcept nogil:
    """commit of unrealised money."""
    cdef balance_row* row = &t.balances[balance]
    if t.accounts[account].pool | t.accounts[account].is_converted:
        gain_elsewhere(t, account, balance, amount)
        return
    row.unrealised += amount
    row.peak = max(row.peak, profit(row))
    mark_dirty(t, account)


# Of held money alone, where a pool or a conversion has its part in it.
cdef bint can_take_elsewhere(
    const tables* t, uint32_t account, uint32_t balance, int64_t margin, int64_t fee,
    int64_t premium, int64_t notional
) noexcept nogil
cdef void take_elsewhere(
    tables* t, uint32_t account, uint32_t balance, int64_t margin, int64_t fee, int64_t premium,
    int64_t notional
) noexcept nogil


cdef inline bint is_elsewhere(const account_row* account, const balance_row* row) noexcept nogil:
    return (account.pool | account.is_converted | <uint64_t>row.margin_credit) != 0


cdef inline bint can_take(
    const tables* t, uint32_t account, uint32_t balance, int64_t margin, int64_t fee,
    int64_t premium, int64_t notional
) noexcept nogil:
    """can_apply of what orders hold, each part within 2^61."""
    cdef const balance_row* row = &t.balances[balance]
    cdef int64_t unused
    if is_elsewhere(&t.accounts[account], row):
        return can_take_elsewhere(t, account, balance, margin, fee, premium, notional)
    return not (
        money_sum(held(row), margin + fee + premium, &unused)
        or money_sum(row.notional, notional, &unused)
    )


cdef inline void take(
    tables* t, uint32_t account, uint32_t balance, int64_t margin, int64_t fee, int64_t premium,
    int64_t notional
) noexcept nogil:
    """commit of what orders hold."""
    cdef balance_row* row = &t.balances[balance]
    if is_elsewhere(&t.accounts[account], row):
        take_elsewhere(t, account, balance, margin, fee, premium, notional)
        return
    row.margin += margin
    row.fee_held += fee
    row.premium_held += premium
    row.notional += notional
    mark_dirty(t, account)
