"""Open orders by order_id, and every cl_ord_id of the day."""
from libc.stdint cimport uint16_t, uint32_t, uint64_t

from tidegate.native.records cimport CLOSE, CLOSE_TODAY, CLOSE_YESTERDAY, REDUCE_ONLY, order_record
from tidegate.native.tables cimport cl_ord_id_row, order_row, tables


cdef inline bint is_close(int position_effect) noexcept nogil:
    return (
        position_effect == CLOSE or position_effect == CLOSE_TODAY
        or position_effect == CLOSE_YESTERDAY
    )


cdef inline bint is_reduce_only(const tables* t, const order_row* order) noexcept nogil:
    """Counted in pairs[].reduce_only_orders from hold to close_order."""
    return order.flags & REDUCE_ONLY or (
        is_close(order.position_effect) and not t.instruments[order.instrument].has_sides
    )


# Most clients count, so 128 ids that follow each other have neighbouring rows. The search goes on
# an odd stride away: it meets every row, and leaves a run that is taken at once.
cdef enum:
    RUN_BITS = 7
    ID_STRIDE = (1 << RUN_BITS) + 1


cdef inline uint32_t slot_of_id(
    const tables* t, uint16_t session, uint64_t cl_ord_id
) noexcept nogil:
    """Where the search for an id begins."""
    cdef uint64_t run = cl_ord_id >> RUN_BITS ^ <uint64_t>session << 48
    cdef uint64_t within = cl_ord_id & ((1 << RUN_BITS) - 1)
    return <uint32_t>((run * <uint64_t>0x9E3779B97F4A7C15 >> 32) + within) & t.cl_ord_id_mask


cdef order_row* find_order(const tables* t, uint64_t order_id) noexcept nogil
cdef bint is_open(const order_row* order) noexcept nogil
cdef bint has_room(const tables* t) noexcept nogil
# A fresh row, first of its session's list; the caller has asked has_room.
cdef order_row* open_order(tables* t, const order_record* o, uint32_t pair) noexcept nogil
# Leaves its session's list and its group's; what it holds must have been given back.
cdef void close_order(tables* t, order_row* order, char ord_status) noexcept nogil


cdef inline cl_ord_id_row* place_of(
    const tables* t, uint16_t session, uint64_t cl_ord_id
) noexcept nogil:
    """The row of this id of this session, or the free one where it would stand."""
    cdef uint32_t slot = slot_of_id(t, session, cl_ord_id)
    cdef cl_ord_id_row* row = &t.cl_ord_ids[slot]
    while row.session and (row.cl_ord_id != cl_ord_id or row.session != session):
        slot = (slot + ID_STRIDE) & t.cl_ord_id_mask
        row = &t.cl_ord_ids[slot]
    return row


cdef inline cl_ord_id_row* find_cl_ord_id(
    const tables* t, uint16_t session, uint64_t cl_ord_id
) noexcept nogil:
    """The row of this id of this session, or NULL."""
    cdef cl_ord_id_row* row = place_of(t, session, cl_ord_id)
    return row if row.session else NULL


# Ids that do not lead to a working order are free again; the others stay as they are.
cdef void forget_past(tables* t) noexcept nogil
# Why the request's cl_ord_id cannot be taken, or 0; `place` is its place_of.
cdef int can_be_new(
    const tables* t, const order_record* o, const cl_ord_id_row* place
) noexcept nogil
# Enter the id there for the day; the caller has asked can_be_new.
cdef void remember(
    tables* t, const order_record* o, cl_ord_id_row* place, uint64_t order_id
) noexcept nogil
cdef void remember_replace(
    tables* t, const order_record* o, const order_row* order
) noexcept nogil
# Of any id of an order, and of an order: the row of its first id.
cdef cl_ord_id_row* state_row(const tables* t, const cl_ord_id_row* row) noexcept nogil
cdef cl_ord_id_row* noted_row(const tables* t, const order_row* order) noexcept nogil
