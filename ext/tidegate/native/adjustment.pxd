"""What an operator decides about a difference with a venue (RISK.md 5.11)."""
from tidegate.native.outputs cimport outputs
from tidegate.native.records cimport control_record
from tidegate.native.tables cimport tables


# True = refused, and nothing is changed.
cdef bint adjust(tables* t, const control_record* r, outputs* out) noexcept nogil
