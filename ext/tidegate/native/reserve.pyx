"""A lane that is full refuses new orders, but a cancel still has a place to wait.

While cancels wait here nothing else passes them, so a client's records stay in order.
"""
from libc.stdint cimport uint8_t, uint32_t
from libc.stdlib cimport free, malloc

from tidegate.native.lane cimport LaneTarget
from tidegate.native.records cimport CANCEL_REQUEST, MASS_CANCEL_REQUEST, record


cdef class ReservedTarget:
    def __cinit__(self, LaneTarget lane not None, uint32_t capacity):
        if capacity == 0:
            raise ValueError("the reserve for cancels needs at least one place")
        self.lane = lane
        self.capacity = capacity
        self.held = <record*>malloc(capacity * sizeof(record))
        if self.held == NULL:
            raise MemoryError(f"no memory for a reserve of {capacity} cancels")

    def __dealloc__(self):
        free(self.held)

    cdef bint put(self, const record* r) noexcept nogil:
        if self.count != 0:
            self.flush()
        if self.count == 0 and self.lane.put(r):
            return True
        if not is_cancel(r.kind) or self.count == self.capacity:
            return False
        self.held[(self.first + self.count) % self.capacity] = r[0]
        self.count += 1
        self.held_total += 1
        return True

    cdef void flush(self) noexcept nogil:
        while self.count != 0 and self.lane.put(self.held + self.first):
            self.first = (self.first + 1) % self.capacity
            self.count -= 1
        self.lane.flush()


cdef inline bint is_cancel(uint8_t kind) noexcept nogil:
    return kind == CANCEL_REQUEST or kind == MASS_CANCEL_REQUEST
