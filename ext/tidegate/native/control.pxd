"""Records that change what orders are checked against: marks, settlement, states, cash, time."""
from tidegate.native.records cimport record
from tidegate.native.tables cimport tables


cdef void step(tables* t, const record* r) noexcept nogil
