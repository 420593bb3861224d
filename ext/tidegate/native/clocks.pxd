"""TICK: time goes on, and with it phases, overrides, lists and grades."""
from tidegate.native.outputs cimport outputs
from tidegate.native.records cimport record
from tidegate.native.tables cimport tables


# True = refused, and nothing is changed.
cdef bint tick(tables* t, const record* r, outputs* out) noexcept nogil
