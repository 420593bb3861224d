"""The risk stage's step: one record in, state changed, records out. No clock, no I/O.

    NEW_ORDER_SINGLE        resolve -> run_checks -> hold on all levels -> route, or DENIED
    CANCEL_REPLACE_REQUEST  the same, held at the worse of old and new, or CANCEL_REJECT
    CANCEL_REQUEST          never checked: route, or CANCEL_REJECT when there is no such order
    reports, marks, cash    booking.pyx, control.pyx

Time is the last TICK's; the caller has given the record its sequence and journaled it.
"""
cimport cython
from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset

cimport tidegate.native.booking as booking
cimport tidegate.native.checks as checks
cimport tidegate.native.control as control
cimport tidegate.native.margin as margin
cimport tidegate.native.orders as orders
cimport tidegate.native.positions as positions
from tidegate.native.checks cimport compared, context
from tidegate.native.outputs cimport add_report, add_route, outputs
from tidegate.native.records cimport (
    BUY, CANCEL_REJECT, CANCEL_REPLACE_REQUEST, CANCEL_REQUEST, CASH, CHANNEL_STATE, DAY, DENIED,
    DUPLICATE_CL_ORD_ID, EXEC_REJECTED, EXEC_RESTATED, EXECUTION_REPORT, FILL_OR_KILL,
    GOOD_TILL_CANCEL, IMMEDIATE_OR_CANCEL, LIMIT, MALFORMED, MARK, MARKET, MASS_CANCEL_REQUEST,
    NEW_ORDER_SINGLE, POSS_RESEND, REQUEST_PENDING, SELL, SETTLEMENT, TABLE_FULL,
    TG_NO_PRICE, TICK, TOO_LATE, TRADING_STATE, UNKNOWN_ACCOUNT, UNKNOWN_INSTRUMENT,
    UNKNOWN_ORDER, denial_record, execution_record, order_record, record,
)
from tidegate.native.tables cimport (
    Tables, account_row, cl_ord_id_row, order_row, pair_row, tables,
)

import numpy as np

from tidegate.native.records import RECORD

# The largest order: 31 bits, so that a signed 32-bit credit can give it back.
cdef int64_t QTY_MAX = 2147483647


cdef bint is_well_formed(const order_record* o) noexcept nogil:
    if o.order_qty <= 0 or o.order_qty > QTY_MAX or (o.side != BUY and o.side != SELL):
        return False
    if o.ord_type == LIMIT:
        if o.price == TG_NO_PRICE:
            return False
    elif o.ord_type != MARKET or o.price != TG_NO_PRICE:
        return False
    return (
        o.time_in_force == DAY or o.time_in_force == GOOD_TILL_CANCEL
        or o.time_in_force == IMMEDIATE_OR_CANCEL or o.time_in_force == FILL_OR_KILL
    )


cdef int resolve(tables* t, const order_record* o) noexcept nogil:
    """Why the order cannot even be looked at, or 0."""
    if o.account == 0 or o.account > t.risk.account_count:
        return UNKNOWN_ACCOUNT
    if o.instrument == 0 or o.instrument > t.risk.instrument_count:
        return UNKNOWN_INSTRUMENT
    if not is_well_formed(o):
        return MALFORMED
    return 0


cdef void gather(
    tables* t, const order_record* o, int64_t lots, int64_t fee_held, context* c
) noexcept nogil:
    """Everything that the checks look at, on every level of the hierarchy."""
    cdef const account_row* account = &t.accounts[o.account]
    cdef const pair_row* pair
    cdef uint32_t pair_index = positions.find_pair(t, o.account, o.instrument)
    cdef int64_t price, mark, fee
    cdef int64_t buys
    cdef int64_t sells
    cdef int i
    c.order = o
    c.instrument = &t.instruments[o.instrument]
    c.now_ns = t.risk.now_ns
    c.lots = lots
    c.is_buy = o.side == BUY
    c.is_overflow = False
    c.level_count = account.chain_count
    buys = lots if c.is_buy else 0
    sells = 0 if c.is_buy else lots
    for i in range(c.level_count):
        if pair_index == 0:
            pair_index = positions.find_pair(t, account.chain[i], o.instrument)
        if pair_index:
            pair = &t.pairs[pair_index]
            pair_index = pair.parent
        else:
            positions.absent_pair(t, account.chain[i], o.instrument, &c.levels[i].absent)
            pair = &c.levels[i].absent
        c.levels[i].account = &t.accounts[account.chain[i]]
        c.levels[i].pair = pair
        c.levels[i].balance = &t.balances[pair.balance]
        c.levels[i].margin_after = 0
        c.is_overflow |= margin.requirement(
            c.instrument, pair.net, pair.open_buy + buys, pair.open_sell + sells,
            &c.levels[i].margin_after,
        )
    mark = c.instrument.mark_px if c.instrument.mark_px != TG_NO_PRICE else 0
    price = o.price if o.price != TG_NO_PRICE else mark
    # A sell may fill above its price: the fee is held for the larger of price and mark.
    if (mark if mark >= 0 else -mark) > (price if price >= 0 else -price):
        price = mark
    fee = 0
    c.is_overflow |= margin.fee(c.instrument, price, o.order_qty, &fee)
    c.fee = fee - fee_held if fee > fee_held else 0


cdef void deny(
    tables* t, const order_record* o, int kind, int reason, const compared* n, outputs* out
) noexcept nogil:
    """DENIED for a new order, CANCEL_REJECT for a request on one; with what was compared."""
    cdef denial_record* d = <denial_record*>add_report(out)
    memset(d, 0, sizeof(denial_record))
    d.kind = <unsigned char>kind
    d.layout_version = o.layout_version
    d.exec_type = EXEC_REJECTED if kind == DENIED else 0
    d.sequence = o.sequence
    d.cl_ord_id = o.cl_ord_id
    d.price = o.price
    d.order_qty = o.order_qty
    d.account = o.account
    d.instrument = o.instrument
    d.session = o.session
    d.reason = <uint16_t>reason
    d.side = o.side
    d.ord_type = o.ord_type
    d.time_in_force = o.time_in_force
    d.received_ns = o.received_ns
    d.sequenced_delta = o.sequenced_delta
    d.ref_seq_num = o.msg_seq_num
    d.ref_kind = o.kind
    if n != NULL:
        d.limit_value = n.limit_value
        d.used_value = n.used_value
        d.asked_value = n.asked_value
        d.level = n.level
    t.risk.denied += kind == DENIED
    t.risk.denied_by_reason[reason] += 1


cdef void restate(
    tables* t, const order_record* o, const cl_ord_id_row* known, outputs* out
) noexcept nogil:
    """The answer to a resent order: its present state, as EXEC_RESTATED or its denial."""
    cdef execution_record* e
    if known.order_id == 0:
        deny(t, o, DENIED, known.reason, NULL, out)
        return
    e = <execution_record*>add_report(out)
    memset(e, 0, sizeof(execution_record))
    e.kind = EXECUTION_REPORT
    e.layout_version = o.layout_version
    e.flags = POSS_RESEND
    e.exec_type = known.exec_type if known.exec_type else EXEC_RESTATED
    e.sequence = o.sequence
    e.cl_ord_id = o.cl_ord_id
    e.order_id = known.order_id
    e.price = o.price
    e.order_qty = known.order_qty
    e.account = o.account
    e.instrument = o.instrument
    e.session = o.session
    e.reason = known.reason
    e.side = o.side
    e.ord_type = o.ord_type
    e.time_in_force = o.time_in_force
    e.received_ns = o.received_ns
    e.last_px = TG_NO_PRICE
    e.cum_qty = known.cum_qty


cdef cl_ord_id_row* remember(
    tables* t, const order_record* o, uint64_t order_id, int reason
) noexcept nogil:
    """Enter the cl_ord_id for the day; the caller has asked for room."""
    cdef cl_ord_id_row* row = orders.add_cl_ord_id(t, o.session, o.cl_ord_id)
    row.order_id = order_id
    row.order_qty = o.order_qty
    row.reason = <uint16_t>reason
    return row


cdef int lowest_bit(uint64_t verdict) noexcept nogil:
    cdef int bit = 0
    while not (verdict >> bit) & 1:
        bit += 1
    return bit


cdef void consume_rate(tables* t, uint32_t account) noexcept nogil:
    """Count a message that leaves for the venue in every level's bucket."""
    cdef account_row* row
    cdef int i
    for i in range(t.accounts[account].chain_count):
        row = &t.accounts[t.accounts[account].chain[i]]
        if row.rate_interval_ns:
            if row.rate_next_ns < t.risk.now_ns:
                row.rate_next_ns = t.risk.now_ns
            row.rate_next_ns += row.rate_interval_ns


cdef void route(const order_record* o, uint64_t order_id, outputs* out) noexcept nogil:
    cdef order_record* routed = <order_record*>add_route(out)
    routed[0] = o[0]
    routed.order_id = order_id


cdef void hold(tables* t, const order_record* o, const context* c, outputs* out) noexcept nogil:
    """Open the order and hold for it on all levels; every check has passed."""
    cdef order_row* order = orders.open_order(t, o.session)
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
    consume_rate(t, o.account)
    remember(t, o, order.order_id, 0)
    t.risk.accepted += 1
    route(o, order.order_id, out)


cdef void new_order(tables* t, const order_record* o, outputs* out) noexcept nogil:
    cdef context c
    cdef compared first
    cdef const cl_ord_id_row* known
    cdef int reason
    if o.session == 0 or o.session >= t.session_capacity:
        deny(t, o, DENIED, MALFORMED, NULL, out)
        return
    known = orders.find_cl_ord_id(t, o.session, o.cl_ord_id)
    if known != NULL:
        out.verdict |= <uint64_t>1 << DUPLICATE_CL_ORD_ID
        if o.flags & POSS_RESEND:
            restate(t, o, known, out)
        else:
            deny(t, o, DENIED, DUPLICATE_CL_ORD_ID, NULL, out)
        return
    if not orders.can_add_cl_ord_id(t, o.session):
        out.verdict |= <uint64_t>1 << TABLE_FULL
        deny(t, o, DENIED, TABLE_FULL, NULL, out)
        return
    memset(&first, 0, sizeof(first))
    reason = resolve(t, o)
    if reason == 0:
        gather(t, o, o.order_qty, 0, &c)
        out.verdict |= checks.run_checks(&c, &first)
        if out.verdict != <uint64_t>1 << DECIDED_BIT:
            reason = lowest_bit(out.verdict)
        elif not orders.has_room(t) or not positions.add_chain(t, o.account, o.instrument):
            reason = TABLE_FULL
    if reason:
        out.verdict |= <uint64_t>1 << reason
        remember(t, o, 0, reason).exec_type = EXEC_REJECTED
        deny(t, o, DENIED, reason, &first, out)
    else:
        hold(t, o, &c, out)


cdef order_row* named(
    tables* t, const order_record* o, int* reason
) noexcept nogil:
    """The open order that a cancel or replace names, or NULL with the reason."""
    cdef const cl_ord_id_row* known
    cdef order_row* order = NULL
    if o.session == 0 or o.session >= t.session_capacity:
        reason[0] = MALFORMED
        return NULL
    known = orders.find_cl_ord_id(t, o.session, o.orig_cl_ord_id)
    if known == NULL or known.order_id == 0:
        reason[0] = UNKNOWN_ORDER
        return NULL
    order = orders.find_order(t, known.order_id)
    if order == NULL or not orders.is_open(order):
        reason[0] = TOO_LATE
        return NULL
    return order


cdef void cancel(tables* t, const order_record* o, outputs* out) noexcept nogil:
    """Never checked against state or limits: what is open can always be canceled."""
    cdef int reason = 0
    cdef order_row* order = named(t, o, &reason)
    if order != NULL and order.is_cancel_pending:
        reason = REQUEST_PENDING
    if reason:
        deny(t, o, CANCEL_REJECT, reason, NULL, out)
        return
    route_cancel(order, o, o.cl_ord_id, out)


cdef void route_cancel(
    order_row* order, const order_record* o, uint64_t cl_ord_id, outputs* out
) noexcept nogil:
    cdef order_record* routed = <order_record*>add_route(out)
    order.is_cancel_pending = 1
    order.cancel_cl_ord_id = cl_ord_id
    routed[0] = o[0]
    routed.kind = CANCEL_REQUEST
    routed.cl_ord_id = cl_ord_id
    routed.orig_cl_ord_id = order.cl_ord_id
    routed.order_id = order.order_id
    routed.account = order.account
    routed.instrument = order.instrument
    routed.session = order.session
    routed.side = order.side
    routed.price = order.price
    routed.order_qty = order.order_qty


cdef void mass_cancel(tables* t, const order_record* o, outputs* out) noexcept nogil:
    """Cancel a session's orders: all ('7'), or those to be canceled on disconnect ('d').

    account and instrument, where not 0, narrow it.
    """
    cdef order_row* order
    cdef uint32_t slot
    if o.session == 0 or o.session >= t.session_capacity:
        deny(t, o, CANCEL_REJECT, MALFORMED, NULL, out)
        return
    slot = t.sessions[o.session].first_order
    while slot:
        order = &t.orders[slot]
        slot = order.next
        if order.is_cancel_pending:
            continue
        if o.account and order.account != o.account:
            continue
        if o.instrument and order.instrument != o.instrument:
            continue
        if o.mass_cancel_type == c'd' and not t.accounts[order.account].cancel_on_disconnect:
            continue
        route_cancel(order, o, 0, out)


cdef int replaceable(
    tables* t, const order_record* o, order_row* order, order_record* full
) noexcept nogil:
    """Fill in what the order itself says; why it cannot be replaced, or 0."""
    if order.is_replace_pending or order.is_cancel_pending:
        return REQUEST_PENDING
    if orders.find_cl_ord_id(t, o.session, o.cl_ord_id) != NULL:
        return DUPLICATE_CL_ORD_ID
    if not orders.can_add_cl_ord_id(t, o.session):
        return TABLE_FULL
    full[0] = o[0]
    full.account = order.account
    full.instrument = order.instrument
    full.side = order.side
    full.ord_type = order.ord_type
    full.time_in_force = order.time_in_force
    full.flags = (o.flags & POSS_RESEND) | order.flags
    full.order_id = order.order_id
    if not is_well_formed(full):
        return MALFORMED
    if o.order_qty <= order.cum_qty:
        return TOO_LATE
    return 0


cdef void replace(tables* t, const order_record* o, outputs* out) noexcept nogil:
    """Checked anew for what it adds; held at the worse of old and new until it is answered."""
    cdef int reason = 0
    cdef order_row* order = named(t, o, &reason)
    cdef order_record full
    cdef context c
    cdef compared first
    cdef int64_t lots
    memset(&first, 0, sizeof(first))
    if order != NULL:
        reason = replaceable(t, o, order, &full)
    if reason == 0:
        lots = o.order_qty - order.cum_qty - order.held_qty
        gather(t, &full, lots if lots > 0 else 0, order.fee_held, &c)
        out.verdict |= checks.run_checks(&c, &first)
        if out.verdict != <uint64_t>1 << DECIDED_BIT:
            reason = lowest_bit(out.verdict)
    if reason:
        deny(t, o, CANCEL_REJECT, reason, &first, out)
        return
    order.is_replace_pending = 1
    order.replace_cl_ord_id = o.cl_ord_id
    order.replace_price = o.price
    order.replace_qty = o.order_qty
    order.held_qty += c.lots
    order.fee_held += c.fee
    positions.move_open(t, order.pair, c.is_buy, c.lots, c.fee)
    consume_rate(t, order.account)
    remember(t, o, order.order_id, 0)
    route(&full, order.order_id, out)


cdef void step(tables* t, const record* r, outputs* out) noexcept nogil:
    t.risk.sequence = r.sequence
    out.verdict = <uint64_t>1 << DECIDED_BIT
    if r.kind == NEW_ORDER_SINGLE:
        new_order(t, <const order_record*>r, out)
    elif r.kind == CANCEL_REQUEST:
        cancel(t, <const order_record*>r, out)
    elif r.kind == CANCEL_REPLACE_REQUEST:
        replace(t, <const order_record*>r, out)
    elif r.kind == MASS_CANCEL_REQUEST:
        mass_cancel(t, <const order_record*>r, out)
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
        """Of the last record: bit 63 alone = accepted, bit r = the check of reason r failed."""
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
