"""Money moved by hand: free cash only, never below what is held, never the credit line.

A move with two phases holds the money under the request's number first; it is posted or voided
once. A transfer is both sides in one step or none.
"""
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memset

cimport tidegate.native.balances as balances
cimport tidegate.native.margin as margin
cimport tidegate.native.states as states
from tidegate.native.alerts cimport numbers
from tidegate.native.balances cimport change
from tidegate.native.invariant cimport must
from tidegate.native.margin cimport MONEY_MAX
from tidegate.native.records cimport (
    CASH_PENDING, CASH_POST, CASH_VOID, control_record, rate_record,
)
from tidegate.native.tables cimport balance_row, cash_hold_row, currency_row, tables

cdef int64_t PPM = 1000000


cdef uint32_t balance_of(const tables* t, uint32_t account, uint32_t currency) noexcept nogil:
    return account * t.currency_capacity + currency


cdef bint is_enough(const balance_row* row, int64_t amount, numbers* n) noexcept nogil:
    """The cash that nothing holds, gains not counted and losses so."""
    n.limit_value = row.cash + min(row.unrealised, 0)
    n.used_value = balances.held(row)
    n.asked_value = amount
    return n.limit_value - n.used_value >= amount


cdef bint is_free(
    const tables* t, uint32_t account, uint32_t currency, int64_t amount, numbers* n
) noexcept nogil:
    """The account may let go of it: its own cash, its pool's, and its currencies' together."""
    cdef uint32_t at = balance_of(t, account, currency)
    cdef uint32_t pool = balances.pool_balance(t, account, at)
    if pool and not is_enough(&t.balances[pool], amount, n):
        return False
    return is_enough(&t.balances[at], amount, n) and balances.fits_at(t, account, at, amount)


cdef bint book(
    tables* t, uint32_t account, uint32_t currency, int64_t amount, int64_t held
) noexcept nogil:
    """Cash in (signed), and what is held for it. True = not expressible, nothing done."""
    cdef change by
    memset(&by, 0, sizeof(change))
    by.cash = amount
    by.initial_cash = amount
    by.cash_held = held
    return balances.apply_to(t, account, balance_of(t, account, currency), &by)


cdef bint move(
    tables* t, uint32_t account, uint32_t currency, uint32_t to_account, int64_t amount,
    int64_t held
) noexcept nogil:
    """Take the amount from an account, and give it to the other if there is one."""
    if book(t, account, currency, -amount, -held):
        return True
    if to_account and book(t, to_account, currency, amount, 0):
        must(not book(t, account, currency, amount, held))
        return True
    return False


cdef bint hold_only(
    tables* t, uint32_t account, uint32_t currency, int64_t held
) noexcept nogil:
    cdef change by
    memset(&by, 0, sizeof(change))
    by.cash_held = held
    return balances.apply_to(t, account, balance_of(t, account, currency), &by)


cdef cash_hold_row* find_hold(const tables* t, uint64_t request) noexcept nogil:
    """The hold of a request, or with 0 a free row; NULL when there is none."""
    cdef uint32_t i
    for i in range(1, t.cash_hold_capacity):
        if t.cash_holds[i].request == request:
            return &t.cash_holds[i]
    return NULL


cdef bint pend(tables* t, const control_record* r, int64_t amount, numbers* n) noexcept nogil:
    """Hold the amount until it is posted or voided."""
    cdef cash_hold_row* row
    if r.cl_ord_id == 0 or find_hold(t, r.cl_ord_id) != NULL:
        return True
    row = find_hold(t, 0)
    if row == NULL or not is_free(t, r.account, r.currency, amount, n):
        return True
    if hold_only(t, r.account, r.currency, amount):
        return True
    row.request = r.cl_ord_id
    row.amount = amount
    row.account = r.account
    row.currency = r.currency
    row.to_account = r.to_account
    t.risk.cash_hold_count += 1
    return False


cdef bint resolve(tables* t, const control_record* r) noexcept nogil:
    """Post or void what a request holds, once."""
    cdef cash_hold_row* row
    if r.cl_ord_id == 0:
        return True
    row = find_hold(t, r.cl_ord_id)
    if (
        row == NULL or row.account != r.account or row.currency != r.currency
        or row.to_account != r.to_account
    ):
        return True
    if r.cash_phase == CASH_VOID:
        if hold_only(t, row.account, row.currency, -row.amount):
            return True
    elif move(t, row.account, row.currency, row.to_account, row.amount, row.amount):
        return True
    memset(row, 0, sizeof(cash_hold_row))
    t.risk.cash_hold_count -= 1
    return False


cdef bint take(tables* t, const control_record* r, int64_t amount, numbers* n) noexcept nogil:
    """An amount that leaves the account, in the phase that the record is of."""
    if r.cash_phase == CASH_PENDING:
        return pend(t, r, amount, n)
    return r.cash_phase != 0 or not is_free(t, r.account, r.currency, amount, n) or move(
        t, r.account, r.currency, r.to_account, amount, 0
    )


cdef bint is_money(const tables* t, const control_record* r) noexcept nogil:
    return (
        states.is_account(t, r.account)
        and 0 < r.currency <= t.risk.currency_count
        and -MONEY_MAX <= r.amount <= MONEY_MAX
    )


cdef bint cash(tables* t, const control_record* r, numbers* n) noexcept nogil:
    """A deposit (amount > 0), or a withdrawal of what is free."""
    if not is_money(t, r) or r.to_account:
        return True
    if r.cash_phase == CASH_POST or r.cash_phase == CASH_VOID:
        return resolve(t, r)
    if r.amount > 0:
        return r.cash_phase != 0 or book(t, r.account, r.currency, r.amount, 0)
    return r.amount == 0 or take(t, r, -r.amount, n)


cdef bint transfer(tables* t, const control_record* r, numbers* n) noexcept nogil:
    """From an account to another, in one currency."""
    if not is_money(t, r) or not states.is_account(t, r.to_account) or r.account == r.to_account:
        return True
    if r.cash_phase == CASH_POST or r.cash_phase == CASH_VOID:
        return resolve(t, r)
    return r.amount <= 0 or take(t, r, r.amount, n)


cdef uint32_t reconvert_to(tables* t, uint32_t last) noexcept nogil:
    """Every converted account up to a handle at the rates of now; the first that cannot, or 0."""
    cdef uint32_t account
    for account in range(1, last + 1):
        if t.accounts[account].is_converted and balances.reconvert(t, account):
            return account
    return 0


cdef bint currency_rate(tables* t, const rate_record* r) noexcept nogil:
    """New rates with their haircuts, rounded against the client; every converted account anew."""
    cdef currency_row* row
    cdef currency_row before
    cdef uint32_t stuck
    if (
        not 0 < r.currency <= t.risk.currency_count or not 0 < r.bid_rate <= r.ask_rate
        or r.haircut_ppm > PPM
    ):
        return True
    row = &t.currencies[r.currency]
    before = row[0]
    row.bid_rate = r.bid_rate
    row.ask_rate = r.ask_rate
    row.haircut_ppm = r.haircut_ppm
    if margin.money_share(
        r.bid_rate, PPM - r.haircut_ppm, PPM, &row.asset_rate
    ) or margin.money_ppm_up(r.ask_rate, PPM + r.haircut_ppm, &row.liability_rate):
        row[0] = before
        return True
    stuck = reconvert_to(t, t.risk.account_count)
    if stuck:
        row[0] = before
        must(reconvert_to(t, stuck - 1) == 0)
    return stuck != 0
