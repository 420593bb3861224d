"""The engine inside a strategy's own process, for strategies written in Cython.

    cimport: from tidegate.native.embedded cimport Embedded; an Engine has its own in `native`.
    One thread at a time; nothing here allocates or needs the GIL.
"""
cimport cython
from libc.stdint cimport uint16_t, uint32_t, uint64_t

from tidegate.native.intake cimport permission
from tidegate.native.legs cimport Legs
from tidegate.native.records cimport denial_record, order_record, record
from tidegate.native.retained cimport RetainedTarget
from tidegate.native.risk_agent cimport RiskAgent
from tidegate.native.sessions cimport TG_REASONS


@cython.final
cdef class Embedded:
    cdef RiskAgent agent
    cdef RetainedTarget routes
    cdef RetainedTarget reports
    cdef Legs legs
    cdef object words
    cdef permission allowed
    cdef permission operators
    cdef readonly uint16_t session
    cdef readonly uint16_t operator_session
    # In a page that a forked child finds zero: it has no engine.
    cdef uint32_t* is_open
    cdef uint32_t flush_every
    cdef uint32_t unflushed
    # Reports before this number may have been handed over by the process before this one.
    cdef uint32_t new_from
    cdef uint64_t refused[TG_REASONS]
    # What was compared when submit() or operate() last gave a reason.
    cdef denial_record answer

    # Sequences, journals, checks and holds a request of the session; 0, or the Reason why not.
    # received_ns, session and what else a client does not say of itself are written into it.
    cdef int submit(self, order_record* o) noexcept nogil
    # The same for a control record of the operator's; a NOTE gives 0.
    cdef int operate(self, record* r) noexcept nogil
    # Hands on what the engine has decided: after so many requests, in poll(), or by this.
    # False = the router, or who reads the reports, leaves no room: new orders are LANE_FULL.
    cdef bint flush(self) noexcept nogil
    # One duty cycle, then up to `limit` reports in order; -1 = closed, or a forked child. What the
    # call before this one gave is taken: it does not come again. As many as `limit`: call again.
    cdef Py_ssize_t poll(self, record* out, Py_ssize_t limit) noexcept nogil
    # SessionError when it is closed, or in a forked child.
    cdef int check_open(self) except -1
    cdef bint _has_room(self, int kind) noexcept nogil
    cdef int _run(self, record* r, bint is_order) noexcept nogil
    cdef int _told(self, const record* r, uint32_t first, uint16_t session) noexcept nogil
    cdef int _refuse(self, const record* r, int reason) noexcept nogil
    cdef Py_ssize_t _take(self, record* out, Py_ssize_t limit) noexcept nogil
