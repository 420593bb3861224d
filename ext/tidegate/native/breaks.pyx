"""Differences with a venue that nobody has decided (RISK.md 5.11).

A master with one is REDUCING until the venue and we say the same, or an operator leaves it at that.
"""
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memset

cimport tidegate.native.states as states
from tidegate.native.alerts cimport alert
from tidegate.native.margin cimport MONEY_MAX
from tidegate.native.outputs cimport outputs
from tidegate.native.records cimport MASTER, RECONCILE_BREAK, control_record
from tidegate.native.tables cimport break_row, tables


cdef break_row* find(const tables* t, const control_record* r) noexcept nogil:
    """The row of what the record names, or NULL."""
    cdef break_row* row
    cdef uint32_t i
    for i in range(1, t.break_capacity):
        row = &t.breaks[i]
        if (
            row.account == r.account and row.instrument == r.instrument
            and row.currency == r.currency and row.order_id == r.order_id
        ):
            return row
    return NULL


cdef break_row* find_free(const tables* t) noexcept nogil:
    cdef uint32_t i
    for i in range(1, t.break_capacity):
        if t.breaks[i].account == 0:
            return &t.breaks[i]
    return NULL


cdef bint is_master(const tables* t, const control_record* r) noexcept nogil:
    """A master, and one thing of it that a venue can state."""
    return (
        states.is_account(t, r.account) and t.accounts[r.account].level == MASTER
        and (r.instrument != 0) != (r.currency != 0) and (r.order_id == 0 or r.instrument != 0)
    )


cdef void count_open(tables* t, uint32_t account, int by) noexcept nogil:
    """The first open difference, and the end of the last, change what the master may do."""
    cdef uint32_t before = t.accounts[account].breaks
    t.accounts[account].breaks = <uint32_t>(<int64_t>before + by)
    if before == 0 or t.accounts[account].breaks == 0:
        states.unfold(t)


cdef void tell(
    tables* t, const control_record* r, int64_t before, outputs* out
) noexcept nogil:
    cdef uint32_t at = out.report_count
    alert(t, out, r.account, r.instrument, RECONCILE_BREAK, 0, 0, before, r.amount)
    if out.report_count > at:
        out.reports[at].order_id = r.order_id


cdef bint open_row(tables* t, const control_record* r) noexcept nogil:
    cdef break_row* row = find_free(t)
    if row == NULL:
        return True
    row.order_id = r.order_id
    row.amount = r.amount
    row.since_ns = t.risk.now_ns
    row.account = r.account
    row.instrument = r.instrument
    row.currency = r.currency
    t.risk.break_count += 1
    count_open(t, r.account, 1)
    return False


cdef void close_row(tables* t, break_row* row) noexcept nogil:
    if not row.is_dismissed:
        count_open(t, row.account, -1)
    memset(row, 0, sizeof(break_row))
    t.risk.break_count -= 1


cdef bint report(tables* t, const control_record* r, outputs* out) noexcept nogil:
    """The venue's figure less ours, as of so many fills of the master; 0 = they agree."""
    cdef break_row* row
    cdef int64_t before = 0
    if r.actor or not is_master(t, r) or not -MONEY_MAX <= r.amount <= MONEY_MAX:
        return True
    if <uint64_t>r.order_qty != t.accounts[r.account].fill_count:
        t.risk.stale_breaks += 1
        return False
    row = find(t, r)
    if row != NULL:
        before = row.amount
    if before == r.amount:
        return False
    if row == NULL:
        if open_row(t, r):
            return True
    elif r.amount == 0:
        close_row(t, row)
    else:
        row.amount = r.amount
        if row.is_dismissed:
            row.is_dismissed = 0
            count_open(t, r.account, 1)
    tell(t, r, before, out)
    return False


cdef bint dismiss(tables* t, const control_record* r) noexcept nogil:
    """The difference stays as it is, and no longer stands in the way."""
    cdef break_row* row
    if not is_master(t, r):
        return True
    row = find(t, r)
    if row == NULL:
        return True
    if not row.is_dismissed:
        row.is_dismissed = 1
        count_open(t, r.account, -1)
    return False
