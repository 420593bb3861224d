"""Margin of one level by the instrument's model (RISK.md 4.1): planned first, then kept.

NET and SIDES hold it at the pair; SIDES with the max-side flag, and SPAN, as sums at the product
row, to which a pair adds what its own worst sizes make of the instrument's rates. So a change
adds the pair's part after less its part before, and the sums are at all times what all pairs of
the account make of them.
"""
from libc.stdint cimport int32_t, int64_t
from libc.string cimport memcpy

from tidegate.native.margin cimport money_ppm_up, money_sum, money_times
from tidegate.native.positions cimport gross_now, gross_of, worst_long, worst_short
from tidegate.native.records cimport MARGIN_SIDES, MARGIN_SPAN
from tidegate.native.tables cimport (
    TG_SCENARIOS, account_row, credits, instrument_row, pair_row, product_row, scan_row, sides_row,
    tables,
)


cdef extern from "span.h" nogil:
    const int64_t SPAN_LOTS_MAX
    int64_t span_side(
        const int64_t* worst, const int32_t* scan, bint is_buy, int32_t lots, int64_t* out
    )
    int64_t span_lot_rate(int32_t rate, int32_t delta)


# What one pair adds to the bounds of its product's scan.
ctypedef struct bounds:
    int64_t longs
    int64_t shorts
    int64_t delivery
    int64_t short_options


cdef bint bounds_of(
    const instrument_row* instrument, int64_t longs, int64_t shorts, bounds* out
) noexcept nogil:
    """Of worst sizes: intra charges by the sign of delta, delivery, short options."""
    cdef int64_t bought = positive(longs)
    cdef int64_t sold = positive(shorts)
    cdef int64_t most = positive(max(longs, shorts))
    cdef int64_t intra = span_lot_rate(instrument.intra_rate, instrument.scan_delta)
    cdef int64_t delivery = span_lot_rate(instrument.delivery_rate, instrument.scan_delta)
    cdef bint is_falling = instrument.scan_delta < 0
    cdef int64_t rate = instrument.short_option_rate if instrument.is_option else 0
    return (
        money_times(intra, sold if is_falling else bought, &out.longs)
        or money_times(intra, bought if is_falling else sold, &out.shorts)
        or money_times(delivery, most, &out.delivery)
        or money_times(positive(rate), sold, &out.short_options)
    )


cdef inline bint has_bounds(const instrument_row* instrument) noexcept nogil:
    return (
        instrument.intra_rate | instrument.delivery_rate | instrument.short_option_rate
    ) != 0


cdef bint shift_bounds(
    const scan_row* scan, const bounds* before, const bounds* after, margin_plan* out
) noexcept nogil:
    return (
        money_sum(scan.intra_longs, after.longs - before.longs, &out.sum_longs)
        or money_sum(scan.intra_shorts, after.shorts - before.shorts, &out.sum_shorts)
        or money_sum(scan.delivery, after.delivery - before.delivery, &out.delivery)
        or money_sum(
            scan.short_options, after.short_options - before.short_options, &out.short_options
        )
    )


cdef inline bint span_margin(
    const account_row* account, const instrument_row* instrument, int64_t worst,
    margin_plan* out
) noexcept nogil:
    """unit * max(worst scan + the lesser intra sum + delivery, short options), of_client."""
    cdef int64_t total
    return (
        money_sum(worst, min(out.sum_longs, out.sum_shorts), &total)
        or money_sum(total, out.delivery, &total)
        or money_times(
            positive(instrument.scan_unit), max(total, out.short_options), &out.row
        )
        or of_client(account, out.row, &out.row)
    )


cdef inline bint is_too_large(const product_row* product, int64_t gross) noexcept nogil:
    """More lots than the 31 bits of the scans' products."""
    return product.all.max_gross - product.all.gross_credit + gross > SPAN_LOTS_MAX


cdef bint add_bounds(
    const instrument_row* instrument, const scan_row* scan, bint is_buy, int64_t lots,
    int64_t longs, int64_t shorts, margin_plan* out
) noexcept nogil:
    """bounds_of after lots more on a side, less those before: they are linear in the sizes."""
    cdef int64_t before = longs if is_buy else shorts
    cdef int64_t most = positive(max(longs, shorts))
    cdef int64_t grown = positive(before + lots) - positive(before)
    cdef bint is_long = is_buy != (instrument.scan_delta < 0)
    cdef int64_t intra, delivery
    cdef int64_t sold = 0
    most = positive(max(before + lots, shorts if is_buy else longs)) - most
    if money_times(
        span_lot_rate(instrument.intra_rate, instrument.scan_delta), grown, &intra
    ) or money_times(
        span_lot_rate(instrument.delivery_rate, instrument.scan_delta), most, &delivery
    ):
        return True
    if instrument.is_option and not is_buy and money_times(
        positive(instrument.short_option_rate), grown, &sold
    ):
        return True
    return (
        money_sum(scan.intra_longs, intra if is_long else 0, &out.sum_longs)
        or money_sum(scan.intra_shorts, 0 if is_long else intra, &out.sum_shorts)
        or money_sum(scan.delivery, delivery, &out.delivery)
        or money_sum(scan.short_options, sold, &out.short_options)
    )


cdef bint plan_span(
    const tables* t, const pair_row* pair, const instrument_row* instrument, bint is_buy,
    int64_t lots, int64_t gross, margin_plan* out
) noexcept nogil:
    cdef const product_row* product = &t.products[pair.product]
    cdef const scan_row* scan = &t.scans[product.scan]
    if gross > 0 and is_too_large(product, gross):
        return True
    if has_bounds(instrument):
        if add_bounds(
            instrument, scan, is_buy, lots, worst_long(&pair.all), worst_short(&pair.all), out
        ):
            return True
    else:
        out.sum_longs = scan.intra_longs
        out.sum_shorts = scan.intra_shorts
        out.delivery = scan.delivery
        out.short_options = scan.short_options
    if span_margin(
        &t.accounts[pair.account], instrument,
        span_side(scan.worst, instrument.scan, is_buy, <int32_t>lots, out.worst), out
    ):
        return True
    out.added = out.row - product.margin
    return False


cdef bint close_sides(
    const tables* t, const pair_row* pair, const instrument_row* instrument, int64_t added_longs,
    int64_t added_shorts, margin_plan* out
) noexcept nogil:
    """The plan when the pair's sides change by these amounts: both count, or the larger sum."""
    cdef const product_row* product = &t.products[pair.product]
    if not instrument.is_max_side:
        if money_sum(added_longs, added_shorts, &out.added):
            return True
        return money_sum(pair.margin, out.added, &out.row)
    if money_sum(product.margin_longs, added_longs, &out.sum_longs) or money_sum(
        product.margin_shorts, added_shorts, &out.sum_shorts
    ):
        return True
    out.row = max(out.sum_longs, out.sum_shorts)
    out.added = out.row - product.margin
    return False


cdef bint plan_sides(
    const tables* t, const pair_row* pair, const instrument_row* instrument, bint is_buy,
    int64_t lots, margin_plan* out
) noexcept nogil:
    """Working opening orders count as lots of today."""
    cdef const account_row* account = &t.accounts[pair.account]
    cdef bint is_shared = account.is_shared
    cdef int64_t rate, part
    if is_buy:
        rate = instrument.exchange_long_today if is_shared else instrument.margin_long_today
    else:
        rate = instrument.exchange_short_today if is_shared else instrument.margin_short_today
    if of_client(account, positive(rate), &rate) or money_times(rate, lots, &part):
        return True
    return close_sides(t, pair, instrument, part if is_buy else 0, 0 if is_buy else part, out)


cdef inline bint by_sides(const instrument_row* instrument) noexcept nogil:
    return instrument.margin_model == MARGIN_SIDES and instrument.has_sides


cdef bint plan_sums(
    const tables* t, const pair_row* pair, const instrument_row* instrument, bint is_buy,
    int64_t lots, int64_t gross, margin_plan* out
) noexcept nogil:
    """The models that are not NET."""
    if instrument.margin_model == MARGIN_SPAN:
        return plan_span(t, pair, instrument, is_buy, lots, gross, out)
    return plan_sides(t, pair, instrument, is_buy, lots, out)


cdef void keep_sums(
    tables* t, pair_row* pair, const instrument_row* instrument, const margin_plan* kept
) noexcept nogil:
    cdef product_row* product = &t.products[pair.product]
    cdef scan_row* scan
    if instrument.margin_model == MARGIN_SPAN:
        scan = &t.scans[product.scan]
        memcpy(scan.worst, kept.worst, sizeof(scan.worst))
        scan.intra_longs = kept.sum_longs
        scan.intra_shorts = kept.sum_shorts
        scan.delivery = kept.delivery
        scan.short_options = kept.short_options
        product.margin = kept.row
    elif instrument.is_max_side:
        product.margin_longs = kept.sum_longs
        product.margin_shorts = kept.sum_shorts
        product.margin = kept.row
    else:
        pair.margin = kept.row


cdef bint today_margin(
    const account_row* account, const instrument_row* instrument, int64_t rate, int64_t lots,
    int64_t cost, int64_t by_volume, int64_t ppm, int64_t* out
) noexcept nogil:
    """Of lots opened today; on price basis 4 of what they cost, at least the notional floor."""
    cdef int64_t floor, by_money, by_lot
    if instrument.price_basis != 4 or rate < 0:
        return of_client(account, positive(rate), &rate) or money_times(rate, lots, out)
    if money_times(instrument.notional_floor, lots, &floor):
        return True
    cost = cost if cost >= 0 else -cost
    return (
        money_ppm_up(max(cost, floor), ppm, &by_money)
        or money_times(by_volume, lots, &by_lot)
        or money_sum(by_money, by_lot, &by_money)
        or of_client(account, by_money, out)
    )


cdef bint side_margin(
    const account_row* account, int64_t rate, int64_t yesterday, int64_t today_rate,
    int64_t working, int64_t today, int64_t* out
) noexcept nogil:
    """Yesterday's lots and working opening orders by rate, and today's margin."""
    cdef int64_t old_part, working_part
    return (
        of_client(account, positive(rate), &rate)
        or of_client(account, positive(today_rate), &today_rate)
        or money_times(rate, yesterday, &old_part)
        or money_times(today_rate, working, &working_part)
        or money_sum(old_part, working_part, out)
        or money_sum(out[0], today, out)
    )


cdef bint both_sides(
    const account_row* a, const instrument_row* i, const sides_row* sides, int64_t longs,
    int64_t shorts, int64_t* long_part, int64_t* short_part
) noexcept nogil:
    """L and S of RISK.md 4.1, of a pair with these lots and worst sizes."""
    cdef bint is_shared = a.is_shared
    cdef int64_t long_today = i.exchange_long_today if is_shared else i.margin_long_today
    cdef int64_t short_today = i.exchange_short_today if is_shared else i.margin_short_today
    cdef int64_t today
    if today_margin(
        a, i, long_today, sides.long_today, sides.long_today_cost,
        i.exchange_long_lot if is_shared else i.margin_long_lot,
        i.exchange_long_ppm if is_shared else i.margin_long_ppm, &today
    ) or side_margin(
        a, i.exchange_long if is_shared else i.margin_long, sides.long_yesterday, long_today,
        longs - sides.long_today - sides.long_yesterday, today, long_part
    ):
        return True
    return today_margin(
        a, i, short_today, sides.short_today, sides.short_today_cost,
        i.exchange_short_lot if is_shared else i.margin_short_lot,
        i.exchange_short_ppm if is_shared else i.margin_short_ppm, &today
    ) or side_margin(
        a, i.exchange_short if is_shared else i.margin_short, sides.short_yesterday, short_today,
        shorts - sides.short_today - sides.short_yesterday, today, short_part
    )


cdef bint replan_sides(
    const tables* t, const pair_row* pair, const instrument_row* before,
    const instrument_row* after, const sides_row* sides, int64_t longs, int64_t shorts,
    margin_plan* out
) noexcept nogil:
    cdef const account_row* account = &t.accounts[pair.account]
    cdef int64_t old_longs, old_shorts, new_longs, new_shorts
    if both_sides(
        account, before, &t.sides[pair.sides], worst_long(&pair.all), worst_short(&pair.all),
        &old_longs, &old_shorts
    ) or both_sides(account, after, sides, longs, shorts, &new_longs, &new_shorts):
        return True
    return close_sides(t, pair, after, new_longs - old_longs, new_shorts - old_shorts, out)


cdef int64_t move_scan(
    const scan_row* scan, const instrument_row* before, const instrument_row* after,
    const credits* sizes, int64_t longs, int64_t shorts, int64_t* worst
) noexcept nogil:
    """The pair's part out of the worst scans at the rates before, and in again; the largest."""
    cdef int64_t left[TG_SCENARIOS]
    span_side(scan.worst, before.scan, True, <int32_t>-worst_long(sizes), worst)
    span_side(worst, before.scan, False, <int32_t>-worst_short(sizes), left)
    span_side(left, after.scan, True, <int32_t>longs, worst)
    memcpy(left, worst, sizeof(left))
    return span_side(left, after.scan, False, <int32_t>shorts, worst)


cdef bint replan_span(
    const tables* t, const pair_row* pair, const instrument_row* before,
    const instrument_row* after, int64_t longs, int64_t shorts, margin_plan* out
) noexcept nogil:
    cdef const product_row* product = &t.products[pair.product]
    cdef const scan_row* scan = &t.scans[product.scan]
    cdef bounds old_bounds
    cdef bounds new_bounds
    cdef int64_t gross = gross_of(after, longs, shorts) - gross_now(pair)
    if (
        (gross > 0 and is_too_large(product, gross))
        or bounds_of(before, worst_long(&pair.all), worst_short(&pair.all), &old_bounds)
        or bounds_of(after, longs, shorts, &new_bounds)
        or shift_bounds(scan, &old_bounds, &new_bounds, out)
        or span_margin(
            &t.accounts[pair.account], after,
            move_scan(scan, before, after, &pair.all, longs, shorts, out.worst), out
        )
    ):
        return True
    out.added = out.row - product.margin
    return False


cdef bint replan(
    const tables* t, const pair_row* pair, const instrument_row* before,
    const instrument_row* after, const sides_row* sides, int64_t longs, int64_t shorts,
    margin_plan* out
) noexcept nogil:
    if after.margin_model == MARGIN_SPAN:
        return replan_span(t, pair, before, after, longs, shorts, out)
    if after.margin_model == MARGIN_SIDES:
        return replan_sides(t, pair, before, after, sides, longs, shorts, out)
    return plan_net(t, pair, after, longs, shorts, out)
