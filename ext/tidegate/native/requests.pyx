"""Requests on an order that is open: cancel, mass cancel, cancel/replace.

A cancel is never checked against limits or states: what is open can always be canceled.
"""
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memset

cimport tidegate.native.answers as answers
cimport tidegate.native.orders as orders
cimport tidegate.native.positions as positions
from tidegate.native.assessment cimport assess, is_well_formed
from tidegate.native.checks cimport compared, context
from tidegate.native.outputs cimport add_route, outputs
from tidegate.native.records cimport (
    CANCEL_REJECT, CANCEL_REQUEST, DUPLICATE_CL_ORD_ID, MALFORMED, POSS_RESEND, REQUEST_PENDING,
    TABLE_FULL, TOO_LATE, UNKNOWN_ORDER, order_record,
)
from tidegate.native.tables cimport cl_ord_id_row, order_row, tables


cdef order_row* named(
    tables* t, const order_record* o, int* reason
) noexcept nogil:
    """The open order that a cancel or replace names, or NULL with the reason."""
    cdef const cl_ord_id_row* known
    cdef order_row* order = NULL
    if o.session == 0 or o.session >= t.session_capacity or o.cl_ord_id == 0:
        reason[0] = MALFORMED
        return NULL
    known = orders.find_cl_ord_id(t, o.session, o.orig_cl_ord_id)
    if known == NULL or known.order_id == 0:
        reason[0] = UNKNOWN_ORDER
        return NULL
    order = orders.find_order(t, known.order_id)
    if order == NULL or not orders.is_open(order):
        reason[0] = TOO_LATE
        return NULL
    return order


cdef void route_cancel(
    tables* t, order_row* order, const order_record* o, uint64_t cl_ord_id, outputs* out
) noexcept nogil:
    cdef order_record* routed = <order_record*>add_route(out)
    positions.count_message(t, order.account)
    order.is_cancel_pending = 1
    order.cancel_cl_ord_id = cl_ord_id
    routed[0] = o[0]
    routed.kind = CANCEL_REQUEST
    routed.cl_ord_id = cl_ord_id
    routed.orig_cl_ord_id = order.cl_ord_id
    routed.order_id = order.order_id
    routed.account = order.account
    routed.instrument = order.instrument
    routed.session = order.session
    routed.side = order.side
    routed.price = order.price
    routed.order_qty = order.order_qty


cdef void cancel(tables* t, const order_record* o, outputs* out) noexcept nogil:
    """Never checked against state or limits: what is open can always be canceled."""
    cdef int reason = 0
    cdef order_row* order = named(t, o, &reason)
    if order != NULL and order.is_cancel_pending:
        if o.flags & POSS_RESEND and order.cancel_cl_ord_id == o.cl_ord_id:
            return  # the same request once more: its answer is on the way
        reason = REQUEST_PENDING
    if reason:
        answers.deny(t, o, CANCEL_REJECT, reason, NULL, out)
        return
    route_cancel(t, order, o, o.cl_ord_id, out)


cdef void mass_cancel(tables* t, const order_record* o, outputs* out) noexcept nogil:
    """Cancel a session's orders: all ('7'), or those to be canceled on disconnect ('d').

    account and instrument, where not 0, narrow it.
    """
    cdef order_row* order
    cdef uint32_t slot
    if o.session == 0 or o.session >= t.session_capacity or (
        o.mass_cancel_type != c'7' and o.mass_cancel_type != c'd'
    ):
        answers.deny(t, o, CANCEL_REJECT, MALFORMED, NULL, out)
        return
    slot = t.sessions[o.session].first_order
    while slot:
        order = &t.orders[slot]
        slot = order.next
        if order.is_cancel_pending:
            continue
        if o.account and order.account != o.account:
            continue
        if o.instrument and order.instrument != o.instrument:
            continue
        if o.mass_cancel_type == c'd' and not t.accounts[order.account].cancel_on_disconnect:
            continue
        route_cancel(t, order, o, 0, out)


cdef int replaceable(
    tables* t, const order_record* o, order_row* order, order_record* full
) noexcept nogil:
    """Fill in what the order itself says; why it cannot be replaced, or 0."""
    if order.is_replace_pending or order.is_cancel_pending:
        return REQUEST_PENDING
    if orders.find_cl_ord_id(t, o.session, o.cl_ord_id) != NULL:
        return DUPLICATE_CL_ORD_ID
    if not orders.can_add_cl_ord_id(t, o.session):
        return TABLE_FULL
    full[0] = o[0]
    full.account = order.account
    full.instrument = order.instrument
    full.side = order.side
    full.ord_type = order.ord_type
    full.time_in_force = order.time_in_force
    full.flags = (o.flags & POSS_RESEND) | order.flags
    full.order_id = order.order_id
    if not is_well_formed(full):
        return MALFORMED
    if o.order_qty <= order.cum_qty:
        return TOO_LATE
    return 0


cdef void replace(tables* t, const order_record* o, outputs* out) noexcept nogil:
    """Checked anew for what it adds; held at the worse of old and new until it is answered."""
    cdef int reason = 0
    cdef order_row* order = named(t, o, &reason)
    cdef order_record full
    cdef context c
    cdef compared first
    cdef int64_t lots
    memset(&first, 0, sizeof(first))
    if order != NULL:
        if (
            o.flags & POSS_RESEND and order.is_replace_pending
            and order.replace_cl_ord_id == o.cl_ord_id
        ):
            return  # the same request once more: its answer is on the way
        reason = replaceable(t, o, order, &full)
    if reason == 0:
        lots = o.order_qty - order.cum_qty - order.held_qty
        reason = assess(
            t, &full, lots if lots > 0 else 0, order, &c, &first, &out.verdict
        )
    if reason:
        answers.deny(t, o, CANCEL_REJECT, reason, &first, out)
        return
    order.is_replace_pending = 1
    order.replace_cl_ord_id = o.cl_ord_id
    order.replace_price = o.price
    order.replace_qty = o.order_qty
    order.held_qty += c.lots
    order.fee_held += c.fee
    positions.move_open(t, order.pair, c.is_buy, c.lots, c.fee)
    positions.count_message(t, order.account)
    orders.remember(t, o, order.order_id, 0)
    (<order_record*>add_route(out))[0] = full
