"""Working orders of an owner group in an instrument, and which of them an order would meet."""
from libc.stdint cimport INT64_MAX, INT64_MIN, int64_t, uint32_t

from tidegate.native.records cimport order_record
from tidegate.native.tables cimport day_row, order_row, tables


cdef inline bint may_cross(
    const day_row* day, bint is_buy, bint is_market, int64_t price
) noexcept nogil:
    """One cheap test first: False = no order of the group can cross."""
    if day.first_order == 0:
        return False
    if is_buy:
        return day.best_sell_px != INT64_MAX and (is_market or day.best_sell_px <= price)
    return day.best_buy_px != INT64_MIN and (is_market or day.best_buy_px >= price)


# `enter` when it is held and order.pair is set (index = its day row's); `reprice` when it gets
# a pending price. orders.close_order calls `leave`.
cdef void enter(tables* t, order_row* order, uint32_t index) noexcept nogil
cdef void reprice(tables* t, const order_row* order) noexcept nogil
cdef void leave(tables* t, order_row* order) noexcept nogil
# Does this working order meet an order of that side and price?
cdef bint is_met(
    const order_row* order, bint is_buy, bint is_market, int64_t price
) noexcept nogil
# is_group False: only orders of the account itself. px = the most aggressive price that is met.
cdef bint crosses(
    const tables* t, const day_row* day, const order_record* o, int64_t price, bint is_group,
    int64_t* px
) noexcept nogil
