"""Execution reports: holds released, positions, cash and fees booked, the sender told."""
from libc.stdint cimport int64_t

from tidegate.native.outputs cimport outputs
from tidegate.native.records cimport record
from tidegate.native.tables cimport pair_row, tables


cdef void step(tables* t, const record* r, outputs* out) noexcept nogil
cdef bint revalue(tables* t, pair_row* pair, int64_t mark) noexcept nogil
