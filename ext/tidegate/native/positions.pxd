"""Pairs (account, instrument): finding, adding and holding on all levels at once."""
from libc.stdint cimport int64_t, uint32_t

from tidegate.native.tables cimport balance_row, instrument_row, pair_row, tables


cdef uint32_t find_pair(const tables* t, uint32_t account, uint32_t instrument) noexcept nogil
cdef uint32_t add_pair(tables* t, uint32_t account, uint32_t instrument) noexcept nogil
cdef bint add_chain(tables* t, uint32_t account, uint32_t instrument) noexcept nogil
cdef void absent_pair(
    const tables* t, uint32_t account, uint32_t instrument, pair_row* out
) noexcept nogil
cdef bint refresh(tables* t, uint32_t pair) noexcept nogil
cdef bint move_open(
    tables* t, uint32_t pair, bint is_buy, int64_t lots, int64_t fee_held
) noexcept nogil
cdef void count_message(tables* t, uint32_t account) noexcept nogil
