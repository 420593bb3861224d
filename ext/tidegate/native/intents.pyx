"""What the gateway is about to do where two words must move together, so that both or none do.

Each of its changes moves one word last: next_number of a lane's ring, or next_out of a session's
outbox. The second word follows: a client's number is used up, a report is taken, a mass cancel
is due no more. Before both the intent is written down, with the first words as they stand. A
gateway that finds one looks whether the first word has moved, and lets the second follow or not.
"""
from libc.stdint cimport uint32_t

import numpy as np

from tidegate.native.crash_point cimport crash_point
from tidegate.native.retained cimport RetainedTarget
from tidegate.native.sessions cimport session_row


def _dtype():
    cdef intent_row sample
    return np.asarray(<intent_row[:1]>&sample).dtype


INTENT_ROW = _dtype()


cdef class Intents:
    def __cinit__(self, rows, sessions, RetainedTarget orders not None,
                  RetainedTarget controls not None):
        cdef intent_row[::1] row_view = rows
        cdef session_row[::1] session_view = sessions
        self.owners = (rows, sessions)
        self.row = &row_view[0]
        self.sessions = &session_view[0]
        self.orders = orders
        self.controls = controls
        self._finish(len(sessions))

    def _finish(self, uint32_t session_count):
        """Finish or forget what the gateway before this one was about to do."""
        cdef intent_row* row = self.row
        cdef session_row* session
        cdef bint has_moved
        if row.intent == INTENT_NONE or row.session >= session_count:
            row.intent = INTENT_NONE
            return
        session = self.sessions + row.session
        has_moved = (
            session.next_out != row.next_out
            or self.orders.head.last.next_number != row.orders_next
            or self.controls.head.last.next_number != row.controls_next
        )
        if row.intent == INTENT_RECORD:
            session.next_expected = row.number + has_moved
        elif row.intent == INTENT_REPORT and has_moved:
            row.taken = row.number
        elif row.intent == INTENT_CANCEL and has_moved:
            session.is_cancel_due = 0
        row.intent = INTENT_NONE

    @property
    def taken(self):
        return self.row.taken

    cdef void begin_record(self, const session_row* session) noexcept nogil:
        self._begin(INTENT_RECORD, session, session.next_expected)

    cdef void begin_report(self, const session_row* session, uint32_t number) noexcept nogil:
        self._begin(INTENT_REPORT, session, number)

    cdef void begin_cancel(self, const session_row* session) noexcept nogil:
        self._begin(INTENT_CANCEL, session, 0)

    cdef void _begin(self, int intent, const session_row* session, uint32_t number) noexcept nogil:
        self.row.session = session.handle
        self.row.number = number
        self.row.next_out = session.next_out
        self.row.orders_next = self.orders.head.last.next_number
        self.row.controls_next = self.controls.head.last.next_number
        crash_point()
        self.row.intent = intent
        crash_point()

    cdef void end(self) noexcept nogil:
        crash_point()
        self.row.intent = INTENT_NONE
        crash_point()

    cdef void end_report(self, uint32_t number) noexcept nogil:
        crash_point()
        self.row.taken = number
        self.end()
