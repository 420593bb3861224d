"""What the card is to have: rows of risk's tables in the card's words and widths. Reads only."""
from libc.stdint cimport int64_t, uint8_t, uint32_t

from tidegate.native.card cimport bucket_state
from tidegate.native.tables cimport account_row, bucket, instrument_row, pair_row, tables

# Lanes and credits of nobody's limit: so much is never asked for, and one that has as much has
# enough, whatever was taken off.
cdef int64_t LANE_MOST
cdef int64_t LANE_ENOUGH
cdef int64_t CREDIT_MOST
cdef int64_t CREDIT_ENOUGH


# By side, 0 = buy.
cdef struct wanted_pair:
    int64_t room[2]
    int64_t credit[2]
    int64_t max_notional
    uint32_t max_qty
    uint8_t bits


# The worst of the states of the account's chain, as a TradingState; one that is unknown halts.
cdef int chain_state(const tables* t, const account_row* account) noexcept nogil
cdef int as_state(int state) noexcept nogil
# The words of the instrument's row of a side. False = one is wider than the card's.
cdef bint words_wanted(const instrument_row* row, bint is_buy, int64_t* words) noexcept nogil
# What the account's money is worth under each scenario, free of what it holds in the instrument's
# product. False = it cannot be expressed.
cdef bint lanes_wanted(const tables* t, const pair_row* pair, int64_t* lanes) noexcept nogil
# Whether a lack of money is found by the lanes: the account's own money, not converted.
cdef bint has_own_money(const tables* t, const pair_row* pair) noexcept nogil
cdef void pair_wanted(const pair_row* pair, wanted_pair* out) noexcept nogil
cdef void bucket_wanted(const bucket* row, bucket_state* out) noexcept nogil
