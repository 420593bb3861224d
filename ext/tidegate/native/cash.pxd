"""Money moved by hand, in one step or two, and the rates at which currencies back each other.

Each returns True when it refuses the record; nothing is changed then, and n says what was
compared, if anything was.
"""
from libc.stdint cimport int64_t, uint32_t

from tidegate.native.alerts cimport numbers
from tidegate.native.records cimport control_record, rate_record
from tidegate.native.tables cimport tables


cdef bint cash(tables* t, const control_record* r, numbers* n) noexcept nogil
cdef bint transfer(tables* t, const control_record* r, numbers* n) noexcept nogil
# Cash in (signed), and what is held for it; deposits go with it.
cdef bint book(
    tables* t, uint32_t account, uint32_t currency, int64_t amount, int64_t held
) noexcept nogil
cdef bint currency_rate(tables* t, const rate_record* r) noexcept nogil
