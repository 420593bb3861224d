"""Orders sent as one list: held one by one, routed together or refused together (control 45).

A session has at most one list: open while orders of it are missing, refused when one of them
was, forgotten after its last number. Orders that are held and wait are *staged*: no venue knows
them, so they end with a DENIED of risk's own.
"""
from libc.stdint cimport int64_t, uint16_t, uint32_t
from libc.string cimport memset

cimport tidegate.native.answers as answers
cimport tidegate.native.endings as endings
cimport tidegate.native.orders as orders
from tidegate.native.margin cimport price_of
from tidegate.native.outputs cimport add_route, outputs
from tidegate.native.records cimport (
    BUY, EXEC_REJECTED, LIST_INCOMPLETE, LIST_REFUSED, MALFORMED, NEW_ORDER_SINGLE,
    TG_LAYOUT_VERSION, order_record,
)
from tidegate.native.requests cimport cancel_met
from tidegate.native.tables cimport cl_ord_id_row, order_row, session_orders_row, tables

# A list is complete within a second of its first order.
cdef int64_t PATIENCE_NS = 1_000_000_000

cdef enum:
    LIST_MAX = 255


cdef uint32_t staged_slots(
    const tables* t, const session_orders_row* row, uint32_t* slots
) noexcept nogil:
    """Staged orders of the session's list, the first one first; how many."""
    cdef uint32_t count = row.list_staged
    cdef uint32_t found = 0
    cdef uint32_t slot = row.first_order
    while slot and found < count:
        if t.orders[slot].is_staged:
            found += 1
            slots[count - found] = slot
        slot = t.orders[slot].next
    return found


cdef void forget(tables* t, session_orders_row* row) noexcept nogil:
    row.list_id = 0
    row.list_count = 0
    row.list_taken = 0
    row.list_staged = 0
    row.is_list_refused = 0
    row.list_since_ns = 0
    t.risk.open_lists -= 1


cdef void refuse(tables* t, session_orders_row* row, int reason, outputs* out) noexcept nogil:
    """Deny all that is staged; what follows of the list is denied as it comes."""
    cdef uint32_t slots[LIST_MAX]
    cdef uint32_t count = staged_slots(t, row, slots)
    cdef order_row* order
    cdef cl_ord_id_row* known
    cdef uint32_t i
    cdef int why
    for i in range(count):
        order = &t.orders[slots[i]]
        why = order.cancel_reason if order.cancel_reason else reason
        answers.deny_staged(t, order, why, row.list_count, <int>i + 1, out)
        known = orders.find_cl_ord_id(t, order.session, order.cl_ord_id)
        if known != NULL:
            known.order_id = 0
            known.reason = <uint16_t>why
            known.exec_type = EXEC_REJECTED
        order.is_staged = 0
        endings.close(t, order, c'8')
    row.list_staged = 0
    row.is_list_refused = 1


cdef void route(tables* t, const order_row* order, outputs* out) noexcept nogil:
    cdef order_record o
    memset(&o, 0, sizeof(o))
    o.kind = NEW_ORDER_SINGLE
    o.layout_version = TG_LAYOUT_VERSION
    o.flags = order.flags
    o.sequence = t.risk.sequence
    o.cl_ord_id = order.cl_ord_id
    o.order_id = order.order_id
    o.order_qty = order.order_qty
    o.account = order.account
    o.instrument = order.instrument
    o.session = order.session
    o.side = order.side
    o.ord_type = order.ord_type
    o.time_in_force = order.time_in_force
    o.position_effect = order.position_effect
    o.received_ns = t.risk.now_ns
    o.list_id = order.list_id
    o.price = price_of(&t.instruments[order.instrument], order.side == BUY, order.price)
    cancel_met(t, &o, o.price, out)
    (<order_record*>add_route(out))[0] = o


cdef void release(tables* t, session_orders_row* row, outputs* out) noexcept nogil:
    """All have passed: they leave in order."""
    cdef uint32_t slots[LIST_MAX]
    cdef uint32_t count = staged_slots(t, row, slots)
    cdef uint32_t i
    for i in range(count):
        t.orders[slots[i]].is_staged = 0
        t.risk.accepted += 1
        route(t, &t.orders[slots[i]], out)
    forget(t, row)


cdef int take(tables* t, const order_record* o, outputs* out) noexcept nogil:
    cdef session_orders_row* row = &t.sessions[o.session]
    cdef bint is_next = (
        o.list_id == row.list_id and o.tot_no_orders == row.list_count
        and o.list_seq_no == row.list_taken + 1
    )
    if row.list_id and not is_next:
        if not row.is_list_refused:
            refuse(t, row, LIST_REFUSED, out)
            return MALFORMED
        if o.list_seq_no != 1:
            return MALFORMED
        refuse(t, row, LIST_REFUSED, out)
        forget(t, row)
    if row.list_id == 0:
        if o.list_seq_no != 1 or o.tot_no_orders == 0:
            return MALFORMED
        t.risk.open_lists += 1
        row.list_id = o.list_id
        row.list_count = o.tot_no_orders
        row.list_since_ns = t.risk.now_ns
    row.list_taken += 1
    return LIST_REFUSED if row.is_list_refused else 0


cdef void settle(tables* t, const order_record* o, bint is_held, outputs* out) noexcept nogil:
    cdef session_orders_row* row = &t.sessions[o.session]
    if is_held:
        row.list_staged += 1
    else:
        refuse(t, row, LIST_REFUSED, out)
    if row.list_taken == row.list_count:
        if row.is_list_refused:
            refuse(t, row, LIST_REFUSED, out)
            forget(t, row)
        else:
            release(t, row, out)


cdef void expire(tables* t, outputs* out) noexcept nogil:
    cdef session_orders_row* row
    cdef uint32_t session
    if t.risk.open_lists == 0:
        return
    for session in range(1, t.session_capacity):
        row = &t.sessions[session]
        if row.list_id == 0:
            continue
        if row.is_list_refused:
            refuse(t, row, LIST_REFUSED, out)
        if t.risk.now_ns - row.list_since_ns >= PATIENCE_NS:
            refuse(t, row, LIST_INCOMPLETE, out)
            forget(t, row)
