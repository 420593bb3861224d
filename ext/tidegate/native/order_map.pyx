"""The order map: one row an order, at the index in the low half of its order_id.

The router writes it and finds in it what a venue's answer leaves out: our names, the stamps
and the id of the request that is answered. A console reads it. It must not forget an order
that a request is pending for, nor be half changed by a router that is killed: each change is
ordered so that it can be done again from the start.
"""
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memset

import numpy as np

from tidegate.native.crash_point cimport crash_point
from tidegate.native.records cimport (
    CANCEL_REJECT,
    CANCEL_REPLACE_REQUEST,
    CANCEL_REQUEST,
    EXEC_CANCELED,
    EXEC_EXPIRED,
    EXEC_REJECTED,
    EXEC_REPLACED,
    EXECUTION_REPORT,
    KIND_NONE,
    NEW_ORDER_SINGLE,
    TG_LAYOUT_VERSION,
    TG_NO_PRICE,
    VENUE_DOWN,
    Reason,
    denial_record,
    execution_record,
    order_record,
    record,
)


def _dtype():
    cdef route_row sample
    # A view by name: without one Cython declares what views are made of too late.
    cdef route_row[::1] view = <route_row[:1]>&sample
    return np.asarray(view).dtype


ROUTE_ROW = _dtype()


cdef void note_request(route_row* row, const record* request, uint32_t channel) noexcept nogil:
    """Enters a request under its number. A cancel of an order not in the map enters that too."""
    cdef bint is_entry = (
        request.kind == NEW_ORDER_SINGLE or row.order_id != request.order_id
    )
    if is_entry:
        row.order_id = 0
        crash_point()
        memset(row, 0, sizeof(route_row))
        row.cl_ord_id = (<const order_record*>request).orig_cl_ord_id
        row.state = ROUTE_WORKING
    row.channel = <uint16_t>channel
    row.account = request.account
    row.instrument = request.instrument
    row.session = request.session
    row.side = request.side
    row.ord_type = request.ord_type
    row.time_in_force = request.time_in_force
    row.position_effect = request.position_effect
    if row.stamped == request.kind or not is_any_pending(row):
        row.stamped = request.kind
        row.received_ns = request.received_ns
        row.sequenced_delta = request.sequenced_delta
        row.decided_delta = request.decided_delta
        row.routed_delta = request.routed_delta
    if request.kind == NEW_ORDER_SINGLE:
        row.cl_ord_id = request.cl_ord_id
        row.price = request.price
        row.order_qty = request.order_qty
        row.state = ROUTE_PENDING_NEW
        row.new_seq_num = request.msg_seq_num
    elif request.kind == CANCEL_REQUEST:
        row.cancel_cl_ord_id = request.cl_ord_id
        crash_point()
        row.cancel_seq_num = request.msg_seq_num
    else:
        row.replace_cl_ord_id = request.cl_ord_id
        crash_point()
        row.replace_seq_num = request.msg_seq_num
    if is_entry:
        crash_point()
        row.order_id = request.order_id
    crash_point()


cdef inline bint is_any_pending(const route_row* row) noexcept nogil:
    return (row.new_seq_num | row.cancel_seq_num | row.replace_seq_num) != 0


cdef uint32_t seq_num_of(const route_row* row, uint8_t kind) noexcept nogil:
    """The number under which a request of that kind is pending; 0 = none is."""
    if kind == NEW_ORDER_SINGLE:
        return row.new_seq_num
    return row.cancel_seq_num if kind == CANCEL_REQUEST else row.replace_seq_num


cdef void settle(route_row* row, uint8_t kind) noexcept nogil:
    """The request of that kind is pending no more, and the order is as it was without it."""
    if kind == NEW_ORDER_SINGLE:
        row.state = ROUTE_ENDED
        crash_point()
        row.new_seq_num = 0
    elif kind == CANCEL_REQUEST:
        row.cancel_seq_num = 0
    elif kind == CANCEL_REPLACE_REQUEST:
        row.replace_seq_num = 0


cdef void note_execution(route_row* row, const execution_record* report) noexcept nogil:
    """What is resent after a restart of the router may be older than the row, and says nothing."""
    if report.exec_id <= row.exec_id:
        return
    row.new_seq_num = 0
    row.cum_qty = max(row.cum_qty, report.cum_qty)
    if report.exec_type == EXEC_CANCELED and row.cancel_seq_num != 0:
        row.cancel_seq_num = 0
    elif report.exec_type == EXEC_CANCELED:
        row.replace_seq_num = 0
    elif report.exec_type == EXEC_REPLACED:
        row.cl_ord_id = report.cl_ord_id
        row.price = report.price
        row.order_qty = report.order_qty
        # Until here the row still says whose answer this is.
        crash_point()
        row.replace_seq_num = 0
    crash_point()
    if (
        report.exec_type == EXEC_CANCELED
        or report.exec_type == EXEC_REJECTED
        or report.exec_type == EXEC_EXPIRED
        or row.cum_qty >= row.order_qty > 0
    ):
        row.state = ROUTE_DONE
    elif row.state == ROUTE_PENDING_NEW:
        row.state = ROUTE_WORKING
    crash_point()
    row.exec_id = report.exec_id


cdef uint8_t answered_kind(const route_row* row, const record* answer) noexcept nogil:
    """The kind of the pending request that is answered; 0 = nobody asked for this."""
    cdef uint8_t kind
    if answer.kind == CANCEL_REJECT:
        kind = (<const denial_record*>answer).ref_kind
        return kind if seq_num_of(row, kind) != 0 else KIND_NONE
    if row.new_seq_num != 0:
        return NEW_ORDER_SINGLE
    if answer.exec_type == EXEC_CANCELED and row.cancel_seq_num != 0:
        return CANCEL_REQUEST
    if answer.exec_type == EXEC_CANCELED or answer.exec_type == EXEC_REPLACED:
        return CANCEL_REPLACE_REQUEST if row.replace_seq_num != 0 else KIND_NONE
    return KIND_NONE


cdef uint64_t answered_cl_ord_id(const route_row* row, const record* answer) noexcept nogil:
    """The id of the request that is answered; the order's own for what nobody asked for."""
    cdef uint8_t ref_kind
    if answer.kind == CANCEL_REJECT:
        ref_kind = (<const denial_record*>answer).ref_kind
        return row.cancel_cl_ord_id if ref_kind == CANCEL_REQUEST else row.replace_cl_ord_id
    if answer.exec_type == EXEC_CANCELED and row.cancel_seq_num != 0:
        return row.cancel_cl_ord_id
    # A replace to what is filled already ends the order: CANCELED is its answer.
    if answer.exec_type == EXEC_CANCELED or answer.exec_type == EXEC_REPLACED:
        return row.replace_cl_ord_id if row.replace_seq_num != 0 else row.cl_ord_id
    return row.cl_ord_id


cdef bint is_of_earlier(const route_row* row, const denial_record* reject) noexcept nogil:
    """Of a request before the pending one: sent again, and not the answer that is awaited."""
    if reject.ref_kind == CANCEL_REQUEST:
        return 0 < reject.ref_seq_num < row.cancel_seq_num
    return 0 < reject.ref_seq_num < row.replace_seq_num


cdef uint8_t pending_kind(const route_row* row, uint32_t first_seq_num) noexcept nogil:
    """The kind of a request that is pending under first_seq_num or later; 0 = none is."""
    if row.new_seq_num >= first_seq_num:
        return NEW_ORDER_SINGLE
    if row.cancel_seq_num >= first_seq_num:
        return CANCEL_REQUEST
    if row.replace_seq_num >= first_seq_num:
        return CANCEL_REPLACE_REQUEST
    return KIND_NONE


cdef void restore_request(const route_row* row, uint8_t kind, record* out) noexcept nogil:
    """The head of a pending request, or of a report, from its order's row."""
    memset(out, 0, sizeof(record))
    out.kind = kind
    out.layout_version = TG_LAYOUT_VERSION
    out.order_id = row.order_id
    out.cl_ord_id = row.cl_ord_id
    if kind == CANCEL_REQUEST:
        out.cl_ord_id = row.cancel_cl_ord_id
    elif kind == CANCEL_REPLACE_REQUEST:
        out.cl_ord_id = row.replace_cl_ord_id
    out.price = row.price
    out.order_qty = row.order_qty
    out.account = row.account
    out.instrument = row.instrument
    out.session = row.session
    out.side = row.side
    out.ord_type = row.ord_type
    out.time_in_force = row.time_in_force
    out.position_effect = row.position_effect
    out.received_ns = row.received_ns
    out.sequenced_delta = row.sequenced_delta
    out.decided_delta = row.decided_delta
    out.routed_delta = row.routed_delta


cdef void ending(const route_row* row, record* out) noexcept nogil:
    """The report that ends a working order which its venue has no more, and what is pending."""
    cdef execution_record* report = <execution_record*>out
    restore_request(row, EXECUTION_REPORT, out)
    report.exec_type = EXEC_CANCELED
    report.cl_ord_id = answered_cl_ord_id(row, out)
    report.reason = VENUE_DOWN
    report.last_px = TG_NO_PRICE
    report.cum_qty = row.cum_qty


cdef void end_row(route_row* row) noexcept nogil:
    row.cancel_seq_num = 0
    row.replace_seq_num = 0
    crash_point()
    row.state = ROUTE_ENDED


cdef void refusal(const record* request, Reason reason, record* out) noexcept nogil:
    """The answer to a request that does not go out; request and out may be the same."""
    cdef uint8_t kind = request.kind
    out[0] = request[0]
    out.checksum = 0
    out.sequence = 0
    out.reason = reason
    memset(&out.body[0], 0, sizeof(out.body))
    if kind == NEW_ORDER_SINGLE:
        out.kind = EXECUTION_REPORT
        out.exec_type = EXEC_REJECTED
        (<execution_record*>out).last_px = TG_NO_PRICE
    else:
        out.kind = CANCEL_REJECT
        (<denial_record*>out).ref_kind = kind
