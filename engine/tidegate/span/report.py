"""The JSON document of `tidegate margin`: parts per combined commodity, totals per currency."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec

from tidegate.errors import MarginError
from tidegate.span import arrays, rate_table, rates
from tidegate.span.numbers import plain
from tidegate.span.pa2 import read_pa2
from tidegate.span.parameters import ParameterSet
from tidegate.span.portfolio import Found, Portfolio, holdings, read_json
from tidegate.span.requirement import Parts, Total, held_by_combined, requirement, totals
from tidegate.span.working import Hold, hold

_ARRAY_KEYS = ("arrays", "pnl")
_ZERO = Fraction(0)


def has_arrays(portfolio: Path) -> bool:
    """Whether a portfolio brings arrays of its own."""
    keys = read_json(portfolio, dict[str, Any])
    return any(key in keys for key in _ARRAY_KEYS)


def document(struct: msgspec.Struct) -> dict[str, Any]:
    """A struct with its Fractions as plain numbers."""
    found: dict[str, Any] = {}
    for name in struct.__struct_fields__:
        value = getattr(struct, name)
        if isinstance(value, Fraction):
            found[name] = -plain(-value) if name in _IN_FAVOUR else plain(value)
        elif isinstance(value, tuple):
            found[name] = [
                document(item) if isinstance(item, msgspec.Struct) else item for item in value
            ]
        else:
            found[name] = value
    return found


# What lowers a requirement is rounded down, where it has no finite decimal.
_IN_FAVOUR = frozenset({"inter_credit", "long_option_value", "net_option_value"})


def from_pa2(path: Path, files: Sequence[Path]) -> dict[str, Any]:
    """The requirement of the portfolio in `path` under one PA2 file per exchange complex."""
    portfolio = read_json(path, Portfolio)
    rows = [*portfolio.positions, *portfolio.orders]
    products = {row.product for row in rows}
    sets = [read_pa2(file, products) for file in files]
    parts: list[Parts] = []
    holds: list[Hold] = []
    try:
        for parameters, found in holdings(sets, portfolio):
            parts += requirement(parameters, [entry.held for entry in found])
            if portfolio.orders:
                holds += _holds(parameters, found)
    except MarginError as error:
        is_named = str(error).startswith(tuple(str(file) for file in files))
        raise MarginError(str(error) if is_named else f"{path}: {error}") from None
    found_document: dict[str, Any] = {
        "parameters": [_provenance(parameters) for parameters in sets],
        "combined_commodities": _by_code(parts),
        "totals": _all_totals(sets, parts),
    }
    if portfolio.orders:
        found_document["hold"] = {
            "combined_commodities": _by_code(holds),
            "totals": _hold_totals(holds),
        }
    return found_document


def _all_totals(sets: Sequence[ParameterSet], parts: Sequence[Parts]) -> dict[str, Any]:
    """Every currency of the parameters: 0 where nothing is held."""
    currencies = {cc.currency for parameters in sets for cc in parameters.combined.values()}
    found = dict.fromkeys(sorted(currencies), Total(_ZERO, _ZERO, _ZERO)) | totals(parts)
    return {currency: document(total) for currency, total in found.items()}


def _provenance(parameters: ParameterSet) -> dict[str, Any]:
    return {
        "file": parameters.file,
        "exchange_complex": parameters.header.exchange_complex,
        "business_date": parameters.header.business_date,
        "records": sum(parameters.records.values()),
        "skipped_records": parameters.skipped,
    }


def _by_code(parts: Sequence[Parts] | Sequence[Hold]) -> dict[str, Any]:
    """Keyed by combined commodity; by complex too where two complexes share a code."""
    codes = [part.combined_commodity for part in parts]
    found = {}
    for part in parts:
        code = part.combined_commodity
        if codes.count(code) > 1:
            code = f"{part.exchange_complex}/{code}"
        found[code] = document(part)
    return found


def _holds(parameters: ParameterSet, found: Sequence[Found]) -> list[Hold]:
    premiums: dict[str, Fraction] = {}
    for entry in found:
        code = parameters.combined_of(entry.held.contract).code
        premiums[code] = premiums.get(code, _ZERO) + entry.premium
    grouped = held_by_combined(parameters, [entry.held for entry in found])
    return [
        hold(parameters, parameters.combined[code], held, premiums[code])
        for code, held in grouped.items()
    ]


def _hold_totals(holds: Iterable[Hold]) -> dict[str, Any]:
    """Holds of one currency, summed without help between combined commodities."""
    found: dict[str, Fraction] = {}
    for one in holds:
        found[one.currency] = found.get(one.currency, _ZERO) + max(_ZERO, one.requirement)
    return {currency: {"requirement": plain(total)} for currency, total in sorted(found.items())}


def from_arrays(path: Path) -> dict[str, Any]:
    """The scan risk of a portfolio that has its arrays in itself."""
    portfolio = read_json(path, arrays.ArrayPortfolio)
    try:
        found = arrays.scan(portfolio)
    except MarginError as error:
        raise MarginError(f"{path}: {error}") from None
    currency = portfolio.currency
    parts = _array_parts(found.held, currency)
    total = {
        "span_risk": parts["span_risk"],
        "net_option_value": 0,
        "requirement": parts["requirement"],
    }
    answer = {"combined_commodities": {"arrays": parts}, "totals": {currency: total}}
    if found.worst is not None:
        worst = _array_parts(found.worst, currency)
        answer["hold"] = {
            "combined_commodities": {"arrays": worst},
            "totals": {currency: {"requirement": worst["requirement"]}},
        }
    return answer


def _array_parts(scan: tuple[Fraction, int], currency: str) -> dict[str, Any]:
    """All parts that an array cannot tell are 0."""
    risk = plain(scan[0])
    nothing = ("intra", "delivery", "inter_credit", "som")
    return {
        "currency": currency,
        "scan": risk,
        "active_scenario": scan[1],
        **dict.fromkeys(nothing, 0),
        "span_risk": risk,
        "long_option_value": 0,
        "short_option_value": 0,
        "requirement": risk,
    }


def from_rates(path: Path, file: Path) -> dict[str, Any]:
    """The margin of the portfolio in `path` under a rate table."""
    table = rate_table.read_rate_table(file)
    portfolio = read_json(path, rates.RatePortfolio)
    try:
        found = rates.margins(table, portfolio)
    except MarginError as error:
        raise MarginError(f"{path}: {error}") from None
    return {
        "parameters": [{"file": str(file)}],
        "instruments": {margin.instrument: document(margin) for margin in found.instruments},
        "groups": {group.group: document(group) for group in found.groups},
        "totals": {currency: document(total) for currency, total in found.totals.items()},
    }
