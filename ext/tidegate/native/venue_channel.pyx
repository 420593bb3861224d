"""The hot part of a simulated venue's channel; router.py keeps its logon and its clock.

It numbers requests, takes each numbered report once and in order, and asks again for what is
missing. A socket that would block keeps nothing: what it does not take goes back to the router,
so that no request waits and reaches the venue stale. One thread uses it.

With rings its records go through shared memory, once it is logged on at the socket: what a venue
finds in its ring at a logon it drops, and the channel drops what the other has before it asks.
"""
cimport cython
from libc.stdint cimport int64_t, uint32_t
from libc.string cimport memset

import errno

import numpy as np
import zmq

from tidegate.errors import LaneError
from tidegate.native.records import RECORD

from tidegate.native.lane cimport FRAME_RECORDS, LaneSource, LaneTarget
from tidegate.native.records cimport (
    CANCEL_REJECT,
    EXECUTION_REPORT,
    HEARTBEAT,
    LOGOUT,
    MARK,
    RESEND_REQUEST,
    SEQUENCE_RESET,
    SESSION_REJECT,
    record,
    session_record,
)
from tidegate.native.routing cimport CHANNEL_DOWN, CHANNEL_LOGGING_ON, CHANNEL_UP

HWM = 1000


@cython.final
cdef class VenueChannel:
    def __cinit__(self, context, str endpoint, rings=None):
        self.endpoint = endpoint
        self.state = CHANNEL_DOWN
        self.next_expected = 1
        self.socket = context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.set_hwm(HWM)
        # A request goes to the connection it was meant for or to none: without these two it
        # would wait in the socket and reach a venue that was started again.
        self.socket.immediate = 1
        self.socket.reconnect_ivl = -1
        self.target = LaneTarget(context, endpoint, socket=self.socket)
        self.source = LaneSource(context, endpoint, socket=self.socket, numbered=False)
        self.logon_target, self.logon_source = self.target, self.source
        if rings is not None:
            there, back = rings
            self.target = LaneTarget(None, f"shm://{there}", hwm=HWM)
            self.source = LaneSource(None, f"shm://{back}", hwm=HWM, numbered=False)

    cdef bint submit(self, const record* request) noexcept nogil:
        return self.state == CHANNEL_UP and self.target.put(request)

    cdef int flush(self) noexcept nogil:
        # One socket both ways: sending may use up the sign of a report.
        if self.source.drained != NULL:
            self.source.drained[0] = False
        return self.target.flush()

    cdef const record* unsent(self) noexcept nogil:
        return self.target.frame

    cdef void release_unsent(self) noexcept nogil:
        cdef int index
        for index in range(self.target.unsent_count):
            if self.target.frame[index].msg_seq_num != 0:
                self.target.last_number -= 1
        self.target.unsent_count = 0

    cdef Py_ssize_t poll(self, record* out, Py_ssize_t count_max) noexcept nogil:
        cdef Py_ssize_t index, taken
        cdef Py_ssize_t count = 0
        if self.state != CHANNEL_UP:
            # What a venue still puts into the ring of a channel that is down is of no connection.
            while self.state == CHANNEL_DOWN and self.source.ring is not None \
                    and self.source.take(out, count_max) > 0:
                continue
            return 0
        taken = self.source.take(out, count_max)
        self.is_heard = self.is_heard or taken > 0
        for index in range(taken):
            if out[index].kind == EXECUTION_REPORT or out[index].kind == CANCEL_REJECT:
                if not self._is_next(&out[index]):
                    continue
            elif out[index].kind != MARK:
                self._take_session(&out[index])
                continue
            if count != index:
                out[count] = out[index]
            count += 1
        return count

    cdef bint _is_next(self, const record* report) noexcept nogil:
        if report.msg_seq_num == self.next_expected:
            self.next_expected += 1
            self.is_filling = False
            return True
        if report.msg_seq_num < self.next_expected:
            self.duplicate_count += 1
            return False
        # It comes again behind what is missing.
        self.skipped_count += 1
        if not self.is_filling:
            self.gap_count += 1
            self.is_filling = self._ask_resend()
        return False

    cdef void _take_session(self, const record* r) noexcept nogil:
        cdef const session_record* session = <const session_record*>r
        if r.kind == HEARTBEAT:
            # The last reports were lost, or the request to send them again was.
            if session.next_sending > self.next_expected:
                self.is_filling = self._ask_resend()
        elif r.kind == SEQUENCE_RESET:
            # Never back: it may be one that the connection before has left in the ring.
            self.next_expected = max(session.next_sending, self.next_expected)
            self.reset_count += 1
        elif r.kind == SESSION_REJECT:
            # The venue does not know this connection, or what it says: log on again.
            self.rejected_count += 1
            self.state = CHANNEL_DOWN
        elif r.kind == LOGOUT:
            self.state = CHANNEL_DOWN
        else:
            self.unexpected_count += 1

    cdef bint _ask_resend(self) noexcept nogil:
        cdef session_record ask
        memset(&ask, 0, sizeof(ask))
        ask.kind = RESEND_REQUEST
        ask.begin_seq_no = self.next_expected
        return self._put_session(&ask)

    cdef bint _put_session(self, const session_record* r) noexcept nogil:
        return self.target.put(<const record*>r) and self.flush() == 0

    def submit_rows(self, record[::1] rows):
        if not self.submit(&rows[0]):
            return False
        if self.flush() == 0:
            return True
        self.release_unsent()
        return False

    def poll_rows(self):
        out = np.zeros(FRAME_RECORDS, RECORD)
        cdef record[::1] rows = out
        return out[:self.poll(&rows[0], FRAME_RECORDS)]

    def connect(self):
        """A new connection; what the old one had not sent or handed over is gone."""
        self.disconnect()
        try:
            self.socket.connect(self.endpoint)
        except zmq.ZMQError as error:
            raise LaneError(f"cannot connect a channel to {self.endpoint!r}: {error}") from error
        self.is_connected = True

    def disconnect(self):
        self.state = CHANNEL_DOWN
        self.release_unsent()
        if self.is_connected:
            self.is_connected = False
            try:
                self.socket.disconnect(self.endpoint)
            except zmq.ZMQError as error:
                # The connection has ended by itself.
                if error.errno != errno.ENOENT:
                    raise
        while self.logon_source.take_rows(FRAME_RECORDS).size:
            continue
        while self.source.take_rows(FRAME_RECORDS).size:
            continue

    def put_logon(self, row, bytes attachment not None, int64_t now_ns):
        """Send a LOGON; False = the connection does not stand yet."""
        if not self.logon_target.put_attached(row, attachment):
            return False
        self.state = CHANNEL_LOGGING_ON
        self.heard_ns = now_ns
        return True

    def take_answer(self):
        """The next record of the venue and its attachment, until it has logged us on."""
        rows = self.logon_source.take_rows(1)
        return (rows, self.logon_source.attachment()) if rows.size else None

    def log_on(self, uint32_t next_sending, uint32_t next_expected, int64_t now_ns):
        """The venue has taken the logon: requests are numbered from next_sending."""
        self.target.last_number = next_sending - 1
        self.next_expected = next_expected
        self.is_filling = False
        self.heard_ns = now_ns
        self.beat_ns = now_ns
        self.state = CHANNEL_UP

    def put_heartbeat(self, uint32_t next_sending, int64_t now_ns):
        """False = the socket would not take it."""
        cdef session_record beat
        memset(&beat, 0, sizeof(beat))
        beat.kind = HEARTBEAT
        beat.next_sending = next_sending
        self.beat_ns = now_ns
        return self._put_session(&beat)

    @property
    def has_rings(self):
        """Requests and reports go through shared memory."""
        return self.source.ring is not None

    def is_refused(self):
        """Whether a venue with rings is gone, or says at the socket that it does not know us."""
        if self.source.ring is None:
            return False
        return not self.target.ring.has_peer or self.take_answer() is not None

    def silence_ns(self, int64_t now_ns):
        """How long nothing has come."""
        if self.is_heard:
            self.is_heard = False
            self.heard_ns = now_ns
        return now_ns - self.heard_ns

    def rest_ns(self, int64_t now_ns):
        """How long ago the last heartbeat was sent."""
        return now_ns - self.beat_ns

    @property
    def counters(self):
        return {
            "duplicates": self.duplicate_count,
            "gaps": self.gap_count,
            "skipped": self.skipped_count,
            "resets": self.reset_count,
            "rejected": self.rejected_count,
            "unexpected": self.unexpected_count,
            **{f"out_{name}": value for name, value in self.target.counters.items()},
            **{f"in_{name}": value for name, value in self.source.counters.items()},
        }

    def close(self):
        self.disconnect()
        for lane in (self.target, self.source, self.logon_target, self.logon_source):
            lane.close()
        self.socket.close(linger=0)
