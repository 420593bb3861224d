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

from tidegate.native.bell cimport IN_POLL, Bell
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
from tidegate.native.shm_ring cimport RingSource, RingTarget
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

from tidegate.native.shm_ring import ring_records

cdef extern from "<sched.h>" nogil:
    int sched_yield()


cdef enum:
    BATCH = 256


UNANSWERED_STATE, WORKING_STATE, FINAL_STATE = UNANSWERED, WORKING, FINAL


@cython.final
cdef class Load:
    cdef readonly object socket
    cdef void* handle
    cdef int fd
    cdef zmq_frame frame
    cdef progress p
    # What it shares with the gateway; then the socket is for the logon alone.
    cdef RingTarget target
    cdef RingSource source
    cdef Bell bell
    cdef record batch[BATCH]

    def __cinit__(self, socket, rings=None, int hwm=0):
        self.socket = socket
        self.handle = socket_pointer(socket)
        self.fd = socket.get(zmq.FD)
        if rings is not None:
            there, back = rings
            self.target = RingTarget(there, ring_records(hwm))
            self.source = RingSource([back], ring_records(hwm))
            self.bell = Bell(back + ".bell")
            self.source.hang(self.bell)
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
        if not 1 <= frame_records <= 256:
            raise ValueError(f"{frame_records} records a frame; expected 1 to 256")
        begin(&self.p, rows, due_ns, canceled_by, taken, sent, states, ends)
        self.p.window, self.p.frame_records = window, frame_records
        with nogil:
            self.run(patience_ns, spins)
        return taken, states, ends, counts_of(&self.p)

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
            elif not is_moving and self.source is not None:
                # Whoever answers may need this core for it.
                sched_yield()

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
            if not self.send(self.p.rows + self.p.sent, <size_t>size):
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

    # False = there is no room now.
    cdef bint send(self, const record* rows, size_t count) noexcept nogil:
        if self.target is not None:
            return self.target.put(rows, count)
        while lib.send(self.handle, rows, count * TG_RECORD_SIZE, ZMQ_DONTWAIT) < 0:
            if lib.failure() != EINTR:
                return False
        return True

    cdef bint receive(self) noexcept nogil:
        cdef const record* rows
        cdef size_t index, count
        cdef int64_t now
        if self.source is not None:
            count = <size_t>self.source.take(self.batch, BATCH)
            now = monotonic_ns()
            for index in range(count):
                take_answer(&self.p, &self.batch[index], now)
            return count != 0
        if lib.frame_recv(&self.frame, self.handle, ZMQ_DONTWAIT) < 0:
            return False
        now = monotonic_ns()
        rows = <const record*>lib.frame_data(&self.frame)
        for index in range(lib.frame_size(&self.frame) // TG_RECORD_SIZE):
            take_answer(&self.p, &rows[index], now)
        return True

    cdef void wait(self, int64_t now, int64_t patience_ns) noexcept nogil:
        cdef pollfd item
        cdef timespec timeout
        cdef int events = 0
        cdef size_t size = sizeof(events)
        cdef int64_t left = patience_ns
        # What the socket has learnt while it sent is not shown by its file descriptor again.
        if self.source is None and lib.getsockopt(self.handle, ZMQ_EVENTS, &events, &size) < 0:
            return
        if events & ZMQ_POLLIN:
            return
        if self.p.sent < self.p.count and self.p.window == 0:
            left = self.p.start + self.p.due[self.p.sent] - now
        elif self.p.window != 0 and self.p.stalls:
            left = 100_000
        if left <= 0:
            left = 20_000
        item.fd, item.events, item.revents = self.fd, POLLIN, 0
        if self.source is not None:
            item.fd = self.bell.fifo
            self.bell.lie_down(IN_POLL)
            if self.source.has_records():
                self.bell.get_up()
                return
        timeout.tv_sec = left // 1_000_000_000
        timeout.tv_nsec = left % 1_000_000_000
        ppoll(&item, 1, &timeout, NULL)
        if self.source is not None:
            self.bell.get_up()


cdef int begin(
    progress* p, const record[::1] rows, const int64_t[::1] due_ns, const int64_t[::1] canceled_by,
    int64_t[::1] taken, int64_t[::1] sent, uint8_t[::1] states, uint8_t[::1] ends
) except -1:
    cdef Py_ssize_t count = len(rows)
    if count == 0 or not len(due_ns) == len(canceled_by) == count:
        raise ValueError(f"{count} rows, {len(due_ns)} times and {len(canceled_by)} cancels")
    memset(p, 0, sizeof(p[0]))
    p.rows, p.due, p.canceled_by, p.count = &rows[0], &due_ns[0], &canceled_by[0], count
    p.taken_ns, p.sent_ns, p.states, p.ends = &taken[0], &sent[0], &states[0], &ends[0]
    p.first_id = rows[0].cl_ord_id
    return 0


cdef dict counts_of(const progress* p):
    return {
        "sent": p.sent, "answered": p.answered, "final": p.final, "reports": p.reports,
        "repeated": p.repeated, "foreign": p.foreign, "rejected": p.rejected,
        "stalls": p.stalls, "ns": monotonic_ns() - p.start,
    }


cdef void take_answer(progress* p, const record* r, int64_t now) noexcept nogil:
    cdef uint64_t at = r.cl_ord_id - p.first_id
    if r.kind == HEARTBEAT:
        return
    if r.kind == SESSION_REJECT:
        p.rejected += 1
        return
    if at >= <uint64_t>p.count or at >= <uint64_t>p.sent:
        p.foreign += 1
        return
    p.reports += 1
    note(p, <Py_ssize_t>at, r, now)
    if r.exec_type == EXEC_CANCELED and p.canceled_by[at] >= 0:
        note(p, p.canceled_by[at], r, now)


cdef void note(progress* p, Py_ssize_t at, const record* r, int64_t now) noexcept nogil:
    if p.taken_ns[at] < 0:
        p.taken_ns[at] = now - p.sent_ns[at]
        p.answered += 1
        p.states[at] = WORKING
    if is_end(r):
        if p.states[at] == FINAL:
            p.repeated += 1
        else:
            p.final += 1
        p.states[at] = FINAL
        p.ends[at] = r.exec_type if r.kind == EXECUTION_REPORT else r.kind


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
