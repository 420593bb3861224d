"""Execution reports and the venue's refusals: what they do to the order, and who is told.

A fill is never refused. A report whose exec_id its order has seen is dropped; one that names no
order that a venue has is counted as an orphan. Both are for reconciliation to look into.
"""
cimport tidegate.native.after_fill as after_fill
cimport tidegate.native.endings as endings
cimport tidegate.native.fills as fills
cimport tidegate.native.orders as orders
from tidegate.native.outputs cimport outputs
from tidegate.native.records cimport (
    CANCEL_REPLACE_REQUEST, CANCEL_REQUEST, EXEC_CANCELED, EXEC_EXPIRED, EXEC_NEW, EXEC_REJECTED,
    EXEC_REPLACED, EXEC_TRADE, EXECUTION_REPORT, TG_NO_PRICE, TOO_LATE, VENUE_UNKNOWN_ORDER,
    denial_record, execution_record, record,
)
from tidegate.native.tables cimport order_row, tables


cdef void trade(
    tables* t, order_row* order, const execution_record* e, outputs* out
) noexcept nogil:
    if e.last_qty <= 0 or e.last_px == TG_NO_PRICE:
        t.risk.unbookable += 1
        return
    fills.book_fill(t, order, e)
    after_fill.count(t, order, e, out)
    if not orders.is_open(order):
        t.risk.late_fills += 1
        endings.report(order, <const record*>e, out)
    elif order.cum_qty >= order.order_qty and not order.is_replace_pending:
        endings.end(t, order, <const record*>e, c'2', EXEC_TRADE, out)
    else:
        order.ord_status = c'1'
        endings.report(order, <const record*>e, out)
    endings.note_state(t, order, EXEC_TRADE)
    after_fill.follow(t, order, e, out)


cdef void replaced(
    tables* t, order_row* order, const record* r, outputs* out
) noexcept nogil:
    """The venue took the replace: the order has its new price, quantity and name."""
    if not order.is_replace_pending:
        t.risk.duplicate_reports += 1
        return
    order.is_replace_pending = 0
    order.price = order.replace_price
    order.order_qty = order.replace_qty
    order.cl_ord_id = order.replace_cl_ord_id
    order.replace_price = 0
    order.replace_qty = 0
    # Noted as filled or new: EXEC_REPLACED marks the ids that replaces gave.
    if order.cum_qty >= order.order_qty:
        endings.end(t, order, r, c'2', EXEC_TRADE, out)
    else:
        endings.keep(t, order, order.order_qty - order.cum_qty)
        endings.report(order, r, out)
        endings.note_state(t, order, EXEC_NEW)


cdef void execution(
    tables* t, order_row* order, const execution_record* e, outputs* out
) noexcept nogil:
    if e.exec_id and e.exec_id <= order.exec_id:
        t.risk.duplicate_reports += 1
        return
    if e.exec_id:
        order.exec_id = e.exec_id
    if e.exec_type == EXEC_TRADE:
        trade(t, order, e, out)
    elif not orders.is_open(order):
        t.risk.duplicate_reports += 1
    elif e.exec_type == EXEC_NEW:
        if order.ord_status == c'A':
            order.ord_status = c'0'
        endings.report(order, <const record*>e, out)
        endings.note_state(t, order, EXEC_NEW)
    elif e.exec_type == EXEC_REPLACED:
        replaced(t, order, <const record*>e, out)
    elif e.exec_type == EXEC_CANCELED:
        endings.end(t, order, <const record*>e, c'4', EXEC_CANCELED, out)
    elif e.exec_type == EXEC_REJECTED:
        endings.end(t, order, <const record*>e, c'8', EXEC_REJECTED, out)
    elif e.exec_type == EXEC_EXPIRED:
        endings.end(t, order, <const record*>e, c'C', EXEC_EXPIRED, out)
    else:
        t.risk.refused_records += 1


cdef void cancel_reject(
    tables* t, order_row* order, const record* r, int ref_kind, outputs* out
) noexcept nogil:
    """The venue refused a request. An order that filled while it was pending is over now."""
    if ref_kind != CANCEL_REQUEST and ref_kind != CANCEL_REPLACE_REQUEST:
        t.risk.refused_records += 1
    elif not orders.is_open(order) or not endings.is_pending(order, ref_kind):
        t.risk.duplicate_reports += 1
    elif (
        ref_kind == CANCEL_REQUEST and r.reason == VENUE_UNKNOWN_ORDER
        and order.ord_status == c'A'
    ):
        # It was lost on the way: requests reach a venue in order, so it cannot come later.
        endings.cancel_here(t, order, r, r.reason, out)
    else:
        endings.reject_pending(t, order, r, ref_kind, r.reason, out)
        if order.cum_qty >= order.order_qty and not order.is_replace_pending:
            endings.reject_pending(t, order, r, CANCEL_REQUEST, TOO_LATE, out)
            endings.close(t, order, c'2')


cdef void step(tables* t, const record* r, outputs* out) noexcept nogil:
    cdef order_row* order = orders.find_order(t, r.order_id)
    if order == NULL or order.is_staged:
        t.risk.orphan_reports += 1
    elif r.kind == EXECUTION_REPORT:
        execution(t, order, <const execution_record*>r, out)
    else:
        cancel_reject(t, order, r, (<const denial_record*>r).ref_kind, out)
