"""What an order gives back and what is said of it: in part, or when it is over.

A hold only shrinks here: it grows where it is checked. Lists, kills and reports of venues all
end orders through this module, so that nothing can be left held.
"""
from libc.stdint cimport int64_t, uint16_t
from libc.string cimport memset

cimport tidegate.native.days as days
cimport tidegate.native.holding as holding
cimport tidegate.native.margin as margin
cimport tidegate.native.orders as orders
from tidegate.native.outputs cimport add_report, outputs
from tidegate.native.records cimport (
    BUY, CANCEL_REJECT, CANCEL_REPLACE_REQUEST, CANCEL_REQUEST, EXEC_CANCELED, EXEC_EXPIRED,
    EXEC_REJECTED, EXEC_TRADE, EXECUTION_REPORT, HALTED, TG_LAYOUT_VERSION, TG_NO_PRICE, TOO_LATE,
    denial_record, execution_record, record,
)
from tidegate.native.states cimport set_state
from tidegate.native.tables cimport cl_ord_id_row, instrument_row, order_row, tables


cdef void needed(
    const tables* t, const order_row* order, int64_t price, int64_t lots, int64_t* fee,
    int64_t* premium
) noexcept nogil:
    """What lots of the order at this price (of MARKET its bound) need, at most what it holds."""
    cdef const instrument_row* instrument = &t.instruments[order.instrument]
    price = margin.price_of(instrument, order.side == BUY, price)
    if margin.fee_to_hold(
        margin.fees_of(t, order.account, order.instrument), instrument, order.position_effect,
        price, lots, fee
    ) or fee[0] > order.fee_held:
        fee[0] = order.fee_held
    if margin.premium_to_hold(
        instrument, order.side == BUY, price, lots, premium
    ) or premium[0] > order.premium_held:
        premium[0] = order.premium_held


cdef bint keep(tables* t, order_row* order, int64_t lots) noexcept nogil:
    cdef int64_t fee = 0
    cdef int64_t premium = 0
    cdef int64_t other_fee = 0
    cdef int64_t other_premium = 0
    if lots > order.held_qty:
        lots = order.held_qty
    if lots > 0:
        needed(t, order, order.price, lots, &fee, &premium)
        if order.is_replace_pending:
            needed(t, order, order.replace_price, lots, &other_fee, &other_premium)
            fee = max(fee, other_fee)
            premium = max(premium, other_premium)
    else:
        lots = 0
    return holding.hold(
        t, order, lots - order.held_qty, fee - order.fee_held, premium - order.premium_held, 0
    )


cdef bint close(tables* t, order_row* order, char ord_status) noexcept nogil:
    cdef bint is_stuck = holding.hold(
        t, order, -order.held_qty, -order.fee_held, -order.premium_held, -1
    )
    if is_stuck:
        # What it holds cannot be given back, so nobody is to trade on what is left.
        t.risk.unbookable += 1
        if t.accounts[order.account].trading_state < HALTED:
            set_state(t, order.account, HALTED)
    orders.close_order(t, order, ord_status)
    return is_stuck


cdef bint is_final(int exec_type) noexcept nogil:
    return (
        exec_type == EXEC_CANCELED or exec_type == EXEC_REJECTED or exec_type == EXEC_EXPIRED
    )


cdef void report(const order_row* order, const record* r, outputs* out) noexcept nogil:
    """The venue's report under the strategy's own names."""
    cdef execution_record* e = <execution_record*>add_report(out)
    e[0] = (<const execution_record*>r)[0]
    e.cl_ord_id = order.cl_ord_id
    e.account = order.account
    e.instrument = order.instrument
    e.session = order.session
    e.side = order.side
    e.ord_type = order.ord_type
    e.time_in_force = order.time_in_force
    e.position_effect = order.position_effect
    e.price = order.price
    e.order_qty = order.order_qty
    e.cum_qty = order.cum_qty
    # Why risk itself asked for the cancel; the venue's report cannot know it.
    if e.exec_type == EXEC_CANCELED and order.cancel_reason:
        e.reason = order.cancel_reason


cdef void note_state(tables* t, const order_row* order, int exec_type) noexcept nogil:
    """What a resend of its ids would be told; a late fill does not reopen an order."""
    cdef cl_ord_id_row* row = orders.noted_row(t, order)
    if row != NULL:
        if exec_type != EXEC_TRADE or not is_final(row.exec_type):
            row.exec_type = <unsigned char>exec_type
        row.order_qty = order.order_qty
        row.cum_qty = order.cum_qty


cdef bint is_pending(const order_row* order, int ref_kind) noexcept nogil:
    return order.is_cancel_pending if ref_kind == CANCEL_REQUEST else order.is_replace_pending


cdef inline void copy_stamps(denial_record* d, const record* r) noexcept nogil:
    """Of the venue's own answer: the router has put the request's there."""
    d.sequenced_delta = r.sequenced_delta
    d.decided_delta = r.decided_delta
    d.routed_delta = r.routed_delta
    d.venue_delta = r.venue_delta


cdef void reject_pending(
    tables* t, order_row* order, const record* r, int ref_kind, int reason, outputs* out
) noexcept nogil:
    """Answer the order's pending cancel or replace with CANCEL_REJECT."""
    cdef denial_record* d
    cdef bint is_cancel = ref_kind == CANCEL_REQUEST
    if not is_pending(order, ref_kind):
        return
    # A cancel of risk's own was asked for by no strategy.
    if not is_cancel or order.cancel_cl_ord_id:
        d = <denial_record*>add_report(out)
        memset(d, 0, sizeof(denial_record))
        d.kind = CANCEL_REJECT
        d.layout_version = r.layout_version
        d.sequence = r.sequence
        d.cl_ord_id = order.cancel_cl_ord_id if is_cancel else order.replace_cl_ord_id
        d.order_id = order.order_id
        d.price = TG_NO_PRICE
        d.account = order.account
        d.instrument = order.instrument
        d.session = order.session
        d.reason = <uint16_t>reason
        d.side = order.side
        d.received_ns = r.received_ns
        d.ref_kind = <unsigned char>ref_kind
        if r.kind == CANCEL_REJECT and (<const denial_record*>r).ref_kind == ref_kind:
            copy_stamps(d, r)
    if is_cancel:
        order.is_cancel_pending = 0
        order.cancel_reason = 0
    else:
        order.is_replace_pending = 0
        keep(t, order, order.order_qty - order.cum_qty)


cdef void end(
    tables* t, order_row* order, const record* r, char ord_status, int exec_type, outputs* out
) noexcept nogil:
    cdef execution_record* e
    cdef cl_ord_id_row* row
    if exec_type == EXEC_CANCELED:
        days.count_cancel(t, order)
    report(order, r, out)
    e = <execution_record*>&out.reports[out.report_count - 1]
    if exec_type == EXEC_CANCELED and order.is_cancel_pending:
        e.cl_ord_id = order.cancel_cl_ord_id if order.cancel_cl_ord_id else order.cl_ord_id
        order.is_cancel_pending = 0
    reject_pending(t, order, r, CANCEL_REQUEST, TOO_LATE, out)
    reject_pending(t, order, r, CANCEL_REPLACE_REQUEST, TOO_LATE, out)
    row = orders.noted_row(t, order)
    if row != NULL:
        row.reason = e.reason
    close(t, order, ord_status)
    note_state(t, order, exec_type)


cdef void cancel_here(
    tables* t, order_row* order, const record* r, int reason, outputs* out
) noexcept nogil:
    cdef execution_record e
    memset(&e, 0, sizeof(e))
    e.kind = EXECUTION_REPORT
    e.layout_version = TG_LAYOUT_VERSION
    e.exec_type = EXEC_CANCELED
    e.sequence = r.sequence
    e.order_id = order.order_id
    e.reason = <uint16_t>reason
    e.received_ns = r.received_ns
    e.last_px = TG_NO_PRICE
    end(t, order, <const record*>&e, c'4', EXEC_CANCELED, out)
