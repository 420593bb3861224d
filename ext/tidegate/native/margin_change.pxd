"""Margin parameters staged and committed over positions and working orders, and SPAN's credit.

Each returns True when it refuses the record; nothing is changed then.
"""
from tidegate.native.alerts cimport numbers
from tidegate.native.records cimport array_record, control_record, margin_record
from tidegate.native.tables cimport tables


cdef bint stage_rates(tables* t, const margin_record* r) noexcept nogil
cdef bint stage_array(tables* t, const array_record* r) noexcept nogil
cdef bint commit(tables* t, const control_record* r, numbers* n) noexcept nogil
cdef bint credit(tables* t, const control_record* r) noexcept nogil
