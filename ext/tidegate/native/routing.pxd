"""The router's tables, and its step for a request on its way out."""
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from tidegate.native.order_map cimport route_row
from tidegate.native.records cimport Reason, record
from tidegate.native.venue_codes cimport VenueCodes


cdef extern from "routing.h" nogil:
    ctypedef struct router_row:
        int64_t born_ns
        uint64_t order_id
        uint32_t step
        uint32_t given
        uint32_t channel
        uint32_t seq_num
        uint32_t request
        uint32_t taken
        uint8_t kind
        uint8_t pad[23]

    ctypedef struct channel_row:
        uint32_t state
        uint32_t next_sending
        uint32_t next_report
        uint32_t answering
        uint32_t answering_given
        uint32_t pad
        int64_t incarnation
        int64_t message_rate
        int64_t message_burst
        int64_t throttle_level
        int64_t throttle_ns
        uint64_t exec_id_max
        uint64_t submitted
        uint64_t refused_down
        uint64_t refused_throttle
        uint64_t refused_code
        uint64_t refused_stale
        uint64_t refused_order
        uint64_t requests_lost
        uint64_t orders_forgotten
        uint64_t orders_differ
        uint64_t unknown_canceled
        uint64_t requests_repeated
        uint64_t requests_malformed
        uint64_t reports
        uint64_t marks
        uint64_t duplicates
        uint64_t unknown_orders
        uint64_t unknown_codes
        uint64_t reports_malformed


# Resolving: it is logged on, its reports are taken, and no request goes out yet.
cpdef enum ChannelState:
    CHANNEL_DOWN = 1
    CHANNEL_LOGGING_ON = 2
    CHANNEL_UP = 3
    CHANNEL_RESOLVING = 4


# What the step made of a request, when it is not the index of a channel (1 and more).
cpdef enum Routed:
    ROUTED_DROPPED = -1
    ROUTED_REFUSED = 0


# What the router is in the middle of; between its answer and finish().
cpdef enum Step:
    STEP_NONE = 0
    STEP_SUBMITTING = 1
    STEP_REFUSING = 2
    STEP_SETTLING = 3
    STEP_ENDING = 4


cdef class Routing:
    cdef tuple owners
    cdef VenueCodes codes
    cdef route_row* routes
    cdef channel_row* channels
    cdef router_row* own
    cdef readonly uint32_t route_count
    cdef readonly uint32_t channel_count
    # A new order or replace that is older is refused; 0 = of any age.
    cdef int64_t order_age_ns_max
    # By how much the router's time is ahead of a clock that was set back: a gateway that was
    # started since goes by the clock.
    cdef int64_t ahead_ns

    # ROUTED_REFUSED: out is put on the lane to risk as number `given`, then comes finish().
    cdef int step(
        self, const record* request, record* out, int64_t now_ns, uint32_t given
    ) noexcept nogil
    # The same of what was not sent.
    cdef void withdraw(
        self, uint32_t channel, const record* sent, record* out, uint32_t given
    ) noexcept nogil
    cdef void begin_settling(
        self, const route_row* row, uint8_t kind, record* out, uint32_t given
    ) noexcept nogil
    cdef void begin(self, Step step, uint32_t given) noexcept nogil
    cdef void finish(self) noexcept nogil
    cdef route_row* find(self, uint64_t order_id) noexcept nogil

    cdef void recover_step(self, uint32_t next_given) noexcept nogil
    cdef bint is_repeated(self, const record* request) noexcept nogil
    cdef Reason verdict(
        self, uint32_t channel, const record* request, int64_t now_ns
    ) noexcept nogil
    cdef bint has_place(self, const record* request) noexcept nogil
    cdef void note_refused(self, uint32_t channel, Reason reason) noexcept nogil
    cdef void note_taken(self, uint32_t number) noexcept nogil
    cdef void charge(self, uint32_t channel, int64_t now_ns) noexcept nogil
    cdef void submit(
        self, uint32_t channel, const record* request, record* out, int64_t now_ns
    ) noexcept nogil
    cdef void finish_submit(self) noexcept nogil
