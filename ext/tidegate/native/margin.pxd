"""What a position and its working orders must be backed with. Money per lot, then lots."""
from libc.stdint cimport int64_t

from tidegate.native.records cimport TG_NO_PRICE
from tidegate.native.tables cimport instrument_row


cdef extern from "money.h" nogil:
    int money_product(int64_t a, int64_t b, int64_t c, int64_t* out)
    int money_share(int64_t value, int64_t numerator, int64_t denominator, int64_t* out)
    int money_ppm_up(int64_t value, int64_t ppm, int64_t* out)
    int money_sum(int64_t a, int64_t b, int64_t* out)


cdef inline bint requirement(
    const instrument_row* instrument, int64_t net, int64_t open_buy, int64_t open_sell,
    int64_t* out
) noexcept nogil:
    """R = max(mL * max(0, net + open_buy), mS * max(0, open_sell - net)). True on overflow.

    The worst of all positions that fills can reach: margin is convex in the net position, so
    an end of [net - open_sell, net + open_buy] is the worst, whatever the order of fills.
    """
    cdef int64_t longs = 0
    cdef int64_t shorts = 0
    if net + open_buy > 0 and money_product(
        instrument.margin_long, net + open_buy, 1, &longs
    ):
        return True
    if open_sell - net > 0 and money_product(
        instrument.margin_short, open_sell - net, 1, &shorts
    ):
        return True
    out[0] = longs if longs > shorts else shorts
    return False


cdef inline bint fee(
    const instrument_row* instrument, int64_t price, int64_t lots, int64_t* out
) noexcept nogil:
    """fee_lot * lots + |price| * tick_value * lots * fee_ppm, rounded up. True on overflow."""
    cdef int64_t by_lot, notional, by_notional
    if (
        money_product(instrument.fee_lot, lots, 1, &by_lot)
        or money_product(price, instrument.tick_value, lots, &notional)
        or money_ppm_up(notional, instrument.fee_ppm, &by_notional)
    ):
        return True
    return money_sum(by_lot, by_notional, out)


cdef inline int64_t farther(int64_t a, int64_t b) noexcept nogil:
    """The price farther from zero; TG_NO_PRICE counts as zero."""
    a = 0 if a == TG_NO_PRICE else a
    b = 0 if b == TG_NO_PRICE else b
    return a if (a if a >= 0 else -a) >= (b if b >= 0 else -b) else b


cdef inline int64_t fee_price(const instrument_row* instrument, int64_t price) noexcept nogil:
    """At which price an order's fee is held: it may fill at a better price than its own."""
    return farther(price, instrument.mark_px)


cdef inline bint margin_a_lot(
    const instrument_row* instrument, int64_t by_volume, int64_t ppm, int64_t* out
) noexcept nogil:
    """by_volume + |settlement| * tick_value * ppm, rounded up once a lot. True on overflow."""
    cdef int64_t notional, by_money
    if (
        money_product(instrument.settlement_px, instrument.tick_value, 1, &notional)
        or money_ppm_up(notional, ppm, &by_money)
    ):
        return True
    return money_sum(by_volume, by_money, out)
