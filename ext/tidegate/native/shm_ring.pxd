"""The two ends of a ring in shared memory: one process puts records, one takes them."""
from libc.stdint cimport uint32_t, uint64_t

from tidegate.native.bell cimport Bell
from tidegate.native.records cimport record


cdef extern from "shm.h" nogil:
    const uint64_t TG_RING_MAGIC
    enum:
        TG_RING_HEAD_SIZE
        TG_BELL_PATH_SIZE

    ctypedef struct ring_head:
        uint64_t magic
        uint32_t layout_version
        uint32_t record_size
        uint64_t capacity
        uint64_t head
        uint64_t tail
        uint32_t bell_version
        char bell[TG_BELL_PATH_SIZE]


cdef class RingTarget:
    cdef readonly str path
    cdef object opened
    cdef ring_head* shared
    cdef record* records
    cdef uint64_t capacity
    cdef uint64_t next_put
    # tail as it was last read: it is read again only when the ring looks full.
    cdef uint64_t seen_tail
    cdef Bell bell
    cdef uint32_t bell_version
    # How often a receiver's bell could not be opened: it wakes by itself, late.
    cdef readonly uint64_t bells_missing

    # All or none, in one store of head; False = there is no room for all.
    cdef bint put(self, const void* rows, size_t count) noexcept nogil
    cdef bint has_room(self, size_t count) noexcept nogil
    cdef void _find_bell(self) noexcept with gil


# One ring that is taken from.
cdef struct ring_end:
    ring_head* shared
    record* records
    uint64_t capacity
    uint64_t next_taken
    # head as it was last read: it is read again only when the ring looks empty.
    uint64_t seen_head


cdef class RingSource:
    cdef readonly list paths
    cdef list opened
    cdef ring_end* ends
    cdef int end_count
    # The ring to look at first, and the one that the last take was of.
    cdef int turn
    cdef int taken_of
    cdef uint64_t bad_index_count

    # Of one ring, in order; the rings take turns.
    cdef Py_ssize_t take(self, record* out, Py_ssize_t limit) noexcept nogil
    cdef bint has_records(self) noexcept nogil
