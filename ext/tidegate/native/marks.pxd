"""Marks and settlement prices. Each returns True when it refuses; nothing is changed then."""
from libc.stdint cimport int64_t

from tidegate.native.records cimport record
from tidegate.native.tables cimport tables


cdef bint is_price(int64_t price) noexcept nogil
cdef bint mark(tables* t, const record* r) noexcept nogil
cdef bint settlement(tables* t, const record* r) noexcept nogil
