"""The doorbell of a process that sleeps: rung by whoever has put a record into a ring of it."""
from libc.stdint cimport int64_t, uint32_t, uint64_t


cdef extern from "shm.h" nogil:
    ctypedef struct bell_row:
        uint32_t sleeping


cdef enum:
    # How it sleeps: in a futex, or in a poll of sockets and its fifo.
    AWAKE = 0
    IN_FUTEX = 1
    IN_POLL = 2


cdef class Bell:
    cdef readonly str path
    cdef readonly int fifo
    cdef object mapping
    cdef bell_row* row
    cdef uint32_t how
    cdef uint64_t ring_count

    # Wakes its process if that sleeps. Before it: the store that is news to it, and a full fence.
    cdef void ring(self) noexcept nogil
    # From now on whoever puts a record rings. Look once more after this, and then sleep.
    cdef void lie_down(self, uint32_t how) noexcept nogil
    cdef void get_up(self) noexcept nogil
    # Sleeps in the futex until it is rung; False = a signal came.
    cdef bint sleep(self, int64_t timeout_ns) noexcept nogil
