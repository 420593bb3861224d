"""Differences with a venue that nobody has decided (RISK.md 5.11).

Each returns True when it refuses the record; nothing is changed then.
"""
from tidegate.native.outputs cimport outputs
from tidegate.native.records cimport control_record
from tidegate.native.tables cimport tables


cdef bint report(tables* t, const control_record* r, outputs* out) noexcept nogil
cdef bint dismiss(tables* t, const control_record* r) noexcept nogil
