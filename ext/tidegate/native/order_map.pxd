"""A row of the order map: an order as the router knows it, and what changes it."""
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from tidegate.native.records cimport Reason, denial_record, execution_record, record


cdef extern from "routing.h" nogil:
    ctypedef struct route_row:
        uint64_t order_id
        uint64_t venue_order_id
        uint64_t cl_ord_id
        uint64_t cancel_cl_ord_id
        uint64_t replace_cl_ord_id
        int64_t price
        int64_t order_qty
        int64_t cum_qty
        int64_t received_ns
        uint64_t exec_id
        uint32_t sequenced_delta
        uint32_t decided_delta
        uint32_t routed_delta
        uint32_t account
        uint32_t instrument
        uint32_t new_seq_num
        uint32_t cancel_seq_num
        uint32_t replace_seq_num
        uint16_t session
        uint16_t channel
        uint8_t side
        uint8_t ord_type
        uint8_t time_in_force
        uint8_t position_effect
        uint8_t state
        uint8_t stamped
        uint8_t pad[6]


cpdef enum RouteState:
    ROUTE_FREE = 0
    ROUTE_PENDING_NEW = 1
    ROUTE_WORKING = 2
    # By the venue's report.
    ROUTE_DONE = 3
    # By us: the venue never got it, or has it no more.
    ROUTE_ENDED = 4


cdef inline bint is_live(const route_row* row) noexcept nogil:
    return row.state == ROUTE_PENDING_NEW or row.state == ROUTE_WORKING


# A row's order_id is stored last, and a pending request's number: what has them is whole.
cdef void note_request(route_row* row, const record* request, uint32_t channel) noexcept nogil
cdef uint32_t seq_num_of(const route_row* row, uint8_t kind) noexcept nogil
# These may be repeated after a kill within them.
cdef void note_execution(route_row* row, const execution_record* report) noexcept nogil
cdef void settle(route_row* row, uint8_t kind) noexcept nogil
cdef void end_row(route_row* row) noexcept nogil
cdef void ending(const route_row* row, record* out) noexcept nogil
cdef bint is_of_earlier(const route_row* row, const denial_record* reject) noexcept nogil
cdef uint8_t pending_kind(const route_row* row, uint32_t first_seq_num) noexcept nogil
cdef uint64_t answered_cl_ord_id(const route_row* row, const record* answer) noexcept nogil
cdef uint8_t answered_kind(const route_row* row, const record* answer) noexcept nogil
cdef void restore_request(const route_row* row, uint8_t kind, record* out) noexcept nogil
cdef void refusal(const record* request, Reason reason, record* out) noexcept nogil
