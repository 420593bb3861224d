"""Latency histograms in the rows of a region: one writer, read by anyone at any time."""
import numpy as np

from tidegate.errors import RegionError


def _row_dtype():
    cdef histogram_row sample
    return np.asarray(<histogram_row[:1]>&sample).dtype


HISTOGRAM = _row_dtype()
NAME_SIZE = 32
BUCKET_HIGHS = np.array([bucket_high(bucket) for bucket in range(TG_HISTOGRAM_BUCKETS)], np.int64)


cdef class Histogram:
    def __cinit__(self, rows, Py_ssize_t index, str name not None):
        cdef histogram_row[::1] view = rows
        cdef bytes label = name.encode()
        if not 0 <= index < view.shape[0]:
            raise RegionError(f"no histogram {index} in a region of {view.shape[0]}")
        if len(label) > NAME_SIZE:
            raise RegionError(f"histogram name {name!r} has {len(label)} bytes; {NAME_SIZE} fit")
        rows["name"][index] = np.frombuffer(label.ljust(NAME_SIZE, b"\0"), np.uint8)
        self.rows = rows
        self.row = &view[index]

    cdef void record(self, int64_t ns) noexcept nogil:
        cdef histogram_row* row = self.row
        if ns < 0:
            row.negative_count += 1
            ns = 0
        elif ns > TG_HISTOGRAM_MAX:
            row.above_count += 1
            ns = TG_HISTOGRAM_MAX
        if row.count == 0 or ns < row.low_ns:
            row.low_ns = ns
        if ns > row.high_ns:
            row.high_ns = ns
        row.total_ns += ns
        row.count += 1
        row.buckets[bucket_of(ns)] += 1

    def record_ns(self, int64_t ns):
        self.record(ns)


def name_of(row):
    """The name of the histogram in this row; empty when it has none."""
    return bytes(row["name"]).rstrip(b"\0").decode()


def percentiles(row, *quantiles):
    """The end of the bucket that each quantile (0..1) falls into, at most the highest value."""
    buckets = np.array(row["buckets"])
    total = int(buckets.sum())
    if total == 0:
        return [0] * len(quantiles)
    ends = np.cumsum(buckets)
    found = []
    for quantile in quantiles:
        if not 0 <= quantile <= 1:
            raise ValueError(f"quantile {quantile!r} is not between 0 and 1")
        rank = max(1, int(np.ceil(quantile * total)))
        found.append(min(int(BUCKET_HIGHS[np.searchsorted(ends, rank)]), int(row["high_ns"])))
    return found
