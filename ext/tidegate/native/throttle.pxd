"""A bucket of messages: a message takes TG_MESSAGE_COST, a nanosecond gives back the rate."""
from libc.stdint cimport int64_t


cdef extern from "routing.h" nogil:
    const int64_t TG_MESSAGE_COST


cdef inline int64_t level_after(
    int64_t level, int64_t rate, int64_t burst, int64_t elapsed_ns
) noexcept nogil:
    """What the bucket holds after a time; below 0 when cancels have overdrawn it."""
    cdef int64_t full = burst * TG_MESSAGE_COST
    if elapsed_ns <= 0:
        return level
    if elapsed_ns > (full - level) // rate:
        return full
    return level + elapsed_ns * rate
