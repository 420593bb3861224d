"""A fill on every level: lots, average cost, cash, premium and fee. Never refused."""
from libc.stdint cimport int64_t, uint32_t

from tidegate.native.records cimport execution_record
from tidegate.native.tables cimport order_row, tables


# True on overflow: at least one level could not be booked whole and is halted.
cdef bint book_fill(tables* t, order_row* order, const execution_record* e) noexcept nogil
# What the pair's position has gained at this price; TG_NO_PRICE = 0. True on overflow.
cdef bint unrealised_at(
    const tables* t, uint32_t pair, int64_t price, int64_t* out
) noexcept nogil
# The same at the instrument's mark, carried to the pair and its balance. True on overflow.
# Only where it loses (or only where it does not).
cdef void revalue(tables* t, uint32_t pair, bint is_loss) noexcept nogil
