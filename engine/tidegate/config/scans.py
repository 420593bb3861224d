"""SPAN instruments of a config: their scans, read from the margin files that it names."""

from pathlib import Path

from tidegate.config import units
from tidegate.config.problems import Problems
from tidegate.config.schema import Config, Instrument
from tidegate.errors import MarginError
from tidegate.span.pa2 import read_pa2
from tidegate.span.parameters import ParameterSet
from tidegate.span.portfolio import Position, find
from tidegate.span.scans import Listed, objections, scans_of
from tidegate.universe import Scan


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

    def report(listed: Listed, name: str, text: str) -> None:
        problems.add(f"{listed.where}.{name}", text)

    found: dict[int, Scan] = {}
    homes: dict[tuple[str, str], str] = {}
    for product, members_of in products.items():
        found |= scans_of(product, members_of, homes, report)
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
        listed = Listed(key=index, where=where, parameters=parameters, contract=contract)
        found = list(objections(listed, row.currency, is_premium_paid=row.premium == "at_fill"))
    except MarginError as error:
        problems.add(f"{where}.margin_file", str(error).removeprefix(f"{where}: "))
        return None
    for name, text in found:
        problems.add(f"{where}.{name}", text)
    return None if found else listed
