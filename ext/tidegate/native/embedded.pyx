"""The engine inside a strategy's own process: risk's step on the caller's thread, no gateway.

    submit  -> intake's rules -> tick, sequence, journal, step -> verdict at once
    flush   -> (synced) -> rings of the lanes "routes" and "reports" -> router
    poll    <- reports, from their ring; before that one duty cycle: the router's reports, control

The way of a record is the risk agent's own; the router is the process that it is everywhere. The
ring of reports has no socket: the caller takes from it, and what he has taken is acknowledged in
the region, so that after a kill the rest comes again.
"""
from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset

import os

import numpy as np

from tidegate.errors import SessionError
from tidegate.native.records import RECORD

from tidegate.native.clock cimport now_ns
from tidegate.native.intake cimport admit
from tidegate.native.legs cimport Legs
from tidegate.native.numbers cimport is_before, number_after
from tidegate.native.records cimport (
    CANCEL_REJECT,
    CANCEL_REQUEST,
    CONTROL_ANSWER,
    DENIED,
    FRAME_VERSION,
    JOURNAL_UNAVAILABLE,
    LANE_FULL,
    MASS_CANCEL_REQUEST,
    NEW_ORDER_SINGLE,
    NOT_LOGGED_ON,
    POSS_DUP,
    TG_LAYOUT_VERSION,
    denial_record,
    order_record,
    record,
)
from tidegate.native.refusal cimport refuse
from tidegate.native.retained cimport RetainedTarget, lane_head
from tidegate.native.risk_agent cimport BATCH_RECORDS, RiskAgent
from tidegate.native.sessions cimport TG_REASONS


cdef extern from "<errno.h>" nogil:
    int errno

cdef extern from "<sys/mman.h>" nogil:
    enum:
        PROT_READ
        PROT_WRITE
        MAP_PRIVATE
        MAP_ANONYMOUS
        MADV_WIPEONFORK
    void* MAP_FAILED
    void* mmap(void* address, size_t size, int protection, int flags, int fd, int64_t offset)
    int munmap(void* address, size_t size)
    int madvise(void* address, size_t size, int advice)

cdef enum:
    PAGE_SIZE = 4096

FLUSH_EVERY_MAX = BATCH_RECORDS


cdef uint32_t* new_word() except NULL:
    """A word of this process alone: a child that it forks has 0 there."""
    cdef void* page = mmap(
        NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0
    )
    if page == MAP_FAILED:
        raise MemoryError("no page for the engine")
    if madvise(page, PAGE_SIZE, MADV_WIPEONFORK) != 0:
        code = errno
        munmap(page, PAGE_SIZE)
        raise OSError(code, f"MADV_WIPEONFORK: {os.strerror(code)}")
    return <uint32_t*>page


cdef class Embedded:
    def __cinit__(self, *, RiskAgent agent not None, RetainedTarget routes not None,
                  RetainedTarget reports not None, words, uint32_t account_count,
                  uint16_t session, uint16_t operator_session, latency, uint32_t flush_every):
        cdef const uint64_t[::1] view = words
        if view.shape[0] != account_count // 64 + 1:
            raise ValueError(f"expected {account_count // 64 + 1} words, not {view.shape[0]}")
        if not 1 <= flush_every <= BATCH_RECORDS:
            raise ValueError(f"flush_every is {flush_every}; expected 1 to {FLUSH_EVERY_MAX}")
        self.agent = agent
        self.routes = routes
        self.reports = reports
        self.legs = Legs(latency)
        self.words = words
        self.allowed.words = self.operators.words = &view[0]
        self.allowed.count = self.operators.count = account_count + 1
        self.operators.is_operator = True
        self.session = session
        self.operator_session = operator_session
        self.flush_every = flush_every
        self.new_from = reports.head.last.next_number
        self.is_open = new_word()
        self.is_open[0] = 1

    def __dealloc__(self):
        if self.is_open != NULL:
            munmap(self.is_open, PAGE_SIZE)

    cdef int submit(self, order_record* o) noexcept nogil:
        cdef record* r = <record*>o
        if self.is_open[0] == 0:
            return self._refuse(r, NOT_LOGGED_ON)
        if r.layout_version != TG_LAYOUT_VERSION:
            return self._refuse(r, FRAME_VERSION)
        if not admit(self.allowed, self.session, r):
            return self._refuse(r, r.reason)
        if not self._has_room(r.kind):
            return self._refuse(r, LANE_FULL)
        return self._run(r, True)

    cdef int operate(self, record* r) noexcept nogil:
        # Not each record is answered: what is left of the one before must not be taken for it.
        memset(&self.answer, 0, sizeof(self.answer))
        if self.is_open[0] == 0 or self.operator_session == 0:
            return self._refuse(r, NOT_LOGGED_ON)
        if r.layout_version != TG_LAYOUT_VERSION:
            return self._refuse(r, FRAME_VERSION)
        if not admit(self.operators, self.operator_session, r):
            return self._refuse(r, r.reason)
        if not self._has_room(CANCEL_REQUEST):
            return self._refuse(r, LANE_FULL)
        return self._run(r, False)

    cdef bint _has_room(self, int kind) noexcept nogil:
        """As a gateway's lanes: the last quarter of a ring is for cancels and operators."""
        if self.unflushed == 0 and (self.agent.has_reports() or self.agent.is_crammed()):
            if not self.flush():
                return False
        if kind == CANCEL_REQUEST or kind == MASS_CANCEL_REQUEST:
            return True
        return (
            self.routes.room() > self.routes.capacity // 4
            and self.reports.room() > self.reports.capacity // 4
        )

    cdef int _run(self, record* r, bint is_order) noexcept nogil:
        cdef int64_t now = now_ns()
        cdef uint32_t first
        cdef int reason
        r.received_ns = now
        # It came by no lane.
        r.msg_seq_num = 0
        self.agent.tick(now)
        first = self.agent.out.report_count
        if not self.agent.apply(r, is_order, &now):
            return self._refuse(r, JOURNAL_UNAVAILABLE)
        reason = self._told(r, first, self.session if is_order else self.operator_session)
        self.unflushed += 1
        if self.unflushed >= self.flush_every:
            self.flush()
        return reason

    cdef int _told(self, const record* r, uint32_t first, uint16_t session) noexcept nogil:
        """What the step's reports say of this request; they go the way of all reports too."""
        cdef const record* report
        while first < self.agent.out.report_count:
            report = &self.agent.out.reports[first]
            first += 1
            if report.cl_ord_id != r.cl_ord_id or report.session != session or (
                report.kind != DENIED and report.kind != CANCEL_REJECT
                and report.kind != CONTROL_ANSWER
            ):
                continue
            self.answer = (<const denial_record*>report)[0]
            if 0 < report.reason < TG_REASONS:
                self.refused[report.reason] += 1
            return report.reason
        return 0

    cdef int _refuse(self, const record* r, int reason) noexcept nogil:
        """Refused before risk: it is in no journal, and no report tells it."""
        refuse(&self.answer, r, DENIED if r.kind == NEW_ORDER_SINGLE else CANCEL_REJECT, reason)
        self.refused[reason] += 1
        return reason

    cdef bint flush(self) noexcept nogil:
        if self.is_open[0] == 0 or self.agent.journal.is_failed or not self.agent.secure():
            return False
        self.unflushed = 0
        self.agent.put_out()
        return not self.agent.has_reports() and not self.agent.is_crammed()

    cdef Py_ssize_t poll(self, record* out, Py_ssize_t limit) noexcept nogil:
        if self.is_open[0] == 0:
            return -1
        self.reports.acknowledge(self.reports.next_unsent)
        self.flush()
        self.agent.do_work()
        return self._take(out, limit)

    cdef Py_ssize_t _take(self, record* out, Py_ssize_t limit) noexcept nogil:
        cdef const lane_head* head = self.reports.head
        cdef const record* ring = self.reports.ring
        cdef uint32_t mask = self.reports.capacity - 1
        cdef uint32_t next_unread = self.reports.next_unsent
        cdef Py_ssize_t count = 0
        cdef int64_t now
        if next_unread == head.last.next_number:
            return 0
        now = now_ns()
        while count < limit and next_unread != head.last.next_number:
            out[count] = ring[next_unread & mask]
            out[count].checksum = 0
            if is_before(next_unread, self.new_from):
                out[count].flags |= POSS_DUP
            self.legs.stamp(&out[count], now)
            next_unread = number_after(next_unread)
            count += 1
        self.reports.next_unsent = next_unread
        return count

    cdef int check_open(self) except -1:
        if self.is_open[0] == 0:
            raise SessionError("the engine is closed, or was opened by the process that forked")
        return 0

    def submit_rows(self, rows):
        """Requests of any view of the record, changed in place; the reason of each."""
        cdef record[::1] view = rows.view(RECORD)
        cdef uint16_t[::1] reasons = np.zeros(view.shape[0], np.uint16)
        cdef Py_ssize_t index
        self.check_open()
        with nogil:
            for index in range(view.shape[0]):
                reasons[index] = <uint16_t>self.submit(<order_record*>&view[index])
        return np.asarray(reasons)

    def operate_row(self, rows):
        cdef record[::1] view = rows.view(RECORD)
        cdef int reason
        self.check_open()
        reason = self.operate(&view[0])
        answer = np.zeros(1, RECORD)
        cdef record[::1] copy = answer
        copy[0] = (<record*>&self.answer)[0]
        return reason, answer

    def flush_all(self):
        self.check_open()
        return self.flush()

    def poll_rows(self, Py_ssize_t limit=256):
        cdef Py_ssize_t count
        self.check_open()
        out = np.empty(limit, RECORD)
        cdef record[::1] rows = out
        count = self.poll(&rows[0], limit)
        self.agent.refuse_failed()
        return out[:count]

    def wait(self, int timeout_ms):
        """Until a lane has something, at most so long; other threads run meanwhile."""
        cdef int ready
        self.check_open()
        with nogil:
            ready = self.agent.wait(timeout_ms)
        return ready

    def work(self):
        """A duty cycle without taking reports: they stay for whoever polls next."""
        self.check_open()
        self.flush()
        return self.agent.work()

    @property
    def refusals(self):
        """How often each reason was given, by its code."""
        return {code: self.refused[code] for code in range(TG_REASONS) if self.refused[code]}

    @property
    def is_usable(self):
        return self.is_open[0] != 0

    def close(self):
        """From now on every call is refused; what owns the tables and lanes closes them."""
        self.is_open[0] = 0
