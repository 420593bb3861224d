"""Scan risk: the worst of 16 losses, and the price risk of one delta that credits are made of.

Rule: MARGIN.md section 3, steps 1 and 5 (CME's SPAN component pages). A loss is positive; the
extreme multiple and its cover are inside the arrays and never applied again.
"""

from collections.abc import Sequence
from fractions import Fraction

import msgspec

from tidegate.span.parameters import (
    BY_MONTH,
    BY_TIER,
    SCENARIOS,
    CombinedCommodity,
    Contract,
    Month,
    ParameterSet,
    Tier,
)

NORMAL, CAPPED, SCAN_RANGE = 1, 2, 3
_EXTREMES = (14, 15)

Losses = Sequence[Fraction]


class Holding(msgspec.Struct, frozen=True):
    """A contract and how many lots of it: held, and working on either side."""

    contract: Contract
    qty: int
    open_buy: int = 0
    open_sell: int = 0


class Scan(msgspec.Struct, frozen=True):
    """One scanning tier: its largest loss, 0 if none, and the scenario (from 1) that made it."""

    tier: int | None
    scan: Fraction
    active_scenario: int


def value_unit(combined: CombinedCommodity, contract: Contract) -> Fraction:
    """Currency units in one unit of a contract's array."""
    return combined.unit * Fraction(10) ** combined.families[contract.family]


def losses(combined: CombinedCommodity, holdings: Sequence[Holding]) -> list[Fraction]:
    """The account's loss in each scenario, in currency units."""
    total = [Fraction(0)] * SCENARIOS
    for held in holdings:
        lots = held.qty * value_unit(combined, held.contract)
        for index, value in enumerate(held.contract.values):
            total[index] += lots * value
    return total


def worst(found: Losses) -> tuple[Fraction, int]:
    """The scan risk of 16 losses and its scenario from 1, the lowest on ties."""
    largest = max(found)
    return max(Fraction(0), largest), list(found).index(largest) + 1


def price_risk(found: Losses) -> Fraction:
    """The loss in the active scenario and its pair that comes from the price: without time's."""
    active = worst(found)[1] - 1
    pair = active if active in _EXTREMES else active ^ 1
    return (found[active] + found[pair] - found[0] - found[1]) / 2


def tier_of(tiers: Sequence[Tier], month: Month) -> int | None:
    """The first tier that a month falls into."""
    return next((tier.number for tier in tiers if tier.has(month)), None)


def scan_groups(
    combined: CombinedCommodity, holdings: Sequence[Holding]
) -> list[tuple[int | None, list[Holding]]]:
    """What is scanned together: all, or the months of a tier. Tiers do not offset each other.

    A month outside every tier is scanned with its like: it never offsets one inside.
    """
    if combined.scan_method == BY_MONTH:
        months = sorted({held.contract.month for held in holdings})
        return [
            (index, [held for held in holdings if held.contract.month == month])
            for index, month in enumerate(months, 1)
        ]
    if combined.scan_method != BY_TIER:
        return [(None, list(holdings))]
    groups: dict[int | None, list[Holding]] = {}
    for held in holdings:
        number = tier_of(combined.scan_tiers, held.contract.month)
        groups.setdefault(number, []).append(held)
    return sorted(groups.items(), key=lambda item: (item[0] is None, item[0] or 0))


def scans(combined: CombinedCommodity, holdings: Sequence[Holding]) -> list[Scan]:
    """The scan of each tier; one when there are no tiers."""
    found = []
    for tier, group in scan_groups(combined, holdings):
        scan, active = worst(losses(combined, group))
        found.append(Scan(tier, scan, active))
    return found


def active_scenario(found: Sequence[Scan]) -> int:
    """The active scenario of the tier with the largest scan; 1 where nothing is held."""
    return max(found, key=lambda scan: scan.scan).active_scenario if found else 1


def net_delta(parameters: ParameterSet, holdings: Sequence[Holding]) -> Fraction:
    """Sum of lots times composite delta times scaling factor."""
    return sum((held.qty * parameters.delta_of(held.contract) for held in holdings), Fraction(0))


def weighted_price_risk(
    parameters: ParameterSet, combined: CombinedCommodity, holdings: Sequence[Holding]
) -> Fraction:
    """The weighted futures price risk: price risk by net delta, at least 0.

    Capped at (method 2) or set to (method 3) the price scan range, by record S. Where contracts
    held have different ranges the smallest counts, which gives the smallest credit; where none
    has one, method 3 gives none.
    """
    net = abs(net_delta(parameters, holdings))
    if not net:
        return Fraction(0)
    ranges = [
        series.scan_range
        for held in holdings
        if held.qty and (series := parameters.series_of(held.contract)) is not None
        if series.scan_range is not None
    ]
    if combined.price_risk_method == SCAN_RANGE:
        return min(ranges, default=Fraction(0))
    groups = scan_groups(combined, holdings)
    risk = sum((price_risk(losses(combined, group)) for _, group in groups), Fraction(0))
    weighted = max(Fraction(0), risk / net)
    return min([weighted, *ranges]) if combined.price_risk_method == CAPPED else weighted
