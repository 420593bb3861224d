"""From a well-formed order to the verdict of every check, on every level."""
from libc.stdint cimport int64_t, uint32_t, uint64_t

from tidegate.native.compared cimport compared
from tidegate.native.context cimport context
from tidegate.native.records cimport order_record
from tidegate.native.tables cimport order_row, tables

# Bit 63 says that something was decided: a verdict of 0 is undecided and denies.
cdef enum:
    DECIDED_BIT = 63


cdef bint is_well_formed(const tables* t, const order_record* o) noexcept nogil
cdef int lowest_reason(uint64_t verdict) noexcept nogil
cdef uint64_t assess(
    tables* t, const order_record* o, int64_t lots, const order_row* order, uint32_t pair,
    context* c
) noexcept nogil
cdef void numbers_of(const context* c, int reason, compared* n) noexcept nogil
