"""Waiting on lanes: one poll set an agent, with a control socket to stop it."""
from libc.stdint cimport int64_t

from tidegate.native.bell cimport Bell
from tidegate.native.zmqlib cimport zmq_pollitem


cdef enum:
    POLL_CAPACITY = 64
    # What wait() returns beside the number of ready inputs (0 = time is up, or a signal).
    POLL_STOPPED = -1
    POLL_FAILED = -2


cdef class Poller:
    cdef object near
    cdef object far
    cdef list lanes
    # One more than the sockets: the bell's fifo.
    cdef zmq_pollitem inputs[POLL_CAPACITY + 1]
    cdef const Py_ssize_t* frame_indexes[POLL_CAPACITY]
    cdef const Py_ssize_t* frame_sizes[POLL_CAPACITY]
    # Lanes in shared memory, and what wakes us when one of them gets a record.
    cdef void* rings[POLL_CAPACITY]
    cdef int ring_count
    cdef Bell bell
    cdef zmq_pollitem outputs[POLL_CAPACITY]
    cdef void* targets[POLL_CAPACITY]
    cdef int target_count
    cdef int input_count
    cdef int stopping
    cdef int64_t spin_ns
    cdef int yields_max

    # Until an added source or socket can be read.
    cdef int wait(self, int timeout_ms) noexcept nogil
    # Until a target that has unsent records can be written; 1 at once when none has.
    cdef int wait_for_room(self, int timeout_ms) noexcept nogil
    cdef int _look_for_room(self, int* socket_count) noexcept nogil
    # Until it is stopped, whatever can be read: for an agent that may not take anything now.
    cdef int nap(self, int timeout_ms) noexcept nogil
    # After wait: whether the input that add_source or add_socket numbered so can be read.
    cdef bint is_ready(self, int index) noexcept nogil
    cdef bint is_stopping(self) noexcept nogil
    cdef bint _has_left(self, int index) noexcept nogil
    cdef int _rings_ready(self) noexcept nogil
    cdef int _look(self) noexcept nogil
    cdef int _spin(self, int timeout_ms) noexcept nogil
    cdef int _park(self, int timeout_ms) noexcept nogil
    cdef int _poll(self, zmq_pollitem* items, int count, int timeout_ms) noexcept nogil
