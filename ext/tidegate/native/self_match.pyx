"""Working orders of an owner group in an instrument, and which of them an order would meet.

A list through the orders, the youngest first, from the group's day row. The row also bounds the
prices of each side, so that an order which meets nobody is known by one comparison; a bound that
has become too wide is set anew by the first order that crosses it and meets nobody.
"""
from libc.stdint cimport INT64_MAX, INT64_MIN, int64_t, uint32_t

from tidegate.native.days cimport day_of
from tidegate.native.records cimport BUY, MARKET, SELF_MATCH_ALLOW, order_record
from tidegate.native.tables cimport day_row, order_row, tables


cdef inline int64_t aggressive(const order_row* order) noexcept nogil:
    """The price at which it counts: of an order and its pending replace, the one nearer to all."""
    cdef int64_t price = order.price
    if order.ord_type == MARKET:
        return INT64_MAX if order.side == BUY else INT64_MIN
    if order.is_replace_pending:
        if order.side == BUY:
            return max(price, order.replace_price)
        return min(price, order.replace_price)
    return price


cdef inline void widen(day_row* day, const order_row* order) noexcept nogil:
    cdef int64_t price = aggressive(order)
    if order.side == BUY:
        day.best_buy_px = max(day.best_buy_px, price)
    else:
        day.best_sell_px = min(day.best_sell_px, price)


cdef void bound_anew(const tables* t, day_row* day) noexcept nogil:
    cdef uint32_t slot = day.first_order
    day.best_buy_px = INT64_MIN
    day.best_sell_px = INT64_MAX
    while slot:
        widen(day, &t.orders[slot])
        slot = t.orders[slot].next_of_group


cdef inline bint is_watched(const tables* t, const order_row* order) noexcept nogil:
    cdef uint32_t group = t.accounts[order.account].group
    return (
        t.accounts[order.account].self_match_own != SELF_MATCH_ALLOW
        or t.accounts[group].self_match_group != SELF_MATCH_ALLOW
    )


cdef void enter(tables* t, order_row* order, uint32_t index) noexcept nogil:
    cdef day_row* day = &t.days[index]
    cdef uint32_t slot = <uint32_t>order.order_id
    if index == 0:
        return
    if is_watched(t, order) and may_cross(
        day, order.side == BUY, order.ord_type == MARKET, order.price
    ):
        bound_anew(t, day)
    if day.first_order == 0:
        day.best_buy_px = INT64_MIN
        day.best_sell_px = INT64_MAX
    order.next_of_group = day.first_order
    order.previous_of_group = 0
    if day.first_order:
        t.orders[day.first_order].previous_of_group = slot
    day.first_order = slot
    widen(day, order)


cdef void reprice(tables* t, const order_row* order) noexcept nogil:
    cdef uint32_t index = day_of(t, order.pair)
    if index:
        widen(&t.days[index], order)


cdef void leave(tables* t, order_row* order) noexcept nogil:
    cdef uint32_t index = day_of(t, order.pair)
    if index == 0:
        return
    if order.previous_of_group:
        t.orders[order.previous_of_group].next_of_group = order.next_of_group
    else:
        t.days[index].first_order = order.next_of_group
    if order.next_of_group:
        t.orders[order.next_of_group].previous_of_group = order.previous_of_group
    order.next_of_group = 0
    order.previous_of_group = 0


cdef bint is_met(
    const order_row* order, bint is_buy, bint is_market, int64_t price
) noexcept nogil:
    if (order.side == BUY) == is_buy:
        return False
    return is_market or (
        aggressive(order) <= price if is_buy else aggressive(order) >= price
    )


cdef bint crosses(
    const tables* t, const day_row* day, const order_record* o, int64_t price, bint is_group,
    int64_t* px
) noexcept nogil:
    cdef bint is_buy = o.side == BUY
    cdef bint is_market = o.ord_type == MARKET
    cdef const order_row* order
    cdef const order_row* best = NULL
    cdef uint32_t slot
    if not may_cross(day, is_buy, is_market, price):
        return False
    slot = day.first_order
    while slot:
        order = &t.orders[slot]
        slot = order.next_of_group
        if not is_group and order.account != o.account:
            continue
        if not is_met(order, is_buy, is_market, price):
            continue
        if best == NULL or (
            aggressive(order) < aggressive(best) if is_buy
            else aggressive(order) > aggressive(best)
        ):
            best = order
    if best == NULL:
        return False
    px[0] = best.price if best.ord_type == MARKET else aggressive(best)
    return True
