"""Money moved by hand, in one step or two, and the rates at which currencies back each other.

Each returns True when it refuses the record; nothing is changed then, and n says what was
compared, if anything was.
"""
from tidegate.native.alerts cimport numbers
from tidegate.native.records cimport control_record, rate_record
from tidegate.native.tables cimport tables


cdef bint cash(tables* t, const control_record* r, numbers* n) noexcept nogil
cdef bint transfer(tables* t, const control_record* r, numbers* n) noexcept nogil
cdef bint currency_rate(tables* t, const rate_record* r) noexcept nogil
