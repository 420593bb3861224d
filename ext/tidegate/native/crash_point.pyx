"""The counter of crash points: armed by a test of the debug build, never otherwise."""
from libc.signal cimport raise_
from libc.stdint cimport int64_t

from tidegate.native.mortal cimport pass_within


cdef extern from "<signal.h>" nogil:
    enum:
        SIGKILL

HAS_CRASH_POINTS = bool(TG_HAS_CRASH_POINTS)
cdef int64_t left = 0


cdef void pass_one() noexcept nogil:
    global left
    pass_within()
    if left == 0:
        return
    left -= 1
    if left == 0:
        raise_(SIGKILL)


def die_at(int64_t number):
    """SIGKILL to this process at the number-th crash point from now; 0 = at none."""
    global left
    if number < 0:
        raise ValueError(f"crash point {number}; expected 0 or more")
    left = number
