"""How old an order is that comes to risk late: RISK.md 2. What waited too long is not traded."""
from libc.stdint cimport int64_t
from libc.string cimport memset

from tidegate.native.compared cimport compared
from tidegate.native.records cimport order_record
from tidegate.native.tables cimport tables

cdef enum:
    MS = 1000000


cdef inline bint is_stale(const tables* t, const order_record* o) noexcept nogil:
    cdef int64_t most = <int64_t>t.risk.order_age_ms_max * MS
    # Nothing is subtracted from a stamp, which may be any number.
    return most != 0 and o.received_ns < t.risk.now_ns - most


cdef inline void tell_age(const tables* t, const order_record* o, compared* n) noexcept nogil:
    memset(n, 0, sizeof(n[0]))
    n.limit_value = <int64_t>t.risk.order_age_ms_max * MS
    n.asked_value = t.risk.now_ns - max(o.received_ns, <int64_t>0)
