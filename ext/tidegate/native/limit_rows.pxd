"""Limits by account and scope: an instrument, a product (its index + 1), or neither = all."""
from libc.stdint cimport uint32_t

from tidegate.native.tables cimport limit_row, tables


# NULL when none is stated.
cdef limit_row* find_limit(
    const tables* t, uint32_t account, uint32_t instrument, uint32_t product1
) noexcept nogil
# Found or added with every maximum -1; NULL when the table is full.
cdef limit_row* add_limit(
    tables* t, uint32_t account, uint32_t instrument, uint32_t product1
) noexcept nogil
