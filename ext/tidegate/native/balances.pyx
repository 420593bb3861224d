"""Money of (account, currency): changed at the account, its pool and its converted total.

Of equity (cash + credit line + unrealised) and of what is held each sum stays within 2^61, so
that no reader of a balance can meet an overflow. Risk alone writes.
"""
from libc.stdint cimport int64_t, uint32_t
from libc.string cimport memset

from tidegate.native.dirty cimport mark_dirty
from tidegate.native.invariant cimport must
from tidegate.native.margin cimport money_convert, money_sum
from tidegate.native.tables cimport Tables, account_row, balance_row, currency_row, tables

# Far beyond what can be expressed, and a part more is still no overflow.
cdef int64_t POSTED_MAX = <int64_t>1 << 62


cdef inline bint equity_fits(const balance_row* row, const change* by) noexcept nogil:
    """False = the sums of its own money, after the change, cannot be expressed."""
    cdef int64_t cash, unrealised, line, total, unused
    return not (
        money_sum(row.cash, by.cash, &cash)
        or money_sum(row.unrealised, by.unrealised, &unrealised)
        or money_sum(row.credit_line, by.credit_line, &line)
        or money_sum(row.initial_cash, by.initial_cash, &unused)
        or money_sum(row.fees, by.fees, &unused)
        or money_sum(cash, unrealised, &total)
        or money_sum(total, line, &total)
    )


cdef inline bint held_fits(const balance_row* row, const change* by) noexcept nogil:
    """The same of what is held. No part is negative, so a sum that fits has parts that do."""
    cdef int64_t total, unused
    return not (
        money_sum(by.margin, by.fee_held, &total)
        or money_sum(total, by.premium_held, &total)
        or money_sum(total, by.cash_held, &total)
        or money_sum(held(row), total, &total)
        or money_sum(row.notional, by.notional, &unused)
    )


cdef bint convert(
    const tables* t, uint32_t account, uint32_t balance, int64_t amount, int64_t* out
) noexcept nogil:
    """An amount of the balance's currency in base money. True on overflow."""
    cdef const currency_row* rates = &t.currencies[balance - account * t.currency_capacity]
    return money_convert(amount, rates.asset_rate, rates.liability_rate, out)


cdef bint total_after(
    const tables* t, uint32_t account, uint32_t balance, int64_t amount, int64_t* converted,
    int64_t* total
) noexcept nogil:
    """The account's base money if this balance had `amount` available. True on overflow."""
    return (
        convert(t, account, balance, amount, converted)
        or money_sum(
            t.accounts[account].converted_free, -t.balances[balance].converted, total
        )
        or money_sum(total[0], converted[0], total)
    )


cdef inline bint has_equity(const change* by) noexcept nogil:
    return (
        by.cash | by.unrealised | by.credit_line | by.initial_cash | by.fees
    ) != 0


cdef inline bint row_takes(
    const tables* t, uint32_t account, uint32_t balance, const change* by
) noexcept nogil:
    cdef const balance_row* row = &t.balances[balance]
    cdef int64_t converted, total
    if not held_fits(row, by) or (has_equity(by) and not equity_fits(row, by)):
        return False
    if not t.accounts[account].is_converted:
        return True
    total = (
        available(row) + by.cash + by.credit_line + by.unrealised
        - by.margin - by.fee_held - by.premium_held - by.cash_held
    )
    return not total_after(t, account, balance, total, &converted, &total)


cdef bint can_apply(
    const tables* t, uint32_t account, uint32_t balance, const change* by
) noexcept nogil:
    cdef uint32_t pool = pool_balance(t, account, balance)
    cdef change shared
    if not row_takes(t, account, balance, by):
        return False
    if pool == 0:
        return True
    shared = by[0]
    shared.credit_line = 0
    return row_takes(t, t.accounts[account].pool, pool, &shared)


cdef inline void convert_row(tables* t, uint32_t account, uint32_t balance) noexcept nogil:
    """Its part of the account's converted total as it is now; the caller knows that it fits."""
    cdef int64_t converted, total
    if not total_after(
        t, account, balance, available(&t.balances[balance]), &converted, &total
    ):
        t.accounts[account].converted_free = total
        t.balances[balance].converted = converted


cdef inline void write(
    tables* t, uint32_t account, uint32_t balance, const change* by
) noexcept nogil:
    cdef balance_row* row = &t.balances[balance]
    cdef int64_t gained
    row.margin += by.margin
    row.fee_held += by.fee_held
    row.premium_held += by.premium_held
    row.cash_held += by.cash_held
    row.notional += by.notional
    if has_equity(by):
        row.cash += by.cash
        row.credit_line += by.credit_line
        row.unrealised += by.unrealised
        row.initial_cash += by.initial_cash
        row.fees += by.fees
        gained = profit(row)
        if gained > row.peak:
            row.peak = gained
    if t.accounts[account].is_converted:
        convert_row(t, account, balance)
    mark_dirty(t, account)


cdef void commit(
    tables* t, uint32_t account, uint32_t balance, const change* by
) noexcept nogil:
    """Do what can_apply has allowed. Margin never falls below 0: its credit shrinks instead."""
    cdef balance_row* row = &t.balances[balance]
    cdef uint32_t pool = pool_balance(t, account, balance)
    cdef change done = by[0]
    if row.margin + by.margin < 0:
        done.margin = -row.margin
        row.margin_credit += row.margin + by.margin
    write(t, account, balance, &done)
    if pool:
        done.credit_line = 0
        write(t, t.accounts[account].pool, pool, &done)


cdef change held_change(
    int64_t margin, int64_t fee, int64_t premium, int64_t notional
) noexcept nogil:
    cdef change by
    memset(&by, 0, sizeof(change))
    by.margin = margin
    by.fee_held = fee
    by.premium_held = premium
    by.notional = notional
    return by


cdef bint can_gain_elsewhere(
    const tables* t, uint32_t account, uint32_t balance, int64_t amount
) noexcept nogil:
    cdef change by
    memset(&by, 0, sizeof(change))
    by.unrealised = amount
    return can_apply(t, account, balance, &by)


cdef void gain_elsewhere(
    tables* t, uint32_t account, uint32_t balance, int64_t amount
) noexcept nogil:
    cdef change by
    memset(&by, 0, sizeof(change))
    by.unrealised = amount
    commit(t, account, balance, &by)


cdef bint can_take_elsewhere(
    const tables* t, uint32_t account, uint32_t balance, int64_t margin, int64_t fee,
    int64_t premium, int64_t notional
) noexcept nogil:
    cdef change by = held_change(margin, fee, premium, notional)
    return can_apply(t, account, balance, &by)


cdef void take_elsewhere(
    tables* t, uint32_t account, uint32_t balance, int64_t margin, int64_t fee, int64_t premium,
    int64_t notional
) noexcept nogil:
    cdef change by = held_change(margin, fee, premium, notional)
    commit(t, account, balance, &by)


cdef bint apply_to(
    tables* t, uint32_t account, uint32_t balance, const change* by
) noexcept nogil:
    if not can_apply(t, account, balance, by):
        return True
    commit(t, account, balance, by)
    return False


cdef bint apply_change(tables* t, uint32_t balance, const change* by) noexcept nogil:
    return apply_to(t, balance // t.currency_capacity, balance, by)


cdef bint fits_converted(
    const tables* t, uint32_t account, uint32_t balance, int64_t asked
) noexcept nogil:
    """What the account's other currencies and this one, less `asked`, come to is not negative."""
    cdef int64_t amount, converted, total
    if money_sum(available(&t.balances[balance]), -asked, &amount):
        return False
    return not total_after(t, account, balance, amount, &converted, &total) and total >= 0


cdef bint fits(const tables* t, uint32_t balance, int64_t asked) noexcept nogil:
    return fits_at(t, balance // t.currency_capacity, balance, asked)


cdef bint can_convert(const tables* t, uint32_t account) noexcept nogil:
    """What is posted below a margin of 0 will be credit (start_day), and frees nothing."""
    cdef uint32_t first = account * t.currency_capacity
    cdef int64_t total = 0
    cdef int64_t amount, converted
    cdef uint32_t currency
    for currency in range(1, t.currency_capacity):
        amount = available(&t.balances[first + currency])
        amount += min(t.balances[first + currency].margin, 0)
        if convert(t, account, first + currency, amount, &converted) or money_sum(
            total, converted, &total
        ):
            return False
    return True


cdef bint reconvert(tables* t, uint32_t account) noexcept nogil:
    cdef account_row* owner = &t.accounts[account]
    cdef uint32_t first = account * t.currency_capacity
    cdef uint32_t currency
    if not can_convert(t, account):
        return True
    owner.converted_free = 0
    for currency in range(1, t.currency_capacity):
        t.balances[first + currency].converted = 0
        convert_row(t, account, first + currency)
    mark_dirty(t, account)
    return False


cdef inline bint is_near(int64_t value, int64_t by) noexcept nogil:
    return -POSTED_MAX <= value + by <= POSTED_MAX


cdef bint can_post(const balance_row* row, const change* by) noexcept nogil:
    return (
        is_near(row.cash, by.cash) and is_near(row.unrealised, by.unrealised)
        and is_near(row.margin, by.margin)
    )


cdef void post_row(balance_row* row, const change* by) noexcept nogil:
    row.cash += by.cash
    row.unrealised += by.unrealised
    row.margin += by.margin


cdef bint post(tables* t, uint32_t account, uint32_t balance, const change* by) noexcept nogil:
    cdef uint32_t pool = pool_balance(t, account, balance)
    if not can_post(&t.balances[balance], by) or (
        pool and not can_post(&t.balances[pool], by)
    ):
        return True
    post_row(&t.balances[balance], by)
    if pool:
        post_row(&t.balances[pool], by)
    return False


cdef bint is_expressible(const tables* t, uint32_t account) noexcept nogil:
    cdef const balance_row* row
    cdef uint32_t currency
    cdef change none
    memset(&none, 0, sizeof(change))
    for currency in range(1, t.currency_capacity):
        row = &t.balances[account * t.currency_capacity + currency]
        if not equity_fits(row, &none) or not held_fits(row, &none):
            return False
    return not t.accounts[account].is_converted or can_convert(t, account)


cdef void start_day(tables* t, uint32_t account) noexcept nogil:
    cdef balance_row* row
    cdef uint32_t currency, balance, pool
    for currency in range(1, t.currency_capacity):
        balance = account * t.currency_capacity + currency
        row = &t.balances[balance]
        pool = pool_balance(t, account, balance)
        if row.margin < 0:
            # As in commit: the credit shrinks instead, and the pool holds what is held.
            if pool:
                t.balances[pool].margin -= row.margin
            row.margin_credit += row.margin
            row.margin = 0
        row.initial_cash = row.cash + row.unrealised
        row.peak = 0
    if t.accounts[account].is_converted:
        must(not reconvert(t, account))


def reconvert_account(Tables tables_, uint32_t account):
    """Base money of a converted account from its balances and the rates as they stand."""
    if not 0 < account <= tables_.t.risk.account_count:
        raise ValueError(f"no account {account}")
    if reconvert(&tables_.t, account):
        raise ValueError(f"account {account}: its balances in base money exceed 2^61")
