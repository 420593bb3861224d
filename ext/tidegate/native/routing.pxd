"""The router's tables and its two steps: a request on its way out, a report on its way in."""
from libc.stdint cimport int64_t, uint32_t, uint64_t

from tidegate.native.order_map cimport route_row
from tidegate.native.records cimport Reason, record
from tidegate.native.venue_codes cimport VenueCodes


cdef extern from "routing.h" nogil:
    ctypedef struct channel_row:
        uint32_t state
        uint32_t next_sending
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
        uint64_t refused_order
        uint64_t requests_lost
        uint64_t orders_forgotten
        uint64_t requests_repeated
        uint64_t requests_malformed
        uint64_t reports
        uint64_t marks
        uint64_t duplicates
        uint64_t unknown_orders
        uint64_t unknown_codes
        uint64_t reports_malformed


cpdef enum ChannelState:
    CHANNEL_DOWN = 1
    CHANNEL_LOGGING_ON = 2
    CHANNEL_UP = 3


# What the step made of a request, when it is not the index of a channel (1 and more).
cpdef enum Routed:
    ROUTED_DROPPED = -1
    ROUTED_REFUSED = 0


cdef class Routing:
    cdef tuple owners
    cdef VenueCodes codes
    cdef route_row* routes
    cdef channel_row* channels
    cdef readonly uint32_t route_count
    cdef readonly uint32_t channel_count

    cdef int step(self, const record* request, record* out, int64_t now_ns) noexcept nogil
    cdef void withdraw(self, uint32_t channel, const record* sent, record* out) noexcept nogil
    cdef bint take_report(
        self, uint32_t channel, const record* report, record* out, int64_t now_ns
    ) noexcept nogil
    cdef Py_ssize_t take_lost(
        self, uint32_t channel, uint32_t next_expected, record* out, Py_ssize_t count_max
    ) noexcept nogil
    cdef Py_ssize_t take_forgotten(
        self, uint32_t channel, record* out, Py_ssize_t count_max
    ) noexcept nogil

    cdef bint is_repeated(self, const record* request) noexcept nogil
    cdef Reason verdict(
        self, uint32_t channel, const record* request, int64_t now_ns
    ) noexcept nogil
    cdef void note_refused(self, uint32_t channel, Reason reason) noexcept nogil
    cdef void submit(
        self, uint32_t channel, const record* request, record* out, int64_t now_ns
    ) noexcept nogil
    cdef bint take_mark(self, uint32_t channel, record* out) noexcept nogil
    cdef route_row* find(self, uint64_t order_id) noexcept nogil
    cdef void take_answer(self, uint32_t channel, record* out) noexcept nogil
