"""Currencies and their rates: base money for a unit, in 1e-9."""

from tidegate.config import units
from tidegate.config.names import Names, duplicates
from tidegate.config.problems import Problems
from tidegate.config.schema import Currency
from tidegate.universe import Currency as ResolvedCurrency

RATE_SCALE = 1_000_000_000
# A rate beyond this times money of 2^61 / 1e9 no longer fits.
RATE_MAX = 1_000_000


def resolve_currencies(
    rows: list[Currency], names: Names, problems: Problems
) -> tuple[ResolvedCurrency, ...]:
    """All currencies by handle; one without rates is not convertible."""
    duplicates("currencies", "code", [row.code for row in rows], problems)
    stated = {row.code: (index, row) for index, row in enumerate(rows)}
    if sum(row.is_base for row in rows) > 1:
        problems.add("currencies.is_base", "given more than once; expected one base currency")
    if rows and not any(row.is_base for row in rows):
        problems.add("currencies.is_base", "missing; expected one currency with is_base = true")
    found = []
    for code, handle in names.currencies.items():
        if code not in stated:
            found.append(ResolvedCurrency(handle=handle, code=code))
            continue
        index, row = stated[code]
        bid, ask = rates(row, f'currencies[{index}] "{code}"', problems)
        found.append(
            ResolvedCurrency(
                handle=handle, code=code, bid_rate=bid, ask_rate=ask, haircut_ppm=row.haircut_ppm
            )
        )
    return tuple(found)


def rates(row: Currency, where: str, problems: Problems) -> tuple[int | None, int | None]:
    """Bid and ask; those of the base are 1."""
    if row.is_base:
        if row.bid is not None or row.ask is not None or row.haircut_ppm:
            problems.add(where, "the base currency; expected neither bid, ask nor haircut_ppm")
        return RATE_SCALE, RATE_SCALE
    if row.bid is None or row.ask is None:
        problems.add(where, "expected bid and ask, base money for one unit, or is_base = true")
        return None, None
    bid = rate(row.bid, f"{where}.bid", problems)
    ask = rate(row.ask, f"{where}.ask", problems)
    if ask < bid:
        problems.add(f"{where}.ask", f"{row.ask} is below the bid of {row.bid}; expected no less")
    return bid, ask


def rate(text: str | int, where: str, problems: Problems) -> int:
    """A rate in 1e-9; 1 and a problem where it is none."""
    try:
        value = units.positive(text)
    except ValueError as error:
        problems.add(where, str(error))
        return RATE_SCALE
    scaled = units.whole(units.EXACT.multiply(value, RATE_SCALE))
    if scaled is None or value > RATE_MAX:
        problems.add(where, f"expected at most 9 decimals and {RATE_MAX:,}, got {text!r}")
        return RATE_SCALE
    return scaled
