"""What an operator decides about a difference with a venue (RISK.md 5.11).

Lots are booked as a fill of no order, on all levels or on none: the rows of each level are kept
until the last of them has been booked.
"""
from libc.stdint cimport INT32_MAX, int64_t, uint32_t
from libc.string cimport memset

cimport tidegate.native.breaks as breaks
cimport tidegate.native.cash as cash
cimport tidegate.native.endings as endings
cimport tidegate.native.fills as fills
cimport tidegate.native.margin as margin
cimport tidegate.native.marks as marks
cimport tidegate.native.orders as orders
cimport tidegate.native.positions as positions
cimport tidegate.native.states as states
from tidegate.native.balances cimport pool_balance
from tidegate.native.days cimport day_of
from tidegate.native.dirty cimport unmark_dirty
from tidegate.native.margin cimport MONEY_MAX
from tidegate.native.outputs cimport add_route, outputs
from tidegate.native.positions cimport row_counts
from tidegate.native.records cimport (
    ADJUSTED, BUY, CANCEL_REQUEST, CLOSE, MASTER, OPEN, SELL, SUB_ACCOUNT, TG_LAYOUT_VERSION,
    TG_NO_PRICE, control_record, order_record, record,
)
from tidegate.native.tables cimport (
    TG_CHAIN_MAX, account_row, balance_row, order_row, pair_row, product_row, scan_row, sides_row,
    tables,
)


# Every row of one level that a fill changes.
cdef struct level_rows:
    account_row account
    account_row pool
    pair_row pair
    product_row product
    scan_row scan
    sides_row sides
    balance_row balance
    balance_row pool_balance


cdef void exchange(tables* t, uint32_t index, level_rows* kept, bint is_back) noexcept nogil:
    """Keep the level's rows, or put them back. Rows 0 go with them: nothing is in them."""
    cdef pair_row* pair = &t.pairs[index]
    cdef account_row* account = &t.accounts[pair.account]
    cdef account_row* pool = &t.accounts[account.pool]
    cdef product_row* product = &t.products[pair.product]
    cdef scan_row* scan = &t.scans[product.scan]
    cdef sides_row* sides = &t.sides[pair.sides]
    cdef uint32_t at = pair.account * t.currency_capacity + t.instruments[pair.instrument].currency
    cdef balance_row* balance = &t.balances[at]
    cdef balance_row* pooled = &t.balances[pool_balance(t, pair.account, at)]
    if is_back:
        account[0] = kept.account
        pool[0] = kept.pool
        pair[0] = kept.pair
        product[0] = kept.product
        scan[0] = kept.scan
        sides[0] = kept.sides
        balance[0] = kept.balance
        pooled[0] = kept.pool_balance
    else:
        kept.account = account[0]
        kept.pool = pool[0]
        kept.pair = pair[0]
        kept.product = product[0]
        kept.scan = scan[0]
        kept.sides = sides[0]
        kept.balance = balance[0]
        kept.pool_balance = pooled[0]


cdef bint book_all(
    tables* t, const order_row* as_of, int64_t lots, int64_t price
) noexcept nogil:
    """On every level of the chain, or on none. True = one of them cannot express it."""
    cdef level_rows kept[TG_CHAIN_MAX]
    cdef uint32_t dirty_first = t.risk.dirty_first
    cdef uint32_t pair = as_of.pair
    cdef int i = 0
    while pair:
        exchange(t, pair, &kept[i], False)
        pair = t.pairs[pair].parent
        i += 1
    if not fills.book_lots(t, as_of, lots, price):
        return False
    unmark_dirty(t, dirty_first)
    pair = as_of.pair
    i = 0
    while pair:
        exchange(t, pair, &kept[i], True)
        pair = t.pairs[pair].parent
        i += 1
    return True


cdef bint are_lots(const tables* t, const control_record* r) noexcept nogil:
    cdef int64_t value
    return (
        (r.side == BUY or r.side == SELL)
        and t.accounts[r.account].level >= SUB_ACCOUNT and states.is_instrument(t, r.instrument)
        and 0 < r.order_qty <= INT32_MAX and marks.is_price(r.price)
        and (
            not t.instruments[r.instrument].has_sides
            or r.position_effect == OPEN or r.position_effect == CLOSE
        )
        and not margin.money_product(
            r.price, t.instruments[r.instrument].tick_value, r.order_qty, &value
        )
    )


cdef bint adjust_lots(tables* t, const control_record* r) noexcept nogil:
    """A fill of no order, without a fee."""
    cdef row_counts before = positions.count_rows(t)
    cdef const account_row* account = &t.accounts[r.account]
    cdef order_row as_of
    cdef uint32_t day
    cdef int i
    if (
        r.currency or r.amount or not states.is_account(t, r.account) or not are_lots(t, r)
        or not positions.ensure_rows(t, r.account, r.instrument)
    ):
        return True
    memset(&as_of, 0, sizeof(order_row))
    as_of.account = r.account
    as_of.instrument = r.instrument
    as_of.side = r.side
    as_of.position_effect = r.position_effect
    as_of.pair = positions.find_pair(t, r.account, r.instrument)
    if book_all(t, &as_of, r.order_qty, r.price):
        positions.drop_rows(t, r.account, &before)
        return True
    for i in range(account.chain_count):
        t.accounts[account.chain[i]].fill_count += 1
    day = day_of(t, as_of.pair)
    if day:
        t.days[day].trades += 1
    t.risk.fills += 1
    return False


cdef bint adjust_cash(tables* t, const control_record* r) noexcept nogil:
    """Money that the venue has given or taken; nothing asks whether it is free."""
    return (
        t.accounts[r.account].level < SUB_ACCOUNT
        or r.instrument != 0 or r.order_qty != 0
        or not 0 < r.currency <= t.risk.currency_count
        or r.amount == 0 or not -MONEY_MAX <= r.amount <= MONEY_MAX
        or cash.book(t, r.account, r.currency, r.amount, 0)
    )


cdef void route_unknown(tables* t, const control_record* r, outputs* out) noexcept nogil:
    """A cancel of what a venue has and we do not."""
    cdef order_record* routed = <order_record*>add_route(out)
    memset(routed, 0, sizeof(order_record))
    routed.kind = CANCEL_REQUEST
    routed.layout_version = TG_LAYOUT_VERSION
    routed.sequence = t.risk.sequence
    routed.received_ns = t.risk.now_ns
    routed.order_id = r.order_id
    routed.price = TG_NO_PRICE
    routed.account = r.account
    routed.instrument = r.instrument


cdef bint adjust_order(tables* t, const control_record* r, outputs* out) noexcept nogil:
    """An order that the venue no longer has ends; one that only the venue has is canceled."""
    cdef order_row* order = orders.find_order(t, r.order_id)
    if r.side or r.order_qty or r.amount or r.currency:
        return True
    if order == NULL or not orders.is_open(order):
        if r.account == 0 or r.instrument == 0:
            return True
        route_unknown(t, r, out)
        return False
    if (
        order.is_staged or (r.account and r.account != order.account)
        or (r.instrument and r.instrument != order.instrument)
    ):
        return True
    # Whatever else has asked for a cancel, this is what ends it.
    order.cancel_reason = ADJUSTED
    endings.cancel_here(t, order, <const record*>r, ADJUSTED, out)
    return False


cdef bint adjust(tables* t, const control_record* r, outputs* out) noexcept nogil:
    if r.actor == 0:
        return True
    if r.order_id and r.side == 0:
        return adjust_order(t, r, out)
    if r.order_id or not states.is_account(t, r.account):
        return True
    if r.side:
        return adjust_lots(t, r)
    if t.accounts[r.account].level == MASTER:
        return r.order_qty != 0 or r.amount != 0 or breaks.dismiss(t, r)
    return adjust_cash(t, r)
