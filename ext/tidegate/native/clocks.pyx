"""TICK: time goes on, and with it phases, overrides, lists and grades, in this order.

Time never goes back, nor to where it cannot be added to. Only a TICK moves it: what is due
between two is done at the second.
"""
from libc.stdint cimport int64_t, uint32_t

cimport tidegate.native.grades as grades
cimport tidegate.native.limit_change as limit_change
cimport tidegate.native.lists as lists
from tidegate.native.outputs cimport outputs
from tidegate.native.records cimport record
from tidegate.native.tables cimport TG_NO_LIMIT, instrument_row, tables

# The year 2096, in ns.
cdef int64_t TIME_MAX = 4000000000000000000


cdef void change_phases(tables* t) noexcept nogil:
    """Each instrument's phase is that of the last row that has begun (control 26)."""
    cdef instrument_row* row
    cdef uint32_t i
    if t.risk.now_ns < t.risk.next_phase_ns:
        return
    t.risk.next_phase_ns = TG_NO_LIMIT
    for i in range(1, t.risk.instrument_count + 1):
        row = &t.instruments[i]
        while row.next_phase_ns <= t.risk.now_ns:
            row.phase = t.phases[row.phase_index].phase
            row.phase_index += 1
            row.next_phase_ns = TG_NO_LIMIT
            if row.phase_index < row.phase_end:
                row.next_phase_ns = t.phases[row.phase_index].from_ns
        t.risk.next_phase_ns = min(t.risk.next_phase_ns, row.next_phase_ns)


cdef bint tick(tables* t, const record* r, outputs* out) noexcept nogil:
    """A time that is not later than the last one changes nothing but is taken."""
    if not 0 <= r.received_ns <= TIME_MAX:
        return True
    t.risk.now_ns = max(t.risk.now_ns, r.received_ns)
    change_phases(t)
    limit_change.expire(t, out)
    lists.expire(t, out)
    grades.grade_dirty(t, out)
    return False
