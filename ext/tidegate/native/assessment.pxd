"""From a well-formed order to the verdict of every check, on every level."""
from libc.stdint cimport int64_t, uint32_t, uint64_t

from tidegate.native.context cimport context
from tidegate.native.records cimport order_record
from tidegate.native.tables cimport order_row, tables


cdef bint is_well_formed(const tables* t, const order_record* o) noexcept nogil
cdef uint64_t assess(
    tables* t, const order_record* o, int64_t lots, const order_row* order, uint32_t pair,
    context* c
) noexcept nogil
