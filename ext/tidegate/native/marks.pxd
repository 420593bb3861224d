"""Marks and settlement prices. Each returns True when it refuses; nothing is changed then."""
from tidegate.native.records cimport record
from tidegate.native.tables cimport tables


cdef bint mark(tables* t, const record* r) noexcept nogil
cdef bint settlement(tables* t, const record* r) noexcept nogil
