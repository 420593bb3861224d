"""Which checks an order failed, and what each compared. Off the path of an order that passes.

A compile unit of its own: the path of an order that passes does not carry it along.
"""
from libc.stdint cimport uint64_t

cimport tidegate.native.checks as checks
from tidegate.native.compared cimport compared
from tidegate.native.context cimport context


cdef extern from * nogil:
    int count_trailing_zeros "__builtin_ctzll"(uint64_t value)


cdef uint64_t failed_checks(const context* c, uint64_t doubted) noexcept nogil:
    """Bit r: the check of reason r failed; only those in doubt are made."""
    cdef uint64_t left = doubted & ~checks.not_asked(c)
    cdef uint64_t failed = 0
    cdef int reason
    while left:
        reason = count_trailing_zeros(left)
        left &= left - 1
        failed |= <uint64_t>checks.is_failed(c, reason, NULL) << reason
    return failed


cdef int lowest_reason(uint64_t verdict) noexcept nogil:
    """The reason to report: of the lowest bit; 0 = accepted."""
    cdef uint64_t failed = verdict & ~(<uint64_t>1 << DECIDED_BIT | 1)
    return count_trailing_zeros(failed) if failed else 0


cdef void numbers_of(const context* c, int reason, compared* n) noexcept nogil:
    """What the check of this reason compared; n is zero before."""
    checks.is_failed(c, reason, n)
