"""The sending end of the lane "orders", with room kept for cancels."""
from libc.stdint cimport uint32_t, uint64_t

from tidegate.native.lane cimport LaneTarget
from tidegate.native.records cimport record


cdef class ReservedTarget:
    cdef readonly LaneTarget lane
    cdef record* held
    cdef uint32_t capacity
    cdef uint32_t first
    cdef uint32_t count
    cdef uint64_t held_total

    # False = refused: no room for a record of this kind.
    cdef bint put(self, const record* r) noexcept nogil
    cdef void flush(self) noexcept nogil
