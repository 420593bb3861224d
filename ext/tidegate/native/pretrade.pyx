"""The risk stage's step: one record in, state changed, records out. No clock, no I/O.

    NEW_ORDER_SINGLE        resolve -> assess -> hold on all levels -> route, or DENIED
    CANCEL_REPLACE_REQUEST  the same, held at the worse of old and new, or CANCEL_REJECT
    CANCEL_REQUEST          never checked: route, or CANCEL_REJECT when there is no such order
    reports; all others     booking.pyx; control.pyx

An order is checked in assessment.assess, by the list of checks in checks.pxd. Time is the last
TICK's; the caller has given the record its sequence and journaled it.
"""
cimport cython
from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset

cimport tidegate.native.age as age
cimport tidegate.native.ahead as ahead
cimport tidegate.native.answers as answers
cimport tidegate.native.booking as booking
cimport tidegate.native.control as control
cimport tidegate.native.holding as holding
cimport tidegate.native.lists as lists
cimport tidegate.native.orders as orders
cimport tidegate.native.positions as positions
cimport tidegate.native.requests as requests
cimport tidegate.native.self_match as self_match
from tidegate.native.ahead cimport AHEAD_MAX
from tidegate.native.assessment cimport assess, is_well_formed
from tidegate.native.compared cimport compared
from tidegate.native.context cimport context
from tidegate.native.counts cimport count_new
from tidegate.native.lane_numbers cimport REPORTS, ROUTES, note_taken, number
from tidegate.native.numbers cimport is_before
from tidegate.native.outputs cimport add_route, outputs
from tidegate.native.records cimport (
    CANCEL_BOTH, CANCEL_REJECT, CANCEL_REPLACE_REQUEST, CANCEL_REQUEST, DENIED, DUPLICATE_CL_ORD_ID,
    EXECUTION_REPORT, EXEC_REJECTED, KILL_SWITCH, MALFORMED, MASS_CANCEL_REQUEST, NEW_ORDER_SINGLE,
    OVERFLOW, POSS_RESEND, SELF_MATCH_GROUP, SELF_MATCH_OWN, STALE_ORDER, SUB_ACCOUNT, TABLE_FULL,
    UNKNOWN_ACCOUNT, UNKNOWN_INSTRUMENT, order_record, record,
)
from tidegate.native.tables cimport Tables, account_row, cl_ord_id_row, order_row, tables
from tidegate.native.verdict cimport DECIDED_BIT, lowest_reason, numbers_of

import numpy as np

from tidegate.native.records import RECORD


cdef inline int look_at_id(
    const tables* t, const order_record* o, cl_ord_id_row** place
) noexcept nogil:
    """Why the order's id cannot be remembered, or 0; where it stands or would stand."""
    if o.session == 0 or o.session >= t.session_capacity or o.cl_ord_id == 0:
        return MALFORMED
    place[0] = orders.place_of(t, o.session, o.cl_ord_id)
    return orders.can_be_new(t, o, place[0])


cdef int resolve(tables* t, const order_record* o, uint32_t* pair) noexcept nogil:
    """Why the order cannot even be looked at, or 0; then its rows are there."""
    if (
        o.account == 0 or o.account > t.risk.account_count
        or t.accounts[o.account].level < SUB_ACCOUNT
    ):
        return UNKNOWN_ACCOUNT
    if o.instrument == 0 or o.instrument > t.risk.instrument_count:
        return UNKNOWN_INSTRUMENT
    if not is_well_formed(t, o):
        return MALFORMED
    if age.is_stale(t, o):
        return STALE_ORDER
    pair[0] = positions.find_pair(t, o.account, o.instrument)
    if not orders.has_room(t):
        return TABLE_FULL
    if pair[0] == 0:
        if not positions.ensure_rows(t, o.account, o.instrument):
            return TABLE_FULL
        pair[0] = positions.find_pair(t, o.account, o.instrument)
    return 0


cdef bint open_and_hold(
    tables* t, const order_record* o, uint32_t pair, const context* c
) noexcept nogil:
    """Open the order and hold for it on all levels; every check has passed. True = OVERFLOW."""
    cdef order_row* order = orders.open_order(t, o, pair)
    t.pairs[pair].reduce_only_orders += orders.is_reduce_only(t, order)
    self_match.enter(t, order, c.day_index)
    if holding.hold_planned(
        t, order, c.lots, c.fee, c.premium, c.plans, c.level_count
    ):
        orders.close_order(t, order, c'8')
        return True
    return False


cdef void route(tables* t, const order_record* o, const context* c, outputs* out) noexcept nogil:
    cdef order_record* routed
    requests.cancel_met(t, o, c.price, out)
    routed = <order_record*>add_route(out)
    routed[0] = o[0]
    routed.price = c.price
    routed.order_id = t.orders[t.sessions[o.session].first_order].order_id
    t.risk.accepted += 1


cdef bint cancels_both(const tables* t, const order_record* o, uint64_t verdict) noexcept nogil:
    """Nothing failed but a self-match, and each that failed says CANCEL_BOTH."""
    cdef const account_row* account = &t.accounts[o.account]
    cdef uint64_t own = <uint64_t>1 << SELF_MATCH_OWN
    cdef uint64_t group = <uint64_t>1 << SELF_MATCH_GROUP
    if verdict & ~(own | group) != <uint64_t>1 << DECIDED_BIT:
        return False
    return (
        not (verdict & own and account.self_match_own != CANCEL_BOTH)
        and not (
            verdict & group and t.accounts[account.group].self_match_group != CANCEL_BOTH
        )
    )


cdef int decide(
    tables* t, const order_record* o, compared* n, context* c, outputs* out
) noexcept nogil:
    """Check the order and hold for it; the reason of the first check that failed, or 0."""
    cdef uint32_t pair = 0
    cdef int reason = resolve(t, o, &pair)
    if reason == STALE_ORDER:
        age.tell_age(t, o, n)
    if reason:
        return reason
    out.verdict |= assess(t, o, o.order_qty, NULL, pair, c)
    reason = lowest_reason(out.verdict)
    if reason:
        numbers_of(c, reason, n)
        if cancels_both(t, o, out.verdict):
            requests.cancel_met(t, o, c.price, out)
    elif open_and_hold(t, o, pair, c):
        out.verdict |= <uint64_t>1 << OVERFLOW
        reason = OVERFLOW
    count_new(t, c, pair, reason == 0)
    return reason


cdef void new_order(tables* t, const order_record* o, outputs* out) noexcept nogil:
    cdef context c
    cdef compared n
    cdef cl_ord_id_row* known = NULL
    cdef int reason
    cdef bint is_taken
    reason = look_at_id(t, o, &known)
    if reason == DUPLICATE_CL_ORD_ID and o.flags & POSS_RESEND:
        answers.restate(t, o, known, out)
        return
    if reason:
        answers.deny(t, o, DENIED, reason, NULL, out)
        return
    memset(&n, 0, sizeof(n))
    orders.remember(t, o, known, 0)
    if o.list_id:
        reason = lists.take(t, o, out)
        n.limit_value = o.tot_no_orders
        n.asked_value = o.list_seq_no
    is_taken = o.list_id != 0 and reason != MALFORMED
    if reason == 0:
        memset(&n, 0, sizeof(n))
        reason = decide(t, o, &n, &c, out)
    if reason:
        known.reason = <uint16_t>reason
        known.exec_type = EXEC_REJECTED
        answers.deny(t, o, DENIED, reason, &n, out)
    else:
        known.order_id = t.orders[t.sessions[o.session].first_order].order_id
        if not is_taken:
            route(t, o, &c, out)
    if is_taken:
        lists.settle(t, o, reason == 0, out)


cdef void step(tables* t, const record* r, outputs* out) noexcept nogil:
    cdef uint32_t route_count = out.route_count
    cdef uint32_t report_count = out.report_count
    t.risk.sequence = r.sequence
    note_taken(t, r)
    act(t, r, out)
    number(out.routes, route_count, out.route_count, &t.risk.given[ROUTES])
    number(out.reports, report_count, out.report_count, &t.risk.given[REPORTS])


cdef void act(tables* t, const record* r, outputs* out) noexcept nogil:
    out.verdict = <uint64_t>1 << DECIDED_BIT
    if r.kind == NEW_ORDER_SINGLE:
        new_order(t, <const order_record*>r, out)
    elif r.kind == CANCEL_REQUEST:
        requests.cancel(t, <const order_record*>r, out)
    elif r.kind == CANCEL_REPLACE_REQUEST:
        requests.replace(t, <const order_record*>r, out)
    elif r.kind == MASS_CANCEL_REQUEST:
        requests.mass_cancel(t, <const order_record*>r, out)
    elif r.kind == EXECUTION_REPORT or r.kind == CANCEL_REJECT:
        booking.step(t, r, out)
    else:
        control.step(t, r, out)


cdef int try_out(tables* t, const order_record* o, context* c, uint64_t* verdict) noexcept nogil:
    """Run every check and do nothing else; why none could be run, or 0. `t` is a copy."""
    cdef order_record full
    cdef order_row* order = NULL
    cdef cl_ord_id_row* known = NULL
    cdef uint32_t pair = 0
    cdef int64_t lots = o.order_qty
    cdef int reason
    if o.kind == CANCEL_REPLACE_REQUEST:
        reason = requests.prepare(t, o, &full, &order, &lots)
        if reason == 0:
            verdict[0] |= assess(t, &full, lots, order, order.pair, c)
        return reason
    reason = look_at_id(t, o, &known)
    if reason == 0:
        reason = resolve(t, o, &pair)
    if reason == 0:
        verdict[0] |= assess(t, o, lots, NULL, pair, c)
    return reason


@cython.final
cdef class Pretrade:
    """Runs records through the step from Python: tests, replay, explain.

    The tables are changed in place. Records must have consecutive sequences.
    """

    def __cinit__(self, Tables tables_):
        self.tables = tables_
        self.is_collecting = False
        self.left_routes = []
        self.left_reports = []
        self.room = tables_.t.order_capacity + 2
        # Alerts and answers fill one room, as large as any record needs, what senders are told
        # another; an order of a list may be routed and canceled by one record.
        self.out.capacity = self.room + 3 * tables_.t.account_capacity
        self.routes = np.zeros(2 * self.room, RECORD)
        self.reports = np.zeros(self.out.capacity + self.room, RECORD)
        cdef record[::1] routes = self.routes
        cdef record[::1] reports = self.reports
        self.out.routes = &routes[0]
        self.out.reports = &reports[0]

    @property
    def verdict(self):
        """Of the last record: bit 63 alone = accepted, bit r = the check of reason r failed.

        Bit 0 = refused for a reason that is no check's.
        """
        return self.out.verdict

    def step(self, record[::1] one):
        """Run one record; the (routes, reports) that it gives, as copies."""
        if len(one) != 1:
            raise ValueError(f"step takes one record, got {len(one)}")
        self._run(&one[0])
        return (
            self.routes[: self.out.route_count].copy(),
            self.reports[: self.out.report_count].copy(),
        )

    def replay(self, const record[::1] batch):
        """Run records for their effect on the tables alone."""
        cdef Py_ssize_t first = 0
        cdef Py_ssize_t done = 0
        cdef Py_ssize_t end
        cdef Py_ssize_t count = batch.shape[0]
        with nogil:
            while done == first and done < count:
                end = min(done + AHEAD_MAX, count)
                ahead.ask(&self.tables.t, &batch[first], <int>(end - first))
                while done < end and self._follows(&batch[done]):
                    self._step(&batch[done])
                    if self.is_collecting and self._gives_more():
                        with gil:
                            self._collect()
                    done += 1
                first = end
        if done < count:
            self._run(&batch[done])

    cdef bint _gives_more(self) noexcept nogil:
        cdef const uint32_t* given = self.tables.t.risk.given
        return is_before(self.routes_after, given[ROUTES]) or is_before(
            self.reports_after, given[REPORTS]
        )

    cdef void _collect(self) except *:
        """A record's outputs beyond what was put out before the process ended."""
        cdef uint32_t first = 0
        while first < self.out.route_count and not is_before(
            self.routes_after, self.out.routes[first].msg_seq_num
        ):
            first += 1
        if first < self.out.route_count:
            self.left_routes.append(self.routes[first : self.out.route_count].copy())
        first = 0
        while first < self.out.report_count and not is_before(
            self.reports_after, self.out.reports[first].msg_seq_num
        ):
            first += 1
        if first < self.out.report_count:
            self.left_reports.append(self.reports[first : self.out.report_count].copy())

    def collect_after(self, uint32_t routes, uint32_t reports):
        """From now on keep what the step gives beyond these numbers, for left()."""
        self.is_collecting = True
        self.routes_after = routes
        self.reports_after = reports

    def left(self):
        """The (routes, reports) that were kept, in order."""
        nothing = [np.zeros(0, RECORD)]
        return (
            np.concatenate(nothing + self.left_routes),
            np.concatenate(nothing + self.left_reports),
        )

    def assess(self, const record[::1] one):
        """What every check says of an order or replace, on a copy: nothing here is changed.

        (verdict, {reason: (limit, used, asked, level, scope)}); the dict is empty where the
        record never gets to the checks: unknown, malformed, no room, twice.
        """
        if len(one) != 1:
            raise ValueError(f"assess takes one record, got {len(one)}")
        if one[0].kind != NEW_ORDER_SINGLE and one[0].kind != CANCEL_REPLACE_REQUEST:
            raise ValueError(f"kind {one[0].kind} is not checked: no order and no replace")
        cdef Tables copy = Tables({name: rows.copy() for name, rows in self.tables.arrays.items()})
        cdef uint64_t verdict = <uint64_t>1 << DECIDED_BIT
        cdef context c
        cdef compared n
        cdef int reason = try_out(&copy.t, <const order_record*>&one[0], &c, &verdict)
        if reason:
            return verdict | <uint64_t>1 << (reason if reason < DECIDED_BIT else 0), {}
        seen = {}
        for reason in range(<int>KILL_SWITCH, OVERFLOW + 1):
            memset(&n, 0, sizeof(n))
            numbers_of(&c, reason, &n)
            seen[reason] = (n.limit_value, n.used_value, n.asked_value, n.level, n.scope)
        return verdict, seen

    cdef void _run(self, const record* r) except *:
        if not self._follows(r):
            raise ValueError(
                f"record {r.sequence} follows {self.tables.t.risk.sequence}: not consecutive"
            )
        self._step(r)

    cdef bint _follows(self, const record* r) noexcept nogil:
        return r.sequence == self.tables.t.risk.sequence + 1

    cdef void _step(self, const record* r) noexcept nogil:
        self.out.route_count = 0
        self.out.report_count = 0
        step(&self.tables.t, r, &self.out)
