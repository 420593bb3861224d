"""Latency histograms, log-linear: 64 buckets to an octave, so a value is known to 1.6 %."""
cimport cython
from libc.stdint cimport int64_t, uint8_t, uint64_t


cdef extern from "histogram.h" nogil:
    enum:
        TG_HISTOGRAM_LINEAR
        TG_HISTOGRAM_BUCKETS
    const int64_t TG_HISTOGRAM_MAX

    ctypedef struct histogram_row:
        uint8_t name[32]
        uint64_t count
        int64_t total_ns
        int64_t low_ns
        int64_t high_ns
        uint64_t negative_count
        uint64_t above_count
        uint64_t pad[6]
        uint64_t buckets[TG_HISTOGRAM_BUCKETS]

    int __builtin_clzll(unsigned long long value)


cdef inline int bucket_of(int64_t ns) noexcept nogil:
    cdef int shift
    if ns < TG_HISTOGRAM_LINEAR:
        return <int>ns if ns > 0 else 0
    if ns > TG_HISTOGRAM_MAX:
        return TG_HISTOGRAM_BUCKETS - 1
    shift = 57 - __builtin_clzll(<unsigned long long>ns)
    return 64 * shift + <int>(ns >> shift)


# The highest value that falls into the bucket.
cdef inline int64_t bucket_high(int bucket) noexcept nogil:
    cdef int shift = (bucket >> 6) - 1
    if bucket < TG_HISTOGRAM_LINEAR:
        return bucket
    return ((<int64_t>(bucket - 64 * shift) + 1) << shift) - 1


# Records into one row of a HISTOGRAM array or region, which it keeps alive.
@cython.final
cdef class Histogram:
    cdef object rows
    cdef histogram_row* row
    cdef void record(self, int64_t ns) noexcept nogil
