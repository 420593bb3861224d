"""Time for agents: wall time that never goes back within a process, and monotonic time.

A simulator says what time it is with set_virtual(); then nothing here reads a clock.
"""
from libc.stdint cimport int64_t


cdef extern from "clock.h" nogil:
    ctypedef struct tg_clock:
        int64_t virtual_ns
        int64_t latest_ns
        int64_t ahead_ns
        int64_t backs

    int64_t tg_now_ns(tg_clock* c)
    int64_t tg_monotonic_ns(const tg_clock* c)


cdef tg_clock clock


cdef int64_t now_ns() noexcept nogil:
    return tg_now_ns(&clock)


cdef int64_t monotonic_ns() noexcept nogil:
    return tg_monotonic_ns(&clock)


cdef int64_t ahead_ns() noexcept nogil:
    return clock.ahead_ns


def wall_ns():
    return now_ns()


def elapsed_ns():
    return monotonic_ns()


def back_count():
    return clock.backs


def latest_ns():
    return clock.latest_ns


def not_before(int64_t now_ns):
    clock.latest_ns = max(clock.latest_ns, now_ns)


def set_virtual(int64_t now_ns, int64_t latest_ns=0):
    if now_ns < 0:
        raise ValueError(f"virtual time {now_ns}; expected 0 = the system's, or more")
    clock.virtual_ns = now_ns
    clock.ahead_ns = 0
    clock.latest_ns = latest_ns
