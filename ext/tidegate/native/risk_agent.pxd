"""The risk stage's agent: takes records from its lanes, sequences, journals, steps, puts out."""
cimport cython
from libc.stdint cimport uint32_t, uint64_t

from tidegate.native.journal cimport Journal
from tidegate.native.lane cimport LaneSource, LaneTarget
from tidegate.native.outputs cimport outputs
from tidegate.native.poll cimport Poller
from tidegate.native.records cimport record
from tidegate.native.region cimport region_header
from tidegate.native.tables cimport Tables

cdef enum:
    BATCH_RECORDS = 64
    # The lanes into risk, in the order in which they are served.
    EXECUTIONS = 0
    CONTROL = 1
    ORDERS = 2


# Records taken from a lane and not yet run.
cdef struct inbox:
    record rows[BATCH_RECORDS]
    int count
    int index


@cython.final
cdef class RiskAgent:
    cdef Tables tables
    cdef Journal journal
    cdef LaneSource executions
    cdef LaneSource control
    cdef LaneSource orders
    cdef LaneTarget routes
    cdef LaneTarget reports
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
    cdef int journal_code
    cdef uint64_t unjournaled_count
    cdef uint64_t reserved_count
    cdef uint64_t misplaced_count
    cdef uint64_t wait_count

    cdef int do_work(self) noexcept nogil
    cdef bint _secure(self) noexcept nogil
    cdef int _fill(self, LaneSource source, inbox* box) noexcept nogil
    cdef int _run(self, int lane) noexcept nogil
    cdef bint _apply(self, record* r, bint is_orders) noexcept nogil
    cdef void _tick(self) noexcept nogil
    cdef bint _journal(self, record* r) noexcept nogil
    cdef void _step(self, const record* r) noexcept nogil
    cdef void _deny_unjournaled(self, const record* r) noexcept nogil
    cdef int _wait(self, int timeout_ms) noexcept nogil
    cdef bint _put_out(self) noexcept nogil
