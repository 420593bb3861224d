"""Stops an agent in the middle of a duty cycle, in a process that goes on.

The cycle's frames are left where they are, and what they had stored stays, as of a process that was
killed. Only code without the GIL can be left so: Python's own frames could not.
"""
from libc.stdint cimport int64_t


cdef extern from "mortal.h" nogil:
    int tg_live(cycle_of_agent cycle, void* agent)
    void tg_die()

cdef int64_t left = 0
cdef bint is_within = False


cdef int live(cycle_of_agent cycle, void* agent) noexcept nogil:
    global is_within
    cdef int work
    is_within = True
    work = tg_live(cycle, agent)
    is_within = False
    return work


cdef void pass_within() noexcept nogil:
    global left
    if not is_within or left == 0:
        return
    left -= 1
    if left == 0:
        tg_die()


def die_within(int64_t number):
    global left
    cdef int64_t before = left
    if number < 0:
        raise ValueError(f"crash point {number}; expected 0 or more")
    left = number
    return before
