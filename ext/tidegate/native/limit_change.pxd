"""Limits changed during the day, for good or until they expire (control 34)."""
from tidegate.native.outputs cimport outputs
from tidegate.native.records cimport control_record
from tidegate.native.tables cimport tables


# Returns True when it refuses the record; nothing is changed then.
cdef bint change(tables* t, const control_record* r, outputs* out) noexcept nogil
cdef void expire(tables* t, outputs* out) noexcept nogil
