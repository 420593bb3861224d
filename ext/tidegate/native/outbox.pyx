"""The outbox: a ring of reports for each session, in a region, so that it outlives a gateway.

    1 ... | next_out-capacity ... next_sent ... next_out
    gone  | kept: can be sent again    not yet with the socket

A slow client costs nothing here: its reports wait in its ring, and what it lets be
overwritten it is told of by SEQUENCE_RESET.
"""
from libc.stdint cimport int64_t, uint16_t, uint32_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset

from tidegate.native.crash_point cimport crash_point
from tidegate.native.door cimport Door
from tidegate.native.front cimport PEER_LOST, Front
from tidegate.native.invariant cimport must
from tidegate.native.records cimport (
    POSS_DUP,
    SEQUENCE_RESET,
    TG_LAYOUT_VERSION,
    record,
    session_record,
)
from tidegate.native.sessions cimport (
    SESSION_LOST,
    SESSION_ON,
    Peers,
    gateway_row,
    session_row,
)


cdef enum:
    RUN_MAX = 256


cdef class Outbox:
    def __cinit__(self, Front front not None, Door door not None, Peers peers not None, sessions,
                  records, counters):
        cdef session_row[::1] session_view = sessions
        cdef record[::1] record_view = records
        cdef gateway_row[::1] counter_view = counters
        self.arrays = (sessions, records, counters)
        self.front = front
        self.door = door
        self.peers = peers
        self.rows = &session_view[0]
        self.records = &record_view[0]
        self.counters = &counter_view[0]
        self.session_count = session_view.shape[0]
        self.capacity = record_view.shape[0] // session_view.shape[0]
        if self.capacity == 0 or record_view.shape[0] % session_view.shape[0]:
            raise ValueError("the outbox needs the same number of places for each session")
        self.touched = <uint16_t*>calloc(self.session_count, sizeof(uint16_t))
        self.is_touched = <unsigned char*>calloc(self.session_count, 1)
        if self.touched == NULL or self.is_touched == NULL:
            raise MemoryError("no memory for the outbox")

    def __dealloc__(self):
        free(self.touched)
        free(self.is_touched)

    cdef void deliver(self, const record* r) noexcept nogil:
        cdef session_row* row
        cdef record* slot
        if r.session == 0 or r.session >= self.session_count:
            self.counters.reports_unroutable += 1
            return
        row = self.rows + r.session
        slot = self.records + <size_t>r.session * self.capacity
        slot += (row.next_out - 1) % self.capacity
        slot[0] = r[0]
        slot.msg_seq_num = row.next_out
        slot.flags &= ~<unsigned char>POSS_DUP
        # The record stands before its number is given: a killed gateway leaves no hole.
        crash_point()
        row.next_out += 1
        self.counters.reports += 1
        if not self.is_touched[r.session]:
            self.is_touched[r.session] = 1
            self.touched[self.touched_count] = r.session
            self.touched_count += 1

    cdef void flush(self, int64_t now) noexcept nogil:
        cdef uint32_t index
        for index in range(self.touched_count):
            self.is_touched[self.touched[index]] = 0
            self.send_due(self.rows + self.touched[index], now)
        self.touched_count = 0

    cdef void send_due(self, session_row* row, int64_t now) noexcept nogil:
        cdef session_record reset
        if row.next_out - row.next_sent > self.capacity:
            memset(&reset, 0, sizeof(reset))
            reset.kind = SEQUENCE_RESET
            reset.next_sending = row.next_out - self.capacity
            if not self.send_session(row, <record*>&reset, now):
                return
            row.next_sent = reset.next_sending
        while row.state == SESSION_ON and row.next_sent < row.next_out:
            if not self._send_run(row, now):
                return

    # One frame: a run that does not wrap, straight from the ring.
    cdef bint _send_run(self, session_row* row, int64_t now) noexcept nogil:
        cdef uint32_t start = (row.next_sent - 1) % self.capacity
        cdef uint32_t count = min(row.next_out - row.next_sent, self.capacity - start)
        cdef record* run = self.records + <size_t>row.handle * self.capacity + start
        cdef uint32_t index
        count = min(count, <uint32_t>RUN_MAX)
        for index in range(count):
            must(run[index].msg_seq_num == row.next_sent + index)
            if row.next_sent + index < row.sent_end:
                run[index].flags |= POSS_DUP
        if not self._is_sent(row, self._send(row, run, count * sizeof(record)), now):
            return False
        row.next_sent += count
        row.sent_end = max(row.sent_end, row.next_sent)
        return True

    cdef void rewind(self, session_row* row, uint32_t begin) noexcept nogil:
        if begin < row.next_sent:
            row.next_sent = max(begin, <uint32_t>1)

    cdef bint send_session(self, session_row* row, const record* r, int64_t now) noexcept nogil:
        cdef session_record copy = (<const session_record*>r)[0]
        if row.state != SESSION_ON:
            return False
        copy.layout_version = TG_LAYOUT_VERSION
        copy.session = row.handle
        return self._is_sent(row, self._send(row, &copy, sizeof(copy)), now)

    cdef int _send(self, session_row* row, const void* rows, size_t size) noexcept nogil:
        if self.door.has(row.handle):
            return self.door.send(row.handle, rows, size)
        return self.front.send(row.peer, rows, size)

    cdef bint _is_sent(self, session_row* row, int code, int64_t now) noexcept nogil:
        if code == 0:
            row.sent_ns = now
            return True
        if code == PEER_LOST:
            self.counters.lost_peers += 1
            self.connection_lost(row)
        else:
            row.stalls += 1
            self.counters.stalls += 1
        return False

    cdef void connection_lost(self, session_row* row) noexcept nogil:
        row.state = SESSION_LOST
        row.peer = 0
        self.door.log_out(row.handle)
        self.peers.rebuild(self.rows, self.session_count)
