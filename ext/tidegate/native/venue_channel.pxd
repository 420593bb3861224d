"""The hot part of a simulated venue's channel: requests out, reports in; a DEALER, or rings too."""
from libc.stdint cimport int64_t, uint32_t, uint64_t

from tidegate.native.lane cimport LaneSource, LaneTarget
from tidegate.native.records cimport record, session_record


cdef class VenueChannel:
    cdef readonly object socket
    cdef readonly str endpoint
    cdef readonly int state
    cdef readonly uint32_t next_expected
    cdef LaneTarget target
    cdef LaneSource source
    # Of the socket: logon and its answer. The same two where there are no rings.
    cdef LaneTarget logon_target
    cdef LaneSource logon_source
    cdef bint is_connected
    cdef bint is_heard
    cdef bint is_filling
    cdef int64_t heard_ns
    cdef int64_t beat_ns
    cdef uint64_t duplicate_count
    cdef uint64_t gap_count
    cdef uint64_t skipped_count
    cdef uint64_t reset_count
    cdef uint64_t rejected_count
    cdef uint64_t unexpected_count

    # Only when it is up. False = not taken, and never sent; unsent() may still take it back.
    cdef bint submit(self, const record* request) noexcept nogil
    # Hands what was submitted to the socket; how many requests the socket would not take.
    cdef int flush(self) noexcept nogil
    # What the last flush left, which is forgotten by release_unsent.
    cdef const record* unsent(self) noexcept nogil
    cdef void release_unsent(self) noexcept nogil
    # Reports and marks, in order and each once, at most count_max (of 256).
    cdef Py_ssize_t poll(self, record* out, Py_ssize_t count_max) noexcept nogil
    cdef bint _is_next(self, const record* report) noexcept nogil
    cdef void _take_session(self, const record* r) noexcept nogil
    cdef bint _ask_resend(self) noexcept nogil
    cdef bint _put_session(self, const session_record* r) noexcept nogil
