"""Delta by month and the spreads formed from it: intra-commodity, delivery, inter-commodity.

Rule: MARGIN.md section 3, steps 2 to 6. A delta is consumed once: what one spread took is gone for
all of lower priority, from the month and with it from every tier that has the month.
"""

from collections.abc import Sequence
from fractions import Fraction

import msgspec

from tidegate.span.parameters import (
    BY_MONTH,
    CombinedCommodity,
    InterLeg,
    InterSpread,
    Leg,
    Month,
    ParameterSet,
    Spread,
)
from tidegate.span.scanning import Holding, scans, tier_of, weighted_price_risk

_ZERO = Fraction(0)
# A legs long and B legs short, then the other way round.
_PASSES = (1, -1)


class Deltas:
    """Delta of one account in one combined commodity: at the start, and what is left of it."""

    def __init__(self, parameters: ParameterSet, holdings: Sequence[Holding]) -> None:
        self.start: dict[Month, Fraction] = {}
        for held in holdings:
            delta = held.qty * parameters.delta_of(held.contract)
            month = held.contract.month
            self.start[month] = self.start.get(month, _ZERO) + delta
        self.left = dict(sorted(self.start.items()))

    def pool(self, months: Sequence[Month], sign: int) -> Fraction:
        """What is left of one sign in some months, as a magnitude."""
        return sum((max(_ZERO, sign * self.left[month]) for month in months), _ZERO)

    def net(self, months: Sequence[Month]) -> Fraction:
        """What is left in some months, long less short."""
        return sum((self.left[month] for month in months), _ZERO)

    def consume(self, months: Sequence[Month], sign: int, amount: Fraction) -> None:
        """Takes an amount of one sign out of some months, the front month first."""
        for month in months:
            taken = min(amount, max(_ZERO, sign * self.left[month]))
            self.left[month] -= sign * taken
            amount -= taken


def _months(combined: CombinedCommodity, leg: Leg, deltas: Deltas) -> list[Month]:
    if leg.month is not None:
        return [leg.month] if leg.month in deltas.left else []
    tiers = [tier for tier in combined.tiers if tier.number == leg.tier]
    return [month for month in deltas.left if any(tier.has(month) for tier in tiers)]


def _needed(spread: Spread) -> list[tuple[Leg, Fraction]]:
    """Each place and side that delta comes from, with the ratios of its legs summed."""
    needed: dict[tuple[str, Month | None, int | None], tuple[Leg, Fraction]] = {}
    for leg in spread.legs:
        key = leg.side, leg.month, leg.tier
        needed[key] = leg, needed.get(key, (leg, _ZERO))[1] + leg.ratio
    return list(needed.values())


def _form(combined: CombinedCommodity, spread: Spread, sign: int, deltas: Deltas) -> Fraction:
    """How many of a spread stand with A legs of one sign; consumes their delta."""
    legs = [
        (_months(combined, leg, deltas), sign if leg.side == "A" else -sign, ratio)
        for leg, ratio in _needed(spread)
    ]
    count = min(deltas.pool(months, side) / ratio for months, side, ratio in legs)
    for months, side, ratio in legs:
        deltas.consume(months, side, count * ratio)
    return count


def intra_charge(combined: CombinedCommodity, deltas: Deltas) -> Fraction:
    """Series spreads, then tier spreads, each by priority and in two passes; in currency units."""
    charge = _ZERO
    if combined.intra_method == "10":
        for spread in combined.series_spreads + combined.tier_spreads:
            for sign in _PASSES:
                charge += _form(combined, spread, sign, deltas) * spread.rate
    return charge * combined.unit


def delivery_charge(combined: CombinedCommodity, deltas: Deltas) -> Fraction:
    """Consumed and remaining delta of the months in delivery, at a rate each."""
    charge = _ZERO
    for delivery in combined.delivery_months:
        start, left = (of.get(delivery.month, _ZERO) for of in (deltas.start, deltas.left))
        charge += abs(start - left) * delivery.spread_rate + abs(left) * delivery.outright_rate
    return charge * combined.unit


class Account(msgspec.Struct, frozen=True):
    """What inter-commodity spreads need of a combined commodity that is held."""

    combined: CombinedCommodity
    holdings: list[Holding]
    deltas: Deltas


def _in_tier(account: Account, leg: InterLeg, month: Month) -> bool:
    combined = account.combined
    if combined.scan_method == BY_MONTH:
        months = sorted(account.deltas.start)
        return leg.tier is None or months.index(month) + 1 == leg.tier
    return leg.tier is None or tier_of(combined.inter_tiers, month) == leg.tier


def _leg_price_risk(
    parameters: ParameterSet, account: Account, leg: InterLeg, is_super: bool
) -> Fraction:
    held = [h for h in account.holdings if _in_tier(account, leg, h.contract.month)]
    risk = weighted_price_risk(parameters, account.combined, held)
    if is_super:
        # CME SPAN advisory 09-01: no more than the scan risk of one delta.
        net = abs(sum((h.qty * parameters.delta_of(h.contract) for h in held), _ZERO))
        scan = sum((found.scan for found in scans(account.combined, held)), _ZERO)
        risk = min(risk, scan / net) if net else _ZERO
    return risk


def inter_credits(
    parameters: ParameterSet, accounts: dict[str, Account], *, is_super: bool
) -> dict[str, Fraction]:
    """Credit by combined commodity of all super spreads, or of all others, by priority.

    A spread whose legs the account does not all hold, or that no rule here covers, gives none.
    """
    credit = dict.fromkeys(accounts, _ZERO)
    for spread in parameters.inter_spreads:
        if spread.is_super != is_super or spread.unsupported or not _is_held(spread, accounts):
            continue
        for sign in _PASSES:
            _credit(parameters, accounts, spread, sign, credit)
    return credit


def _is_held(spread: InterSpread, accounts: dict[str, Account]) -> bool:
    return all(
        leg.code in accounts and accounts[leg.code].combined.exchange == leg.exchange
        for leg in spread.legs
    )


def _credit(
    parameters: ParameterSet,
    accounts: dict[str, Account],
    spread: InterSpread,
    sign: int,
    credit: dict[str, Fraction],
) -> None:
    legs = []
    for leg in spread.legs:
        account = accounts[leg.code]
        months = [month for month in account.deltas.left if _in_tier(account, leg, month)]
        legs.append((leg, account, months, sign if leg.side == "A" else -sign))
    count = min(
        max(_ZERO, side * account.deltas.net(months)) / leg.ratio
        for leg, account, months, side in legs
    )
    if not count:
        return
    for leg, account, months, side in legs:
        if spread.flat is None:
            risk = _leg_price_risk(parameters, account, leg, spread.is_super)
            credit[leg.code] += risk * count * leg.ratio * leg.rate
        else:
            credit[leg.code] += count * spread.flat / len(spread.legs)
        account.deltas.consume(months, side, count * leg.ratio)
