"""Requests on an order that is open: cancel, mass cancel, cancel/replace."""
from tidegate.native.outputs cimport outputs
from tidegate.native.records cimport order_record
from tidegate.native.tables cimport tables


cdef void cancel(tables* t, const order_record* o, outputs* out) noexcept nogil
cdef void mass_cancel(tables* t, const order_record* o, outputs* out) noexcept nogil
cdef void replace(tables* t, const order_record* o, outputs* out) noexcept nogil
