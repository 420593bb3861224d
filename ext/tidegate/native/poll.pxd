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
    cdef int fds[POLL_CAPACITY + 1]
    # The socket had no message when it was last asked, and nobody has used it since; only between
    # begin() and end(). Its owner sees it through its watcher; NULL = nobody keeps it.
    cdef bint drained[POLL_CAPACITY + 1]
    cdef bint** watchers[POLL_CAPACITY + 1]
    cdef bint is_watching
    # Duty cycles since the sockets were last looked at.
    cdef int unseen
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
    cdef void* far_handle
    cdef int stopping
    cdef int64_t spin_ns
    cdef int yields_max

    # Until an added source or socket can be read.
    cdef int wait(self, int timeout_ms) noexcept nogil
    # An agent goes round from here to end(), and nobody else uses what it has added: a socket that
    # it found empty is not asked again before its file descriptor shows something.
    cdef void begin(self) noexcept nogil
    cdef void end(self) noexcept nogil
    # wait() behind a duty cycle that took so much; one that took something only looks what came.
    cdef int wait_after(self, int work, int timeout_ms) noexcept nogil
    # A socket whose owner has a flag for begin() to set: it reads it before it asks the socket,
    # sets it when there was nothing, and clears it when it uses the socket otherwise.
    cdef int watch(self, socket, bint** watcher) except -1
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
    cdef int _poll_inputs(self, int count, int timeout_ms) noexcept nogil
    cdef int _wait_for_mail(self, int count, int timeout_ms) noexcept nogil
    cdef int _ask(self, int count) noexcept nogil
    cdef int _answer(self, int ready) noexcept nogil
