"""Accounts that have changed since they were last graded: a list through next_dirty."""
from libc.stdint cimport uint32_t

from tidegate.native.tables cimport account_row, tables


cdef inline void mark_dirty(tables* t, uint32_t account) noexcept nogil:
    """The account is graded at the next TICK (RISK.md 5.5)."""
    cdef account_row* row = &t.accounts[account]
    if not row.is_dirty:
        row.is_dirty = 1
        row.next_dirty = t.risk.dirty_first
        t.risk.dirty_first = account


cdef inline void unmark_dirty(tables* t, uint32_t first) noexcept nogil:
    """Take off the list what came after `first` was its head: a refused record changes nothing."""
    cdef account_row* row
    while t.risk.dirty_first != first:
        row = &t.accounts[t.risk.dirty_first]
        t.risk.dirty_first = row.next_dirty
        row.next_dirty = 0
        row.is_dirty = 0
