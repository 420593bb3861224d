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
from tidegate.native.tables cimport cl_ord_id_row, order_row, tables


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


cdef order_row* open_order(tables* t, uint16_t session) noexcept nogil:
    """A fresh row, first of its session's list; the caller has asked has_room."""
    cdef uint32_t slot
    cdef uint64_t generation
    cdef order_row* order
    if t.risk.order_slots_used + 1 < t.order_capacity:
        t.risk.order_slots_used += 1
        slot = t.risk.order_slots_used
    else:
        slot = t.risk.free_first
        t.risk.free_first = t.orders[slot].next
        if t.risk.free_first == 0:
            t.risk.free_last = 0
    order = &t.orders[slot]
    generation = (order.order_id >> 32) + 1
    memset(order, 0, sizeof(order_row))
    order.order_id = generation << 32 | slot
    order.session = session
    order.ord_status = c'A'
    order.next = t.sessions[session].first_order
    if order.next:
        t.orders[order.next].previous = slot
    t.sessions[session].first_order = slot
    t.sessions[session].open_orders += 1
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


cdef cl_ord_id_row* find_cl_ord_id(
    const tables* t, uint16_t session, uint64_t cl_ord_id
) noexcept nogil:
    """The row of this id of this session, or NULL."""
    cdef uint32_t slot = slot_of_id(t, session, cl_ord_id)
    while t.cl_ord_ids[slot].session:
        if t.cl_ord_ids[slot].cl_ord_id == cl_ord_id and t.cl_ord_ids[slot].session == session:
            return &t.cl_ord_ids[slot]
        slot = (slot + 1) & t.cl_ord_id_mask
    return NULL


cdef bint can_add_cl_ord_id(const tables* t, uint16_t session) noexcept nogil:
    """A session may take half of the table, so that no single one shuts out the others."""
    cdef uint64_t size = <uint64_t>t.cl_ord_id_mask + 1
    return (
        <uint64_t>t.risk.cl_ord_id_count < size - size // 8
        and <uint64_t>t.sessions[session].cl_ord_ids < size // 2
    )


cdef inline uint32_t free_slot(
    const tables* t, uint16_t session, uint64_t cl_ord_id
) noexcept nogil:
    """Where an id that is not there would stand."""
    cdef uint32_t slot = slot_of_id(t, session, cl_ord_id)
    while t.cl_ord_ids[slot].session:
        slot = (slot + 1) & t.cl_ord_id_mask
    return slot


cdef cl_ord_id_row* add_cl_ord_id(
    tables* t, uint16_t session, uint64_t cl_ord_id
) noexcept nogil:
    """A row for an id that is not there; the caller has asked can_add_cl_ord_id."""
    cdef uint32_t slot = free_slot(t, session, cl_ord_id)
    t.cl_ord_ids[slot].cl_ord_id = cl_ord_id
    t.cl_ord_ids[slot].session = session
    t.risk.cl_ord_id_count += 1
    t.sessions[session].cl_ord_ids += 1
    return &t.cl_ord_ids[slot]


cdef cl_ord_id_row* remember(
    tables* t, const order_record* o, uint64_t order_id
) noexcept nogil:
    """Enter the cl_ord_id for the day; the caller has asked for room. One of the past is taken."""
    cdef cl_ord_id_row* row = find_cl_ord_id(t, o.session, o.cl_ord_id)
    if row == NULL:
        row = add_cl_ord_id(t, o.session, o.cl_ord_id)
    row.order_id = order_id
    row.cum_qty = 0
    row.exec_type = 0
    row.is_past = 0
    row.order_qty = o.order_qty
    row.reason = 0
    return row


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
    cdef cl_ord_id_row* row
    must(noted != NULL)
    row = remember(t, o, order.order_id)
    row.exec_type = EXEC_REPLACED
    row.order_qty = <int64_t>noted.cl_ord_id


cdef bint is_working(const tables* t, uint64_t order_id) noexcept nogil:
    cdef const order_row* order = find_order(t, order_id)
    return order != NULL and is_open(order)


cdef int can_be_new(const tables* t, const order_record* o) noexcept nogil:
    """Why the request's cl_ord_id cannot be taken, or 0."""
    cdef const cl_ord_id_row* known = find_cl_ord_id(t, o.session, o.cl_ord_id)
    if known == NULL:
        return 0 if can_add_cl_ord_id(t, o.session) else TABLE_FULL
    return 0 if known.is_past and not o.flags & POSS_RESEND else DUPLICATE_CL_ORD_ID


cdef void forget_past(tables* t) noexcept nogil:
    """Forget ids that were over a day ago; those of orders that are over now become past.

    From a free slot on, each id that stays moves up to the first slot that is free for it.

    Those before it have moved by then and do not again, so that every probe still ends at it.
    """
    cdef uint32_t mask = t.cl_ord_id_mask
    cdef uint32_t first = 0
    cdef uint32_t i, slot
    cdef cl_ord_id_row kept
    while t.cl_ord_ids[first].session:
        first += 1
    for i in range(1, mask + 1):
        slot = (first + i) & mask
        kept = t.cl_ord_ids[slot]
        if kept.session == 0:
            continue
        memset(&t.cl_ord_ids[slot], 0, sizeof(cl_ord_id_row))
        if is_working(t, kept.order_id) or not kept.is_past:
            kept.is_past = not is_working(t, kept.order_id)
            t.cl_ord_ids[free_slot(t, <uint16_t>kept.session, kept.cl_ord_id)] = kept
        else:
            t.risk.cl_ord_id_count -= 1
            t.sessions[kept.session].cl_ord_ids -= 1
