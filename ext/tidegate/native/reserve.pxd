"""The sending end of the lane "orders", with room kept for cancels."""
from libc.stdint cimport uint32_t, uint64_t

from tidegate.native.records cimport record
from tidegate.native.retained cimport RetainedTarget


cdef class ReservedTarget:
    cdef readonly RetainedTarget lane
    cdef uint32_t reserve
    cdef uint64_t reserved_count

    # False = refused: no room for a record of this kind.
    cdef bint put(self, const record* r) noexcept nogil
