"""Waiting on lanes: one poll set an agent, with a control socket to stop it."""
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
    cdef zmq_pollitem inputs[POLL_CAPACITY]
    cdef const Py_ssize_t* frame_indexes[POLL_CAPACITY]
    cdef const Py_ssize_t* frame_sizes[POLL_CAPACITY]
    cdef zmq_pollitem outputs[POLL_CAPACITY]
    cdef void* targets[POLL_CAPACITY]
    cdef const int* unsent_counts[POLL_CAPACITY]
    cdef int input_count
    cdef int target_count
    cdef int stopping

    # Until an added source or socket can be read.
    cdef int wait(self, int timeout_ms) noexcept nogil
    # Until a target that has unsent records can be written; 1 at once when none has.
    cdef int wait_for_room(self, int timeout_ms) noexcept nogil
    # Until it is stopped, whatever can be read: for an agent that may not take anything now.
    cdef int nap(self, int timeout_ms) noexcept nogil
    # After wait: whether the input that add_source or add_socket numbered so can be read.
    cdef bint is_ready(self, int index) noexcept nogil
    cdef bint is_stopping(self) noexcept nogil
    cdef bint _has_left(self, int index) noexcept nogil
    cdef int _poll(self, zmq_pollitem* items, int count, int timeout_ms) noexcept nogil
