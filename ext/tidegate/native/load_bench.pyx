"""A client that sends records when they are due and notes when each is answered, for benches of
whole paths. Nothing that runs imports it.

A record's time counts from when it was due, not from when the socket took it, so that what waits
behind a stall is late by as much as a real one would be (no coordinated omission). With a window
the next record is due when there is room: a closed loop, and time counts from the send.
"""
cimport cython
from libc.errno cimport EINTR
from libc.stdint cimport int64_t, uint8_t, uint64_t
from libc.string cimport memset

from tidegate.native.clock cimport monotonic_ns
from tidegate.native.records cimport (
    CANCEL_REJECT,
    CANCEL_REQUEST,
    DENIED,
    EXEC_CANCELED,
    EXEC_EXPIRED,
    EXEC_REJECTED,
    EXEC_TRADE,
    EXECUTION_REPORT,
    HEARTBEAT,
    SESSION_REJECT,
    TG_RECORD_SIZE,
    execution_record,
    record,
)
from tidegate.native.zmqlib cimport (
    ZMQ_DONTWAIT,
    ZMQ_EVENTS,
    ZMQ_POLLIN,
    lib,
    socket_pointer,
    zmq_frame,
)

import numpy as np
import zmq


cdef extern from "<poll.h>" nogil:
    struct pollfd:
        int fd
        short events
        short revents
    struct timespec:
        long tv_sec
        long tv_nsec
    int ppoll(pollfd* fds, unsigned long count, const timespec* timeout, const void* mask)
    short POLLIN


# What an order has become.
cdef enum:
    UNANSWERED = 0
    WORKING = 1
    FINAL = 2

UNANSWERED_STATE, WORKING_STATE, FINAL_STATE = UNANSWERED, WORKING, FINAL


cdef struct progress:
    const record* rows
    const int64_t* due
    int64_t* taken_ns
    int64_t* sent_ns
    uint8_t* states
    uint8_t* ends
    const int64_t* canceled_by
    Py_ssize_t count
    Py_ssize_t sent
    Py_ssize_t answered
    Py_ssize_t final
    uint64_t first_id
    int64_t start
    Py_ssize_t window
    Py_ssize_t frame_records
    uint64_t reports
    uint64_t repeated
    uint64_t foreign
    uint64_t rejected
    uint64_t stalls


@cython.final
cdef class Load:
    """One DEALER; `drive` may be called again and again over it."""

    cdef readonly object socket
    cdef void* handle
    cdef int fd
    cdef zmq_frame frame
    cdef progress p

    def __cinit__(self, socket):
        self.socket = socket
        self.handle = socket_pointer(socket)
        self.fd = socket.get(zmq.FD)
        lib.frame_init(&self.frame)

    def __dealloc__(self):
        lib.frame_close(&self.frame)

    def drive(self, const record[::1] rows not None, const int64_t[::1] due_ns not None, *,
              const int64_t[::1] canceled_by not None, Py_ssize_t window=0,
              Py_ssize_t frame_records=1, int64_t patience_ns, bint spins=False):
        """Send all rows until each is answered, or nothing has come for patience_ns.

        (ns of each answer, -1 = none; its state; the exec_type or kind that ended it; counts).
        rows have consecutive cl_ord_ids; due_ns counts from the start; canceled_by[i] = the row
        that cancels row i, or -1. A frame has at most frame_records, all due.
        """
        cdef Py_ssize_t count = len(rows)
        taken = np.full(count, -1, np.int64)
        sent = np.zeros(count, np.int64)
        states, ends = np.zeros(count, np.uint8), np.zeros(count, np.uint8)
        cdef int64_t[::1] taken_view = taken, sent_view = sent
        cdef uint8_t[::1] state_view = states, end_view = ends
        if (
            count == 0 or not len(due_ns) == len(canceled_by) == count
            or not 1 <= frame_records <= 256
        ):
            raise ValueError(f"{count} rows due at {len(due_ns)} times, {frame_records} a frame")
        memset(&self.p, 0, sizeof(self.p))
        self.p.rows, self.p.due, self.p.count = &rows[0], &due_ns[0], count
        self.p.taken_ns, self.p.sent_ns = &taken_view[0], &sent_view[0]
        self.p.states, self.p.ends = &state_view[0], &end_view[0]
        self.p.canceled_by = &canceled_by[0]
        self.p.first_id, self.p.window = rows[0].cl_ord_id, window
        self.p.frame_records = frame_records
        with nogil:
            self.run(patience_ns, spins)
        counts = {
            "sent": self.p.sent, "answered": self.p.answered, "final": self.p.final,
            "reports": self.p.reports, "repeated": self.p.repeated, "foreign": self.p.foreign,
            "rejected": self.p.rejected, "stalls": self.p.stalls,
            "ns": monotonic_ns() - self.p.start,
        }
        return taken, states, ends, counts

    cdef void run(self, int64_t patience_ns, bint spins) noexcept nogil:
        cdef int64_t now = monotonic_ns()
        cdef int64_t heard = now
        cdef bint is_moving
        self.p.start = now
        while self.p.answered < self.p.count:
            is_moving = self.send_due(now)
            while self.receive():
                is_moving = True
            now = monotonic_ns()
            if is_moving or self.p.sent == self.p.answered:
                heard = now
            elif now - heard > patience_ns:
                return
            if not is_moving and not spins:
                self.wait(now, patience_ns)
                now = monotonic_ns()

    # A socket that is full keeps what is due waiting, and its time runs.
    cdef bint send_due(self, int64_t now) noexcept nogil:
        cdef Py_ssize_t size
        cdef Py_ssize_t index
        cdef bint is_moving = False
        while True:
            size = 0
            while (
                size < self.p.frame_records and self.p.sent + size < self.p.count
                and self.p.start + self.p.due[self.p.sent + size] <= now
                and (self.p.window == 0
                     or self.p.sent + size - self.p.answered < self.p.window)
            ):
                size += 1
            # A closed loop sends whole frames: it would crumble them otherwise.
            if size == 0 or (
                self.p.window != 0 and size < self.p.frame_records
                and self.p.sent + size < self.p.count
            ):
                return is_moving
            while lib.send(
                self.handle, self.p.rows + self.p.sent, <size_t>size * TG_RECORD_SIZE, ZMQ_DONTWAIT
            ) < 0:
                if lib.failure() != EINTR:
                    self.p.stalls += 1
                    return is_moving
            for index in range(self.p.sent, self.p.sent + size):
                self.p.sent_ns[index] = (
                    now if self.p.window else self.p.start + self.p.due[index]
                )
            self.p.sent += size
            is_moving = True
            if self.p.window:
                now = monotonic_ns()

    cdef bint receive(self) noexcept nogil:
        cdef const record* rows
        cdef size_t index
        cdef int64_t now
        if lib.frame_recv(&self.frame, self.handle, ZMQ_DONTWAIT) < 0:
            return False
        now = monotonic_ns()
        rows = <const record*>lib.frame_data(&self.frame)
        for index in range(lib.frame_size(&self.frame) // TG_RECORD_SIZE):
            self.take(&rows[index], now)
        return True

    cdef void take(self, const record* r, int64_t now) noexcept nogil:
        cdef uint64_t at = r.cl_ord_id - self.p.first_id
        if r.kind == HEARTBEAT:
            return
        if r.kind == SESSION_REJECT:
            self.p.rejected += 1
            return
        if at >= <uint64_t>self.p.count or at >= <uint64_t>self.p.sent:
            self.p.foreign += 1
            return
        self.p.reports += 1
        self.answer(<Py_ssize_t>at, r, now)
        if r.exec_type == EXEC_CANCELED and self.p.canceled_by[at] >= 0:
            self.answer(self.p.canceled_by[at], r, now)

    cdef void answer(self, Py_ssize_t at, const record* r, int64_t now) noexcept nogil:
        if self.p.taken_ns[at] < 0:
            self.p.taken_ns[at] = now - self.p.sent_ns[at]
            self.p.answered += 1
            self.p.states[at] = WORKING
        if is_end(r):
            if self.p.states[at] == FINAL:
                self.p.repeated += 1
            else:
                self.p.final += 1
            self.p.states[at] = FINAL
            self.p.ends[at] = r.exec_type if r.kind == EXECUTION_REPORT else r.kind

    cdef void wait(self, int64_t now, int64_t patience_ns) noexcept nogil:
        cdef pollfd item
        cdef timespec timeout
        cdef int events = 0
        cdef size_t size = sizeof(events)
        cdef int64_t left = patience_ns
        # What the socket has learnt while it sent is not shown by its file descriptor again.
        if lib.getsockopt(self.handle, ZMQ_EVENTS, &events, &size) < 0 or events & ZMQ_POLLIN:
            return
        if self.p.sent < self.p.count and self.p.window == 0:
            left = self.p.start + self.p.due[self.p.sent] - now
        elif self.p.window != 0 and self.p.stalls:
            left = 100_000
        if left <= 0:
            left = 20_000
        item.fd, item.events, item.revents = self.fd, POLLIN, 0
        timeout.tv_sec = left // 1_000_000_000
        timeout.tv_nsec = left % 1_000_000_000
        ppoll(&item, 1, &timeout, NULL)


# A raw chain gives the request itself back, which ends it.
cdef inline bint is_end(const record* r) noexcept nogil:
    if r.kind == EXECUTION_REPORT:
        return (
            r.exec_type == EXEC_CANCELED or r.exec_type == EXEC_REJECTED
            or r.exec_type == EXEC_EXPIRED
            or (r.exec_type == EXEC_TRADE
                and (<const execution_record*>r).cum_qty == r.order_qty)
        )
    return r.kind == DENIED or r.kind == CANCEL_REJECT or r.kind <= CANCEL_REQUEST
