"""The exact SPAN requirement of an account, its parts, and the totals per currency.

Rule: MARGIN.md section 3. Super spreads come before the intra-commodity charge, inter-commodity
credits after it, on the delta that is left. Exact: integers and Fractions, rounded nowhere.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction

import msgspec

from tidegate.errors import MarginError
from tidegate.span.parameters import CombinedCommodity, ParameterSet
from tidegate.span.scanning import (
    Holding,
    Scan,
    active_scenario,
    scans,
    tier_of,
    weighted_price_risk,
)
from tidegate.span.spreads import (
    Account,
    Deltas,
    delivery_charge,
    inter_credits,
    intra_charge,
)

_ZERO = Fraction(0)


class Parts(msgspec.Struct, frozen=True):
    """The requirement of one combined commodity, in units of its currency.

    `requirement` = span_risk - (long - short option value); negative is excess option value.
    `wfpr` is the weighted futures price risk, of one delta.
    """

    exchange_complex: str
    group: str
    exchange: str
    combined_commodity: str
    currency: str
    scan: Fraction
    active_scenario: int
    intra: Fraction
    delivery: Fraction
    inter_credit: Fraction
    wfpr: Fraction
    som: Fraction
    span_risk: Fraction
    long_option_value: Fraction
    short_option_value: Fraction
    requirement: Fraction
    scan_tiers: tuple[Scan, ...]
    notes: tuple[str, ...]


class Total(msgspec.Struct, frozen=True):
    """All that is in one currency. No group's excess option value helps another group."""

    span_risk: Fraction
    net_option_value: Fraction
    requirement: Fraction


def short_option_minimum(combined: CombinedCommodity, shorts: Iterable[Holding]) -> Fraction:
    """Rate times short calls and puts, or times the larger of the two; by tiers where stated.

    `shorts` are option holdings; of each, the lots short count.
    """
    counts: dict[int | None, dict[str, int]] = {}
    for held in shorts:
        if held.contract.is_option and held.qty < 0:
            tier = tier_of([tier for tier, _ in combined.som_tiers], held.contract.month)
            rights = counts.setdefault(tier, {"C": 0, "P": 0})
            rights[held.contract.right] -= held.qty
    rates: dict[int | None, Fraction] = {None: combined.som_rate}
    rates |= {tier.number: rate for tier, rate in combined.som_tiers}
    total = _ZERO
    for tier_number, rights in counts.items():
        lots = max(rights.values()) if combined.som_takes_larger else sum(rights.values())
        total += rates[tier_number] * lots
    return total * combined.unit


def option_values(
    parameters: ParameterSet, holdings: Sequence[Holding]
) -> tuple[Fraction, Fraction, list[str]]:
    """Value of long options, of short ones (both at least 0 for prices that are), and notes.

    An option without settlement price: long it counts nothing, short it is an error.
    """
    longs, shorts, notes = _ZERO, _ZERO, []
    for held in holdings:
        value = parameters.option_value_of(held.contract) if held.qty else _ZERO
        if value is None:
            name = parameters.describe(held.contract)
            if held.qty < 0:
                raise MarginError(
                    f"{parameters.file}: {name} has no settlement price (all nines), so what it "
                    "costs to buy back is unknown; expected a price for an option that is short"
                )
            notes.append(f"{name} has no settlement price: its value counts as 0")
        elif held.qty > 0:
            longs += held.qty * value
        else:
            shorts -= held.qty * value
    return longs, shorts, notes


def held_by_combined(
    parameters: ParameterSet, holdings: Iterable[Holding]
) -> dict[str, list[Holding]]:
    """Holdings by the code of their combined commodity; MarginError for a method not covered."""
    found: dict[str, list[Holding]] = {}
    for held in holdings:
        combined = parameters.combined_of(held.contract)
        if combined.unsupported:
            raise MarginError(
                f"{parameters.file}: {combined.code} uses {combined.unsupported[0]}; expected "
                "scanning methods 01, 02, 10 and 20 to 30, intra-commodity 01 or 10, delivery 10"
            )
        found.setdefault(combined.code, []).append(held)
    return dict(sorted(found.items()))


def requirement(parameters: ParameterSet, holdings: Iterable[Holding]) -> list[Parts]:
    """The parts of each combined commodity that is held, in the order of their codes.

    Lots of one contract must be netted into one holding before.
    """
    accounts = {
        code: Account(parameters.combined[code], held, Deltas(parameters, held))
        for code, held in held_by_combined(parameters, holdings).items()
    }
    credit = inter_credits(parameters, accounts, is_super=True)
    charges = {}
    for code, account in accounts.items():
        intra = intra_charge(account.combined, account.deltas)
        charges[code] = intra, delivery_charge(account.combined, account.deltas)
    later = inter_credits(parameters, accounts, is_super=False)
    notes = _notes(parameters, accounts)
    return [
        _parts(parameters, account, *charges[code], credit[code] + later[code], notes[code])
        for code, account in accounts.items()
    ]


def _notes(parameters: ParameterSet, accounts: dict[str, Account]) -> dict[str, list[str]]:
    """Names each spread that an account holds all legs of, and that gives no credit."""
    notes: dict[str, list[str]] = {code: [] for code in accounts}
    for spread in parameters.inter_spreads:
        if spread.unsupported and all(leg.code in accounts for leg in spread.legs):
            for leg in spread.legs:
                notes[leg.code].append(
                    f"no credit for spread {spread.group} {spread.priority}: {spread.unsupported}"
                )
    return notes


def _parts(
    parameters: ParameterSet,
    account: Account,
    intra: Fraction,
    delivery: Fraction,
    credit: Fraction,
    notes: list[str],
) -> Parts:
    combined, holdings = account.combined, account.holdings
    found = scans(combined, holdings)
    scan = sum((tier.scan for tier in found), _ZERO)
    # No credit can be worth more than the risk that it is taken from.
    credit = min(credit, scan)
    som = short_option_minimum(combined, holdings)
    risk = max(scan + intra + delivery - credit, som)
    longs, shorts, unpriced = option_values(parameters, holdings)
    value = longs - shorts
    return Parts(
        exchange_complex=parameters.header.exchange_complex,
        group=parameters.groups.get(combined.code, ""),
        exchange=combined.exchange,
        combined_commodity=combined.code,
        currency=combined.currency,
        scan=scan,
        active_scenario=active_scenario(found),
        intra=intra,
        delivery=delivery,
        inter_credit=credit,
        wfpr=weighted_price_risk(parameters, combined, holdings),
        som=som,
        span_risk=risk,
        long_option_value=longs,
        short_option_value=shorts,
        requirement=risk - (min(value, risk) if combined.caps_option_value else value),
        scan_tiers=tuple(found) if len(found) > 1 else (),
        notes=tuple(notes + unpriced),
    )


def totals(parts: Iterable[Parts]) -> dict[str, Total]:
    """Per currency: max(0, requirement) of each group, summed over groups and complexes."""
    groups: dict[tuple[str, str, str], list[Parts]] = {}
    for part in parts:
        groups.setdefault((part.currency, part.exchange_complex, part.group), []).append(part)
    found: dict[str, Total] = {}
    for (currency, _, _), members in sorted(groups.items()):
        risk = sum((part.span_risk for part in members), _ZERO)
        value = sum((part.span_risk - part.requirement for part in members), _ZERO)
        before = found.get(currency, Total(_ZERO, _ZERO, _ZERO))
        found[currency] = Total(
            before.span_risk + risk,
            before.net_option_value + value,
            before.requirement + max(_ZERO, risk - value),
        )
    return found
