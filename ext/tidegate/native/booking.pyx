"""Execution reports: holds released, positions, cash and fees booked, the sender told.

A fill is never refused. A report whose exec_id its order has seen is dropped; one that names no
order of ours is counted as an orphan. Both are for reconciliation to look into.

Money of a fill, on each level of the hierarchy (long; short is its mirror):
    buy   open_cost += px * tick_value * qty
    sell  the share of open_cost that is closed becomes cash: cash += proceeds - share
so that cash - open_cost moves by the traded value, whatever the order of fills, and the levels
below a node sum to it exactly. Where a level's money can no longer be expressed, its lots are
booked all the same and the level is halted.
"""
from libc.stdint cimport int64_t, uint16_t, uint32_t
from libc.string cimport memset

cimport tidegate.native.margin as margin
cimport tidegate.native.orders as orders
cimport tidegate.native.positions as positions
from tidegate.native.outputs cimport add_report, outputs
from tidegate.native.records cimport (
    BUY, CANCEL_REJECT, CANCEL_REPLACE_REQUEST, CANCEL_REQUEST, EXEC_CANCELED, EXEC_EXPIRED,
    EXEC_NEW, EXEC_REJECTED, EXEC_REPLACED, EXEC_TRADE, EXECUTION_REPORT, HALTED, TG_NO_PRICE,
    TOO_LATE, VENUE_UNKNOWN_ORDER, denial_record, execution_record, record,
)
from tidegate.native.tables cimport (
    balance_row, cl_ord_id_row, instrument_row, order_row, pair_row, tables,
)

# No venue fills more lots at once than an order can have.
cdef int64_t QTY_MAX = 2147483647


cdef bint book_open(pair_row* pair, int64_t lots, int64_t px, int64_t tick_value) noexcept nogil:
    """Lots (signed) that enlarge the position, at px. True on overflow."""
    cdef int64_t cost
    return (
        margin.money_product(px, tick_value, lots, &cost)
        or margin.money_sum(pair.open_cost, cost, &pair.open_cost)
    )


cdef bint book_close(
    pair_row* pair, balance_row* balance, int64_t lots, int64_t px, int64_t tick_value
) noexcept nogil:
    """Lots (signed, against the position, at most all of it) at px. True on overflow."""
    cdef int64_t proceeds, share, gain
    cdef int64_t closed = lots if lots > 0 else -lots
    cdef int64_t position = pair.net if pair.net > 0 else -pair.net
    if (
        margin.money_product(px, tick_value, -lots, &proceeds)
        or margin.money_share(pair.open_cost, closed, position, &share)
        or margin.money_sum(proceeds, -share, &gain)
        or margin.money_sum(balance.cash, gain, &balance.cash)
    ):
        return True
    pair.open_cost -= share
    return False


cdef bint revalue(tables* t, pair_row* pair, int64_t mark) noexcept nogil:
    """unrealised = net * tick_value * mark - open_cost, in the pair and its balance."""
    cdef balance_row* balance = &t.balances[pair.balance]
    cdef int64_t value, gain, total
    if mark == TG_NO_PRICE:
        return False
    if (
        margin.money_product(mark, t.instruments[pair.instrument].tick_value, pair.net, &value)
        or margin.money_sum(value, -pair.open_cost, &gain)
        or margin.money_sum(balance.unrealised, gain - pair.unrealised, &total)
    ):
        return True
    balance.unrealised = total
    pair.unrealised = gain
    return False


cdef bint book_level(
    tables* t, pair_row* pair, int64_t lots, int64_t px, int64_t fee
) noexcept nogil:
    """One fill on one level; lots signed. The position is always booked. True on overflow."""
    cdef balance_row* balance = &t.balances[pair.balance]
    cdef const instrument_row* instrument = &t.instruments[pair.instrument]
    cdef int64_t closing = 0
    cdef bint is_overflow = False
    if pair.net > 0 and lots < 0:
        closing = lots if -lots < pair.net else -pair.net
    elif pair.net < 0 and lots > 0:
        closing = lots if lots < -pair.net else -pair.net
    if closing:
        is_overflow |= book_close(pair, balance, closing, px, instrument.tick_value)
        pair.net += closing
    if lots != closing:
        is_overflow |= book_open(pair, lots - closing, px, instrument.tick_value)
        pair.net += lots - closing
    if lots > 0:
        pair.bought_qty += lots
    else:
        pair.sold_qty -= lots
    pair.fill_count += 1
    is_overflow |= margin.money_sum(balance.cash, -fee, &balance.cash)
    is_overflow |= margin.money_sum(balance.fees, fee, &balance.fees)
    is_overflow |= revalue(t, pair, instrument.mark_px)
    return is_overflow


cdef void keep(tables* t, order_row* order, int64_t lots) noexcept nogil:
    """Go on holding at most these lots and the fee that they need; give back the rest."""
    cdef const instrument_row* instrument = &t.instruments[order.instrument]
    cdef int64_t price = margin.fee_price(instrument, order.price)
    cdef int64_t needed = 0
    cdef int64_t released
    if lots < 0:
        lots = 0
    elif lots > order.held_qty:
        lots = order.held_qty
    if order.is_replace_pending:
        price = margin.farther(price, order.replace_price)
    # What is held is never raised here: a hold grows only where it is checked.
    if lots and (margin.fee(instrument, price, lots, &needed) or needed > order.fee_held):
        needed = order.fee_held
    released = order.held_qty - lots
    positions.move_open(
        t, order.pair, order.side == BUY, -released, needed - order.fee_held
    )
    order.held_qty = lots
    order.fee_held = needed


cdef void book_fill(tables* t, order_row* order, const execution_record* e) noexcept nogil:
    """A trade on every level. What cannot be expressed halts the level and is counted."""
    cdef int64_t lots = e.last_qty if order.side == BUY else -e.last_qty
    cdef uint32_t pair = order.pair
    cdef int64_t fee = 0
    cdef bint is_unbookable = False
    cdef bint is_overflow = margin.fee(
        &t.instruments[order.instrument], e.last_px, e.last_qty, &fee
    )
    while pair:
        if book_level(t, &t.pairs[pair], lots, e.last_px, fee) or is_overflow:
            t.accounts[t.pairs[pair].account].trading_state = HALTED
            is_unbookable = True
        pair = t.pairs[pair].parent
    order.cum_qty += e.last_qty
    keep(t, order, order.held_qty - e.last_qty)
    t.risk.fills += 1
    t.risk.unbookable += is_unbookable


cdef void report(
    const order_row* order, const record* r, outputs* out
) noexcept nogil:
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
    e.price = order.price
    e.order_qty = order.order_qty
    e.cum_qty = order.cum_qty


cdef bint is_pending(const order_row* order, int ref_kind) noexcept nogil:
    return order.is_cancel_pending if ref_kind == CANCEL_REQUEST else order.is_replace_pending


cdef void reject_pending(
    tables* t, order_row* order, const record* r, int ref_kind, int reason, outputs* out
) noexcept nogil:
    """Answer the order's pending cancel or replace with CANCEL_REJECT."""
    cdef denial_record* d
    cdef bint is_cancel = ref_kind == CANCEL_REQUEST
    if not is_pending(order, ref_kind):
        return
    # A cancel of our own (on disconnect, a kill) was asked for by no strategy.
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
    if is_cancel:
        order.is_cancel_pending = 0
    else:
        order.is_replace_pending = 0
        keep(t, order, order.order_qty - order.cum_qty)


cdef void end(
    tables* t, order_row* order, const record* r, char ord_status, int exec_type, outputs* out
) noexcept nogil:
    """The order's last report: everything released, whatever is pending answered."""
    cdef execution_record* e
    cdef cl_ord_id_row* row
    keep(t, order, 0)
    report(order, r, out)
    if exec_type == EXEC_CANCELED and order.is_cancel_pending:
        e = <execution_record*>&out.reports[out.report_count - 1]
        e.cl_ord_id = order.cancel_cl_ord_id if order.cancel_cl_ord_id else order.cl_ord_id
        order.is_cancel_pending = 0
    reject_pending(t, order, r, CANCEL_REQUEST, TOO_LATE, out)
    reject_pending(t, order, r, CANCEL_REPLACE_REQUEST, TOO_LATE, out)
    row = orders.find_cl_ord_id(t, order.session, order.cl_ord_id)
    if row != NULL:
        row.reason = r.reason
    orders.close_order(t, order, ord_status)


cdef bint is_final(int exec_type) noexcept nogil:
    return (
        exec_type == EXEC_CANCELED or exec_type == EXEC_REJECTED or exec_type == EXEC_EXPIRED
    )


cdef void note_state(tables* t, const order_row* order, int exec_type) noexcept nogil:
    """What a resend of its cl_ord_id would be told; a late fill does not reopen an order."""
    cdef cl_ord_id_row* row = orders.find_cl_ord_id(t, order.session, order.cl_ord_id)
    if row != NULL:
        if exec_type != EXEC_TRADE or not is_final(row.exec_type):
            row.exec_type = <unsigned char>exec_type
        row.order_qty = order.order_qty
        row.cum_qty = order.cum_qty


cdef void trade(
    tables* t, order_row* order, const execution_record* e, outputs* out
) noexcept nogil:
    if e.last_qty <= 0 or e.last_qty > QTY_MAX or e.last_px == TG_NO_PRICE:
        t.risk.unbookable += 1
        return
    book_fill(t, order, e)
    if not orders.is_open(order):
        t.risk.late_fills += 1
        report(order, <const record*>e, out)
    elif order.cum_qty >= order.order_qty and not order.is_replace_pending:
        end(t, order, <const record*>e, c'2', EXEC_TRADE, out)
    else:
        order.ord_status = c'1'
        report(order, <const record*>e, out)
    note_state(t, order, EXEC_TRADE)


cdef void replaced(
    tables* t, order_row* order, const record* r, outputs* out
) noexcept nogil:
    """The venue took the replace: the order has its new price, quantity and name."""
    if not order.is_replace_pending:
        t.risk.duplicate_reports += 1
        return
    order.is_replace_pending = 0
    order.price = order.replace_price
    order.order_qty = order.replace_qty
    order.cl_ord_id = order.replace_cl_ord_id
    if order.cum_qty >= order.order_qty:
        end(t, order, r, c'2', EXEC_REPLACED, out)
    else:
        keep(t, order, order.order_qty - order.cum_qty)
        report(order, r, out)
    note_state(t, order, EXEC_REPLACED)


cdef void execution(
    tables* t, order_row* order, const execution_record* e, outputs* out
) noexcept nogil:
    if e.exec_id and e.exec_id <= order.exec_id:
        t.risk.duplicate_reports += 1
        return
    if e.exec_id:
        order.exec_id = e.exec_id
    if e.exec_type == EXEC_TRADE:
        trade(t, order, e, out)
    elif not orders.is_open(order):
        t.risk.duplicate_reports += 1
    elif e.exec_type == EXEC_NEW:
        if order.ord_status == c'A':
            order.ord_status = c'0'
        report(order, <const record*>e, out)
        note_state(t, order, EXEC_NEW)
    elif e.exec_type == EXEC_REPLACED:
        replaced(t, order, <const record*>e, out)
    elif e.exec_type == EXEC_CANCELED:
        end(t, order, <const record*>e, c'4', EXEC_CANCELED, out)
        note_state(t, order, EXEC_CANCELED)
    elif e.exec_type == EXEC_REJECTED:
        end(t, order, <const record*>e, c'8', EXEC_REJECTED, out)
        note_state(t, order, EXEC_REJECTED)
    elif e.exec_type == EXEC_EXPIRED:
        end(t, order, <const record*>e, c'C', EXEC_EXPIRED, out)
        note_state(t, order, EXEC_EXPIRED)
    else:
        t.risk.refused_records += 1


cdef void never_arrived(
    tables* t, order_row* order, const record* r, outputs* out
) noexcept nogil:
    """The venue took the cancel and knows no such order: it was lost on the way, and is over.

    Requests reach a venue in order, so an order that it has not accepted cannot come later.
    """
    cdef execution_record e
    memset(&e, 0, sizeof(e))
    e.kind = EXECUTION_REPORT
    e.layout_version = r.layout_version
    e.exec_type = EXEC_CANCELED
    e.sequence = r.sequence
    e.order_id = order.order_id
    e.reason = r.reason
    e.received_ns = r.received_ns
    e.last_px = TG_NO_PRICE
    end(t, order, <const record*>&e, c'4', EXEC_CANCELED, out)
    note_state(t, order, EXEC_CANCELED)


cdef void cancel_reject(
    tables* t, order_row* order, const record* r, int ref_kind, outputs* out
) noexcept nogil:
    """The venue refused a request. An order that filled while it was pending is over now."""
    if ref_kind != CANCEL_REQUEST and ref_kind != CANCEL_REPLACE_REQUEST:
        t.risk.refused_records += 1
    elif not orders.is_open(order) or not is_pending(order, ref_kind):
        t.risk.duplicate_reports += 1
    elif (
        ref_kind == CANCEL_REQUEST and r.reason == VENUE_UNKNOWN_ORDER
        and order.ord_status == c'A'
    ):
        never_arrived(t, order, r, out)
    else:
        reject_pending(t, order, r, ref_kind, r.reason, out)
        if order.cum_qty >= order.order_qty and not order.is_replace_pending:
            reject_pending(t, order, r, CANCEL_REQUEST, TOO_LATE, out)
            orders.close_order(t, order, c'2')


cdef void step(tables* t, const record* r, outputs* out) noexcept nogil:
    cdef order_row* order = orders.find_order(t, r.order_id)
    if order == NULL:
        t.risk.orphan_reports += 1
    elif r.kind == EXECUTION_REPORT:
        execution(t, order, <const execution_record*>r, out)
    else:
        cancel_reject(t, order, r, (<const denial_record*>r).ref_kind, out)
