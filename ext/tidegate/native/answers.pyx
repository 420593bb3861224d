"""What risk itself tells a strategy: denied, canceled not, and how a resent order stands."""
from libc.stdint cimport uint16_t, uint64_t
from libc.string cimport memset

cimport tidegate.native.orders as orders
from tidegate.native.compared cimport compared
from tidegate.native.outputs cimport add_report, outputs
from tidegate.native.records cimport (
    DENIED, DUPLICATE_CL_ORD_ID, EXEC_CANCELED, EXEC_EXPIRED, EXEC_REJECTED, EXEC_RESTATED,
    EXECUTION_REPORT, NEW_ORDER_SINGLE, POSS_RESEND, TG_LAYOUT_VERSION, TG_NO_PRICE,
    denial_record, execution_record, order_record, record,
)
from tidegate.native.refusal cimport refuse
from tidegate.native.tables cimport cl_ord_id_row, order_row, tables


cdef void deny(
    tables* t, const order_record* o, int kind, int reason, const compared* n, outputs* out
) noexcept nogil:
    """DENIED for a new order, CANCEL_REJECT for a request on one; with what was compared."""
    cdef denial_record* d = <denial_record*>add_report(out)
    refuse(d, <const record*>o, kind, reason)
    d.sequence = o.sequence
    d.sequenced_delta = o.sequenced_delta
    # What the sender put there names no order of ours.
    d.order_id = 0
    if n != NULL:
        d.limit_value = n.limit_value
        d.used_value = n.used_value
        d.asked_value = n.asked_value
        d.level = n.level
        d.scope = n.scope
    out.verdict |= <uint64_t>1 << (reason if reason < 63 else 0)
    t.risk.denied += kind == DENIED
    t.risk.denied_by_reason[reason] += 1


cdef void deny_staged(
    tables* t, const order_row* order, int reason, int tot_no_orders, int list_seq_no,
    outputs* out
) noexcept nogil:
    cdef denial_record* d = <denial_record*>add_report(out)
    memset(d, 0, sizeof(denial_record))
    d.kind = DENIED
    d.layout_version = TG_LAYOUT_VERSION
    d.exec_type = EXEC_REJECTED
    d.sequence = t.risk.sequence
    d.cl_ord_id = order.cl_ord_id
    d.price = order.price
    d.order_qty = order.order_qty
    d.account = order.account
    d.instrument = order.instrument
    d.session = order.session
    d.reason = <uint16_t>reason
    d.side = order.side
    d.ord_type = order.ord_type
    d.time_in_force = order.time_in_force
    d.position_effect = order.position_effect
    d.received_ns = t.risk.now_ns
    d.limit_value = tot_no_orders
    d.asked_value = list_seq_no
    d.ref_kind = NEW_ORDER_SINGLE
    t.risk.denied += 1
    t.risk.denied_by_reason[reason] += 1


cdef void restate(
    tables* t, const order_record* o, const cl_ord_id_row* known, outputs* out
) noexcept nogil:
    """The answer to a resent order: its present state as EXEC_RESTATED, its end, its denial."""
    cdef const cl_ord_id_row* noted = orders.state_row(t, known)
    cdef const order_row* order = orders.find_order(t, known.order_id)
    cdef execution_record* e
    out.verdict |= <uint64_t>1 << DUPLICATE_CL_ORD_ID
    if known.order_id == 0:
        deny(t, o, DENIED, known.reason, NULL, out)
        return
    if noted == NULL:
        deny(t, o, DENIED, DUPLICATE_CL_ORD_ID, NULL, out)
        return
    e = <execution_record*>add_report(out)
    memset(e, 0, sizeof(execution_record))
    e.kind = EXECUTION_REPORT
    e.layout_version = o.layout_version
    e.flags = POSS_RESEND
    e.exec_type = EXEC_RESTATED
    if (
        noted.exec_type == EXEC_CANCELED or noted.exec_type == EXEC_REJECTED
        or noted.exec_type == EXEC_EXPIRED
    ):
        e.exec_type = noted.exec_type
    e.sequence = o.sequence
    e.cl_ord_id = o.cl_ord_id
    e.order_id = known.order_id
    # While its row is kept; the price of one that is long over is told as it was asked.
    e.price = order.price if order != NULL else o.price
    e.order_qty = noted.order_qty
    e.account = o.account
    e.instrument = o.instrument
    e.session = o.session
    e.reason = noted.reason
    e.side = o.side
    e.ord_type = o.ord_type
    e.time_in_force = o.time_in_force
    e.received_ns = o.received_ns
    e.last_px = TG_NO_PRICE
    e.cum_qty = noted.cum_qty
