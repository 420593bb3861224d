"""The risk stage's agent: takes records from its lanes, sequences, journals, steps, puts out."""
cimport cython
from libc.stdint cimport int64_t, uint32_t, uint64_t

from tidegate.native.journal cimport Journal
from tidegate.native.lane cimport LaneTarget
from tidegate.native.link cimport Link
from tidegate.native.numbered cimport NumberedSource
from tidegate.native.outputs cimport outputs
from tidegate.native.poll cimport Poller
from tidegate.native.records cimport record
from tidegate.native.region cimport region_header
from tidegate.native.retained cimport RetainedTarget
from tidegate.native.tables cimport Tables

cdef enum:
    BATCH_RECORDS = 64


# Records taken from a lane and not yet run.
cdef struct inbox:
    record rows[BATCH_RECORDS]
    int count
    int index


@cython.final
cdef class RiskAgent:
    cdef Tables tables
    cdef Journal journal
    # Towards the router, and towards the gateway and whoever else sends on "control". Without a
    # gateway, that is embedded, there is no such link, and no lane "orders".
    cdef Link router_link
    cdef Link gateway_link
    cdef NumberedSource executions
    cdef NumberedSource control
    cdef NumberedSource orders
    cdef RetainedTarget routes
    cdef RetainedTarget reports
    cdef LaneTarget drop_copy
    cdef Poller poller
    cdef object region
    cdef region_header* header
    cdef object route_rows
    cdef object report_rows
    cdef outputs out
    cdef uint32_t route_sent
    cdef uint32_t report_sent
    cdef inbox inboxes[3]
    # The last order that was run since reports were last put out; 0 = none.
    cdef uint32_t orders_done
    cdef int journal_code
    cdef uint64_t unjournaled_count
    cdef uint64_t reserved_count
    cdef uint64_t misplaced_count
    cdef uint64_t wait_count

    cdef int do_work(self) noexcept nogil
    # The way of one record, for who brings it without a lane; put_out() only after secure().
    cdef void tick(self, int64_t now) noexcept nogil
    cdef bint apply(self, record* r, bint is_orders, int64_t* now) noexcept nogil
    cdef bint secure(self) noexcept nogil
    cdef void put_out(self) noexcept nogil
    cdef bint has_reports(self) noexcept nogil
    cdef bint is_crammed(self) noexcept nogil
    # What it has given waits for room.
    cdef bint is_blocked(self) noexcept nogil
    cdef int wait(self, int timeout_ms) noexcept nogil
    # What is on a disk that failed is unknown: nothing that waits for it may ever leave.
    cdef int refuse_failed(self) except -1
    cdef int _work(self) noexcept nogil
    cdef int _fill(self, NumberedSource source, inbox* box) noexcept nogil
    cdef int _run(self, int lane, NumberedSource source) noexcept nogil
    cdef bint _has_routes(self) noexcept nogil
    cdef bint _is_quiet(self) noexcept nogil
    cdef void _stamp(self, uint32_t route, uint32_t report, int64_t now) noexcept nogil
    cdef bint _journal(self, record* r) noexcept nogil
    cdef void _step(self, const record* r) noexcept nogil
    cdef void _deny_unjournaled(self, const record* r) noexcept nogil
