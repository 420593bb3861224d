"""The day's counts of an owner group in an instrument (RISK.md 5.9), kept at the group's pair."""
from libc.stdint cimport int64_t, uint32_t

from tidegate.native.records cimport FILL_OR_KILL, IMMEDIATE_OR_CANCEL
from tidegate.native.tables cimport day_row, instrument_row, order_row, tables


cdef inline uint32_t day_of(const tables* t, uint32_t pair) noexcept nogil:
    """The day row of the pair's owner group; 0 = it has none."""
    while pair and t.pairs[pair].day == 0:
        pair = t.pairs[pair].parent
    return t.pairs[pair].day if pair else 0


cdef inline void count_cancel(tables* t, const order_row* order) noexcept nogil:
    """An order that was reported canceled; only one with lots left counts."""
    cdef const instrument_row* instrument = &t.instruments[order.instrument]
    cdef int64_t left = order.order_qty - order.cum_qty
    cdef uint32_t day = day_of(t, order.pair)
    cdef bint is_immediate = (
        order.time_in_force == IMMEDIATE_OR_CANCEL or order.time_in_force == FILL_OR_KILL
    )
    if day == 0 or left <= 0 or (is_immediate and instrument.exempts_immediate):
        return
    t.days[day].cancels += 1
    if 0 < instrument.large_cancel_qty <= left:
        t.days[day].large_cancels += 1


cdef inline bint count_trade(
    tables* t, const order_row* order, uint32_t trd_match_id
) noexcept nogil:
    """A fill. True when the group's other side of the same match was its last fill: a self-trade.

    trd_match_id 0 = the venue does not tell.
    """
    cdef uint32_t day = day_of(t, order.pair)
    cdef day_row* row = &t.days[day]
    cdef bint is_self
    if day == 0:
        return False
    row.trades += 1
    is_self = (
        trd_match_id != 0 and row.last_match_id == trd_match_id
        and row.last_match_side != order.side
    )
    row.self_trades += is_self
    if trd_match_id:
        row.last_match_id = trd_match_id
        row.last_match_side = order.side
    return is_self
