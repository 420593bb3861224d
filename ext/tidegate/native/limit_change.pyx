"""Limits changed during the day, for good or until they expire (control 34).

A maximum that credits are kept from moves them by the signed difference, so that what is in use
stays in use: below it, working orders stay and new ones are denied. A value is an amount of its
kind with -1 = not stated; of a rate it is interval << 32 | burst.
"""
from libc.stdint cimport int64_t, uint32_t
from libc.string cimport memset

cimport tidegate.native.balances as balances
cimport tidegate.native.limit_rows as limit_rows
cimport tidegate.native.positions as positions
cimport tidegate.native.states as states
from tidegate.native.alerts cimport alert
from tidegate.native.dirty cimport mark_dirty
from tidegate.native.margin cimport MONEY_MAX
from tidegate.native.outputs cimport outputs
from tidegate.native.positions cimport ORDERS_MAX
from tidegate.native.records cimport (
    LIMIT_CANCEL_RATE, LIMIT_CONCENTRATION, LIMIT_CREDIT_LINE, LIMIT_DAY_ORDERS, LIMIT_EXECUTIONS,
    LIMIT_LEVERAGE, LIMIT_LOWERED, LIMIT_MAX_DRAWDOWN, LIMIT_MAX_GROSS, LIMIT_MAX_LONG,
    LIMIT_MAX_LOSS, LIMIT_MAX_MARKET_QTY, LIMIT_MAX_NOTIONAL, LIMIT_MAX_OPEN_ORDERS,
    LIMIT_MAX_ORDER_QTY, LIMIT_MAX_SHORT, LIMIT_ORDER_RATE, LIMIT_REPLACE_RATE, control_record,
)
from tidegate.native.tables cimport (
    TG_CREDIT_MAX, TG_NO_LIMIT, account_row, balance_row, bucket, credits, limit_row,
    override_row, tables,
)

cdef int64_t SECOND = 1000000000
cdef int64_t TIME_MAX = 4000000000000000000
cdef int64_t QTY_MAX = 2147483647
cdef int64_t BURST_MAX = 1000000
cdef int64_t BURST_MASK = 4294967295


cdef bint is_rate(int kind) noexcept nogil:
    return LIMIT_ORDER_RATE <= kind <= LIMIT_CANCEL_RATE


cdef bint is_credit(int kind) noexcept nogil:
    return LIMIT_MAX_LONG <= kind <= LIMIT_MAX_OPEN_ORDERS


cdef bint is_scoped(int kind) noexcept nogil:
    return LIMIT_MAX_ORDER_QTY <= kind <= LIMIT_MAX_OPEN_ORDERS


cdef bint is_of_money(int kind) noexcept nogil:
    return kind == LIMIT_MAX_LOSS or kind == LIMIT_MAX_DRAWDOWN or kind == LIMIT_CREDIT_LINE


cdef int64_t largest(int kind) noexcept nogil:
    """The largest amount of a kind; -1 = no such kind."""
    if kind == LIMIT_MAX_ORDER_QTY or kind == LIMIT_MAX_MARKET_QTY:
        return QTY_MAX
    if kind == LIMIT_MAX_OPEN_ORDERS:
        return ORDERS_MAX
    if is_credit(kind):
        return TG_CREDIT_MAX
    if is_rate(kind):
        return SECOND
    if kind == LIMIT_CONCENTRATION:
        return 1000
    if LIMIT_MAX_ORDER_QTY <= kind <= LIMIT_CREDIT_LINE:
        return MONEY_MAX
    return -1


cdef bucket* bucket_of(const tables* t, const override_row* key) noexcept nogil:
    cdef account_row* row = &t.accounts[key.account]
    if key.limit_kind == LIMIT_ORDER_RATE:
        return &row.order_rate
    if key.limit_kind == LIMIT_REPLACE_RATE:
        return &row.replace_rate
    return &row.cancel_rate


cdef int64_t* field_of(const tables* t, const override_row* key) noexcept nogil:
    """Where the limit stands; NULL where its row has not been made."""
    cdef int kind = key.limit_kind
    cdef account_row* row = &t.accounts[key.account]
    cdef balance_row* balance
    cdef limit_row* limit
    if is_of_money(kind):
        balance = &t.balances[key.account * t.currency_capacity + key.currency]
        if kind == LIMIT_CREDIT_LINE:
            return &balance.credit_line
        return &balance.max_loss if kind == LIMIT_MAX_LOSS else &balance.max_drawdown
    if kind == LIMIT_LEVERAGE:
        return &row.leverage_max
    if kind == LIMIT_CONCENTRATION:
        return &row.concentration_permille
    if kind == LIMIT_DAY_ORDERS:
        return &row.day_orders_max
    if kind == LIMIT_EXECUTIONS:
        return &row.executions_max
    limit = limit_rows.find_limit(t, key.account, key.instrument, key.product)
    if limit == NULL:
        return NULL
    if kind == LIMIT_MAX_ORDER_QTY:
        return &limit.max_order_qty
    if kind == LIMIT_MAX_MARKET_QTY:
        return &limit.max_market_qty
    if kind == LIMIT_MAX_NOTIONAL:
        return &limit.max_notional
    if kind == LIMIT_MAX_LONG:
        return &limit.max_long
    if kind == LIMIT_MAX_SHORT:
        return &limit.max_short
    if kind == LIMIT_MAX_GROSS:
        return &limit.max_gross
    return &limit.max_open_orders


cdef int64_t value_of(const tables* t, const override_row* key) noexcept nogil:
    """The limit as it is now."""
    cdef const bucket* rate
    cdef const int64_t* field
    if is_rate(key.limit_kind):
        rate = bucket_of(t, key)
        if rate.interval_ns == 0:
            return -1
        return rate.interval_ns << 32 | (rate.tolerance_ns // rate.interval_ns + 1)
    field = field_of(t, key)
    return -1 if field == NULL or field[0] == TG_NO_LIMIT else field[0]


cdef credits* credits_of(const tables* t, const override_row* key) noexcept nogil:
    """The row whose credits follow from the limit; NULL where nothing has used it."""
    cdef uint32_t row
    if key.instrument:
        row = positions.find_pair(t, key.account, key.instrument)
        return &t.pairs[row].all if row else NULL
    if key.product:
        row = positions.find_product(t, key.account, key.product - 1)
        return &t.products[row].all if row else NULL
    return &t.accounts[key.account].all


cdef int64_t maximum(const tables* t, const override_row* key, int64_t value) noexcept nogil:
    """What a row of credits has for a stated value, or for none; more is no limit at all."""
    cdef int64_t most = ORDERS_MAX if key.limit_kind == LIMIT_MAX_OPEN_ORDERS else TG_CREDIT_MAX
    cdef bint is_position = key.limit_kind == LIMIT_MAX_LONG or key.limit_kind == LIMIT_MAX_SHORT
    if value < 0:
        value = t.accounts[key.account].max_position if is_position and key.instrument else most
    return min(value, most)


cdef void move_credits(
    tables* t, const override_row* key, int64_t after, outputs* out
) noexcept nogil:
    """The credits move by the difference; an ALERT where less than what is in use is left."""
    cdef credits* row = credits_of(t, key)
    cdef int64_t before, left
    if row == NULL:
        return
    if key.limit_kind == LIMIT_MAX_LONG:
        before = row.max_long
        row.max_long = after
        row.buy_credit += after - before
        left = row.buy_credit
    elif key.limit_kind == LIMIT_MAX_SHORT:
        before = row.max_short
        row.max_short = after
        row.sell_credit += after - before
        left = row.sell_credit
    elif key.limit_kind == LIMIT_MAX_GROSS:
        before = row.max_gross
        row.max_gross = after
        row.gross_credit += after - before
        left = row.gross_credit
    else:
        before = row.max_open_orders
        row.max_open_orders = after
        row.order_credit += after - before
        left = row.order_credit
    if after < before and left < 0:
        alert(
            t, out, key.account, key.instrument, LIMIT_LOWERED, 0, after, after - left, before
        )


cdef bint put_credit_line(
    tables* t, const override_row* key, int64_t value, outputs* out
) noexcept nogil:
    """True = the account's money cannot be expressed with it; nothing was done."""
    cdef uint32_t at = key.account * t.currency_capacity + key.currency
    cdef const balance_row* balance = &t.balances[at]
    cdef int64_t before = balance.credit_line
    cdef balances.change by
    memset(&by, 0, sizeof(balances.change))
    by.credit_line = value - before
    if balances.apply_to(t, key.account, at, &by):
        return True
    if value < before and balances.available(balance) < 0:
        alert(
            t, out, key.account, 0, LIMIT_LOWERED, 0,
            value, value - balances.available(balance), before,
        )
    return False


cdef bint put(
    tables* t, const override_row* key, int64_t value, outputs* out
) noexcept nogil:
    """Set the limit; its row is there. True = it could not be set and nothing was done."""
    cdef int64_t* field
    cdef bucket* rate
    if key.limit_kind == LIMIT_CREDIT_LINE:
        if put_credit_line(t, key, value, out):
            return True
    elif is_rate(key.limit_kind):
        rate = bucket_of(t, key)
        rate.interval_ns = value >> 32 if value >= 0 else 0
        rate.tolerance_ns = ((value & BURST_MASK) - 1) * rate.interval_ns if value >= 0 else 0
    else:
        field = field_of(t, key)
        field[0] = value
        if is_credit(key.limit_kind):
            move_credits(t, key, maximum(t, key, value), out)
        elif value < 0 and not is_scoped(key.limit_kind):
            field[0] = TG_NO_LIMIT
    mark_dirty(t, key.account)
    states.unfold(t)
    return False


cdef bint read_key(const tables* t, const control_record* r, override_row* key) noexcept nogil:
    """Which limit the record means. True = none that there is."""
    memset(key, 0, sizeof(override_row))
    if (
        not states.is_account(t, r.account)
        or r.instrument > t.risk.instrument_count
        or r.product > t.risk.product_count
        or largest(r.limit_kind) < 0
        or ((r.instrument or r.product) and not is_scoped(r.limit_kind))
        or (r.instrument and r.product)
        or is_of_money(r.limit_kind) != (r.currency != 0)
        or r.currency > t.risk.currency_count
    ):
        return True
    key.account = r.account
    key.instrument = r.instrument
    key.product = r.product
    key.currency = r.currency
    key.limit_kind = r.limit_kind
    return False


cdef bint read_value(
    const tables* t, const control_record* r, const override_row* key, int64_t* value
) noexcept nogil:
    """The value that the record's amount stands for. True = out of range."""
    cdef int64_t burst, now
    if (
        not -1 <= r.amount <= largest(r.limit_kind)
        or (r.amount == -1 and r.limit_kind == LIMIT_CREDIT_LINE)
        or (r.amount == 0 and is_rate(r.limit_kind))
    ):
        return True
    value[0] = r.amount
    if is_rate(r.limit_kind) and r.amount > 0:
        if not 0 <= r.order_qty <= BURST_MAX:
            return True
        now = value_of(t, key)
        burst = r.order_qty
        if burst == 0:
            burst = now & BURST_MASK if now >= 0 else 1
        value[0] = (SECOND + r.amount - 1) // r.amount << 32 | burst
    return False


cdef override_row* find_override(const tables* t, const override_row* key) noexcept nogil:
    """The override of this limit, or with a key of zeros a free row; NULL when there is none."""
    cdef override_row* row
    cdef uint32_t i
    for i in range(1, t.override_capacity):
        row = &t.overrides[i]
        if (
            row.limit_kind == key.limit_kind and row.account == key.account
            and row.instrument == key.instrument and row.product == key.product
            and row.currency == key.currency
        ):
            return row
    return NULL


cdef void find_next_expiry(tables* t) noexcept nogil:
    cdef uint32_t i
    t.risk.next_expiry_ns = TG_NO_LIMIT
    for i in range(1, t.override_capacity):
        if t.overrides[i].limit_kind:
            t.risk.next_expiry_ns = min(t.risk.next_expiry_ns, t.overrides[i].expires_ns)


cdef bint change(tables* t, const control_record* r, outputs* out) noexcept nogil:
    """Set a limit for good, or with expires_ns until then. True = refused."""
    cdef override_row key, none
    cdef override_row* over
    cdef int64_t value, before
    cdef bint is_passing = r.expires_ns != 0
    if (
        read_key(t, r, &key) or read_value(t, r, &key, &value)
        or (is_passing and not t.risk.now_ns < r.expires_ns <= TIME_MAX)
    ):
        return True
    over = find_override(t, &key)
    if over != NULL and not is_passing:
        over.base_value = value
        return False
    if over == NULL and is_passing:
        memset(&none, 0, sizeof(none))
        over = find_override(t, &none)
        if over == NULL:
            return True
    if is_scoped(key.limit_kind) and limit_rows.add_limit(
        t, key.account, key.instrument, key.product
    ) == NULL:
        return True
    before = value_of(t, &key)
    if put(t, &key, value, out):
        return True
    if is_passing:
        if over.limit_kind == 0:
            over[0] = key
            over.base_value = before
            t.risk.override_count += 1
        over.expires_ns = r.expires_ns
        find_next_expiry(t)
    return False


cdef void expire(tables* t, outputs* out) noexcept nogil:
    """At TICK: limits whose time is over go back; one that cannot tries again at the next."""
    cdef override_row* row
    cdef uint32_t i
    if t.risk.now_ns < t.risk.next_expiry_ns:
        return
    for i in range(1, t.override_capacity):
        row = &t.overrides[i]
        if (
            row.limit_kind and row.expires_ns <= t.risk.now_ns
            and not put(t, row, row.base_value, out)
        ):
            memset(row, 0, sizeof(override_row))
            t.risk.override_count -= 1
    find_next_expiry(t)
