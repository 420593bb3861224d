"""Logon, logout, heartbeats, gaps and what follows when a client is gone.

             logon                    connection lost, gateway restarted
    OUT ---------------> ON -------------------------------> LOST
     ^                   |  ^------------- logon --------------|
     |-- logout, silent -|                                     |
     |-------------------------- silent -----------------------|
    Each way to OUT asks risk to cancel what the accounts say; a dead-man timer that runs out, in
    any state, all orders of the session.
"""
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memset

from tidegate.native.records cimport (
    HEARTBEAT,
    LOGOUT,
    MASS_CANCEL_REQUEST,
    RESEND_REQUEST,
    SEQUENCE_GAP,
    SEQUENCE_RESET,
    SHARES_MEMORY,
    TG_LAYOUT_VERSION,
    order_record,
    record,
    session_record,
)
from tidegate.native.crash_point cimport crash_point
from tidegate.native.intents cimport Intents
from tidegate.native.outbox cimport Outbox
from tidegate.native.reserve cimport ReservedTarget
from tidegate.native.sessions cimport SESSION_LOST, SESSION_ON, SESSION_OUT, session_row


cdef enum:
    HEARTBEATS_MISSED = 3
    RESET_MAX = 1 << 20
    MASS_CANCEL_ALL = 55  # '7'
    MASS_CANCEL_DISCONNECT = 100  # 'd'


cdef class SessionControl:
    def __cinit__(self, Outbox outbox not None, ReservedTarget orders not None,
                  Intents intents not None):
        self.outbox = outbox
        self.orders = orders
        self.intents = intents

    cdef bint take(self, session_row* row, const record* r, int64_t now) noexcept nogil:
        cdef const session_record* message = <const session_record*>r
        if r.kind == HEARTBEAT:
            if message.next_sending > row.next_expected:
                row.asked_from = 0
                self.ask_again(row, now)
        elif r.kind == RESEND_REQUEST:
            row.resends += 1
            self.outbox.counters.resends += 1
            self.outbox.rewind(row, message.begin_seq_no)
            self.outbox.send_due(row, now)
        elif r.kind == SEQUENCE_RESET:
            # A jump beyond what any client keeps is a mistake, and would use up the numbers.
            if 0 < <int64_t>message.next_sending - row.next_expected <= RESET_MAX:
                row.next_expected = message.next_sending
                row.asked_from = 0
        elif r.kind == LOGOUT:
            self.outbox.counters.logouts += 1
            self._send(row, LOGOUT, now)
            self.end(row, now)
        else:
            return False
        return True

    cdef bint logon(self, uint64_t peer, session_record* reply, int64_t now) noexcept nogil:
        cdef session_row* row = self.outbox.rows + reply.session
        cdef uint32_t before = self.outbox.peers.find(peer)
        cdef bint shares_memory = reply.flags & SHARES_MEMORY
        if shares_memory and not self.outbox.door.is_ready(row.handle):
            # Nothing has begun: the client empties its ring and asks again.
            return False
        if before != 0 and before != reply.session:
            self.end(self.outbox.rows + before, now)
        if row.peer != 0 and row.peer != peer:
            # The newest proof wins; the other connection is told.
            self._send(row, LOGOUT, now)
        row.peer = peer
        row.state = SESSION_ON
        row.heard_ns = row.sent_ns = now
        row.heartbeat_ns = reply.heartbeat_ns
        row.asked_from = 0
        row.logons += 1
        self.outbox.counters.logons += 1
        self.outbox.peers.rebuild(self.outbox.rows, self.outbox.session_count)
        if reply.next_expected == 0:
            row.next_sent = row.sent_end = row.next_out
        else:
            self.outbox.rewind(row, reply.next_expected)
        reply.next_expected = row.next_expected
        reply.next_sending = row.next_out
        if shares_memory:
            self.outbox.door.log_on(row.handle, reply)
        else:
            self.outbox.door.log_out(row.handle)
        return True

    # Once for each gap; heartbeats ask again should the question be lost.
    cdef void ask_again(self, session_row* row, int64_t now) noexcept nogil:
        cdef session_record message
        if row.asked_from == row.next_expected:
            return
        memset(&message, 0, sizeof(message))
        message.kind = RESEND_REQUEST
        message.reason = SEQUENCE_GAP
        message.begin_seq_no = row.next_expected
        if self.outbox.send_session(row, <record*>&message, now):
            row.asked_from = row.next_expected
            self.outbox.counters.gaps += 1

    cdef void tick(self, int64_t now) noexcept nogil:
        cdef uint32_t handle
        for handle in range(1, self.outbox.session_count):
            self._tick_session(self.outbox.rows + handle, now)

    cdef void _tick_session(self, session_row* row, int64_t now) noexcept nogil:
        if row.state == SESSION_ON:
            self.outbox.send_due(row, now)
            if now - row.sent_ns >= row.heartbeat_ns:
                self._send(row, HEARTBEAT, now)
                # A client that is busy sends no heartbeats: a question that was lost would never
                # be asked again.
                if row.asked_from != 0:
                    row.asked_from = 0
                    self.ask_again(row, now)
        if row.state == SESSION_ON or row.state == SESSION_LOST:
            if now - row.heard_ns > HEARTBEATS_MISSED * row.heartbeat_ns:
                row.disconnects += 1
                self.outbox.counters.disconnects += 1
                self.end(row, now)
        if 0 < row.dead_man_ns <= now:
            row.is_cancel_due = MASS_CANCEL_ALL
            crash_point()
            row.dead_man_ns = 0
            self.outbox.counters.dead_man_timers += 1
        if row.is_cancel_due:
            self._cancel_orders(row, now)

    cdef void end(self, session_row* row, int64_t now) noexcept nogil:
        # First what is due, so that a gateway killed behind it owes it still. What a dead-man timer
        # asked for is more.
        if row.is_cancel_due == 0:
            row.is_cancel_due = MASS_CANCEL_DISCONNECT
        crash_point()
        row.state = SESSION_OUT
        row.peer = 0
        self.outbox.door.log_out(row.handle)
        self.outbox.peers.rebuild(self.outbox.rows, self.outbox.session_count)
        # At once, so that a new logon's orders come after it; tick() tries again.
        self._cancel_orders(row, now)

    cdef void _cancel_orders(self, session_row* row, int64_t now) noexcept nogil:
        cdef order_record cancel
        memset(&cancel, 0, sizeof(cancel))
        cancel.kind = MASS_CANCEL_REQUEST
        cancel.layout_version = TG_LAYOUT_VERSION
        cancel.session = row.handle
        cancel.received_ns = now
        cancel.mass_cancel_type = row.is_cancel_due
        self.intents.begin_cancel(row)
        if self.orders.put(<record*>&cancel):
            row.is_cancel_due = 0
            self.outbox.counters.mass_cancels += 1
        self.intents.end()

    cdef void _send(self, session_row* row, int kind, int64_t now) noexcept nogil:
        cdef session_record message
        memset(&message, 0, sizeof(message))
        message.kind = kind
        message.next_sending = row.next_out
        message.next_expected = row.next_expected
        message.heartbeat_ns = row.heartbeat_ns
        self.outbox.send_session(row, <record*>&message, now)
