"""A lane whose ring is nearly full refuses new orders, but a cancel still has a place in it."""
from libc.stdint cimport uint8_t

from tidegate.native.records cimport CANCEL_REQUEST, MASS_CANCEL_REQUEST, record
from tidegate.native.retained cimport RetainedTarget


cdef class ReservedTarget:
    def __cinit__(self, RetainedTarget lane not None):
        self.lane = lane
        self.reserve = lane.capacity // 4

    cdef bint put(self, const record* r) noexcept nogil:
        if self.lane.room() <= self.reserve:
            if not is_cancel(r.kind):
                return False
            self.reserved_count += 1
        return self.lane.put(r)


cdef inline bint is_cancel(uint8_t kind) noexcept nogil:
    return kind == CANCEL_REQUEST or kind == MASS_CANCEL_REQUEST
