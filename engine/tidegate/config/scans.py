"""SPAN instruments of a config: their arrays and charge bounds, read from margin files.

RISK.md 4.1 holds, at a product row, the worst scan plus bounds of the charges. So that this is
never below the exact requirement of tidegate.span:
- a product is one combined commodity and a combined commodity one product, scanned without tiers;
- intra_rate is the largest rate / min(delta of A legs, delta of B legs) of a spread: what a spread
  costs for each delta that it takes of the scarcer side;
- delivery_rate is the dearer of the month's two rates, and for spreads whose legs are all on one
  side the largest rate / delta, for these do not need the other side;
- every number is rounded away from zero.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, floor
from pathlib import Path

import msgspec

from tidegate.config import units
from tidegate.config.problems import Problems
from tidegate.config.schema import Config, Instrument
from tidegate.errors import MarginError
from tidegate.span.pa2 import read_pa2
from tidegate.span.parameters import CombinedCommodity, Contract, ParameterSet
from tidegate.span.portfolio import Position, find
from tidegate.span.scanning import Holding, scan_groups, tier_of, value_unit
from tidegate.universe import MONEY_SCALE, Scan

DELTA_SCALE = 10_000
INT32_MAX = 2**31 - 1
ZERO = Fraction(0)


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A span instrument and what the margin file says of it."""

    index: int
    row: Instrument
    where: str
    parameters: ParameterSet
    contract: Contract


def resolve_scans(config: Config, problems: Problems) -> dict[int, Scan]:
    """The scan of each span instrument, by its index."""
    rows = config.tables.instruments
    files: dict[Path, list[int]] = {}
    for index, row in enumerate(rows):
        if row.margin_model == "span" and row.margin_file is not None:
            path = (config.file.parent / row.margin_file).resolve()
            files.setdefault(path, []).append(index)
    products: dict[str, list[Listed]] = {}
    for path, members in files.items():
        wanted = {rows[index].span_product or rows[index].product for index in members}
        try:
            parameters = read_pa2(path, wanted)
        except MarginError as error:
            problems.add(f"instruments[{members[0]}].margin_file", str(error))
            continue
        for index in members:
            listed = look_up(rows, index, parameters, problems)
            if listed is not None:
                products.setdefault(rows[index].product, []).append(listed)
    found: dict[int, Scan] = {}
    homes: dict[tuple[str, str], str] = {}
    for product, members_of in products.items():
        found |= scans_of(product, members_of, homes, problems)
    return found


def look_up(
    rows: list[Instrument], index: int, parameters: ParameterSet, problems: Problems
) -> Listed | None:
    """The contract of an instrument; None and a problem where the file does not have it."""
    row = rows[index]
    where = f'instruments[{index}] "{row.symbol}"'
    if row.maturity is None:
        problems.add(f"{where}.maturity", "missing; expected with margin_model = 'span'")
        return None
    under = next((other for other in rows if other.symbol == row.underlying), None)
    try:
        strike = None if row.strike is None else units.decimal(row.strike)
    except ValueError:
        # Reported with the option's other keys.
        return None
    position = Position(
        product=row.span_product or row.product,
        maturity=row.maturity,
        qty=1,
        right=row.right or "",
        strike=strike,
        underlying_maturity="" if under is None else under.maturity or "",
    )
    try:
        contract = find(parameters, position, where)
        combined = parameters.combined_of(contract)
    except MarginError as error:
        problems.add(f"{where}.margin_file", str(error).removeprefix(f"{where}: "))
        return None
    before = len(problems.found)
    if combined.unsupported:
        problems.add(f"{where}.margin_file", f"{combined.code} uses {combined.unsupported[0]}")
    if combined.currency != row.currency:
        problems.add(
            f"{where}.currency",
            f"{row.currency}, but {parameters.file} margins {combined.code} in "
            f"{combined.currency}; expected that",
        )
    if contract.is_option and parameters.has_premium(contract) != (row.premium == "at_fill"):
        told = "at_fill" if parameters.has_premium(contract) else "margined"
        problems.add(f"{where}.premium", f"{parameters.file} says {told!r}; expected that")
    if not contract.is_option and not any(contract.values):
        problems.add(f"{where}.margin_file", "a future's array is all zero; expected a loss in it")
    if len(problems.found) > before:
        return None
    return Listed(index=index, row=row, where=where, parameters=parameters, contract=contract)


def scans_of(
    product: str,
    members: Sequence[Listed],
    homes: dict[tuple[str, str], str],
    problems: Problems,
) -> dict[int, Scan]:
    """The scans of a product's instruments, in one unit; `homes` says whose product a combined
    commodity is already.
    """
    first = members[0]
    combined = first.parameters.combined_of(first.contract)
    for listed in members:
        other = listed.parameters.combined_of(listed.contract)
        key = listed.parameters.file, other.code
        if (listed.parameters.file, other.code) != (first.parameters.file, combined.code):
            problems.add(
                f"{listed.where}.product",
                f"{product!r} has instruments of {combined.code} and {other.code}; expected those "
                "of one combined commodity in a product, because margin nets in it",
            )
            return {}
        if homes.setdefault(key, product) != product:
            problems.add(
                f"{listed.where}.product",
                f"{other.code} is margined in product {homes[key]!r} too; expected one product "
                "for it, because its spreads are charged in one",
            )
            return {}
    holdings = [Holding(listed.contract, 1) for listed in members]
    if len(scan_groups(combined, holdings)) > 1:
        problems.add(
            f"{first.where}.margin_file",
            f"{combined.code} is scanned in tiers that do not offset; expected one tier in a "
            "product",
        )
        return {}
    unit = min([combined.unit, *(value_unit(combined, held.contract) for held in holdings)])
    money = unit * MONEY_SCALE
    if money.denominator != 1 or money.numerator > 2**62:
        problems.add(f"{first.where}.margin_file", f"its unit is {unit}; expected 1/10,000 or more")
        return {}
    found = {}
    for listed in members:
        scan = scan_of(listed, combined, unit, int(money))
        largest = max(map(abs, [*scan.losses, scan.delta]))
        rates = max(scan.intra_rate, scan.delivery_rate, scan.short_option_rate)
        if max(largest, rates) > INT32_MAX:
            problems.add(f"{listed.where}.margin_file", "a value is over 2^31; expected less")
        found[listed.index] = scan
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
