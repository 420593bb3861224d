"""The gateway's second door: a pair of rings for each session that shares memory with it."""
from libc.stdint cimport uint16_t

from tidegate.native.lane cimport LaneSource
from tidegate.native.records cimport record
from tidegate.native.shm_ring cimport RingSource


cdef class Door:
    # What the agent waits on; None where no session has rings.
    cdef readonly LaneSource lane
    cdef RingSource source
    cdef dict targets
    # Why a session has no rings, by its handle.
    cdef readonly dict problems
    cdef void** outs
    cdef uint16_t* handles
    cdef unsigned char* is_open_to
    cdef int count

    # Records of one session, whose handle is put into `session`.
    cdef Py_ssize_t take(self, record* out, Py_ssize_t limit, uint16_t* session) noexcept nogil
    # Whether the session's reports go through its ring: its client's LOGON said so.
    cdef bint has(self, uint16_t session) noexcept nogil
    # 0 = in the ring; else PEER_LOST or PEER_SLOW, and nothing of it was sent.
    cdef int send(self, uint16_t session, const void* rows, size_t size) noexcept nogil
    # Whether the session has rings, and room in the one back for what a logon puts there.
    cdef bint is_ready(self, uint16_t session) noexcept nogil
    # Forgets what came before this logon, and puts its answer as a mark: what follows is of it.
    cdef void log_on(self, uint16_t session, const void* answer) noexcept nogil
    cdef void log_out(self, uint16_t session) noexcept nogil
