"""Rows of (account, instrument) and (account, product): found, made, folded.

Worst sizes are kept as credits: worst long = max_long - buy_credit, worst short = max_short -
sell_credit (RISK.md 1). A pair's balance is 0 where its level has no money to back it.
"""
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from tidegate.native.records cimport (
    ACTIVE, CLOSE, CLOSE_TODAY, CLOSE_YESTERDAY, REDUCING, SUB_ACCOUNT,
)
from tidegate.native.tables cimport (
    account_row, credits, instrument_row, pair_row, tables,
)


# How many rows of each table are in use.
ctypedef struct row_counts:
    uint32_t pairs
    uint32_t products
    uint32_t scans
    uint32_t sides
    uint32_t days


# What a pair's chain states, folded with its limits: a control that nothing of it states needs no
# check. PLACES: something stands in the way now (a state, a lock, what is not permitted or is
# missing, executions, a slowed level), or its money is converted.
cdef enum:
    WATCH_PLACES = 1
    WATCH_STEPS = 2          # lot_step, price_step, min_order_qty
    WATCH_DAY = 4            # the day's limits of the instrument
    WATCH_LOSS = 8           # max_loss, max_drawdown, leverage
    WATCH_CONCENTRATION = 16
    WATCH_SELF_MATCH = 32


# "No limit" of open orders.
cdef enum:
    ORDERS_MAX = 1 << 30


cdef inline bint has_money(const account_row* account) noexcept nogil:
    """The level backs what is held at and below it: one that sends orders, or a shared one.

    A pool's money is changed through its members alone, or it would count twice.
    """
    return (account.level >= SUB_ACCOUNT or account.is_shared) and not account.is_pool


cdef inline uint8_t own_state(const account_row* row) noexcept nogil:
    """As an operator set it; with an open difference with its venue no more than REDUCING."""
    return REDUCING if row.breaks and row.trading_state == ACTIVE else row.trading_state


cdef inline int64_t worst_long(const credits* row) noexcept nogil:
    return row.max_long - row.buy_credit


cdef inline int64_t worst_short(const credits* row) noexcept nogil:
    return row.max_short - row.sell_credit


cdef inline int64_t gross_now(const pair_row* pair) noexcept nogil:
    return pair.all.max_gross - pair.all.gross_credit


cdef inline int64_t open_buy(const pair_row* pair) noexcept nogil:
    """Working buy lots, of a net instrument."""
    return pair.all.max_long - pair.all.buy_credit - pair.net


cdef inline int64_t open_sell(const pair_row* pair) noexcept nogil:
    """Working sell lots, of a net instrument."""
    return pair.all.max_short - pair.all.sell_credit + pair.net


cdef inline int64_t magnitude(int64_t value) noexcept nogil:
    return value if value >= 0 else -value


cdef inline int64_t gross_of(
    const instrument_row* instrument, int64_t longs, int64_t shorts
) noexcept nogil:
    """The worst size that these worst sides can lead to: net, the larger; with sides, both."""
    if instrument.has_sides:
        return longs + shorts
    return max(magnitude(longs), magnitude(shorts))


cdef inline bint is_freezing(const instrument_row* instrument, uint8_t effect) noexcept nogil:
    """The order closes lots that are kept by side: it freezes some instead of adding any."""
    return instrument.has_sides and (
        effect == CLOSE or effect == CLOSE_TODAY or effect == CLOSE_YESTERDAY
    )


cdef inline uint32_t hash_of(uint32_t account, uint32_t other) noexcept nogil:
    """Where an index begins to look for (account, instrument or product)."""
    cdef uint64_t key = (<uint64_t>account << 32 | other) * <uint64_t>0x9E3779B97F4A7C15
    return <uint32_t>(key >> 32)


cdef uint32_t find_pair(const tables* t, uint32_t account, uint32_t instrument) noexcept nogil
cdef uint32_t find_product(const tables* t, uint32_t account, uint32_t product) noexcept nogil
# True = all rows of the chain are there and linked; False = a table is full, none was made.
cdef bint ensure_rows(tables* t, uint32_t account, uint32_t instrument) noexcept nogil
# drop_rows takes away all that ensure_rows has made of an account's chain since count_rows.
cdef row_counts count_rows(const tables* t) noexcept nogil
cdef void drop_rows(tables* t, uint32_t account, const row_counts* before) noexcept nogil
# The static limits, states and locks of every level and scope, folded into the order's own pair.
cdef void fold(tables* t, uint32_t pair) noexcept nogil
