"""Requests on an order that is open: cancel, mass cancel, cancel/replace."""
from libc.stdint cimport int64_t, uint64_t

from tidegate.native.outputs cimport outputs
from tidegate.native.records cimport order_record
from tidegate.native.tables cimport order_row, tables


cdef void cancel(tables* t, const order_record* o, outputs* out) noexcept nogil
cdef void mass_cancel(tables* t, const order_record* o, outputs* out) noexcept nogil
cdef void replace(tables* t, const order_record* o, outputs* out) noexcept nogil
cdef int prepare(
    tables* t, const order_record* o, order_record* full, order_row** found, int64_t* lots
) noexcept nogil
# o NULL and cl_ord_id 0 = risk's own cancel, for `reason`. A staged order is not routed to any
# venue: it is marked, and its list refused at the next TICK or order of it. Neither closes
# an order, so that whoever walks a list of orders may call it.
cdef void route_cancel(
    tables* t, order_row* order, const order_record* o, uint64_t cl_ord_id, int reason,
    outputs* out
) noexcept nogil
# Every working order that o would meet at its price, where a policy is CANCEL_RESTING or
# CANCEL_BOTH.
cdef void cancel_met(
    tables* t, const order_record* o, int64_t price, outputs* out
) noexcept nogil
