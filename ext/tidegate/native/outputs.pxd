"""What a step of risk puts out: records for the router, reports for the gateway."""
from libc.stdint cimport uint32_t, uint64_t

from tidegate.native.records cimport record


ctypedef struct outputs:
    record* routes
    record* reports
    uint32_t route_count
    uint32_t report_count
    # Alerts and answers go out while there are fewer reports than this; there is room for all
    # that must go out besides: what orders' senders are told.
    uint32_t capacity
    uint64_t verdict         # of the last record: VERDICT_ACCEPT, or the bits of what failed


cdef inline record* add_route(outputs* out) noexcept nogil:
    out.route_count += 1
    return &out.routes[out.route_count - 1]


cdef inline record* add_report(outputs* out) noexcept nogil:
    out.report_count += 1
    return &out.reports[out.report_count - 1]
