"""What risk itself tells a strategy: denied, canceled not, and how a resent order stands."""
from tidegate.native.compared cimport compared
from tidegate.native.outputs cimport outputs
from tidegate.native.records cimport order_record
from tidegate.native.tables cimport cl_ord_id_row, order_row, tables


cdef void deny(
    tables* t, const order_record* o, int kind, int reason, const compared* n, outputs* out
) noexcept nogil
# DENIED for an order that was held and never routed; the verdict is another order's.
cdef void deny_staged(
    tables* t, const order_row* order, int reason, int tot_no_orders, int list_seq_no,
    outputs* out
) noexcept nogil
cdef void restate(
    tables* t, const order_record* o, const cl_ord_id_row* known, outputs* out
) noexcept nogil
