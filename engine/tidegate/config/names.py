"""Handles of what a config names, and the lookups that report a name nobody defined."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from tidegate.config.problems import Problems, expected
from tidegate.config.schema import Tables


@dataclass(slots=True)
class Names:
    """Name -> handle; products -> index, and the venue that trades each."""

    venues: dict[str, int] = field(default_factory=dict)
    currencies: dict[str, int] = field(default_factory=dict)
    instruments: dict[str, int] = field(default_factory=dict)
    products: dict[str, int] = field(default_factory=dict)
    product_venues: dict[str, int] = field(default_factory=dict)


def resolve_names(tables: Tables, problems: Problems) -> Names:
    """Handles of all venues, currencies, instruments and products."""
    duplicates("venues", "name", [venue.name for venue in tables.venues], problems)
    symbols = [instrument.symbol for instrument in tables.instruments]
    duplicates("instruments", "symbol", symbols, problems)
    codes = [f"{row.venue_code or row.symbol} at {row.venue}" for row in tables.instruments]
    duplicates("instruments", "venue_code", codes, problems)
    names = Names()
    for venue in tables.venues:
        names.venues.setdefault(venue.name, len(names.venues) + 1)
    for index, row in enumerate(tables.instruments):
        where = f'instruments[{index}] "{row.symbol}"'
        venue_handle = lookup(row.venue, names.venues, "venue", f"{where}.venue", problems)
        names.currencies.setdefault(row.currency, len(names.currencies) + 1)
        names.instruments.setdefault(row.symbol, len(names.instruments) + 1)
        names.products.setdefault(row.product, len(names.products))
        if names.product_venues.setdefault(row.product, venue_handle) != venue_handle:
            problems.add(
                f"{where}.product",
                f"product {row.product!r} is of another venue already; expected one venue for "
                "each product, because permissions are given by product",
            )
    for currency in tables.currencies:
        names.currencies.setdefault(currency.code, len(names.currencies) + 1)
    return names


def lookup(name: str, known: Mapping[str, int], what: str, where: str, problems: Problems) -> int:
    """The handle or index of `name`; 0 and a problem when nobody defined it."""
    if name in known:
        return known[name]
    problems.add(where, f"unknown {what} {name!r}; {expected(name, known)}")
    return 0


def duplicates(table: str, key: str, names: Collection[str], problems: Problems) -> None:
    """Report every name that is given twice."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            problems.add(f"{table}.{key}", f"duplicate {name!r}; expected each once")
        seen.add(name)


def attempt(
    convert: Callable[..., int], arguments: tuple[object, ...], where: str, problems: Problems
) -> int:
    """What the conversion gives; 0 and a problem when it refuses."""
    try:
        return convert(*arguments)
    except ValueError as error:
        problems.add(where, str(error))
        return 0
