"""Money of (account, currency): changed at the account, its pool and its converted total."""
from libc.stdint cimport int64_t, uint32_t

from tidegate.native.tables cimport balance_row, tables


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
