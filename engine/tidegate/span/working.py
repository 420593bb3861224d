"""The conservative hold for working orders in O(16), as the hot path keeps it.

Rule: MARGIN.md section 3, "Working orders". With W[k] = sum r pos + max(0, r PB, -r PS), max W is
the worst scan of all sets of fills. Charges are bounded from above, inter-commodity credits are
dropped, premiums of buy orders are held separately. The exact requirement of every state that fills
can reach is at most `requirement`.
"""

from collections.abc import Sequence
from fractions import Fraction

import msgspec

from tidegate.errors import MarginError
from tidegate.span.parameters import SCENARIOS, CombinedCommodity, Month, ParameterSet, Spread
from tidegate.span.requirement import short_option_minimum
from tidegate.span.scanning import (
    Holding,
    Scan,
    active_scenario,
    scan_groups,
    value_unit,
    worst,
)

_ZERO = Fraction(0)


class Hold(msgspec.Struct, frozen=True):
    """What position and working orders of one combined commodity must be backed with.

    `short_option_value` is of all shorts that fills can make, `long_option_value` of longs that no
    fill can take away, `premium` is what buy orders of options may cost.
    """

    exchange_complex: str
    combined_commodity: str
    currency: str
    scan: Fraction
    active_scenario: int
    intra: Fraction
    delivery: Fraction
    som: Fraction
    span_risk: Fraction
    long_option_value: Fraction
    short_option_value: Fraction
    premium: Fraction
    requirement: Fraction


def worst_losses(combined: CombinedCommodity, holdings: Sequence[Holding]) -> list[Fraction]:
    """W: in each scenario the loss after the fills that are worst in it."""
    total = [_ZERO] * SCENARIOS
    for held in holdings:
        unit = value_unit(combined, held.contract)
        for index, value in enumerate(held.contract.values):
            worse = max(0, value * held.open_buy, -value * held.open_sell)
            total[index] += unit * (value * held.qty + worse)
    return total


def reach(parameters: ParameterSet, holdings: Sequence[Holding]) -> dict[Month, list[Fraction]]:
    """Lowest and highest delta of each month that fills can reach."""
    found: dict[Month, list[Fraction]] = {}
    for held in holdings:
        delta = parameters.delta_of(held.contract)
        ends = delta * (held.qty - held.open_sell), delta * (held.qty + held.open_buy)
        span = found.setdefault(held.contract.month, [_ZERO, _ZERO])
        span[0] += min(ends)
        span[1] += max(ends)
    return found


def per_delta(spreads: Sequence[Spread]) -> Fraction:
    """The largest charge for one delta: a spread's rate shared by all delta that it consumes."""
    rates = (spread.rate / sum(leg.ratio for leg in spread.legs) for spread in spreads)
    return max(rates, default=_ZERO)


def intra_bound(combined: CombinedCommodity, months: dict[Month, list[Fraction]]) -> Fraction:
    """No less than the intra-commodity charge of any delta within reach.

    Every delta is consumed once; and where all spreads need both signs, the scarcer one ends them.
    """
    if combined.intra_method != "10":
        return _ZERO
    spreads = combined.series_spreads + combined.tier_spreads
    longs = sum((max(_ZERO, high) for _, high in months.values()), _ZERO)
    shorts = sum((max(_ZERO, -low) for low, _ in months.values()), _ZERO)
    farthest = sum((max(abs(low), abs(high)) for low, high in months.values()), _ZERO)
    bound = per_delta(spreads) * farthest
    sides = [
        tuple(sum((x.ratio for x in spread.legs if x.side == side), _ZERO) for side in "AB")
        for spread in spreads
    ]
    if all(all(ratios) for ratios in sides):
        rates = (spread.rate / min(ratios) for spread, ratios in zip(spreads, sides, strict=True))
        bound = min(bound, max(rates, default=_ZERO) * min(longs, shorts))
    return bound * combined.unit


def delivery_bound(combined: CombinedCommodity, months: dict[Month, list[Fraction]]) -> Fraction:
    """No less than the delivery charge of any delta within reach."""
    bound = _ZERO
    for delivery in combined.delivery_months:
        low, high = months.get(delivery.month, [_ZERO, _ZERO])
        rate = max(delivery.spread_rate, delivery.outright_rate)
        bound += max(abs(low), abs(high)) * rate
    return bound * combined.unit


def hold(
    parameters: ParameterSet,
    combined: CombinedCommodity,
    holdings: Sequence[Holding],
    premium: Fraction,
) -> Hold:
    """The hold of one combined commodity; `premium` is what its buy orders may cost."""
    found = [
        Scan(tier, *worst(worst_losses(combined, group)))
        for tier, group in scan_groups(combined, holdings)
    ]
    scan = sum((tier.scan for tier in found), _ZERO)
    months = reach(parameters, holdings)
    intra, delivery = intra_bound(combined, months), delivery_bound(combined, months)
    shortest = [
        msgspec.structs.replace(held, qty=held.qty - held.open_sell, open_buy=0, open_sell=0)
        for held in holdings
    ]
    som = short_option_minimum(combined, shortest)
    risk = max(scan + intra + delivery, som)
    longs, shorts = _least_values(parameters, shortest)
    value = min(longs - shorts, risk) if combined.caps_option_value else longs - shorts
    return Hold(
        exchange_complex=parameters.header.exchange_complex,
        combined_commodity=combined.code,
        currency=combined.currency,
        scan=scan,
        active_scenario=active_scenario(found),
        intra=intra,
        delivery=delivery,
        som=som,
        span_risk=risk,
        long_option_value=longs,
        short_option_value=shorts,
        premium=premium,
        requirement=risk - value + premium,
    )


def _least_values(
    parameters: ParameterSet, shortest: Sequence[Holding]
) -> tuple[Fraction, Fraction]:
    """Option values after all sells and no buys: the least that fills can leave."""
    longs, shorts = _ZERO, _ZERO
    for held in shortest:
        value = parameters.option_value_of(held.contract)
        if value is None and held.qty < 0:
            raise MarginError(
                f"{parameters.file}: {parameters.describe(held.contract)} has no settlement price "
                "(all nines); expected one for an option that is or may become short"
            )
        if held.qty > 0:
            longs += held.qty * (value or 0)
        else:
            shorts -= held.qty * (value or 0)
    return longs, shorts
