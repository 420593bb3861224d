"""All lane ends that a stage has towards one other stage, and what they tell each other."""
from libc.stdint cimport int64_t, uint32_t

from tidegate.native.numbered cimport NumberedSource
from tidegate.native.retained cimport RetainedTarget


cdef class Link:
    cdef readonly RetainedTarget target
    cdef readonly RetainedTarget second_target
    cdef readonly NumberedSource source
    cdef readonly NumberedSource second_source
    cdef bint is_starting
    # The other end asked about the second lane and is owed a word on it.
    cdef bint is_second_due
    cdef int64_t told_ns
    cdef int64_t second_told_ns
    cdef int64_t asked_ns
    # All numbers both ways added up, and since when they stand so.
    cdef int64_t moved_ns
    cdef uint32_t moved
    cdef uint32_t told
    cdef uint32_t second_told
    cdef uint32_t asked
    cdef uint32_t second_asked

    # Acts on what was heard, sends what is due; call it in each duty cycle, after the takes.
    cdef void tend(self, int64_t now_ns) noexcept nogil
    # Nothing is owed either way: the agent may sleep until a lane wakes it.
    cdef bint is_quiet(self) noexcept nogil
    cdef void _hear(self) noexcept nogil
    cdef void _notice(self, int64_t now_ns) noexcept nogil
    cdef bint _is_time(self, int64_t now_ns, int64_t told_ns) noexcept nogil
    cdef bint _is_asking(self, int64_t now_ns) noexcept nogil
    cdef bint _is_owing(self) noexcept nogil
    cdef bint _is_much(self) noexcept nogil
    cdef void _tell(self, int kind, int64_t now_ns) noexcept nogil
    cdef void _tell_second(self, int64_t now_ns) noexcept nogil
