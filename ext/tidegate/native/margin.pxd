"""Money of lots: margin a lot, fees, notional, premium, the price that binds. All exact.

Functions return True when the result cannot be expressed; `out` is written only on False.
"""
from libc.stdint cimport INT64_MIN, int64_t, uint8_t, uint32_t

from tidegate.native.records cimport OPEN, TG_NO_PRICE
from tidegate.native.tables cimport fee_row, instrument_row, tables


cdef extern from "money.h" nogil:
    const int64_t MONEY_MAX
    int money_product(int64_t a, int64_t b, int64_t c, int64_t* out)
    int money_times(int64_t a, int64_t b, int64_t* out)
    int money_share(int64_t value, int64_t numerator, int64_t denominator, int64_t* out)
    int money_ppm_up(int64_t value, int64_t ppm, int64_t* out)
    int money_sum(int64_t a, int64_t b, int64_t* out)
    int money_exceeds(int64_t a, int64_t b, int64_t c, int64_t d)
    int money_convert(
        int64_t value, int64_t asset_rate, int64_t liability_rate, int64_t* out
    )


cdef inline int64_t farther(int64_t a, int64_t b) noexcept nogil:
    """The price farther from zero; TG_NO_PRICE counts as zero."""
    a = 0 if a == TG_NO_PRICE else a
    b = 0 if b == TG_NO_PRICE else b
    return a if (a if a >= 0 else -a) >= (b if b >= 0 else -b) else b


cdef inline bint has_collar(const instrument_row* instrument) noexcept nogil:
    return instrument.collar_low > INT64_MIN + 1


cdef inline int64_t bound(const instrument_row* instrument, bint is_buy) noexcept nogil:
    """The worst price that a MARKET order may fill at; TG_NO_PRICE without a collar."""
    if not has_collar(instrument):
        return TG_NO_PRICE
    return instrument.collar_high if is_buy else instrument.collar_low


cdef inline int64_t price_of(
    const instrument_row* instrument, bint is_buy, int64_t price
) noexcept nogil:
    """The order's own price; of MARKET (TG_NO_PRICE) its bound."""
    return bound(instrument, is_buy) if price == TG_NO_PRICE else price


cdef inline bint lot_value(
    const instrument_row* instrument, int64_t price, int64_t* out
) noexcept nogil:
    """max(|price| * tick_value, notional_floor), of one lot; TG_NO_PRICE counts as zero."""
    cdef int64_t value
    price = 0 if price == TG_NO_PRICE else price
    if money_times(price, instrument.tick_value, &value):
        return True
    value = value if value >= 0 else -value
    out[0] = value if value > instrument.notional_floor else instrument.notional_floor
    return False


cdef inline bint notional_of(
    const instrument_row* instrument, int64_t price, int64_t lots, int64_t* out
) noexcept nogil:
    """lot_value * lots."""
    cdef int64_t value
    return lot_value(instrument, price, &value) or money_times(value, lots, out)


cdef inline int64_t notional_price(
    const instrument_row* instrument, int64_t price
) noexcept nogil:
    """For the size of an order: its price, or the bound of either side farther from zero."""
    if price != TG_NO_PRICE:
        return price
    return farther(bound(instrument, True), bound(instrument, False))


cdef inline bint lot_margin(
    const instrument_row* instrument, int64_t price, int64_t by_volume, int64_t ppm, int64_t* out
) noexcept nogil:
    """by_volume + lot_value * ppm, rounded up once a lot."""
    cdef int64_t value, by_money
    return (
        lot_value(instrument, price, &value)
        or money_ppm_up(value, ppm, &by_money)
        or money_sum(by_volume, by_money, out)
    )


cdef inline int64_t today_price(const instrument_row* instrument) noexcept nogil:
    """The price of today's lots by price_basis (RISK.md 4.1); 4 is 2 for working orders."""
    if instrument.price_basis == 3:
        return instrument.average_px
    if instrument.price_basis == 2 or instrument.price_basis == 4:
        return instrument.mark_px
    return instrument.settlement_px


cdef inline bint known_margin(
    const instrument_row* instrument, int64_t price, int64_t by_volume, int64_t ppm, int64_t* out
) noexcept nogil:
    """lot_margin, or -1 where the rate or the price that it needs is not known."""
    if by_volume < 0 or ppm < 0 or (ppm > 0 and price == TG_NO_PRICE):
        out[0] = -1
        return False
    if ppm == 0:
        out[0] = by_volume
        return False
    return lot_margin(instrument, price, by_volume, ppm, out)


cdef inline bint set_lot_margins(instrument_row* row) noexcept nogil:
    """The margins a lot of both sides, of today's lots and the venue's own, from rates and prices.

    True = one cannot be expressed; the row is then to be thrown away.
    """
    cdef int64_t price = row.settlement_px
    cdef int64_t today = today_price(row)
    return (
        known_margin(row, price, row.margin_long_lot, row.margin_long_ppm, &row.margin_long)
        or known_margin(row, price, row.margin_short_lot, row.margin_short_ppm, &row.margin_short)
        or known_margin(
            row, today, row.margin_long_lot, row.margin_long_ppm, &row.margin_long_today
        )
        or known_margin(
            row, today, row.margin_short_lot, row.margin_short_ppm, &row.margin_short_today
        )
        or known_margin(
            row, price, row.exchange_long_lot, row.exchange_long_ppm, &row.exchange_long
        )
        or known_margin(
            row, price, row.exchange_short_lot, row.exchange_short_ppm, &row.exchange_short
        )
        or known_margin(
            row, today, row.exchange_long_lot, row.exchange_long_ppm, &row.exchange_long_today
        )
        or known_margin(
            row, today, row.exchange_short_lot, row.exchange_short_ppm, &row.exchange_short_today
        )
    )


cdef inline const fee_row* fees_of(
    const tables* t, uint32_t account, uint32_t instrument
) noexcept nogil:
    """What the account's tier pays in the instrument."""
    return &t.fees[instrument * t.tier_count + t.accounts[account].tier]


cdef inline bint fee_part(
    int64_t by_lot, int64_t ppm, int64_t notional, int64_t lots, int64_t* out
) noexcept nogil:
    """by_lot * lots + notional * ppm, rounded up."""
    cdef int64_t lot_part, ppm_part
    return (
        money_times(by_lot, lots, &lot_part)
        or money_ppm_up(notional, ppm, &ppm_part)
        or money_sum(lot_part, ppm_part, out)
    )


cdef inline bint fee_of_fill(
    const fee_row* fees, const instrument_row* instrument, int64_t price, int64_t opened,
    int64_t closed, int64_t closed_today, int64_t* out
) noexcept nogil:
    """The fee of one fill: its lots that open, close, and close today's. Rounded up once."""
    cdef int64_t value, opening, closing, today, by_ppm
    if money_product(price, instrument.tick_value, opened + closed + closed_today, &value):
        return True
    return (
        money_times(fees.open_lot, opened, &opening)
        or money_times(fees.close_lot, closed, &closing)
        or money_times(fees.close_today_lot, closed_today, &today)
        or money_ppm_up(
            price * instrument.tick_value,
            opened * <int64_t>fees.open_ppm + closed * <int64_t>fees.close_ppm
            + closed_today * <int64_t>fees.close_today_ppm, &by_ppm
        )
        or money_sum(by_ppm, opening, out)
        or money_sum(out[0], closing, out)
        or money_sum(out[0], today, out)
    )


cdef inline bint fee_to_hold(
    const fee_row* fees, const instrument_row* instrument, uint8_t effect, int64_t price,
    int64_t lots, int64_t* out
) noexcept nogil:
    """The largest fee that lots can be charged, at the farther of `price` and the mark.

    `price` is price_of the order: it may fill at a better one than its own. An opening order of
    an instrument with sides pays the open fee, any other may pay each of the three.
    """
    # gcc cannot follow the overflow flag through -ftrapv and takes these for unset.
    cdef int64_t notional, opening = 0, closing = 0, today = 0
    if money_product(
        farther(price, instrument.mark_px), instrument.tick_value, lots, &notional
    ) or fee_part(fees.open_lot, fees.open_ppm, notional, lots, &opening):
        return True
    if not (instrument.has_sides and effect == OPEN):
        if fee_part(
            fees.close_lot, fees.close_ppm, notional, lots, &closing
        ) or fee_part(fees.close_today_lot, fees.close_today_ppm, notional, lots, &today):
            return True
        opening = max(opening, closing, today)
    out[0] = opening
    return False


cdef inline bint premium_to_hold(
    const instrument_row* instrument, bint is_buy, int64_t price, int64_t lots, int64_t* out
) noexcept nogil:
    """price * tick_value * lots of a buy whose premium is paid at the fill; `price` is price_of."""
    out[0] = 0
    if not instrument.is_premium_paid or not is_buy or price <= 0:
        return False
    return money_product(price, instrument.tick_value, lots, out)
