"""Orders sent as one list: held one by one, routed together or refused together (control 45)."""
from libc.stdint cimport uint16_t

from tidegate.native.outputs cimport outputs
from tidegate.native.records cimport order_record
from tidegate.native.tables cimport tables


# Why the order cannot be the list's next one, or 0; the list moves on.
cdef int take(tables* t, const order_record* o, outputs* out) noexcept nogil
# The order that was taken has been held, or denied.
cdef void settle(tables* t, const order_record* o, bint is_held, outputs* out) noexcept nogil
# At TICK: lists that have waited too long, or of which an order was canceled.
cdef void expire(tables* t, outputs* out) noexcept nogil
