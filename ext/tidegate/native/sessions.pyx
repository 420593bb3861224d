"""Dtypes of the gateway's rows, derived from sessions.h, and the index of connections."""
from libc.stdint cimport uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset

import numpy as np


def _dtypes():
    cdef session_row session_sample
    cdef gateway_row gateway_sample
    # A view by name: without one Cython declares what views are made of too late.
    cdef session_row[::1] view = <session_row[:1]>&session_sample
    return (
        np.asarray(view).dtype,
        np.asarray(<gateway_row[:1]>&gateway_sample).dtype,
    )


SESSION_ROW, GATEWAY_ROW = _dtypes()


cdef class Peers:
    def __cinit__(self, uint32_t session_count):
        cdef uint32_t size = 8
        # At most one connection a session: a quarter full, so probes are short.
        while size < 4 * session_count:
            size *= 2
        self.mask = size - 1
        self.keys = <uint64_t*>calloc(size, sizeof(uint64_t))
        self.handles = <uint16_t*>calloc(size, sizeof(uint16_t))
        if self.keys == NULL or self.handles == NULL:
            raise MemoryError(f"no memory for {session_count} connections")

    def __dealloc__(self):
        free(self.keys)
        free(self.handles)

    cdef uint16_t find(self, uint64_t peer) noexcept nogil:
        cdef uint32_t slot = slot_of(peer) & self.mask
        while self.keys[slot] != 0:
            if self.keys[slot] == peer:
                return self.handles[slot]
            slot = (slot + 1) & self.mask
        return 0

    cdef void rebuild(self, const session_row* rows, uint32_t count) noexcept nogil:
        cdef uint32_t handle, slot
        memset(self.keys, 0, (<size_t>self.mask + 1) * sizeof(uint64_t))
        for handle in range(1, count):
            if rows[handle].peer != 0:
                slot = slot_of(rows[handle].peer) & self.mask
                while self.keys[slot] != 0:
                    slot = (slot + 1) & self.mask
                self.keys[slot] = rows[handle].peer
                self.handles[slot] = <uint16_t>handle


cdef inline uint32_t slot_of(uint64_t peer) noexcept nogil:
    return <uint32_t>((peer * <uint64_t>0x9E3779B97F4A7C15) >> 40)
