"""Scans of instruments: what risk holds by, made of a margin file's arrays and charges.

RISK.md 4.1 holds, at a product row, the worst scan plus bounds of the charges. So that this is
never below the exact requirement:
- a product is one combined commodity and a combined commodity one product, scanned without tiers;
- intra_rate is the largest rate / min(delta of A legs, delta of B legs) of a spread: what a spread
  costs for each delta that it takes of the scarcer side;
- delivery_rate is the dearer of the month's two rates, and for spreads whose legs are all on one
  side the largest rate / delta, for these do not need the other side;
- every number is rounded away from zero.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from math import ceil, floor
from pathlib import Path

import msgspec

from tidegate.errors import MarginError
from tidegate.span.pa2 import read_pa2
from tidegate.span.parameters import CombinedCommodity, Contract, ParameterSet
from tidegate.span.portfolio import Position, find
from tidegate.span.scanning import Holding, scan_groups, tier_of, value_unit
from tidegate.universe import MONEY_SCALE, Instrument, Scan, Universe

DELTA_SCALE = 10_000
INT32_MAX = 2**31 - 1
ZERO = Fraction(0)


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """An instrument and its contract in the margin file; `key` and `where` are the caller's."""

    key: int
    where: str
    parameters: ParameterSet
    contract: Contract


# Whose, which of its settings, and what is wrong with it.
Report = Callable[[Listed, str, str], object]


def objections(
    listed: Listed, currency: str, *, is_premium_paid: bool
) -> Iterator[tuple[str, str]]:
    """The settings of an instrument that its contract contradicts, each with what is wrong."""
    parameters, contract = listed.parameters, listed.contract
    combined = parameters.combined_of(contract)
    if combined.unsupported:
        yield "margin_file", f"{combined.code} uses {combined.unsupported[0]}"
    if combined.currency != currency:
        yield (
            "currency",
            f"{currency}, but {parameters.file} margins {combined.code} in "
            f"{combined.currency}; expected that",
        )
    if contract.is_option and parameters.has_premium(contract) != is_premium_paid:
        told = "at_fill" if parameters.has_premium(contract) else "margined"
        yield "premium", f"{parameters.file} says {told!r}; expected that"
    if not contract.is_option and not any(contract.values):
        yield "margin_file", "a future's array is all zero; expected a loss in it"


def scans_of(
    product: str, members: Sequence[Listed], homes: dict[tuple[str, str], str], report: Report
) -> dict[int, Scan]:
    """The scans of a product's instruments by key, in one unit; none after a report.

    `homes` says whose product a combined commodity is already.
    """
    first = members[0]
    combined = first.parameters.combined_of(first.contract)
    for listed in members:
        other = listed.parameters.combined_of(listed.contract)
        key = listed.parameters.file, other.code
        if key != (first.parameters.file, combined.code):
            report(
                listed,
                "product",
                f"{product!r} has instruments of {combined.code} and {other.code}; expected those "
                "of one combined commodity in a product, because margin nets in it",
            )
            return {}
        if homes.setdefault(key, product) != product:
            report(
                listed,
                "product",
                f"{other.code} is margined in product {homes[key]!r} too; expected one product "
                "for it, because its spreads are charged in one",
            )
            return {}
    holdings = [Holding(listed.contract, 1) for listed in members]
    if len(scan_groups(combined, holdings)) > 1:
        report(
            first,
            "margin_file",
            f"{combined.code} is scanned in tiers that do not offset; expected one tier in a "
            "product",
        )
        return {}
    unit = min([combined.unit, *(value_unit(combined, held.contract) for held in holdings)])
    money = unit * MONEY_SCALE
    if money.denominator != 1 or money.numerator > 2**62:
        report(first, "margin_file", f"its unit is {unit}; expected 1/10,000 or more")
        return {}
    found = {}
    for listed in members:
        scan = scan_of(listed, combined, unit, int(money))
        largest = max(map(abs, [*scan.losses, scan.delta]))
        rates = max(scan.intra_rate, scan.delivery_rate, scan.short_option_rate)
        if max(largest, rates) > INT32_MAX:
            report(listed, "margin_file", "a value is over 2^31; expected less")
        found[listed.key] = scan
    return found


def scan_of(listed: Listed, combined: CombinedCommodity, unit: Fraction, money: int) -> Scan:
    """One instrument's row, all in the product's unit."""
    contract = listed.contract
    factor = value_unit(combined, contract) / unit
    scale = combined.unit / unit
    outright, one_sided = intra_rates(combined)
    return Scan(
        unit=money,
        losses=tuple(up(value * factor) for value in contract.values),
        delta=up(listed.parameters.delta_of(contract) * DELTA_SCALE),
        intra_rate=up(outright * scale),
        delivery_rate=up((delivery_rate(combined, contract) + one_sided) * scale),
        short_option_rate=up(short_option_rate(combined, contract) * scale),
        margin_file=listed.parameters.file,
        span_product=contract.family[1],
        underlying_maturity=f"{contract.month[0]}{contract.month[1]}",
    )


def intra_rates(combined: CombinedCommodity) -> tuple[Fraction, Fraction]:
    """The most that one delta can be charged: in spreads of two sides, and in those of one."""
    if combined.intra_method != "10":
        return ZERO, ZERO
    both, alone = [ZERO], [ZERO]
    for spread in combined.series_spreads + combined.tier_spreads:
        sides = [sum((leg.ratio for leg in spread.legs if leg.side == side), ZERO) for side in "AB"]
        if all(sides):
            both.append(spread.rate / min(sides))
        else:
            alone.append(spread.rate / sum(sides))
    return max(both), max(alone)


def delivery_rate(combined: CombinedCommodity, contract: Contract) -> Fraction:
    """The dearer of a month's two rates; consumed and remaining delta are all its delta."""
    return max(
        (
            max(month.spread_rate, month.outright_rate)
            for month in combined.delivery_months
            if month.month == contract.month
        ),
        default=ZERO,
    )


def short_option_rate(combined: CombinedCommodity, contract: Contract) -> Fraction:
    """The minimum for a short option, of its tier where there are any; 0 for a future."""
    if not contract.is_option:
        return ZERO
    rates = {tier.number: rate for tier, rate in combined.som_tiers}
    number = tier_of([tier for tier, _ in combined.som_tiers], contract.month)
    return combined.som_rate if number is None else rates[number]


def up(value: Fraction) -> int:
    """Rounded away from zero: a charge up, a delta to the larger size. Losses are whole already."""
    return ceil(value) if value > 0 else floor(value)


def contract_of(parameters: ParameterSet, row: Instrument) -> Contract:
    """The instrument's contract in the file; MarginError when it is not there."""
    if row.scan is None or row.maturity is None:
        raise MarginError(f"instrument {row.symbol}: no scan or no maturity; expected both")
    position = Position(
        product=row.scan.span_product,
        maturity=row.maturity,
        qty=1,
        right=row.right or "",
        strike=row.strike,
        underlying_maturity=row.scan.underlying_maturity,
    )
    return find(parameters, position, f"instrument {row.symbol}")


def span_instruments(universe: Universe) -> list[Instrument]:
    """Those that are margined by SPAN from a file."""
    return [
        row
        for row in universe.instruments
        if row.margin_model == "span" and row.scan and row.scan.margin_file
    ]


def intraday_scans(
    parameters: ParameterSet, rows: Iterable[Instrument], currencies: Mapping[int, str]
) -> dict[int, Scan]:
    """Scans by handle of instruments that trade, from another file than at the start.

    `currencies` are codes by handle. MarginError where the file does not fit an instrument, or
    counts in another unit than the one in use.
    """

    def refuse(listed: Listed, name: str, text: str) -> None:
        raise MarginError(f"{parameters.file}: {listed.where}, {name}: {text}")

    products: dict[str, list[Listed]] = {}
    units: dict[int, int] = {}
    for row in rows:
        listed = Listed(
            key=row.handle,
            where=f"instrument {row.symbol}",
            parameters=parameters,
            contract=contract_of(parameters, row),
        )
        currency = currencies[row.currency]
        for name, text in objections(listed, currency, is_premium_paid=row.is_premium_paid):
            refuse(listed, name, text)
        products.setdefault(row.product, []).append(listed)
        units[row.handle] = row.scan.unit if row.scan else 0
    homes: dict[tuple[str, str], str] = {}
    found: dict[int, Scan] = {}
    for product, members in products.items():
        found |= scans_of(product, members, homes, refuse)
        for listed in members:
            new, old = found[listed.key].unit, units[listed.key]
            if new != old:
                refuse(
                    listed,
                    "unit",
                    f"{Fraction(new, MONEY_SCALE)}, but {Fraction(old, MONEY_SCALE)} is in use; "
                    "expected that, for the unit cannot change intraday",
                )
    return found


def new_scans(universe: Universe, path: Path) -> dict[int, Scan]:
    """Scans by handle of all SPAN instruments of a universe, from another file."""
    rows = span_instruments(universe)
    if not rows:
        raise MarginError(f"{path}: no instrument of this run is margined by SPAN; expected one")
    parameters = read_pa2(path, {row.scan.span_product for row in rows if row.scan})
    return intraday_scans(parameters, rows, {row.handle: row.code for row in universe.currencies})
