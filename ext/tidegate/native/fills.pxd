"""A fill on every level: lots, average cost, cash, premium and fee. Never refused."""
from libc.stdint cimport int64_t, uint32_t

from tidegate.native.records cimport execution_record
from tidegate.native.tables cimport instrument_row, order_row, tables


# True on overflow: at least one level could not be booked whole and is halted.
cdef bint book_fill(tables* t, order_row* order, const execution_record* e) noexcept nogil
# Lots of no order, without a fee. `as_of` says whose and which; it is not changed. True = a level
# cannot express it; those below it have been booked, and part of it: the caller puts them back.
cdef bint book_lots(
    tables* t, const order_row* as_of, int64_t lots, int64_t price
) noexcept nogil
# net * tick_value * price, less what it has cost; TG_NO_PRICE = 0. True on overflow.
cdef bint gained(
    const instrument_row* instrument, int64_t net, int64_t open_cost, int64_t short_cost,
    int64_t price, int64_t* out
) noexcept nogil
# What the pair's position has gained at this price; TG_NO_PRICE = 0. True on overflow.
cdef bint unrealised_at(
    const tables* t, uint32_t pair, int64_t price, int64_t* out
) noexcept nogil
# The same at the instrument's mark, carried to the pair and its balance. True on overflow.
# Only those of the changes that are LOSSES, or GAINS, or both.
cdef enum:
    LOSSES = 1
    GAINS = 2
cdef void revalue(tables* t, uint32_t pair, int changes) noexcept nogil
