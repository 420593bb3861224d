"""Where an order's time went, for each order once: when its first report leaves.

    received -> sequenced -> decided -> routed -> venue -> back
       '------------------- answered ----------------------'   (denied, when risk denied it)
"""
from libc.stdint cimport int64_t, uint32_t

from tidegate.native.histogram cimport Histogram
from tidegate.native.records cimport (
    DENIED,
    EXEC_NEW,
    EXEC_REJECTED,
    EXECUTION_REPORT,
    POSS_DUP,
    POSS_RESEND,
    record,
)
from tidegate.native.stamps cimport delta

NAMES = ("sequenced", "decided", "routed", "venue", "back", "answered", "denied")


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
        ) = (Histogram(rows, index, name) for index, name in enumerate(NAMES))

    cdef void stamp(self, record* r, int64_t now) noexcept nogil:
        if r.received_ns == 0:
            return
        r.back_delta = delta(r.received_ns, now)
        if r.flags & (POSS_DUP | POSS_RESEND):
            return
        if r.kind == DENIED:
            add_leg(self.sequenced, 0, r.sequenced_delta)
            add_leg(self.decided, r.sequenced_delta, r.decided_delta)
            add_leg(self.denied, 0, r.back_delta)
        elif r.kind == EXECUTION_REPORT and (
            r.exec_type == EXEC_NEW or r.exec_type == EXEC_REJECTED
        ):
            add_leg(self.sequenced, 0, r.sequenced_delta)
            add_leg(self.decided, r.sequenced_delta, r.decided_delta)
            add_leg(self.routed, r.decided_delta, r.routed_delta)
            add_leg(self.venue, r.routed_delta, r.venue_delta)
            add_leg(self.back, r.venue_delta, r.back_delta)
            add_leg(self.answered, 0, r.back_delta)


cdef inline void add_leg(Histogram leg, uint32_t start, uint32_t end) noexcept nogil:
    if end != 0:
        leg.record(<int64_t>end - start)
