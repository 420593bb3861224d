"""Which checks an order failed, and what each compared. Off the path of an order that passes."""
from libc.stdint cimport uint64_t

from tidegate.native.compared cimport compared
from tidegate.native.context cimport context

# Bit 63 says that something was decided: a verdict of 0 is undecided and denies.
cdef enum:
    DECIDED_BIT = 63


cdef uint64_t failed_checks(const context* c, uint64_t doubted) noexcept nogil
cdef int lowest_reason(uint64_t verdict) noexcept nogil
cdef void numbers_of(const context* c, int reason, compared* n) noexcept nogil
