"""A session's own messages and its timers: everything that is not an order or a report."""
from libc.stdint cimport int64_t, uint64_t

from tidegate.native.intents cimport Intents
from tidegate.native.outbox cimport Outbox
from tidegate.native.records cimport record, session_record
from tidegate.native.reserve cimport ReservedTarget
from tidegate.native.sessions cimport session_row


cdef class SessionControl:
    cdef Outbox outbox
    cdef ReservedTarget orders
    cdef Intents intents

    # A single session record of a session that is logged on; False = not one of those.
    cdef bint take(self, session_row* row, const record* r, int64_t now) noexcept nogil
    # Binds a session that proved itself to a connection, and writes the numbers of the reply.
    # False = its rings are not ready, and there is no reply.
    cdef bint logon(self, uint64_t peer, session_record* reply, int64_t now) noexcept nogil
    cdef void ask_again(self, session_row* row, int64_t now) noexcept nogil
    cdef void tick(self, int64_t now) noexcept nogil
    cdef void end(self, session_row* row, int64_t now) noexcept nogil
    cdef void _tick_session(self, session_row* row, int64_t now) noexcept nogil
    cdef void _cancel_orders(self, session_row* row, int64_t now) noexcept nogil
    cdef void _send(self, session_row* row, int kind, int64_t now) noexcept nogil
