"""What an order gives back and what is said of it: in part, or when it is over."""
from libc.stdint cimport int64_t

from tidegate.native.outputs cimport outputs
from tidegate.native.records cimport record
from tidegate.native.tables cimport order_row, tables


# Go on holding at most these lots and the fee and premium that they need. True = not expressible.
cdef bint keep(tables* t, order_row* order, int64_t lots) noexcept nogil
# All that it holds given back and no longer counted as open; nobody is told. True = not
# expressible: counted, and its account halted.
cdef bint close(tables* t, order_row* order, char ord_status) noexcept nogil
cdef void report(const order_row* order, const record* r, outputs* out) noexcept nogil
cdef void note_state(tables* t, const order_row* order, int exec_type) noexcept nogil
cdef bint is_pending(const order_row* order, int ref_kind) noexcept nogil
cdef void reject_pending(
    tables* t, order_row* order, const record* r, int ref_kind, int reason, outputs* out
) noexcept nogil
# Its last report: closed, reported, whatever is pending answered.
cdef void end(
    tables* t, order_row* order, const record* r, char ord_status, int exec_type, outputs* out
) noexcept nogil
# EXEC_CANCELED of an order that no venue has: it was lost on the way.
cdef void cancel_here(
    tables* t, order_row* order, const record* r, int reason, outputs* out
) noexcept nogil
