"""Latency of a request by leg, from the stamps of the report that answers it."""
from libc.stdint cimport int64_t

from tidegate.native.histogram cimport Histogram
from tidegate.native.records cimport record


cdef class Legs:
    cdef Histogram sequenced
    cdef Histogram decided
    cdef Histogram routed
    cdef Histogram venue
    cdef Histogram back
    cdef Histogram answered
    cdef Histogram denied
    cdef Histogram reported

    # Writes the stamp `back`; what the report's stamps say goes into the histograms.
    cdef void stamp(self, record* r, int64_t now) noexcept nogil
