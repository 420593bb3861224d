"""A record's stamps: ns after its received_ns, in 32 bits; 0 = not reached."""
from libc.stdint cimport int64_t, uint32_t


cdef inline uint32_t delta(int64_t received_ns, int64_t now_ns) noexcept nogil:
    """At least 1, at most UINT32_MAX (4.29 s or more)."""
    cdef int64_t passed = now_ns - received_ns
    cdef int64_t longest = 4294967295
    if passed < 1:
        return 1
    return <uint32_t>(passed if passed < longest else longest)
