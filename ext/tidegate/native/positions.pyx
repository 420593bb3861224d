"""Pairs (account, instrument): finding, adding and holding on all levels at once.

Only risk writes them. A pair is added when the first order of its account in its instrument is
accepted, together with the pairs of all levels above it, and is never removed.
"""
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memset

cimport tidegate.native.margin as margin
from tidegate.native.tables cimport Tables, account_row, balance_row, pair_row, tables


cdef inline uint32_t slot_of(const tables* t, uint32_t account, uint32_t instrument) noexcept nogil:
    cdef uint64_t key = (<uint64_t>account << 32 | instrument) * <uint64_t>0x9E3779B97F4A7C15
    return <uint32_t>(key >> 32) & t.pair_mask


cdef uint32_t find_pair(const tables* t, uint32_t account, uint32_t instrument) noexcept nogil:
    """The pair's row, or 0. The index is twice as large as the table, so the probe ends."""
    cdef uint32_t slot = slot_of(t, account, instrument)
    cdef uint32_t pair = t.pair_index[slot]
    while pair:
        if t.pairs[pair].account == account and t.pairs[pair].instrument == instrument:
            return pair
        slot = (slot + 1) & t.pair_mask
        pair = t.pair_index[slot]
    return 0


cdef void absent_pair(
    const tables* t, uint32_t account, uint32_t instrument, pair_row* out
) noexcept nogil:
    """What the pair's row would be when added: flat, with its account's limits."""
    memset(out, 0, sizeof(pair_row))
    out.account = account
    out.instrument = instrument
    out.balance = account * t.currency_capacity + t.instruments[instrument].currency
    out.max_long = t.accounts[account].max_position
    out.max_short = t.accounts[account].max_position


cdef uint32_t add_pair(tables* t, uint32_t account, uint32_t instrument) noexcept nogil:
    """Add a row; the caller has found none. 0 when the table is full."""
    cdef uint32_t pair = t.risk.pair_count + 1
    cdef uint32_t slot
    if pair >= t.pair_capacity:
        return 0
    t.risk.pair_count = pair
    absent_pair(t, account, instrument, &t.pairs[pair])
    t.pairs[pair].next = t.instruments[instrument].first_pair
    t.instruments[instrument].first_pair = pair
    slot = slot_of(t, account, instrument)
    while t.pair_index[slot]:
        slot = (slot + 1) & t.pair_mask
    t.pair_index[slot] = pair
    return pair


cdef bint add_chain(tables* t, uint32_t account, uint32_t instrument) noexcept nogil:
    """The account's pair and those above it exist and are linked. False when the table is full."""
    cdef const account_row* row = &t.accounts[account]
    cdef uint32_t parent = 0
    cdef uint32_t pair
    cdef uint32_t missing = 0
    cdef int i
    for i in range(row.chain_count):
        missing += find_pair(t, row.chain[i], instrument) == 0
    if t.risk.pair_count + missing >= t.pair_capacity:
        return False
    for i in range(row.chain_count - 1, -1, -1):
        pair = find_pair(t, row.chain[i], instrument)
        if pair == 0:
            pair = add_pair(t, row.chain[i], instrument)
        t.pairs[pair].parent = parent
        parent = pair
    return True


cdef bint refresh(tables* t, uint32_t pair) noexcept nogil:
    """Recompute the pair's margin and carry the change to its balance. True on overflow."""
    cdef pair_row* row = &t.pairs[pair]
    cdef balance_row* balance = &t.balances[row.balance]
    cdef int64_t needed, total
    if margin.requirement(
        &t.instruments[row.instrument], row.net, row.open_buy, row.open_sell, &needed
    ) or margin.money_sum(balance.margin, needed - row.margin, &total):
        return True
    balance.margin = total
    row.margin = needed
    return False


cdef bint move_open(
    tables* t, uint32_t pair, bint is_buy, int64_t lots, int64_t fee_held
) noexcept nogil:
    """Add lots (negative: release) and fee to what every level holds. True on overflow."""
    cdef bint is_overflow = False
    cdef balance_row* balance
    while pair:
        if is_buy:
            t.pairs[pair].open_buy += lots
        else:
            t.pairs[pair].open_sell += lots
        balance = &t.balances[t.pairs[pair].balance]
        is_overflow |= margin.money_sum(balance.fee_held, fee_held, &balance.fee_held)
        is_overflow |= refresh(t, pair)
        pair = t.pairs[pair].parent
    return is_overflow


cdef void count_message(tables* t, uint32_t account) noexcept nogil:
    """Count a message that leaves for the venue in every level's bucket.

    A cancel is never refused, so it may find the bucket full; it then leaves no debt behind.
    """
    cdef account_row* row
    cdef int64_t full
    cdef int i
    for i in range(t.accounts[account].chain_count):
        row = &t.accounts[t.accounts[account].chain[i]]
        if row.rate_interval_ns:
            if row.rate_next_ns < t.risk.now_ns:
                row.rate_next_ns = t.risk.now_ns
            full = t.risk.now_ns + row.rate_tolerance_ns + row.rate_interval_ns
            row.rate_next_ns = min(row.rate_next_ns + row.rate_interval_ns, full)


def create_pair(Tables tables_, uint32_t account, uint32_t instrument):
    """The row of a pair, added when it is not there. Only before the first record."""
    cdef tables* t = &tables_.t
    cdef uint32_t pair
    if not 0 < account <= t.risk.account_count or not 0 < instrument <= t.risk.instrument_count:
        raise ValueError(f"no account {account} or no instrument {instrument}")
    pair = find_pair(t, account, instrument) or add_pair(t, account, instrument)
    if pair == 0:
        raise ValueError(f"the pair table is full at {t.pair_capacity - 1} rows")
    return pair
