"""The sending end of a retained lane: a ring of records that outlives its process."""
from libc.stdint cimport uint32_t, uint64_t

from tidegate.native.records cimport record, session_record
from tidegate.native.shm_ring cimport RingTarget


cdef extern from "lanes.h" nogil:
    ctypedef union lane_last:
        uint32_t next_number
        uint32_t given
        uint64_t word

    ctypedef struct lane_head:
        lane_last last
        uint32_t acked
        uint32_t answered
        uint32_t answering
        uint32_t answering_number
        uint64_t pad[13]


cdef class RetainedTarget:
    # The way to the other end: a socket or a ring in shared memory; the other one is None.
    cdef readonly object socket
    cdef readonly RingTarget way
    cdef readonly str endpoint
    cdef object owner
    cdef void* handle
    cdef bint is_open
    cdef lane_head* head
    cdef record* ring
    cdef uint32_t capacity
    cdef bint is_given
    cdef uint32_t next_unsent
    # What a reset that is due answers: the number that was asked for; 0 = none is due.
    cdef uint32_t reset_asked
    cdef int error
    cdef uint64_t record_count
    cdef uint64_t frame_count
    cdef uint64_t full_count
    cdef uint64_t resend_count
    cdef uint64_t reset_count

    # False = full: as many as the ring holds are not yet taken by the other end.
    cdef bint put(self, const record* r) noexcept nogil
    # How many records are not yet with the socket.
    cdef uint32_t flush(self) noexcept nogil
    cdef uint32_t room(self) noexcept nogil
    cdef uint32_t unacked(self) noexcept nogil
    # The other end has all before `next_expected`.
    cdef void acknowledge(self, uint32_t next_expected) noexcept nogil
    # The other end asks for `begin` and all after it; 0 = it has no history.
    cdef void rewind(self, uint32_t begin) noexcept nogil
    # False = the socket did not take it.
    cdef bint put_session(self, session_record* r) noexcept nogil
    cdef bint _put_given(self, const record* r, lane_last* last) noexcept nogil
    cdef bint _send(self, const void* data, size_t count) noexcept nogil
    cdef bint _put_reset(self) noexcept nogil
