"""What the gateway has told its clients: numbered, kept, sent, sent again."""
from libc.stdint cimport int64_t, uint16_t, uint32_t

from tidegate.native.door cimport Door
from tidegate.native.front cimport Front
from tidegate.native.records cimport record
from tidegate.native.sessions cimport Peers, gateway_row, session_row


cdef class Outbox:
    cdef Front front
    cdef Door door
    cdef Peers peers
    cdef object arrays
    cdef session_row* rows
    cdef record* records
    cdef gateway_row* counters
    cdef uint32_t session_count
    cdef uint32_t capacity
    cdef uint16_t* touched
    cdef unsigned char* is_touched
    cdef uint32_t touched_count

    # Numbers a report for its session and keeps it; flush() sends.
    cdef void deliver(self, const record* r) noexcept nogil
    cdef void flush(self, int64_t now) noexcept nogil
    # What the session has not been sent yet, as far as its connection takes it.
    cdef void send_due(self, session_row* row, int64_t now) noexcept nogil
    # Goes back to report `begin`: it and all after it are sent (again).
    cdef void rewind(self, session_row* row, uint32_t begin) noexcept nogil
    cdef void connection_lost(self, session_row* row) noexcept nogil
    cdef bint send_session(self, session_row* row, const record* r, int64_t now) noexcept nogil
    cdef bint _send_run(self, session_row* row, int64_t now) noexcept nogil
    # Through the ring of a session that shares memory with us, else through the socket.
    cdef int _send(self, session_row* row, const void* rows, size_t size) noexcept nogil
    cdef bint _is_sent(self, session_row* row, int code, int64_t now) noexcept nogil
