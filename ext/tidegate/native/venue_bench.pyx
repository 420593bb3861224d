"""A venue that answers at once, for bench/pipeline.py and its kind. Nothing that runs imports it.

It speaks the venue protocol (venue/wire.py) and keeps no book: what becomes of an order is what
its time in force says. IOC expires unfilled, FOK is filled at its price, any other works until it
is canceled. So a bench chooses each order's life, and the venue costs next to nothing. With rings
it shares memory with the channel, and looks at them before it sleeps as long as its poller says.
"""
cimport cython
from libc.errno cimport EINTR
from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcpy, memset

import numpy as np

from tidegate.native.records import RECORD

from tidegate.native.shm_ring import ring_records

from tidegate.native.lane cimport FRAME_RECORDS, LaneSource
from tidegate.native.poll cimport Poller
from tidegate.native.records cimport (
    CANCEL_REPLACE_REQUEST,
    CANCEL_REQUEST,
    EXEC_CANCELED,
    EXEC_EXPIRED,
    EXEC_NEW,
    EXEC_REPLACED,
    EXEC_TRADE,
    EXECUTION_REPORT,
    FILL_OR_KILL,
    HEARTBEAT,
    IMMEDIATE_OR_CANCEL,
    NEW_ORDER_SINGLE,
    TG_LAYOUT_VERSION,
    TG_NO_PRICE,
    TG_RECORD_SIZE,
    execution_record,
    record,
    session_record,
)
from tidegate.native.shm_ring cimport RingTarget
from tidegate.native.zmqlib cimport (
    ZMQ_EVENTS,
    ZMQ_POLLIN,
    ZMQ_SNDMORE,
    lib,
    socket_pointer,
    zmq_frame,
)


cdef extern from "<sched.h>" nogil:
    int sched_yield()


# Of the rings, as the channel opens them.
HWM = 1000

cdef enum:
    WAIT_MS = 1000


@cython.final
cdef class BenchVenue:
    cdef object socket
    cdef Poller poller
    cdef LaneSource source
    cdef RingTarget target
    cdef bint* drained
    cdef record batch[FRAME_RECORDS]
    cdef void* handle
    cdef object rows
    cdef execution_record* answers
    cdef zmq_frame identity
    cdef zmq_frame frame
    cdef uint64_t exec_id
    cdef uint32_t next_sending

    def __cinit__(self, socket, rings=None, Poller poller=None):
        cdef record[::1] view
        self.socket = socket
        self.handle = socket_pointer(socket)
        self.rows = np.zeros(FRAME_RECORDS, RECORD)
        view = self.rows
        self.answers = <execution_record*>&view[0]
        self.next_sending = 1
        if rings is not None:
            requests, reports = rings
            self.source = LaneSource(None, f"shm://{requests}", hwm=HWM, numbered=False)
            self.target = RingTarget(reports, ring_records(HWM))
            self.poller = poller
            poller.add_source(self.source)
            poller.watch(socket, &self.drained)
        lib.frame_init(&self.identity)
        lib.frame_init(&self.frame)

    def __dealloc__(self):
        lib.frame_close(&self.identity)
        lib.frame_close(&self.frame)

    def serve(self):
        cdef int code = 0
        if self.poller is not None:
            self.serve_rings()
        while True:
            with nogil:
                while code >= 0:
                    code = lib.frame_recv(&self.identity, self.handle, 0)
                    if code >= 0:
                        code = lib.frame_recv(&self.frame, self.handle, 0)
                    if code >= 0 and not self.answer():
                        break
            if code >= 0:
                return (
                    bytes_of(&self.identity), bytes_of(&self.frame),
                    lib.frame_more(&self.frame) != 0,
                )
            if lib.failure() != EINTR:
                raise OSError(lib.failure(), "the venue cannot go on")
            code = 0

    @property
    def next_report(self):
        """Number of the next report."""
        return self.next_sending

    def put(self, bytes rows not None):
        """Records for the channel, into its ring if it has one."""
        self.send(<const char*>rows, len(rows) // TG_RECORD_SIZE)

    def drop(self):
        """What was put into the ring before this logon."""
        while self.source is not None and self.source.take(self.batch, FRAME_RECORDS):
            continue

    # Until the socket has a message.
    cdef void serve_rings(self) noexcept nogil:
        cdef Py_ssize_t count
        cdef int events
        cdef size_t size
        self.poller.begin()
        while True:
            count = self.source.take(self.batch, FRAME_RECORDS)
            if count > 0:
                self.answer_rows(self.batch, <size_t>count)
            if self.drained == NULL or not self.drained[0]:
                size = sizeof(events)
                if lib.getsockopt(self.handle, ZMQ_EVENTS, &events, &size) < 0:
                    break
                if events & ZMQ_POLLIN:
                    break
                self.drained[0] = True
            if self.poller.wait_after(<int>count, WAIT_MS) < 0:
                break
        self.poller.end()

    cdef bint answer(self) noexcept nogil:
        """False = it is not for here."""
        cdef const record* requests = <const record*>lib.frame_data(&self.frame)
        cdef size_t count = lib.frame_size(&self.frame) // TG_RECORD_SIZE
        if lib.frame_more(&self.frame) or count == 0:
            return False
        if requests[0].kind != HEARTBEAT and not (
            NEW_ORDER_SINGLE <= requests[0].kind <= CANCEL_REPLACE_REQUEST
        ):
            return False
        self.answer_rows(requests, count)
        return True

    cdef void answer_rows(self, const record* requests, size_t count) noexcept nogil:
        cdef size_t index, answered = 0
        for index in range(count):
            if requests[index].kind == HEARTBEAT:
                self.beat()
            else:
                self.report(&requests[index], &self.answers[answered])
                answered += 1
        if answered != 0:
            self.send(self.answers, answered)

    cdef void report(self, const record* r, execution_record* e) noexcept nogil:
        memcpy(e, r, TG_RECORD_SIZE)
        e.kind = EXECUTION_REPORT
        self.exec_id += 1
        e.exec_id = self.exec_id
        e.last_px = TG_NO_PRICE
        e.last_qty = 0
        e.cum_qty = 0
        e.trd_match_id = 0
        e.msg_seq_num = self.next_sending
        self.next_sending += 1
        if r.kind == CANCEL_REQUEST:
            e.exec_type = EXEC_CANCELED
        elif r.kind == CANCEL_REPLACE_REQUEST:
            e.exec_type = EXEC_REPLACED
        else:
            e.order_id = self.exec_id
            if r.time_in_force == IMMEDIATE_OR_CANCEL:
                e.exec_type = EXEC_EXPIRED
            elif r.time_in_force == FILL_OR_KILL:
                e.exec_type = EXEC_TRADE
                e.last_px = r.price
                e.last_qty = <int>r.order_qty
                e.cum_qty = r.order_qty
            else:
                e.exec_type = EXEC_NEW

    cdef void beat(self) noexcept nogil:
        cdef session_record beat
        memset(&beat, 0, sizeof(beat))
        beat.kind = HEARTBEAT
        beat.layout_version = TG_LAYOUT_VERSION
        beat.next_sending = self.next_sending
        self.send(&beat, 1)

    cdef void send(self, const void* rows, size_t count) noexcept nogil:
        if self.target is not None:
            while not self.target.put(rows, count):
                sched_yield()
            return
        # A ROUTER drops what its peer does not take; the channel then sees a gap and says so.
        lib.send(
            self.handle, lib.frame_data(&self.identity), lib.frame_size(&self.identity),
            ZMQ_SNDMORE
        )
        lib.send(self.handle, rows, count * TG_RECORD_SIZE, 0)


cdef bytes bytes_of(zmq_frame* frame):
    return (<char*>lib.frame_data(frame))[:lib.frame_size(frame)]
