"""Execution reports and the venue's refusals: fills booked, holds released, the sender told."""
from tidegate.native.outputs cimport outputs
from tidegate.native.records cimport record
from tidegate.native.tables cimport tables


cdef void step(tables* t, const record* r, outputs* out) noexcept nogil
