"""One end of a lane each way, driven in C, for bench/lanes.py. Nothing that runs imports it.

It does what an agent does: take, put, flush, tell the other end what was taken, and wait in its
poller when there is nothing. What it costs over a raw socket is what the lane costs.
"""
cimport cython
from libc.stdint cimport int64_t, uint64_t

import numpy as np

from tidegate.native.records import RECORD

from tidegate.native.clock cimport monotonic_ns
from tidegate.native.lane cimport LaneSource, LaneTarget
from tidegate.native.link cimport Link
from tidegate.native.numbered cimport NumberedSource
from tidegate.native.poll cimport Poller
from tidegate.native.records cimport NEW_ORDER_SINGLE, record
from tidegate.native.retained cimport RetainedTarget
from tidegate.native.zmqlib cimport ZMQ_POLLOUT, lib, zmq_pollitem


cdef enum:
    BATCH = 256
    WAIT_MS = 1000
    OWING_MS = 10


@cython.final
cdef class LaneEnd:
    """A plain lane each way, or a retained one with its link; all of one thread."""

    cdef LaneTarget target
    cdef LaneSource source
    cdef RetainedTarget kept
    cdef NumberedSource numbered
    cdef Link link
    cdef Poller poller
    cdef object rows
    cdef record* batch

    def __cinit__(self, *, Poller poller not None, LaneTarget target=None, LaneSource source=None,
                  Link link=None):
        cdef record[::1] view
        if (link is None) == (target is None) or (link is None) == (source is None):
            raise ValueError("expected a link, or a target and a source")
        self.poller, self.target, self.source, self.link = poller, target, source, link
        if link is not None:
            self.kept, self.numbered = link.target, link.source
        self.rows = np.zeros(BATCH, RECORD)
        view = self.rows
        self.batch = &view[0]

    cdef bint put(self, const record* r) noexcept nogil:
        if self.link is None:
            return self.target.put(r)
        return self.kept.put(r)

    cdef void send(self) noexcept nogil:
        if self.link is None:
            self.target.flush()
        else:
            self.kept.flush()
            self.link.tend(monotonic_ns())

    cdef Py_ssize_t take(self, Py_ssize_t limit) noexcept nogil:
        cdef Py_ssize_t count
        if self.link is None:
            return self.source.take(self.batch, limit)
        count = self.numbered.take(self.batch, limit)
        if count:
            self.numbered.taken = self.batch[count - 1].msg_seq_num
        return count

    # False = stopped, or nothing has come for a second.
    cdef bint wait(self) noexcept nogil:
        cdef int _
        for _ in range(WAIT_MS // OWING_MS):
            if self.link is None or self.link.is_quiet():
                return self.poller.wait(WAIT_MS) > 0
            if self.poller.wait(OWING_MS) > 0:
                return True
            self.link.tend(monotonic_ns())
        return False

    cdef bint wait_for_room(self) noexcept nogil:
        cdef zmq_pollitem item
        if self.target.handle == NULL:
            # A ring: its consumer makes room without a sign.
            return self.poller.nap(0) >= 0
        item.socket, item.events = self.target.handle, ZMQ_POLLOUT
        return lib.poll(&item, 1, WAIT_MS) > 0

    cdef Py_ssize_t take_some(self, Py_ssize_t limit) noexcept nogil:
        cdef Py_ssize_t count = self.take(limit)
        while count == 0:
            if not self.wait():
                return 0
            count = self.take(limit)
        return count

    def ping(self, Py_ssize_t rounds):
        """ns of each record there and back; -1 where none came back within a second."""
        cdef int64_t[::1] taken = np.full(rounds, -1, np.int64)
        cdef record r
        cdef int64_t began
        cdef Py_ssize_t index
        row = np.zeros(1, RECORD)
        cdef record[::1] view = row
        r = view[0]
        r.kind = NEW_ORDER_SINGLE
        with nogil:
            for index in range(rounds):
                began = monotonic_ns()
                r.cl_ord_id = <uint64_t>index
                if not self.put(&r):
                    break
                self.send()
                if self.take_some(1) != 1 or self.batch[0].cl_ord_id != <uint64_t>index:
                    break
                taken[index] = monotonic_ns() - began
        return np.asarray(taken)

    def echo(self, Py_ssize_t rounds):
        """Put back what comes, `rounds` times; how many came."""
        cdef Py_ssize_t count = 0
        with nogil:
            while count < rounds:
                if self.take_some(1) != 1 or not self.put(self.batch):
                    break
                self.send()
                count += 1
        return count

    def produce(self, Py_ssize_t count):
        """Put so many records as fast as there is room; how many."""
        cdef record r
        cdef Py_ssize_t put = 0
        row = np.zeros(1, RECORD)
        cdef record[::1] view = row
        r = view[0]
        r.kind = NEW_ORDER_SINGLE
        with nogil:
            while put < count:
                r.cl_ord_id = <uint64_t>put
                if self.put(&r):
                    put += 1
                    if put % BATCH == 0 or put == count:
                        self.send()
                    continue
                self.send()
                self.take(BATCH)
                self.send()
                if self.link is None:
                    if self.target.flush() != 0 and not self.wait_for_room():
                        break
                elif self.kept.room() == 0 and not self.wait():
                    break
            # What no frame took yet leaves as the socket has room.
            while self.link is None and self.target.flush() != 0:
                if not self.wait_for_room():
                    break
            # Until both have told all: the consumer waits for that too, of what it sent before.
            while self.link is not None and not self.link.is_quiet():
                self.send()
                self.take(BATCH)
                if self.poller.wait(OWING_MS) < 0:
                    break
        return put

    def consume(self, Py_ssize_t count):
        """When the last came, in ns; -1 when one did not come or came out of order."""
        cdef int64_t ended = 0
        cdef Py_ssize_t taken = 0
        cdef Py_ssize_t some
        with nogil:
            while taken < count:
                some = self.take_some(BATCH)
                if some == 0 or self.batch[0].cl_ord_id != <uint64_t>taken:
                    break
                taken += some
                if self.link is not None:
                    self.send()
            ended = monotonic_ns()
            # The producer waits to hear that all was taken.
            while self.link is not None and not self.link.is_quiet():
                self.send()
                if self.poller.wait(OWING_MS) < 0:
                    break
                self.take(BATCH)
        return ended if taken == count else -1
