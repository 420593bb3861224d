"""Open orders by order_id, and every cl_ord_id of the day.

order_id = generation << 32 | slot. Freed slots queue behind each other, so that a closed row
stays readable as long as possible for a late fill. Only risk writes here.
"""
from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset

cimport tidegate.native.self_match as self_match
from tidegate.native.invariant cimport must
from tidegate.native.records cimport (
    DUPLICATE_CL_ORD_ID,
    EXEC_REPLACED,
    POSS_RESEND,
    TABLE_FULL,
    order_record,
)
from tidegate.native.tables cimport cl_ord_id_row, order_row, session_orders_row, tables

# Copied whole: compilers clear so much with an instruction that starts slower than it runs.
cdef order_row NO_ORDER
memset(&NO_ORDER, 0, sizeof(order_row))


cdef order_row* find_order(const tables* t, uint64_t order_id) noexcept nogil:
    """The row that this order_id still owns, open or closed, or NULL."""
    cdef uint32_t slot = <uint32_t>order_id
    if slot == 0 or slot >= t.order_capacity or t.orders[slot].order_id != order_id:
        return NULL
    return &t.orders[slot]


cdef bint is_open(const order_row* order) noexcept nogil:
    """ord_status is PendingNew, New or PartiallyFilled."""
    return order.ord_status == c'A' or order.ord_status == c'0' or order.ord_status == c'1'


cdef bint has_room(const tables* t) noexcept nogil:
    return t.risk.order_slots_used + 1 < t.order_capacity or t.risk.free_first != 0


cdef inline uint32_t take_slot(tables* t) noexcept nogil:
    """A slot never used, or the one that was freed first."""
    cdef uint32_t slot
    if t.risk.order_slots_used + 1 < t.order_capacity:
        t.risk.order_slots_used += 1
        return t.risk.order_slots_used
    slot = t.risk.free_first
    t.risk.free_first = t.orders[slot].next
    if t.risk.free_first == 0:
        t.risk.free_last = 0
    return slot


cdef order_row* open_order(tables* t, const order_record* o, uint32_t pair) noexcept nogil:
    cdef session_orders_row* session = &t.sessions[o.session]
    cdef uint32_t slot = take_slot(t)
    cdef order_row* order = &t.orders[slot]
    cdef uint64_t generation = (order.order_id >> 32) + 1
    order[0] = NO_ORDER
    order.order_id = generation << 32 | slot
    order.cl_ord_id = o.cl_ord_id
    order.price = o.price
    order.order_qty = o.order_qty
    order.account = o.account
    order.instrument = o.instrument
    order.pair = pair
    order.next = session.first_order
    order.session = o.session
    order.list_id = o.list_id
    order.side = o.side
    order.ord_type = o.ord_type
    order.time_in_force = o.time_in_force
    order.position_effect = o.position_effect
    order.ord_status = c'A'
    order.flags = o.flags
    order.is_staged = o.list_id != 0
    if order.next:
        t.orders[order.next].previous = slot
    session.first_order = slot
    session.open_orders += 1
    t.risk.open_orders += 1
    return order


cdef void close_order(tables* t, order_row* order, char ord_status) noexcept nogil:
    """Take an open row out of its lists and queue its slot for use again."""
    cdef uint32_t slot = <uint32_t>order.order_id
    self_match.leave(t, order)
    t.pairs[order.pair].reduce_only_orders -= is_reduce_only(t, order)
    if order.previous:
        t.orders[order.previous].next = order.next
    else:
        t.sessions[order.session].first_order = order.next
    if order.next:
        t.orders[order.next].previous = order.previous
    t.sessions[order.session].open_orders -= 1
    t.risk.open_orders -= 1
    order.ord_status = <unsigned char>ord_status
    order.previous = 0
    order.next = 0
    if t.risk.free_last:
        t.orders[t.risk.free_last].next = slot
    else:
        t.risk.free_first = slot
    t.risk.free_last = slot


cdef bint can_add_cl_ord_id(const tables* t, uint16_t session) noexcept nogil:
    """A session may take half of the table, so that no single one shuts out the others."""
    cdef uint64_t size = <uint64_t>t.cl_ord_id_mask + 1
    return (
        <uint64_t>t.risk.cl_ord_id_count < size - size // 8
        and <uint64_t>t.sessions[session].cl_ord_ids < size // 2
    )


cdef void remember(
    tables* t, const order_record* o, cl_ord_id_row* place, uint64_t order_id
) noexcept nogil:
    """One of the past is taken."""
    if place.session == 0:
        t.risk.cl_ord_id_count += 1
        t.sessions[o.session].cl_ord_ids += 1
    place.cl_ord_id = o.cl_ord_id
    place.order_id = order_id
    place.order_qty = o.order_qty
    place.cum_qty = 0
    place.session = o.session
    place.reason = 0
    place.exec_type = 0
    place.is_past = 0


cdef cl_ord_id_row* state_row(const tables* t, const cl_ord_id_row* row) noexcept nogil:
    """Where the state of a row's order is noted, under its first id; NULL = another has that now.

    So the state outlives the order's row, and any number of replaces is one step from it.
    """
    cdef cl_ord_id_row* first = <cl_ord_id_row*>row
    if row.exec_type == EXEC_REPLACED:
        first = find_cl_ord_id(t, <uint16_t>row.session, <uint64_t>row.order_qty)
    return first if first != NULL and first.order_id == row.order_id else NULL


cdef cl_ord_id_row* noted_row(const tables* t, const order_row* order) noexcept nogil:
    """Where this order's state is noted, or NULL; after its day another order may have its id."""
    cdef const cl_ord_id_row* row = find_cl_ord_id(t, order.session, order.cl_ord_id)
    if row == NULL or row.order_id != order.order_id:
        return NULL
    return state_row(t, row)


cdef void remember_replace(
    tables* t, const order_record* o, const order_row* order
) noexcept nogil:
    """Enter the id that a replace asks for: it leads to the order's first one."""
    cdef const cl_ord_id_row* noted = noted_row(t, order)
    cdef cl_ord_id_row* place = place_of(t, o.session, o.cl_ord_id)
    must(noted != NULL)
    remember(t, o, place, order.order_id)
    place.exec_type = EXEC_REPLACED
    place.order_qty = <int64_t>noted.cl_ord_id


cdef bint is_working(const tables* t, uint64_t order_id) noexcept nogil:
    cdef const order_row* order = find_order(t, order_id)
    return order != NULL and is_open(order)


cdef int can_be_new(
    const tables* t, const order_record* o, const cl_ord_id_row* place
) noexcept nogil:
    if place.session == 0:
        return 0 if can_add_cl_ord_id(t, o.session) else TABLE_FULL
    return 0 if place.is_past and not o.flags & POSS_RESEND else DUPLICATE_CL_ORD_ID


cdef void forget_past(tables* t) noexcept nogil:
    """Forget ids that were over a day ago; those of orders that are over now become past.

    From a free slot on, as they are searched, each that stays moves up to the first free for it.

    Those before it have moved by then and do not again, so that every probe still ends at it.
    """
    cdef uint32_t mask = t.cl_ord_id_mask
    cdef uint32_t first = 0
    cdef uint32_t i, slot
    cdef cl_ord_id_row kept
    while t.cl_ord_ids[first].session:
        first += 1
    for i in range(1, mask + 1):
        slot = (first + i * ID_STRIDE) & mask
        kept = t.cl_ord_ids[slot]
        if kept.session == 0:
            continue
        memset(&t.cl_ord_ids[slot], 0, sizeof(cl_ord_id_row))
        if is_working(t, kept.order_id) or not kept.is_past:
            kept.is_past = not is_working(t, kept.order_id)
            place_of(t, <uint16_t>kept.session, kept.cl_ord_id)[0] = kept
        else:
            t.risk.cl_ord_id_count -= 1
            t.sessions[kept.session].cl_ord_ids -= 1
