"""Flat tables of one SPAN parameter set, and the scratch in which one account is computed.

Delta is in grains, so that every share that spreads take is a whole number; money is int64 in
1/10,000 of the currency unit; array values are in the commodity's `unit` of that money.
"""
from libc.stdint cimport int32_t, int64_t, uint64_t


cdef extern from "wide.h" nogil:
    ctypedef long long wide
    int64_t WIDE_MONEY_MAX
    int64_t WIDE_NONE
    void wide_add_lots(int64_t* losses, const int32_t* values, int32_t lots)
    void wide_clear(void* out, size_t size)
    int wide_add_product(wide* total, int64_t a, int64_t b)
    int wide_times(wide a, wide b, wide* out)
    int wide_share(wide value, wide divisor, int up, int64_t* out)


cdef enum:
    # How a computation ended; 0 says that nothing was decided.
    DONE = 1
    NEEDS_REFERENCE = 2
    NO_PRICE = 3
    TOO_LARGE = 4


cdef enum:
    SCENARIOS = 16
    # Of one account, so that lots times any figure that a table may hold (2^39) fits an int64.
    LOTS_MAX = 0x3FFFFF
    RATE_UNIT = 1000000
    NORMAL = 1
    SCAN_RANGE = 3
    TWELFTHS = 12
    LAST_BIT = 63


cdef struct instrument_t:
    int32_t values[SCENARIOS]
    int64_t delta
    int64_t value
    int64_t scan_range
    int32_t commodity
    int32_t slot
    int32_t month
    int32_t som
    int32_t is_put
    int32_t has_price


cdef struct commodity_t:
    int64_t unit
    int32_t price_risk_method
    int32_t needs_both_sides
    int32_t caps_option_value
    int32_t som_takes_larger
    int32_t group
    int32_t month_first
    int32_t month_end
    int32_t slot_first
    int32_t slot_end
    int32_t som_first
    int32_t som_end
    int32_t spread_first
    int32_t spread_end
    int32_t delivery_first
    int32_t delivery_end
    int32_t inter_first
    int32_t inter_end
    int32_t pad


cdef struct spread_t:
    int64_t rate
    int32_t leg_first
    int32_t leg_end


cdef struct leg_t:
    # A bit a month of the commodity, to see at a glance that there is no delta for this leg.
    uint64_t months
    int32_t month_first
    int32_t month_end
    int32_t ratio
    int32_t side


cdef struct delivery_t:
    int64_t spread_rate
    int64_t outright_rate
    int32_t month
    int32_t pad


cdef struct inter_t:
    int64_t flat
    int32_t is_super
    int32_t leg_first
    int32_t leg_end
    int32_t pad


cdef struct inter_leg_t:
    int64_t rate
    int32_t commodity
    int32_t ratio
    int32_t side
    int32_t pad


cdef struct work_t:
    # Of one commodity while an account is computed; zeros between two accounts.
    int64_t price_risk
    int64_t scan
    int64_t net
    int64_t range
    int64_t intra
    int64_t delivery
    int64_t longs
    int64_t shorts
    wide used_super
    wide used
    wide flat
    int32_t active
    int32_t is_held


cdef struct account_t:
    const instrument_t* instruments
    const commodity_t* commodities
    const spread_t* spreads
    const leg_t* legs
    const delivery_t* deliveries
    const inter_t* inters
    const inter_leg_t* inter_legs
    const int32_t* inter_by_commodity
    const int64_t* som_rates
    const int32_t* currency_by_group
    int64_t grains
    # Scratch: SCENARIOS losses a slot, delta left and at the start a month, shorts a SOM slot.
    int64_t* losses
    int32_t* slot_is_held
    int64_t* left
    int64_t* start
    int64_t* calls
    int64_t* puts
    int64_t* group_sums
    work_t* work
    int32_t* held
    int32_t* candidates
    int32_t held_count
    # Months with long and with short delta left, of the commodity that is being charged.
    uint64_t longs
    uint64_t shorts


cdef inline int64_t absolute(int64_t value) noexcept nogil:
    return value if value >= 0 else -value
