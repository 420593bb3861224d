"""Margin parameters: staged instrument by instrument, then one cut over all of them.

    MARGIN_RATES  bit 1          by volume and by money of both sides
    MARGIN_ARRAY  bits 2 4 8 16  scan values from index 0, 6, 12, 18; all four or none
    MARGIN_COMMIT                all that stands under the epoch, in one step, or nothing
"""
from libc.stdint cimport INT32_MIN, UINT32_MAX, int32_t, int64_t, uint32_t, uint64_t
from libc.string cimport memset

cimport tidegate.native.balances as balances
cimport tidegate.native.holding as holding
cimport tidegate.native.margin as margin
cimport tidegate.native.states as states
from tidegate.native.alerts cimport numbers
from tidegate.native.balances cimport change
from tidegate.native.invariant cimport must
from tidegate.native.margin cimport MONEY_MAX
from tidegate.native.records cimport array_record, control_record, margin_record
from tidegate.native.tables cimport (
    TG_SCENARIOS, balance_row, instrument_row, staged_row, tables,
)

cdef enum:
    STAGED_RATES = 1
    STAGED_ARRAY = 30
    FOLLOWS = 32         # while it is put in: the venue's own rates go with the client's
    PART = 6
    PART_COUNT = 4
    ARRAY_SIZE = 20
    FIRST_RATE = 17      # intra_rate, delivery_rate, short_option_rate: never negative

cdef int64_t PPM = 1000000


cdef staged_row* row_for(tables* t, uint32_t instrument, uint32_t epoch) noexcept nogil:
    """Where the instrument's values of this epoch are staged; NULL when the epoch is over."""
    cdef staged_row* row
    if not states.is_instrument(t, instrument) or epoch <= t.risk.margin_epoch:
        return NULL
    row = &t.staged[instrument]
    return NULL if row.is_staged and row.epoch > epoch else row


cdef void open_row(tables* t, staged_row* row, uint32_t epoch) noexcept nogil:
    """What an epoch before left there is dropped."""
    if row.epoch != epoch:
        t.risk.staged_count -= parts(row)
        memset(row, 0, sizeof(staged_row))
        row.epoch = epoch


cdef void mark_staged(tables* t, staged_row* row, int bit) noexcept nogil:
    if not row.is_staged & bit:
        row.is_staged |= bit
        t.risk.staged_count += 1


cdef int parts(const staged_row* row) noexcept nogil:
    """How many records the row stands for; the same one sent again counts once."""
    cdef int i
    cdef int count = 0
    for i in range(PART_COUNT + 1):
        count += row.is_staged >> i & 1
    return count


cdef bint is_rate(int64_t by_volume, uint32_t ppm) noexcept nogil:
    """Not free of charge, and not above all that the position is worth."""
    return 0 <= by_volume <= MONEY_MAX and ppm <= PPM and (by_volume > 0 or ppm > 0)


cdef bint stage_rates(tables* t, const margin_record* r) noexcept nogil:
    cdef staged_row* row = row_for(t, r.instrument, r.epoch)
    if (
        row == NULL
        or not is_rate(r.margin_long_lot, r.margin_long_ppm)
        or not is_rate(r.margin_short_lot, r.margin_short_ppm)
    ):
        return True
    open_row(t, row, r.epoch)
    row.margin_long_lot = r.margin_long_lot
    row.margin_short_lot = r.margin_short_lot
    row.margin_long_ppm = r.margin_long_ppm
    row.margin_short_ppm = r.margin_short_ppm
    mark_staged(t, row, STAGED_RATES)
    return False


cdef bint is_array_value(int at, int32_t value) noexcept nogil:
    if at >= ARRAY_SIZE:
        return value == 0
    return value >= 0 if at >= FIRST_RATE else value != INT32_MIN


cdef bint stage_array(tables* t, const array_record* r) noexcept nogil:
    cdef staged_row* row = row_for(t, r.instrument, r.epoch)
    cdef int i, part
    if (
        row == NULL or r.first % PART or r.first >= PART * PART_COUNT
        or t.instruments[r.instrument].scan_unit < 0
    ):
        return True
    part = r.first // PART
    for i in range(PART):
        if not is_array_value(r.first + i, r.values[i]):
            return True
    open_row(t, row, r.epoch)
    for i in range(PART):
        if r.first + i < ARRAY_SIZE:
            row.scan[r.first + i] = r.values[i]
    mark_staged(t, row, 2 << part)
    return False


cdef void swap_rates(instrument_row* row, staged_row* staged) noexcept nogil:
    cdef staged_row new = staged[0]
    staged.margin_long_lot = row.margin_long_lot
    staged.margin_short_lot = row.margin_short_lot
    staged.margin_long_ppm = row.margin_long_ppm
    staged.margin_short_ppm = row.margin_short_ppm
    row.margin_long_lot = new.margin_long_lot
    row.margin_short_lot = new.margin_short_lot
    row.margin_long_ppm = new.margin_long_ppm
    row.margin_short_ppm = new.margin_short_ppm
    if new.is_staged & FOLLOWS:
        row.exchange_long_lot = new.margin_long_lot
        row.exchange_short_lot = new.margin_short_lot
        row.exchange_long_ppm = new.margin_long_ppm
        row.exchange_short_ppm = new.margin_short_ppm


cdef inline void swap(int32_t* a, int32_t* b) noexcept nogil:
    cdef int32_t kept = a[0]
    a[0] = b[0]
    b[0] = kept


cdef void exchange(instrument_row* row, staged_row* staged) noexcept nogil:
    """The instrument takes what is staged and leaves what it had; twice = as it was."""
    cdef int i
    if staged.is_staged & STAGED_RATES:
        swap_rates(row, staged)
    if staged.is_staged & STAGED_ARRAY:
        for i in range(TG_SCENARIOS):
            swap(&row.scan[i], &staged.scan[i])
        swap(&row.scan_delta, &staged.scan[16])
        swap(&row.intra_rate, &staged.scan[17])
        swap(&row.delivery_rate, &staged.scan[18])
        swap(&row.short_option_rate, &staged.scan[19])


cdef bint is_followed(const instrument_row* row) noexcept nogil:
    """The venue's own rates are no other than the client's, so they go with them."""
    return (
        row.exchange_long_lot == row.margin_long_lot
        and row.exchange_short_lot == row.margin_short_lot
        and row.exchange_long_ppm == row.margin_long_ppm
        and row.exchange_short_ppm == row.margin_short_ppm
    )


cdef bint put_in(tables* t, uint32_t instrument) noexcept nogil:
    """True = the instrument cannot take what is staged for it, and has not."""
    cdef staged_row* staged = &t.staged[instrument]
    cdef instrument_row after = t.instruments[instrument]
    if is_followed(&after):
        staged.is_staged |= FOLLOWS
    exchange(&after, staged)
    if margin.set_lot_margins(&after) or holding.change_instrument(t, instrument, &after):
        exchange(&after, staged)
        staged.is_staged &= ~FOLLOWS
        return True
    return False


cdef void put_back(tables* t, uint32_t instrument) noexcept nogil:
    """The instrument as it was before put_in, and what was staged for it."""
    cdef staged_row* staged = &t.staged[instrument]
    cdef instrument_row after = t.instruments[instrument]
    exchange(&after, staged)
    staged.is_staged &= ~FOLLOWS
    must(not margin.set_lot_margins(&after))
    must(not holding.change_instrument(t, instrument, &after))


cdef bint is_of(const staged_row* row, uint32_t epoch) noexcept nogil:
    return row.is_staged and row.epoch == epoch


cdef int64_t staged_parts(const tables* t, uint32_t epoch) noexcept nogil:
    """How many records stand under the epoch; -1 = an array is not whole."""
    cdef int64_t count = 0
    cdef uint32_t i
    cdef int array
    for i in range(1, t.risk.instrument_count + 1):
        if is_of(&t.staged[i], epoch):
            array = t.staged[i].is_staged & STAGED_ARRAY
            if array != 0 and array != STAGED_ARRAY:
                return -1
            count += parts(&t.staged[i])
    return count


cdef void drop_credits(tables* t) noexcept nogil:
    """Exact figures were of the parameters before: everything is held in full again."""
    cdef balance_row* row
    cdef change by
    cdef uint32_t account, currency
    for account in range(1, t.risk.account_count + 1):
        for currency in range(1, t.risk.currency_count + 1):
            row = &t.balances[account * t.currency_capacity + currency]
            if row.margin_credit == 0:
                continue
            memset(&by, 0, sizeof(change))
            by.margin = row.margin_credit
            # Inexpressible in the pool's sum alone: it stays as it is until the next fill.
            if not balances.apply_to(
                t, account, account * t.currency_capacity + currency, &by
            ):
                row.margin_credit = 0


cdef bint commit(tables* t, const control_record* r, numbers* n) noexcept nogil:
    """All that stands under the epoch (order_qty), `amount` records of it, in one step."""
    cdef uint32_t epoch, i, j
    if not t.risk.margin_epoch < r.order_qty <= <int64_t>UINT32_MAX:
        return True
    epoch = <uint32_t>r.order_qty
    n.limit_value = staged_parts(t, epoch)
    n.asked_value = r.amount
    if n.limit_value < 1 or n.limit_value != r.amount:
        return True
    for i in range(1, t.risk.instrument_count + 1):
        if is_of(&t.staged[i], epoch) and put_in(t, i):
            for j in range(i - 1, 0, -1):
                if is_of(&t.staged[j], epoch):
                    put_back(t, j)
            return True
    drop_credits(t)
    t.risk.margin_epoch = epoch
    t.risk.staged_count = 0
    for i in range(1, t.risk.instrument_count + 1):
        if t.staged[i].epoch <= epoch:
            memset(&t.staged[i], 0, sizeof(staged_row))
        t.risk.staged_count += parts(&t.staged[i])
    return False


cdef bint credit(tables* t, const control_record* r) noexcept nogil:
    """By how much the exact SPAN figure is below the hold, as of so many fills of the account.

    One that was computed before the last fill or commit is counted and changes nothing.
    """
    cdef balance_row* row
    cdef change by
    cdef int64_t next
    cdef uint32_t at
    if (
        not states.is_account(t, r.account) or not 0 < r.currency <= t.risk.currency_count
        or r.amount < 0 or r.order_qty < 0
    ):
        return True
    if (
        <uint64_t>r.order_qty != t.accounts[r.account].fill_count
        or r.cl_ord_id != t.risk.margin_epoch
    ):
        t.risk.stale_credits += 1
        return False
    at = r.account * t.currency_capacity + r.currency
    row = &t.balances[at]
    next = min(r.amount, row.margin + row.margin_credit)
    memset(&by, 0, sizeof(change))
    by.margin = row.margin_credit - next
    if balances.apply_to(t, r.account, at, &by):
        return True
    row.margin_credit = next
    return False
