"""Time for agents. One module, so that all agents of a process share one latest value."""
from libc.stdint cimport int64_t


cdef int64_t now_ns() noexcept nogil
cdef int64_t monotonic_ns() noexcept nogil
# By how much now_ns() is ahead of a clock that was set back.
cdef int64_t ahead_ns() noexcept nogil
