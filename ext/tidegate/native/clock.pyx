"""Time for agents: wall time that never goes back within a process, and monotonic time."""
from libc.stdint cimport int64_t


cdef extern from "clock.h" nogil:
    int64_t tg_now_ns(int64_t* latest)
    int64_t tg_monotonic_ns()


cdef int64_t latest_ns = 0


cdef int64_t now_ns() noexcept nogil:
    return tg_now_ns(&latest_ns)


cdef int64_t monotonic_ns() noexcept nogil:
    return tg_monotonic_ns()


def wall_ns():
    return now_ns()


def elapsed_ns():
    return monotonic_ns()
