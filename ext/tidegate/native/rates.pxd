"""Token buckets as GCRA: a message is one interval of debt, a burst is what is tolerated."""
from libc.stdint cimport int64_t

from tidegate.native.tables cimport bucket


cdef inline bint is_full(const bucket* b, int64_t now_ns) noexcept nogil:
    """No room for one more message now. interval 0 = no limit."""
    return (b.interval_ns != 0) & (b.next_ns - now_ns > b.tolerance_ns)


cdef inline bint count(bucket* b, int64_t now_ns) noexcept nogil:
    """Count a message; a full bucket takes no further debt. True when this one filled it."""
    cdef int64_t since = b.next_ns if b.next_ns > now_ns else now_ns
    cdef bint had_room = since - now_ns <= b.tolerance_ns
    if b.interval_ns == 0 or not had_room:
        return False
    b.next_ns = since + b.interval_ns
    return b.next_ns - now_ns > b.tolerance_ns
