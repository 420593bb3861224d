"""What the gateway is about to do where two words must move together, so that both or none do."""
from libc.stdint cimport uint32_t

from tidegate.native.retained cimport RetainedTarget
from tidegate.native.sessions cimport session_row


ctypedef struct intent_row:
    uint32_t taken           # the last number of lane "reports" whose report is in an outbox
    uint32_t intent          # a member of Intent
    uint32_t session
    uint32_t number          # that the record has: of the client, or of lane "reports"
    uint32_t next_out        # as they were before
    uint32_t orders_next
    uint32_t controls_next
    uint32_t pad


cpdef enum Intent:
    INTENT_NONE = 0
    # A client's record: its number is used up, and it is on a lane or answered.
    INTENT_RECORD = 1
    # A report: it is in its session's outbox, and taken.
    INTENT_REPORT = 2
    # A mass cancel of the gateway's own: it is on the lane, and due no more.
    INTENT_CANCEL = 3


cdef class Intents:
    cdef object owners
    cdef intent_row* row
    cdef session_row* sessions
    cdef RetainedTarget orders
    cdef RetainedTarget controls

    cdef void begin_record(self, const session_row* session) noexcept nogil
    cdef void begin_report(self, const session_row* session, uint32_t number) noexcept nogil
    cdef void begin_cancel(self, const session_row* session) noexcept nogil
    cdef void end(self) noexcept nogil
    # The report is in the outbox: it is taken.
    cdef void end_report(self, uint32_t number) noexcept nogil
    cdef void _begin(self, int intent, const session_row* session, uint32_t number) noexcept nogil
