"""Spreads formed from an account's delta: intra-commodity, delivery, inter-commodity.

Rule: MARGIN.md section 3, steps 3 to 6. A delta that no whole number of grains can share ends in
NEEDS_REFERENCE: the figure is then computed in Fractions, off this path.
"""
from libc.stdint cimport int32_t, int64_t, uint64_t

from tidegate.native.span_tables cimport (
    DONE,
    LAST_BIT,
    NEEDS_REFERENCE,
    NORMAL,
    RATE_UNIT,
    SCAN_RANGE,
    TOO_LARGE,
    TWELFTHS,
    WIDE_NONE,
    absolute,
    account_t,
    commodity_t,
    delivery_t,
    inter_leg_t,
    inter_t,
    leg_t,
    spread_t,
    wide,
    wide_add_product,
    wide_share,
    wide_times,
    work_t,
)


cdef inline void consume(
    account_t* a, int32_t first, int32_t end, int32_t sign, int64_t amount
) noexcept nogil:
    """Takes delta of one sign out of some months, the front month first."""
    cdef int64_t delta
    cdef int32_t month
    for month in range(first, end):
        delta = sign * a.left[month]
        delta = delta if delta > 0 else 0
        delta = delta if delta < amount else amount
        a.left[month] -= sign * delta
        amount -= delta
        if amount == 0:
            return


cdef inline void find_signs(account_t* a, const commodity_t* commodity) noexcept nogil:
    """Sets a bit for each month with delta left, by its sign; the last one is for all beyond."""
    cdef int64_t delta
    cdef int32_t place
    a.longs = 0
    a.shorts = 0
    for place in range(commodity.month_end - commodity.month_first):
        delta = a.left[commodity.month_first + place]
        a.longs |= <uint64_t>(delta > 0) << (place if place < LAST_BIT else LAST_BIT)
        a.shorts |= <uint64_t>(delta < 0) << (place if place < LAST_BIT else LAST_BIT)


cdef inline void charge_leg(
    account_t* a, const leg_t* leg, int32_t base, int32_t sign, int64_t amount
) noexcept nogil:
    """Consumes a leg's delta, front month first, and takes used-up months out of the bits.

    Without a branch on a delta, for no processor can guess one.
    """
    cdef uint64_t used = 0
    cdef int64_t delta
    cdef int32_t month, place
    for month in range(leg.month_first, leg.month_end):
        delta = sign * a.left[month]
        delta = delta if delta > 0 else 0
        delta = delta if delta < amount else amount
        a.left[month] -= sign * delta
        amount -= delta
        place = month - base
        used |= <uint64_t>(a.left[month] == 0) << (place if place < LAST_BIT else LAST_BIT)
    # The last bit is of several months: it says "perhaps", and stays.
    used &= ~(<uint64_t>1 << LAST_BIT)
    if sign > 0:
        a.longs &= ~used
    else:
        a.shorts &= ~used


cdef inline int possible(account_t* a, const spread_t* spread) noexcept nogil:
    """Which ways all legs may have delta: 1 with A legs long, 2 with A legs short."""
    cdef const leg_t* leg
    cdef bint one = True, other = True
    cdef int32_t row
    for row in range(spread.leg_first, spread.leg_end):
        leg = &a.legs[row]
        one &= (leg.months & (a.longs if leg.side > 0 else a.shorts)) != 0
        other &= (leg.months & (a.shorts if leg.side > 0 else a.longs)) != 0
    return one | other << 1


cdef inline int form(
    account_t* a, const spread_t* spread, int32_t base, int32_t way, wide* charge
) noexcept nogil:
    """As many of a spread as its legs' delta allows, A legs long (way 1) or short (-1)."""
    cdef const leg_t* leg
    cdef int64_t pool, delta, count = -1
    cdef int32_t row, month, sign
    for row in range(spread.leg_first, spread.leg_end):
        leg = &a.legs[row]
        sign = way * leg.side
        pool = 0
        for month in range(leg.month_first, leg.month_end):
            delta = sign * a.left[month]
            pool += delta if delta > 0 else 0
        if pool == 0:
            return DONE
        if leg.ratio > 1:
            # A share that grains cannot say could only be rounded; if it is not the scarcest
            # it says nothing, so it is compared before it is refused.
            if count >= 0 and pool >= count * <int64_t>leg.ratio:
                continue
            if pool % leg.ratio != 0:
                return NEEDS_REFERENCE
            pool = pool // leg.ratio
        if count < 0 or pool < count:
            count = pool
    if wide_add_product(charge, count, spread.rate):
        return TOO_LARGE
    for row in range(spread.leg_first, spread.leg_end):
        leg = &a.legs[row]
        sign = way * leg.side
        charge_leg(a, leg, base, sign, count * leg.ratio)
    return DONE


cdef inline int charge(account_t* a, int32_t number) noexcept nogil:
    """Intra-commodity and delivery charge of a commodity."""
    cdef const commodity_t* commodity = &a.commodities[number]
    cdef work_t* work = &a.work[number]
    cdef const delivery_t* delivery
    cdef int64_t delta
    cdef wide charge = 0
    cdef int32_t row
    cdef int outcome, ways
    find_signs(a, commodity)
    for row in range(commodity.spread_first, commodity.spread_end):
        # Where every spread has legs of both sides, the scarcer sign ends them.
        if commodity.needs_both_sides and (a.longs == 0 or a.shorts == 0):
            break
        ways = possible(a, &a.spreads[row])
        if ways & 1:
            outcome = form(a, &a.spreads[row], commodity.month_first, 1, &charge)
            if outcome != DONE:
                return outcome
        if ways & 2:
            outcome = form(a, &a.spreads[row], commodity.month_first, -1, &charge)
            if outcome != DONE:
                return outcome
    if wide_share(charge, a.grains, 1, &work.intra):
        return TOO_LARGE
    charge = 0
    for row in range(commodity.delivery_first, commodity.delivery_end):
        delivery = &a.deliveries[row]
        delta = a.left[delivery.month]
        if wide_add_product(&charge, absolute(delta), delivery.outright_rate):
            return TOO_LARGE
        delta = absolute(a.start[delivery.month] - delta)
        if wide_add_product(&charge, delta, delivery.spread_rate):
            return TOO_LARGE
    if wide_share(charge, a.grains, 1, &work.delivery):
        return TOO_LARGE
    return DONE


cdef inline int64_t net_left(account_t* a, int32_t number) noexcept nogil:
    cdef const commodity_t* commodity = &a.commodities[number]
    cdef int64_t net = 0
    cdef int32_t month
    for month in range(commodity.month_first, commodity.month_end):
        net += a.left[month]
    return net


cdef inline int32_t find_inters(account_t* a) noexcept nogil:
    """Spreads whose legs are all held, by priority; each is listed with its first leg."""
    cdef const commodity_t* commodity
    cdef const inter_t* inter
    cdef int32_t row, entry, number, leg, at, count = 0
    for row in range(a.held_count):
        commodity = &a.commodities[a.held[row]]
        for entry in range(commodity.inter_first, commodity.inter_end):
            number = a.inter_by_commodity[entry]
            inter = &a.inters[number]
            for leg in range(inter.leg_first, inter.leg_end):
                if not a.work[a.inter_legs[leg].commodity].is_held:
                    break
            else:
                at = count
                while at > 0 and a.candidates[at - 1] > number:
                    a.candidates[at] = a.candidates[at - 1]
                    at -= 1
                a.candidates[at] = number
                count += 1
    return count


cdef inline int credit(account_t* a, const inter_t* inter, int32_t way) noexcept nogil:
    """As many of an inter-commodity spread as the net delta allows; notes what was used."""
    cdef const inter_leg_t* leg
    cdef const commodity_t* commodity
    cdef work_t* work
    cdef int64_t pool, count = -1
    cdef int32_t row
    for row in range(inter.leg_first, inter.leg_end):
        leg = &a.inter_legs[row]
        pool = way * leg.side * net_left(a, leg.commodity)
        if pool <= 0:
            return DONE
        if leg.ratio > 1:
            if count >= 0 and pool >= count * <int64_t>leg.ratio:
                continue
            if pool % leg.ratio != 0:
                return NEEDS_REFERENCE
            pool = pool // leg.ratio
        if count < 0 or pool < count:
            count = pool
    for row in range(inter.leg_first, inter.leg_end):
        leg = &a.inter_legs[row]
        work = &a.work[leg.commodity]
        commodity = &a.commodities[leg.commodity]
        if inter.flat >= 0:
            if wide_add_product(&work.flat, count, inter.flat):
                return TOO_LARGE
        elif inter.is_super:
            if wide_add_product(&work.used_super, count * leg.ratio, leg.rate):
                return TOO_LARGE
        elif wide_add_product(&work.used, count * leg.ratio, leg.rate):
            return TOO_LARGE
        consume(
            a, commodity.month_first, commodity.month_end, way * leg.side, count * leg.ratio
        )
    return DONE


cdef inline int form_inters(account_t* a, int32_t count, bint is_super) noexcept nogil:
    cdef const inter_t* inter
    cdef int32_t row, way
    cdef int outcome
    for row in range(count):
        inter = &a.inters[a.candidates[row]]
        if inter.is_super != is_super:
            continue
        for way in range(1, -2, -2):
            outcome = credit(a, inter, way)
            if outcome != DONE:
                return outcome
    return DONE


cdef inline int credit_of(account_t* a, int32_t number, int64_t* out) noexcept nogil:
    """What a commodity's used delta is worth, rounded down once; at most its scan."""
    cdef const commodity_t* commodity = &a.commodities[number]
    cdef work_t* work = &a.work[number]
    cdef int64_t net = absolute(work.net)
    cdef wide used = work.used + work.used_super
    cdef wide numerator, denominator, risk, range_risk
    out[0] = 0
    if work.flat != 0:
        if used != 0:
            return NEEDS_REFERENCE
        return TOO_LARGE if wide_share(
            work.flat, <wide>a.grains * TWELFTHS, 0, out
        ) else DONE
    if used == 0 or net == 0:
        return DONE
    if work.used != 0 and work.used_super != 0:
        return NEEDS_REFERENCE
    # The price risk of one delta is `risk` / (2 * net grains) * grains.
    risk = <wide>(work.price_risk if work.price_risk > 0 else 0) * commodity.unit
    if commodity.price_risk_method != NORMAL:
        range_risk = <wide>(work.range if work.range != WIDE_NONE else 0) * 2
        if wide_times(range_risk, net, &range_risk):
            return TOO_LARGE
        if wide_times(risk, a.grains, &risk):
            return TOO_LARGE
        if commodity.price_risk_method == SCAN_RANGE or (
            work.range != WIDE_NONE and range_risk < risk
        ):
            risk = range_risk
    elif wide_times(risk, a.grains, &risk):
        return TOO_LARGE
    if work.used_super != 0:
        range_risk = <wide>work.scan * commodity.unit * 2
        if wide_times(range_risk, a.grains, &range_risk):
            return TOO_LARGE
        if range_risk < risk:
            risk = range_risk
    denominator = <wide>net * 2 * RATE_UNIT
    if wide_times(denominator, a.grains, &denominator):
        return TOO_LARGE
    if wide_times(risk, used, &numerator):
        return TOO_LARGE
    return TOO_LARGE if wide_share(numerator, denominator, 0, out) else DONE


cdef inline int spread(account_t* a) noexcept nogil:
    """Super spreads, intra-commodity and delivery charges, inter-commodity credits."""
    cdef int32_t row, count = find_inters(a)
    cdef int outcome = form_inters(a, count, True)
    if outcome != DONE:
        return outcome
    for row in range(a.held_count):
        outcome = charge(a, a.held[row])
        if outcome != DONE:
            return outcome
    return form_inters(a, count, False)
