"""The router's step for a report on its way in."""
from libc.stdint cimport int64_t, uint32_t

from tidegate.native.records cimport record
from tidegate.native.routing cimport Routing


# True if out, the report in our own handles, is to be put on the lane to risk as number `given`;
# then comes finish_report.
cdef bint take_report(
    Routing routing, uint32_t channel, const record* report, record* out, int64_t now_ns,
    uint32_t given
) noexcept nogil
cdef void finish_report(
    Routing routing, uint32_t channel, const record* report, const record* out
) noexcept nogil
