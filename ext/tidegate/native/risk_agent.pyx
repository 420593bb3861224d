"""The risk stage's agent: takes records from its lanes, sequences, journals, steps, puts out.

Inputs merge here, so here the sequence is given. A record is in the journal before it changes
anything, and nothing new is taken while reports wait for room: a full lane is felt by whoever
sends, and nothing is dropped. While only routes wait, the router's reports are still taken, for
it may be waiting for us. Time reaches the step as TICK records, a millisecond apart.
"""
from libc.stdint cimport int64_t, uint8_t, uint32_t
from libc.string cimport memmove, memset

import numpy as np

from tidegate.native.journal import raise_for
from tidegate.native.records import RECORD

cimport tidegate.native.ahead as ahead
cimport tidegate.native.pretrade as pretrade
from tidegate.native.ahead cimport AHEAD_MAX
from tidegate.native.clock cimport monotonic_ns, now_ns
from tidegate.native.crash_point cimport TG_HAS_CRASH_POINTS, crash_point
from tidegate.native.journal cimport JOURNAL_NO_SEGMENT, JOURNAL_OK, Journal
from tidegate.native.lane cimport LaneTarget
from tidegate.native.lane_numbers cimport CONTROL, EXECUTIONS, ORDERS
from tidegate.native.link cimport Link
from tidegate.native.mortal cimport live
from tidegate.native.numbered cimport NumberedSource
from tidegate.native.outputs cimport add_report
from tidegate.native.poll cimport POLL_STOPPED, Poller
from tidegate.native.records cimport (
    ADJUSTMENT,
    CANCEL_REJECT,
    CANCEL_REPLACE_REQUEST,
    CANCEL_REQUEST,
    CASH,
    CHANNEL_STATE,
    DENIED,
    EXECUTION_REPORT,
    JOURNAL_UNAVAILABLE,
    LIMIT_CHANGE,
    MARK,
    MASS_CANCEL_REQUEST,
    NEW_ORDER_SINGLE,
    NOTE,
    SETTLEMENT,
    TG_LAYOUT_VERSION,
    TICK,
    TRADING_STATE,
    denial_record,
    note_record,
    record,
)
from tidegate.native.refusal cimport refuse
from tidegate.native.region cimport begin_write, end_write, header_of
from tidegate.native.stamps cimport delta

# Reports, or routes, that the records of one duty cycle give at most, what is said above aside.
cdef enum:
    RECORDS_MAX = 4 * (3 * BATCH_RECORDS + 1)

# How finely the step sees time.
cdef int64_t TICK_EVERY_NS = 1_000_000

cdef enum:
    # An agent that owes a word on its lanes, or whose outputs wait, sleeps no longer.
    RESTLESS_MS = 10
    BLOCKED_MS = 1


cdef inline bint is_kind_of(int lane, uint8_t kind) noexcept nogil:
    """What may come on which lane: a strategy is no venue, and nobody else tells the time.

    What operators send comes on the control lane; the gateway has checked that they may.
    """
    if lane == ORDERS:
        return NEW_ORDER_SINGLE <= kind <= MASS_CANCEL_REQUEST
    if lane == EXECUTIONS:
        return (
            kind == EXECUTION_REPORT or kind == CANCEL_REJECT or kind == MARK
            or kind == CHANNEL_STATE
        )
    return (
        kind == MARK or kind == SETTLEMENT or kind == TRADING_STATE or kind == CASH
        or LIMIT_CHANGE <= kind <= ADJUSTMENT
    )


cdef int cycle(void* agent) noexcept nogil:
    return (<RiskAgent>agent).do_work()


cdef class RiskAgent:
    """One duty cycle: outputs first, then venue reports, control and orders, in this order."""

    def __cinit__(self, *, Tables tables not None, region not None, Journal journal not None,
                  Link router_link not None, Link gateway_link=None,
                  RetainedTarget reports=None, NumberedSource control=None,
                  LaneTarget drop_copy not None, Poller poller not None):
        if (gateway_link is None) != (reports is not None and control is not None):
            raise ValueError("expected a link to the gateway, or reports and control without one")
        self.tables = tables
        self.region = region
        self.header = header_of(region)
        self.journal = journal
        self.router_link = router_link
        self.gateway_link = gateway_link
        self.executions = router_link.source
        self.routes = router_link.target
        self.reports = reports
        self.control = control
        if gateway_link is not None:
            self.control = gateway_link.second_source
            self.orders = gateway_link.source
            self.reports = gateway_link.target
        self.drop_copy = drop_copy
        self.poller = poller
        cdef uint32_t rows = tables.t.order_capacity
        # A kill or a mass cancel gives one route for each open order, a list that is complete
        # one for each that was staged, a list that is refused one report for each.
        self.route_rows = np.zeros(2 * rows + RECORDS_MAX, RECORD)
        self.out.capacity = rows + 3 * tables.t.account_capacity + RECORDS_MAX
        self.report_rows = np.zeros(self.out.capacity + rows + RECORDS_MAX, RECORD)
        cdef record[::1] route_view = self.route_rows
        cdef record[::1] report_view = self.report_rows
        self.out.routes = &route_view[0]
        self.out.reports = &report_view[0]

    def run(self, int for_ms):
        """Duty cycles for about `for_ms`, waiting for input when idle; False when stopped."""
        cdef int64_t end_ns = monotonic_ns() + <int64_t>for_ms * 1_000_000
        cdef int work, waited = 0
        with nogil:
            self.poller.begin()
            while monotonic_ns() < end_ns and not self.journal.is_failed:
                work = self.do_work()
                waited = self.wait(for_ms) if work == 0 else self.poller.wait_after(work, 0)
                if waited == POLL_STOPPED or (waited == 0 and work == 0):
                    break
            self.poller.end()
        self.refuse_failed()
        return waited != POLL_STOPPED

    def work(self):
        """One duty cycle without waiting; how many records it ran."""
        cdef int count
        with nogil:
            count = live(cycle, <void*>self) if TG_HAS_CRASH_POINTS else self.do_work()
        self.refuse_failed()
        return count

    cdef int refuse_failed(self) except -1:
        if self.journal.is_failed:
            raise_for(self.journal.sync(), self.journal)
        return 0

    @property
    def counters(self):
        return {
            "journal_code": self.journal_code,
            "unjournaled": self.unjournaled_count,
            "denied_in_reserve": self.reserved_count,
            "misplaced": self.misplaced_count,
            "waits_for_room": self.wait_count,
        }

    def note(self, const uint8_t[::1] text not None):
        """Write a NOTE of risk's own into the journal; False = the journal takes none now."""
        cdef note_record r
        cdef Py_ssize_t index
        memset(&r, 0, sizeof(r))
        r.layout_version = TG_LAYOUT_VERSION
        r.kind = NOTE
        for index in range(min(len(text), <Py_ssize_t>sizeof(r.text))):
            r.text[index] = <char>text[index]
        cdef int64_t now = now_ns()
        return self.apply(<record*>&r, False, &now)

    def resume(self, record[::1] routes, record[::1] reports):
        """Begin with what the step has given and a process before this one did not put out."""
        cdef Py_ssize_t index
        if len(routes) > len(self.route_rows) or len(reports) > len(self.report_rows):
            raise ValueError(f"{len(routes)} routes and {len(reports)} reports are left; there is "
                             f"room for {len(self.route_rows)} and {len(self.report_rows)}")
        for index in range(len(routes)):
            self.out.routes[index] = routes[index]
        for index in range(len(reports)):
            self.out.reports[index] = reports[index]
        self.out.route_count = <uint32_t>len(routes)
        self.out.report_count = <uint32_t>len(reports)

    cdef bint _has_routes(self) noexcept nogil:
        return self.route_sent < self.out.route_count

    cdef bint has_reports(self) noexcept nogil:
        return self.report_sent < self.out.report_count

    cdef bint is_blocked(self) noexcept nogil:
        return self.has_reports() or self._has_routes()

    cdef int wait(self, int timeout_ms) noexcept nogil:
        if self.is_blocked():
            self.wait_count += 1
            return self.poller.nap(BLOCKED_MS)
        if not self._is_quiet():
            timeout_ms = min(timeout_ms, RESTLESS_MS)
        return self.poller.wait_after(0, timeout_ms)

    cdef bint _is_quiet(self) noexcept nogil:
        return self.router_link.is_quiet() and (
            self.gateway_link is None or self.gateway_link.is_quiet()
        )

    cdef int do_work(self) noexcept nogil:
        cdef int work = self._work()
        cdef int64_t now = monotonic_ns()
        # What may not be on the disk is not told as taken.
        if not self.journal.is_failed:
            if self.gateway_link is not None:
                self.gateway_link.tend(now)
            self.router_link.tend(now)
        return work

    cdef int _work(self) noexcept nogil:
        cdef int work
        cdef bint is_free
        if self.journal.is_failed:
            return 0
        self.put_out()
        if self.has_reports():
            # That the gateway has taken reports is said on this lane, between its records.
            if self.orders is not None:
                self.orders.skim()
            return 0
        if self.is_crammed():
            return 0
        is_free = not self._has_routes()
        work = self._fill(self.executions, &self.inboxes[EXECUTIONS])
        if is_free:
            work += self._fill(self.control, &self.inboxes[CONTROL])
            work += self._fill(self.orders, &self.inboxes[ORDERS])
        if work == 0:
            return 0
        self.tick(now_ns())
        work = self._run(EXECUTIONS, self.executions)
        if is_free:
            work += self._run(CONTROL, self.control) + self._run(ORDERS, self.orders)
        if not self.secure():
            return 0
        self.put_out()
        return work

    cdef bint is_crammed(self) noexcept nogil:
        """More than one cancel of each order waits: what comes next might not find room."""
        return self.out.route_count > self.tables.t.order_capacity + RECORDS_MAX

    cdef bint secure(self) noexcept nogil:
        """True when what was journaled is as safe as the config asks; only then may it show."""
        return not self.journal.is_durable or self.journal.sync() == JOURNAL_OK

    cdef int _fill(self, NumberedSource source, inbox* box) noexcept nogil:
        if source is None:
            return 0
        if box.index == box.count:
            box.index = 0
            box.count = <int>source.take(&box.rows[0], BATCH_RECORDS)
        return box.count - box.index

    cdef int _run(self, int lane, NumberedSource source) noexcept nogil:
        """Run what was taken, up to a record that must not be lost and that the journal refuses."""
        cdef inbox* box = &self.inboxes[lane]
        cdef int first = box.index
        cdef uint32_t number
        cdef int64_t now = now_ns() if box.index < box.count else 0
        while box.index < box.count:
            if (box.index - first) % <int>AHEAD_MAX == 0 and box.count - box.index > 1:
                ahead.ask(&self.tables.t, &box.rows[box.index], box.count - box.index)
            number = box.rows[box.index].msg_seq_num
            if not is_kind_of(lane, box.rows[box.index].kind):
                self.misplaced_count += 1
            elif not self.apply(&box.rows[box.index], lane == ORDERS, &now):
                break
            if number != 0 and lane == ORDERS:
                self.orders_done = number
            elif number != 0:
                source.taken = number
            box.index += 1
        return box.index - first

    cdef bint apply(self, record* r, bint is_orders, int64_t* now) noexcept nogil:
        """Sequence, journal and run one record; False = it must wait, the journal refuses it.

        `now` goes on to when it was decided: for the next record that is now.
        """
        cdef uint32_t route = self.out.route_count
        cdef uint32_t report = self.out.report_count
        # What comes from the router has the stamps of the request that it answers.
        cdef bint is_asked = is_orders or (r.venue_delta == 0 and is_kind_of(CONTROL, r.kind))
        if not is_orders and r.received_ns == 0:
            r.received_ns = now[0]
        if is_asked:
            r.sequenced_delta = delta(r.received_ns, now[0])
        if not self._journal(r):
            # Nobody would be told that a mass cancel was refused, so it waits as reports do.
            if not is_orders or r.kind == MASS_CANCEL_REQUEST:
                return False
            self._deny_unjournaled(r)
            return True
        self._step(r)
        if is_asked:
            now[0] = now_ns()
            self._stamp(route, report, now[0])
        return True

    cdef void _stamp(self, uint32_t route, uint32_t report, int64_t now) noexcept nogil:
        """What the step gave, from these places on, was decided now."""
        cdef record* out
        while route < self.out.route_count:
            out = &self.out.routes[route]
            out.decided_delta = delta(out.received_ns, now)
            route += 1
        while report < self.out.report_count:
            out = &self.out.reports[report]
            out.decided_delta = delta(out.received_ns, now)
            report += 1

    cdef void tick(self, int64_t now) noexcept nogil:
        """Tell the step the time when it has moved on; without a journal time stands still."""
        cdef record tick
        if now - self.tables.t.risk.now_ns < TICK_EVERY_NS:
            return
        memset(&tick, 0, sizeof(tick))
        tick.kind = TICK
        tick.received_ns = now
        if self._journal(&tick):
            self._step(&tick)

    cdef bint _journal(self, record* r) noexcept nogil:
        # What adds risk leaves the rest of a segment that has no next one to all else.
        if (
            (r.kind == NEW_ORDER_SINGLE or r.kind == CANCEL_REPLACE_REQUEST)
            and not self.journal.has_room()
        ):
            self.reserved_count += 1
            self.journal_code = JOURNAL_NO_SEGMENT
            return False
        r.sequence = self.tables.t.risk.sequence + 1
        self.journal_code = self.journal.append(r)
        return self.journal_code == 0

    cdef void _step(self, const record* r) noexcept nogil:
        crash_point()
        begin_write(self.header)
        pretrade.step(&self.tables.t, r, &self.out)
        crash_point()
        end_write(self.header)
        crash_point()

    cdef void _deny_unjournaled(self, const record* r) noexcept nogil:
        """The answer to an order that could not be written down: refused, state untouched."""
        cdef denial_record* d
        self.unjournaled_count += 1
        if r.kind != NEW_ORDER_SINGLE and r.kind != CANCEL_REQUEST \
                and r.kind != CANCEL_REPLACE_REQUEST:
            return
        d = <denial_record*>add_report(&self.out)
        refuse(d, r, DENIED if r.kind == NEW_ORDER_SINGLE else CANCEL_REJECT, JOURNAL_UNAVAILABLE)
        d.sequenced_delta = d.decided_delta = r.sequenced_delta
        d.order_id = 0

    cdef void put_out(self) noexcept nogil:
        """Hand what the steps gave to the lanes, as far as they have room."""
        while self._has_routes() and self.routes.put(&self.out.routes[self.route_sent]):
            self.route_sent += 1
        while self.has_reports() and self.reports.put(&self.out.reports[self.report_sent]):
            # PUB takes everything: a subscriber that is too slow loses records, risk no time.
            self.drop_copy.put(&self.out.reports[self.report_sent])
            self.report_sent += 1
        self.routes.flush()
        self.reports.flush()
        self.drop_copy.flush()
        if self.route_sent * 2 >= self.out.route_count:
            self.out.route_count -= self.route_sent
            memmove(self.out.routes, self.out.routes + self.route_sent,
                    self.out.route_count * sizeof(record))
            self.route_sent = 0
        if not self.has_reports():
            self.out.report_count = 0
            self.report_sent = 0
            # Not before: the denial of an order that is in no journal is only in the ring.
            if self.orders_done != 0:
                self.orders.taken = self.orders_done
                self.orders_done = 0
