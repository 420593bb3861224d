"""What follows from a fill, at its account: executions, protection, reduce-only, margin.

RISK.md 5.8 has the order and the rules. Every cancel is asked for once, of the venue; the order
holds what it holds until the venue answers.
"""
from libc.stdint cimport int64_t, uint32_t

cimport tidegate.native.balances as balances
cimport tidegate.native.days as days
cimport tidegate.native.holding as holding
cimport tidegate.native.orders as orders
cimport tidegate.native.positions as positions
from tidegate.native.alerts cimport alert
from tidegate.native.outputs cimport outputs
from tidegate.native.records cimport (
    BUY, CANCELED_BY_PROTECTION, CANCELED_FOR_MARGIN, CANCELED_REDUCE_ONLY, PROTECTION_PULLED,
    RE_ENABLE_NEEDED, SELL, execution_record,
)
from tidegate.native.requests cimport route_cancel
from tidegate.native.states cimport unfold
from tidegate.native.tables cimport (
    account_row, balance_row, order_row, pair_row, product_row, sides_row, tables,
)


cdef order_row* first_of(const tables* t, uint32_t pair) noexcept nogil:
    """The youngest working order of the pair's owner group in its instrument, or NULL."""
    cdef uint32_t day = days.day_of(t, pair)
    cdef uint32_t slot = t.days[day].first_order if day else 0
    return &t.orders[slot] if slot else NULL


cdef order_row* after(const tables* t, const order_row* order) noexcept nogil:
    return &t.orders[order.next_of_group] if order.next_of_group else NULL


cdef void count_execution(
    tables* t, uint32_t account, uint32_t instrument, outputs* out
) noexcept nogil:
    """Control 24: a level that has booked its last execution waits for a person."""
    cdef account_row* row = &t.accounts[account]
    row.fill_count += 1
    row.executions += 1
    if row.executions == row.executions_max:
        row.is_halted_by_executions = 1
        unfold(t)
        alert(
            t, out, account, instrument, RE_ENABLE_NEEDED, 0, row.executions_max, row.executions, 1
        )


cdef void pull(tables* t, const order_row* order, outputs* out) noexcept nogil:
    """Cancel the account's working orders in the order's product."""
    cdef uint32_t product = t.instruments[order.instrument].product
    cdef uint32_t instrument, pair
    cdef order_row* other
    for instrument in range(1, t.risk.instrument_count + 1):
        if t.instruments[instrument].product != product:
            continue
        pair = positions.find_pair(t, order.account, instrument)
        other = first_of(t, pair) if pair else NULL
        while other != NULL:
            if other.account == order.account and not other.is_cancel_pending:
                route_cancel(t, other, NULL, 0, CANCELED_BY_PROTECTION, out)
            other = after(t, other)


cdef void protect(
    tables* t, const order_row* order, int64_t lots, outputs* out
) noexcept nogil:
    """Control 35: too many lots filled within the window, or too many of one side."""
    cdef const account_row* account = &t.accounts[order.account]
    cdef product_row* row = &t.products[t.pairs[order.pair].product]
    if account.protection_window_ns <= 0 or row.is_pulled:
        return
    if row.protection_since_ns == 0 or (
        t.risk.now_ns - row.protection_since_ns >= account.protection_window_ns
    ):
        row.protection_since_ns = t.risk.now_ns
        row.protection_qty = 0
        row.protection_delta = 0
    row.protection_qty += lots
    row.protection_delta += lots if order.side == BUY else -lots
    if (account.protection_qty and row.protection_qty > account.protection_qty) or (
        account.protection_delta
        and positions.magnitude(row.protection_delta) > account.protection_delta
    ):
        row.is_pulled = 1
        alert(
            t, out, order.account, order.instrument, PROTECTION_PULLED, 0,
            account.protection_qty, row.protection_qty, lots
        )
        pull(t, order, out)


cdef int64_t left_to_close(const tables* t, const pair_row* pair, bint is_buy) noexcept nogil:
    cdef const sides_row* sides
    if pair.sides:
        sides = &t.sides[pair.sides]
        if is_buy:
            return <int64_t>sides.short_today + sides.short_yesterday
        return <int64_t>sides.long_today + sides.long_yesterday
    return max(0, -pair.net if is_buy else pair.net)


cdef bint is_clamped(
    const tables* t, const order_row* other, const order_row* order
) noexcept nogil:
    return (
        other.account == order.account and other.side == order.side
        and not other.is_cancel_pending and orders.is_reduce_only(t, other)
    )


cdef void clamp(tables* t, const order_row* order, outputs* out) noexcept nogil:
    """Control 19: reduce-only orders of the fill's side must not turn the position together."""
    cdef const pair_row* pair = &t.pairs[order.pair]
    cdef int64_t excess = 0
    cdef order_row* other
    if pair.reduce_only_orders == 0:
        return
    other = first_of(t, order.pair)
    while other != NULL:
        if is_clamped(t, other, order):
            excess += other.held_qty
        other = after(t, other)
    excess -= left_to_close(t, pair, order.side == BUY)
    other = first_of(t, order.pair)
    while other != NULL and excess > 0:
        if is_clamped(t, other, order):
            excess -= other.held_qty
            route_cancel(t, other, NULL, 0, CANCELED_REDUCE_ONLY, out)
        other = after(t, other)


cdef bint holds_margin(
    const tables* t, const order_row* other, const order_row* order
) noexcept nogil:
    """A working order of the fill's account that takes lots, not one that freezes some."""
    return other.account == order.account and not positions.is_freezing(
        &t.instruments[other.instrument], other.position_effect
    )


cdef void set_aside(tables* t, const order_row* order) noexcept nogil:
    """Count as if the order were over. Its own row stays, for put_back."""
    cdef order_row copy = order[0]
    holding.hold(t, &copy, -copy.held_qty, -copy.fee_held, -copy.premium_held, 0)


cdef void put_back(tables* t, const order_row* order) noexcept nogil:
    cdef order_row copy = order[0]
    copy.held_qty = 0
    copy.fee_held = 0
    copy.premium_held = 0
    copy.frozen_today = 0
    holding.hold(t, &copy, order.held_qty, order.fee_held, order.premium_held, 0)


cdef void move_all(
    tables* t, const order_row* order, bint is_back, bint is_pending
) noexcept nogil:
    """Set aside, or put back, the account's orders whose cancel is (or is not) pending."""
    cdef order_row* other = first_of(t, order.pair)
    while other != NULL:
        if holds_margin(t, other, order) and (other.is_cancel_pending != 0) == is_pending:
            if is_back:
                put_back(t, other)
            else:
                set_aside(t, other)
        other = after(t, other)


cdef order_row* largest(const tables* t, const order_row* order, int side) noexcept nogil:
    """Of the account's orders of a side without a pending cancel, by held lots, then youngest."""
    cdef order_row* best = NULL
    cdef order_row* other = first_of(t, order.pair)
    while other != NULL:
        if (
            holds_margin(t, other, order) and other.side == side
            and not other.is_cancel_pending and (best == NULL or other.held_qty > best.held_qty)
        ):
            best = other
        other = after(t, other)
    return best


cdef int64_t backed(const balance_row* balance) noexcept nogil:
    return balance.margin + balance.premium_held


cdef order_row* next_for_margin(
    tables* t, const order_row* order, const balance_row* balance
) noexcept nogil:
    """Of the largest buy and the largest sell the one that frees more; NULL = none is left."""
    cdef order_row* buy = largest(t, order, BUY)
    cdef order_row* sell = largest(t, order, SELL)
    cdef int64_t without_buy, without_sell
    if buy == NULL or sell == NULL:
        return sell if buy == NULL else buy
    set_aside(t, buy)
    without_buy = balances.held(balance)
    put_back(t, buy)
    set_aside(t, sell)
    without_sell = balances.held(balance)
    put_back(t, sell)
    if without_buy == without_sell:
        return sell if sell.held_qty > buy.held_qty else buy
    return buy if without_buy < without_sell else sell


cdef void cancel_for_margin(tables* t, const order_row* order, outputs* out) noexcept nogil:
    """A fill may leave less money than the working orders beside it are held with."""
    cdef uint32_t index = t.pairs[order.pair].balance
    cdef const balance_row* balance = &t.balances[index]
    cdef order_row* other
    cdef int64_t own
    if index == 0 or not balance.is_checked or balances.fits(t, index, 0):
        return
    move_all(t, order, False, True)
    move_all(t, order, False, False)
    own = backed(balance)
    move_all(t, order, True, False)
    while not balances.fits(t, index, 0) and backed(balance) > own:
        other = next_for_margin(t, order, balance)
        if other == NULL:
            break
        route_cancel(t, other, NULL, 0, CANCELED_FOR_MARGIN, out)
        set_aside(t, other)
    move_all(t, order, True, True)


cdef void count(
    tables* t, const order_row* order, const execution_record* e, outputs* out
) noexcept nogil:
    cdef const account_row* account = &t.accounts[order.account]
    cdef int i
    for i in range(account.chain_count):
        count_execution(t, account.chain[i], order.instrument, out)
    days.count_trade(t, order, e.trd_match_id)


cdef void follow(
    tables* t, const order_row* order, const execution_record* e, outputs* out
) noexcept nogil:
    protect(t, order, e.last_qty, out)
    clamp(t, order, out)
    cancel_for_margin(t, order, out)
