"""Requests on an order that is open: cancel, mass cancel, cancel/replace.

A cancel is never checked against limits or states: what is open can always be canceled.
"""
from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset

cimport tidegate.native.age as age
cimport tidegate.native.answers as answers
cimport tidegate.native.holding as holding
cimport tidegate.native.orders as orders
cimport tidegate.native.positions as positions
cimport tidegate.native.rates as rates
cimport tidegate.native.self_match as self_match
from tidegate.native.alerts cimport alert
from tidegate.native.assessment cimport assess, is_well_formed
from tidegate.native.compared cimport compared
from tidegate.native.context cimport context
from tidegate.native.counts cimport count_replace, note_accepted
from tidegate.native.days cimport day_of
from tidegate.native.outputs cimport add_route, outputs
from tidegate.native.records cimport (
    BUY, CANCEL_BOTH, CANCEL_RATE, CANCEL_REJECT, CANCEL_REQUEST, CANCEL_RESTING,
    CANCELED_SELF_MATCH, MALFORMED, MARKET, OVERFLOW, POSS_RESEND,
    REQUEST_PENDING, STALE_ORDER, TG_LAYOUT_VERSION, TOO_LATE, UNKNOWN_ORDER, order_record,
)
from tidegate.native.tables cimport account_row, bucket, cl_ord_id_row, order_row, tables
from tidegate.native.verdict cimport lowest_reason, numbers_of


cdef order_row* named(
    tables* t, const order_record* o, int* reason
) noexcept nogil:
    """The open order that a cancel or replace names, or NULL with the reason."""
    cdef const cl_ord_id_row* known
    cdef order_row* order = NULL
    if o.session == 0 or o.session >= t.session_capacity or o.cl_ord_id == 0:
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


cdef void count_cancel(tables* t, const order_row* order, outputs* out) noexcept nogil:
    """Control 10: counted, never blocked. The cancel that fills a bucket is told, once."""
    cdef const account_row* account = &t.accounts[order.account]
    cdef int64_t now_ns = t.risk.now_ns
    cdef bucket* filled = NULL
    cdef bucket* b
    cdef int i
    b = &t.sessions[order.session].cancel_rate
    if rates.count(b, now_ns):
        filled = b
    b = &t.instruments[order.instrument].cancel_rate
    if rates.count(b, now_ns) and filled == NULL:
        filled = b
    for i in range(account.chain_count):
        b = &t.accounts[account.chain[i]].cancel_rate
        if rates.count(b, now_ns) and filled == NULL:
            filled = b
    if filled != NULL:
        alert(
            t, out, order.account, order.instrument, CANCEL_RATE, 0,
            filled.tolerance_ns, filled.next_ns - now_ns, filled.interval_ns,
        )


cdef void route_cancel(
    tables* t, order_row* order, const order_record* o, uint64_t cl_ord_id, int reason,
    outputs* out
) noexcept nogil:
    cdef order_record* routed
    order.is_cancel_pending = 1
    order.cancel_cl_ord_id = cl_ord_id
    order.cancel_reason = <uint16_t>reason
    if order.is_staged:
        t.sessions[order.session].is_list_refused = 1
        return
    count_cancel(t, order, out)
    routed = <order_record*>add_route(out)
    if o != NULL:
        routed[0] = o[0]
    else:
        memset(routed, 0, sizeof(order_record))
        routed.layout_version = TG_LAYOUT_VERSION
        routed.sequence = t.risk.sequence
        routed.received_ns = t.risk.now_ns
    routed.kind = CANCEL_REQUEST
    routed.cl_ord_id = cl_ord_id
    routed.orig_cl_ord_id = order.cl_ord_id
    routed.order_id = order.order_id
    routed.account = order.account
    routed.instrument = order.instrument
    routed.session = order.session
    routed.side = order.side
    routed.ord_type = order.ord_type
    routed.time_in_force = order.time_in_force
    routed.position_effect = order.position_effect
    routed.price = order.price
    routed.order_qty = order.order_qty


cdef void cancel(tables* t, const order_record* o, outputs* out) noexcept nogil:
    """Never checked against state or limits: what is open can always be canceled."""
    cdef int reason = 0
    cdef order_row* order = named(t, o, &reason)
    if order != NULL and (order.is_cancel_pending or order.is_staged):
        if o.flags & POSS_RESEND and order.cancel_cl_ord_id == o.cl_ord_id:
            return  # the same request once more: its answer is on the way
        reason = REQUEST_PENDING
    if reason:
        answers.deny(t, o, CANCEL_REJECT, reason, NULL, out)
        return
    route_cancel(t, order, o, o.cl_ord_id, 0, out)


cdef void mass_cancel(tables* t, const order_record* o, outputs* out) noexcept nogil:
    """Cancel a session's orders: all ('7'), or those to be canceled on disconnect ('d').

    account and instrument, where not 0, narrow it.
    """
    cdef order_row* order
    cdef uint32_t slot
    if o.session == 0 or o.session >= t.session_capacity or (
        o.mass_cancel_type != c'7' and o.mass_cancel_type != c'd'
    ):
        answers.deny(t, o, CANCEL_REJECT, MALFORMED, NULL, out)
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
        route_cancel(t, order, o, 0, 0, out)


cdef inline bint cancels(int policy) noexcept nogil:
    return policy == CANCEL_RESTING or policy == CANCEL_BOTH


cdef void cancel_met(tables* t, const order_record* o, int64_t price, outputs* out) noexcept nogil:
    cdef const account_row* account = &t.accounts[o.account]
    cdef bint of_own = cancels(account.self_match_own)
    cdef bint of_group = cancels(t.accounts[account.group].self_match_group)
    cdef bint is_buy = o.side == BUY
    cdef bint is_market = o.ord_type == MARKET
    cdef order_row* order
    cdef uint32_t slot, day
    if not of_own and not of_group:
        return
    day = day_of(t, positions.find_pair(t, o.account, o.instrument))
    if not self_match.may_cross(&t.days[day], is_buy, is_market, price):
        return
    slot = t.days[day].first_order
    while slot:
        order = &t.orders[slot]
        slot = order.next_of_group
        if order.is_cancel_pending or order.is_staged:
            continue
        if not of_group and order.account != o.account:
            continue
        if self_match.is_met(order, is_buy, is_market, price):
            route_cancel(t, order, NULL, 0, CANCELED_SELF_MATCH, out)


cdef int replaceable(
    tables* t, const order_record* o, order_row* order, order_record* full
) noexcept nogil:
    """Fill in what the order itself says; why it cannot be replaced, or 0."""
    cdef int reason
    if order.is_replace_pending or order.is_cancel_pending or order.is_staged:
        return REQUEST_PENDING
    reason = orders.can_be_new(t, o, orders.place_of(t, o.session, o.cl_ord_id))
    if reason:
        return reason
    full[0] = o[0]
    full.account = order.account
    full.instrument = order.instrument
    full.side = order.side
    full.ord_type = order.ord_type
    full.time_in_force = order.time_in_force
    full.position_effect = order.position_effect
    full.flags = (o.flags & POSS_RESEND) | order.flags
    full.order_id = order.order_id
    if not is_well_formed(t, full):
        return MALFORMED
    if o.order_qty <= order.cum_qty:
        return TOO_LATE
    return STALE_ORDER if age.is_stale(t, o) else 0


cdef int hold_more(
    tables* t, order_row* order, const order_record* full, context* c, outputs* out
) noexcept nogil:
    """Held at the worse of old and new until it is answered. The reason, or 0."""
    cdef bint is_stuck
    order.is_replace_pending = 1
    order.replace_cl_ord_id = full.cl_ord_id
    order.replace_price = full.price
    order.replace_qty = full.order_qty
    is_stuck = holding.hold_planned(
        t, order, c.lots, c.fee, c.premium, c.plans, c.level_count
    )
    if is_stuck:
        order.is_replace_pending = 0
        out.verdict |= <uint64_t>1 << OVERFLOW
        return OVERFLOW
    note_accepted(t, c, order.pair)
    self_match.reprice(t, order)
    orders.remember_replace(t, full, order)
    return 0


cdef int prepare(
    tables* t, const order_record* o, order_record* full, order_row** found, int64_t* lots
) noexcept nogil:
    """What a replace would make of its order, and the lots it adds; why it cannot, or 0."""
    cdef int reason = 0
    cdef order_row* order = named(t, o, &reason)
    found[0] = order
    if order != NULL:
        reason = replaceable(t, o, order, full)
    if reason == 0:
        lots[0] = max(<int64_t>0, o.order_qty - order.cum_qty - order.held_qty)
    return reason


cdef bint is_resent(const order_record* o, const order_row* order) noexcept nogil:
    return (
        order != NULL and o.flags & POSS_RESEND and order.is_replace_pending
        and order.replace_cl_ord_id == o.cl_ord_id
    )


cdef void replace(tables* t, const order_record* o, outputs* out) noexcept nogil:
    """Checked anew for what it adds; held at the worse of old and new until it is answered."""
    cdef order_row* order
    cdef order_record full
    cdef order_record* routed
    cdef context c
    cdef compared n
    cdef int64_t lots = 0
    cdef int reason = prepare(t, o, &full, &order, &lots)
    if is_resent(o, order):
        return  # the same request once more: its answer is on the way
    memset(&n, 0, sizeof(n))
    if reason == STALE_ORDER:
        age.tell_age(t, o, &n)
    if reason == 0:
        out.verdict |= assess(t, &full, lots, order, order.pair, &c)
        reason = lowest_reason(out.verdict)
        if reason:
            numbers_of(&c, reason, &n)
        count_replace(t, &c)
        if reason == 0:
            reason = hold_more(t, order, &full, &c, out)
    if reason:
        answers.deny(t, o, CANCEL_REJECT, reason, &n, out)
        return
    cancel_met(t, &full, c.price, out)
    routed = <order_record*>add_route(out)
    routed[0] = full
    routed.price = c.price
