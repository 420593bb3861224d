"""The risk stage's step: one record in, state changed, records out. No clock, no I/O.

    NEW_ORDER_SINGLE        resolve -> assess -> hold on all levels -> route, or DENIED
    CANCEL_REPLACE_REQUEST  the same, held at the worse of old and new, or CANCEL_REJECT
    CANCEL_REQUEST          never checked: route, or CANCEL_REJECT when there is no such order
    reports; marks, cash    booking.pyx; control.pyx

Time is the last TICK's; the caller has given the record its sequence and journaled it.
"""
cimport cython
from libc.stdint cimport uint64_t
from libc.string cimport memset

cimport tidegate.native.answers as answers
cimport tidegate.native.booking as booking
cimport tidegate.native.control as control
cimport tidegate.native.orders as orders
cimport tidegate.native.positions as positions
cimport tidegate.native.requests as requests
from tidegate.native.assessment cimport DECIDED_BIT, assess, is_well_formed
from tidegate.native.checks cimport compared, context
from tidegate.native.outputs cimport add_route, outputs
from tidegate.native.records cimport (
    CANCEL_REJECT, CANCEL_REPLACE_REQUEST, CANCEL_REQUEST, DENIED, DUPLICATE_CL_ORD_ID,
    EXEC_REJECTED, EXECUTION_REPORT, MALFORMED, MASS_CANCEL_REQUEST, NEW_ORDER_SINGLE,
    POSS_RESEND, SUB_ACCOUNT, TABLE_FULL, UNKNOWN_ACCOUNT, UNKNOWN_INSTRUMENT, order_record, record,
)
from tidegate.native.positions cimport add_chain
from tidegate.native.tables cimport Tables, cl_ord_id_row, order_row, tables

import numpy as np

from tidegate.native.records import RECORD


cdef int resolve(tables* t, const order_record* o) noexcept nogil:
    """Why the order cannot even be looked at, or 0."""
    if (
        o.account == 0 or o.account > t.risk.account_count
        or t.accounts[o.account].level < SUB_ACCOUNT
    ):
        return UNKNOWN_ACCOUNT
    if o.instrument == 0 or o.instrument > t.risk.instrument_count:
        return UNKNOWN_INSTRUMENT
    if not is_well_formed(o):
        return MALFORMED
    return 0


cdef void hold(tables* t, const order_record* o, const context* c, outputs* out) noexcept nogil:
    """Open the order and hold for it on all levels; every check has passed."""
    cdef order_row* order = orders.open_order(t, o.session)
    cdef order_record* routed
    order.cl_ord_id = o.cl_ord_id
    order.price = o.price
    order.order_qty = o.order_qty
    order.held_qty = o.order_qty
    order.fee_held = c.fee
    order.account = o.account
    order.instrument = o.instrument
    order.side = o.side
    order.ord_type = o.ord_type
    order.time_in_force = o.time_in_force
    order.flags = o.flags
    order.pair = positions.find_pair(t, o.account, o.instrument)
    positions.move_open(t, order.pair, c.is_buy, o.order_qty, c.fee)
    positions.count_message(t, o.account)
    orders.remember(t, o, order.order_id, 0)
    t.risk.accepted += 1
    routed = <order_record*>add_route(out)
    routed[0] = o[0]
    routed.order_id = order.order_id


cdef void new_order(tables* t, const order_record* o, outputs* out) noexcept nogil:
    cdef context c
    cdef compared first
    cdef const cl_ord_id_row* known
    cdef int reason
    if o.session == 0 or o.session >= t.session_capacity or o.cl_ord_id == 0:
        answers.deny(t, o, DENIED, MALFORMED, NULL, out)
        return
    known = orders.find_cl_ord_id(t, o.session, o.cl_ord_id)
    if known != NULL:
        if o.flags & POSS_RESEND:
            answers.restate(t, o, known, out)
        else:
            answers.deny(t, o, DENIED, DUPLICATE_CL_ORD_ID, NULL, out)
        return
    if not orders.can_add_cl_ord_id(t, o.session):
        answers.deny(t, o, DENIED, TABLE_FULL, NULL, out)
        return
    memset(&first, 0, sizeof(first))
    reason = resolve(t, o)
    if reason == 0:
        reason = assess(t, o, o.order_qty, NULL, &c, &first, &out.verdict)
        if reason == 0 and not (orders.has_room(t) and add_chain(t, o.account, o.instrument)):
            reason = TABLE_FULL
    if reason:
        orders.remember(t, o, 0, reason).exec_type = EXEC_REJECTED
        answers.deny(t, o, DENIED, reason, &first, out)
    else:
        hold(t, o, &c, out)


cdef void step(tables* t, const record* r, outputs* out) noexcept nogil:
    t.risk.sequence = r.sequence
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
        control.step(t, r)


@cython.final
cdef class Pretrade:
    """Runs records through the step from Python: tests, replay, explain.

    The tables are changed in place. Records must have consecutive sequences.
    """

    def __cinit__(self, Tables tables_):
        self.tables = tables_
        self.room = tables_.t.order_capacity + 2
        self.routes = np.zeros(self.room, RECORD)
        self.reports = np.zeros(self.room, RECORD)
        cdef record[::1] routes = self.routes
        cdef record[::1] reports = self.reports
        self.out.routes = &routes[0]
        self.out.reports = &reports[0]
        self.out.capacity = self.room

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
        cdef Py_ssize_t i
        for i in range(len(batch)):
            self._run(&batch[i])

    cdef void _run(self, const record* r) except *:
        if r.sequence != self.tables.t.risk.sequence + 1:
            raise ValueError(
                f"record {r.sequence} follows {self.tables.t.risk.sequence}: not consecutive"
            )
        self.out.route_count = 0
        self.out.report_count = 0
        step(&self.tables.t, r, &self.out)
