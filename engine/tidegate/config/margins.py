"""Margin of an instrument: its own keys, and those of the [[margin_rates]] set that it names."""

from collections.abc import Iterable

import msgspec

from tidegate.config import units
from tidegate.config.fields import PPM_MAX
from tidegate.config.names import attempt, lookup
from tidegate.config.problems import Problems
from tidegate.config.schema import DataFile, Instrument
from tidegate.config.schema_data import MarginRates, Margins

PRICE_BASES = {"settlement": 1, "mark": 2, "average": 3, "open": 4}
RATE_KEYS = tuple(
    f"{owner}margin_{side}_{unit}"
    for owner in ("", "exchange_")
    for side in ("long", "short")
    for unit in ("per_lot", "ppm")
)


def margin_sets(files: Iterable[DataFile], problems: Problems) -> dict[str, MarginRates]:
    """All [[margin_rates]] by name."""
    found: dict[str, MarginRates] = {}
    for file in files:
        for index, row in enumerate(file.tables.margin_rates):
            where = f'margin_rates[{index}] "{row.name}"'
            inner = problems.within(str(file.file))
            if row.name in found:
                inner.add(where, "defined twice; expected each once")
            if row.margin_model == "span":
                inner.add(
                    f"{where}.margin_model", "span; expected it and margin_file at instruments"
                )
            check_ppm(row, where, inner)
            found[row.name] = row
    return found


def merged(
    row: Instrument, sets: dict[str, MarginRates], where: str, problems: Problems
) -> Margins:
    """The instrument's own keys over those of its set."""
    stated = {name: getattr(row, name) for name in Margins.__struct_fields__}
    if row.margin_rates is None:
        return msgspec.convert(stated, Margins)
    known = {name: number for number, name in enumerate(sets, 1)}
    lookup(row.margin_rates, known, "margin_rates", f"{where}.margin_rates", problems)
    base = sets.get(row.margin_rates, Margins())
    return msgspec.convert(
        {name: getattr(base, name) if value is None else value for name, value in stated.items()},
        Margins,
    )


def check_margins(row: Instrument, margins: Margins, where: str, problems: Problems) -> None:
    """What must not be left out: a margin each side, of the client's and if any the venue's."""
    check_ppm(margins, where, problems)
    model = margins.margin_model or "net"
    if model == "span":
        for name in RATE_KEYS:
            if getattr(margins, name) is not None:
                problems.add(f"{where}.{name}", "given with span; expected margin_file alone")
        if row.margin_file is None:
            problems.add(f"{where}.margin_file", "missing; expected with margin_model = 'span'")
    else:
        if row.margin_file is not None:
            problems.add(f"{where}.margin_file", "given without margin_model = 'span'")
        for owner in ["", "exchange_"] if states_exchange(margins) else [""]:
            for side in ("long", "short"):
                check_side(margins, f"{owner}margin_{side}", where, problems)
    if model != "sides":
        for name in ("max_side", "closes_today"):
            if getattr(margins, name):
                problems.add(f"{where}.{name}", "given without margin_model = 'sides'")
        if margins.price_basis not in (None, "settlement"):
            problems.add(f"{where}.price_basis", "given without margin_model = 'sides'")
    if (margins.price_basis == "average") != (row.average_price is not None):
        problems.add(
            f"{where}.average_price", "expected with price_basis = 'average', and only then"
        )


def states_exchange(margins: Margins) -> bool:
    """Whether the venue's own numbers are given beside the client's."""
    return any(
        name.startswith("exchange_") and getattr(margins, name) is not None for name in RATE_KEYS
    )


def check_ppm(margins: Margins, where: str, problems: Problems) -> None:
    for name in RATE_KEYS:
        ppm = getattr(margins, name)
        if name.endswith("ppm") and ppm is not None and ppm > PPM_MAX:
            problems.add(
                f"{where}.{name}",
                f"{ppm} is {ppm / 10_000:g} %; expected at most 1,000,000 (100 %)",
            )


def check_side(margins: Margins, key: str, where: str, problems: Problems) -> None:
    """A rate of zero is no margin."""
    lot = getattr(margins, f"{key}_per_lot") or 0
    if not getattr(margins, f"{key}_ppm") and str(lot).strip("0.") == "":
        owner = "exchange's " if key.startswith("exchange") else ""
        side = key.rpartition("_")[2]
        problems.add(
            f"{where}.{key}_ppm",
            f"the {owner}{side} margin is zero; expected {key}_ppm or {key}_per_lot above 0",
        )


def per_lot(margins: Margins, key: str, where: str, problems: Problems) -> int:
    """A per_lot key as money; 0 where it is not stated."""
    return attempt(units.money, (getattr(margins, key) or 0,), f"{where}.{key}", problems)
