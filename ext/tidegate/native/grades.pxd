"""Graded action (control 32): how far each account is into its limits, and what follows."""
from tidegate.native.outputs cimport outputs
from tidegate.native.tables cimport tables


cdef void grade_dirty(tables* t, outputs* out) noexcept nogil
