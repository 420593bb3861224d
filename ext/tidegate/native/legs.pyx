"""Where a request's time went, for each request once: when the report that answers it leaves.

    received -> sequenced -> decided -> routed -> venue -> back
       '------------------- answered ----------------------'   (denied, when risk denied it)

Reports that answer nothing (a later fill, an end that nobody asked for) have one leg: reported,
from the venue's report in the router to the client.
"""
from libc.stdint cimport UINT32_MAX, int64_t, uint32_t

from tidegate.native.histogram cimport Histogram
from tidegate.native.records cimport (
    CANCEL_REJECT,
    DENIED,
    EXEC_REJECTED,
    EXECUTION_REPORT,
    POSS_DUP,
    POSS_RESEND,
    record,
)
from tidegate.native.stamps cimport delta

NAMES = ("sequenced", "decided", "routed", "venue", "back", "answered", "denied", "reported")


cdef class Legs:
    def __cinit__(self, rows):
        (
            self.sequenced,
            self.decided,
            self.routed,
            self.venue,
            self.back,
            self.answered,
            self.denied,
            self.reported,
        ) = (Histogram(rows, index, name) for index, name in enumerate(NAMES))

    cdef void stamp(self, record* r, int64_t now) noexcept nogil:
        if r.received_ns == 0:
            return
        r.back_delta = delta(r.received_ns, now)
        if r.flags & (POSS_DUP | POSS_RESEND):
            return
        if r.kind != DENIED and r.kind != CANCEL_REJECT and r.kind != EXECUTION_REPORT:
            return
        if r.venue_delta != 0 and r.routed_delta == 0:
            add_leg(self.reported, r.venue_delta, r.back_delta)
            return
        # No leg of a refusal before risk, nor of an end that no venue has told.
        if r.sequenced_delta == 0 or r.decided_delta == 0:
            return
        if r.venue_delta == 0 and r.kind == EXECUTION_REPORT and r.exec_type != EXEC_REJECTED:
            return
        self.sequenced.record(r.sequenced_delta)
        add_leg(self.decided, r.sequenced_delta, r.decided_delta)
        if r.venue_delta == 0:
            self.denied.record(now - r.received_ns)
            return
        add_leg(self.routed, r.decided_delta, r.routed_delta)
        add_leg(self.venue, r.routed_delta, r.venue_delta)
        add_leg(self.back, r.venue_delta, r.back_delta)
        self.answered.record(now - r.received_ns)

    def stamp_rows(self, record[::1] rows, int64_t now):
        cdef Py_ssize_t index
        for index in range(rows.shape[0]):
            self.stamp(&rows[index], now)


cdef inline void add_leg(Histogram leg, uint32_t start, uint32_t end) noexcept nogil:
    # From where a stamp says 4.29 s or more, how long what follows took is not known.
    if start != UINT32_MAX:
        leg.record(<int64_t>end - start)
