"""Limits by account and scope, in a hash table that never shrinks: a limit that is no longer
stated keeps its row with -1. Written at the start of the day and by LIMIT_CHANGE and SIDE_LOCK.
"""
from libc.stdint cimport uint32_t, uint64_t

from tidegate.native.tables cimport Tables, limit_row, tables


cdef inline uint32_t slot_of(
    const tables* t, uint32_t account, uint32_t instrument, uint32_t product1
) noexcept nogil:
    cdef uint64_t key = (<uint64_t>account << 32 | instrument) + (<uint64_t>product1 << 20)
    return <uint32_t>((key * <uint64_t>0x9E3779B97F4A7C15) >> 32) & t.limit_mask


cdef limit_row* find_limit(
    const tables* t, uint32_t account, uint32_t instrument, uint32_t product1
) noexcept nogil:
    """The row, or NULL. One row always stays free, so the probe ends."""
    cdef uint32_t slot = slot_of(t, account, instrument, product1)
    cdef limit_row* row = &t.limits[slot]
    while row.account:
        if row.account == account and row.instrument == instrument and row.product == product1:
            return row
        slot = (slot + 1) & t.limit_mask
        row = &t.limits[slot]
    return NULL


cdef limit_row* add_limit(
    tables* t, uint32_t account, uint32_t instrument, uint32_t product1
) noexcept nogil:
    cdef limit_row* row = find_limit(t, account, instrument, product1)
    cdef uint32_t slot
    if row != NULL:
        return row
    if account == 0 or t.risk.limit_count >= t.limit_mask:
        return NULL
    t.risk.limit_count += 1
    slot = slot_of(t, account, instrument, product1)
    while t.limits[slot].account:
        slot = (slot + 1) & t.limit_mask
    row = &t.limits[slot]
    row.account = account
    row.instrument = instrument
    row.product = product1
    row.max_order_qty = row.max_market_qty = row.max_notional = -1
    row.max_long = row.max_short = row.max_gross = row.max_open_orders = -1
    return row


def limit_row_index(Tables tables_, uint32_t account, uint32_t instrument, uint32_t product1):
    """Where the limits of an account and scope stand; added with nothing stated."""
    cdef tables* t = &tables_.t
    cdef limit_row* row
    if not 0 < account <= t.risk.account_count:
        raise ValueError(f"no account {account}")
    if instrument > t.risk.instrument_count or product1 > t.risk.product_count:
        raise ValueError(f"no instrument {instrument} or no product {product1}")
    row = add_limit(t, account, instrument, product1)
    if row == NULL:
        raise ValueError(f"the limits table is full at {t.limit_mask} rows")
    return row - t.limits
