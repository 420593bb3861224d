"""A venue that answers at once, for bench/pipeline.py and its kind. Nothing that runs imports it.

It speaks the venue protocol (venue/wire.py) and keeps no book: what becomes of an order is what
its time in force says. IOC expires unfilled, FOK is filled at its price, any other works until it
is canceled. So a bench chooses each order's life, and the venue costs next to nothing.
"""
cimport cython
from libc.errno cimport EINTR
from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcpy, memset

import numpy as np

from tidegate.native.records import RECORD

from tidegate.native.lane cimport FRAME_RECORDS
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
from tidegate.native.zmqlib cimport ZMQ_SNDMORE, lib, socket_pointer, zmq_frame


@cython.final
cdef class BenchVenue:
    """One channel; `socket` is a bound ROUTER."""

    cdef object socket
    cdef void* handle
    cdef object rows
    cdef execution_record* answers
    cdef zmq_frame identity
    cdef zmq_frame frame
    cdef uint64_t exec_id
    cdef uint32_t next_sending

    def __cinit__(self, socket):
        cdef record[::1] view
        self.socket = socket
        self.handle = socket_pointer(socket)
        self.rows = np.zeros(FRAME_RECORDS, RECORD)
        view = self.rows
        self.answers = <execution_record*>&view[0]
        self.next_sending = 1
        lib.frame_init(&self.identity)
        lib.frame_init(&self.frame)

    def __dealloc__(self):
        lib.frame_close(&self.identity)
        lib.frame_close(&self.frame)

    def serve(self):
        """Answer requests until a message comes that is none: (identity, first frame, has more)."""
        cdef int code = 0
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

    cdef bint answer(self) noexcept nogil:
        """False = it is not for here."""
        cdef const record* requests = <const record*>lib.frame_data(&self.frame)
        cdef size_t count = lib.frame_size(&self.frame) // TG_RECORD_SIZE
        cdef size_t index
        if lib.frame_more(&self.frame) or count == 0:
            return False
        if requests[0].kind == HEARTBEAT:
            self.beat()
            return True
        if not NEW_ORDER_SINGLE <= requests[0].kind <= CANCEL_REPLACE_REQUEST:
            return False
        for index in range(count):
            self.report(&requests[index], &self.answers[index])
        self.send(self.answers, count)
        return True

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
        # A ROUTER drops what its peer does not take; the channel then sees a gap and says so.
        lib.send(
            self.handle, lib.frame_data(&self.identity), lib.frame_size(&self.identity),
            ZMQ_SNDMORE
        )
        lib.send(self.handle, rows, count * TG_RECORD_SIZE, 0)


cdef bytes bytes_of(zmq_frame* frame):
    return (<char*>lib.frame_data(frame))[:lib.frame_size(frame)]
