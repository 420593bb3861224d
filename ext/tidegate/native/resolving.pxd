"""What a logon settles: requests that the venue never got, orders that it has no more."""
from libc.stdint cimport uint32_t, uint64_t

from tidegate.native.records cimport record
from tidegate.native.routing cimport Routing


# The next answer from the row at `index` on, to be put on the lane to risk as number `given`; then
# comes routing.finish(). False = there is none; index is left at the row it is of.
cdef bint take_lost(
    Routing routing, uint32_t channel, uint32_t next_expected, uint32_t* index, record* out,
    uint32_t given
) noexcept nogil
# The same; known = the venue's working orders by our order_id, sorted.
cdef bint take_missing(
    Routing routing, uint32_t channel, const uint64_t* known, Py_ssize_t known_count,
    uint32_t* index, record* out, uint32_t given
) noexcept nogil
