"""By how much the exact SPAN figure of an account is below what its positions hold.

Risk holds a bound that is never below the exact figure (RISK.md 4.1): no credits between
commodities, spreads at their dearest. The difference comes back to the account as MARGIN_CREDIT.
"""

from collections import defaultdict
from collections.abc import Mapping
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from tidegate.audit.lots import Worst
from tidegate.audit.margins import Scan
from tidegate.native.span_exact import Column, Outcome, SpanTable
from tidegate.span.flat import Flat, flatten
from tidegate.span.pa2 import read_pa2
from tidegate.span.parameters import Contract, ParameterSet
from tidegate.span.requirement import requirement
from tidegate.span.scanning import Holding
from tidegate.span.scans import contract_of, intraday_scans, span_instruments
from tidegate.universe import MONEY_SCALE, Instrument, Universe
from tidegate.universe import Scan as InstrumentScan

Row = dict[str, Any]
# Handle of an instrument -> net lots, none of them 0.
Nets = Mapping[int, int]


class MarginFile:
    """One parameter file, and the instruments of a universe that are margined by it."""

    def __init__(self, path: Path, instruments: list[Instrument]) -> None:
        self.instruments = instruments
        products = {row.scan.span_product for row in instruments if row.scan}
        self.parameters: ParameterSet = read_pa2(path, products)
        self.contracts: dict[int, Contract] = {
            row.handle: contract_of(self.parameters, row) for row in instruments
        }
        # Positions of the table are those of its own list of contracts.
        self.flat: Flat = flatten(self.parameters, self.contracts.values())
        self.table = SpanTable(self.flat)
        places = {id(contract): place for place, contract in enumerate(self.flat.contracts)}
        self.places = {
            handle: places[id(contract)]
            for handle, contract in self.contracts.items()
            if id(contract) in places
        }
        self.parts = np.zeros((max(1, len(self.flat.codes)), int(Column.COLUMNS)), np.int64)
        self.totals = np.zeros(self.flat.currency_count, np.int64)

    def scans(self, currencies: Mapping[int, str]) -> dict[int, InstrumentScan]:
        """What risk would hold by under this file; codes of currencies by handle."""
        return intraday_scans(self.parameters, self.instruments, currencies)

    def span_risk(self, nets: Nets) -> dict[str, int]:
        """Exact SPAN risk by currency code, in money, rounded up once a commodity."""
        own = {handle: lots for handle, lots in nets.items() if handle in self.contracts}
        if own.keys() <= self.places.keys():
            index = np.array([self.places[handle] for handle in own], np.int32)
            lots = np.array(list(own.values()), np.int64)
            outcome, rows = self.table.requirement(index, lots, self.parts, self.totals)
            if outcome == Outcome.DONE:
                return self._summed(rows)
        return self._reference(own)

    def _summed(self, rows: int) -> dict[str, int]:
        found: dict[str, int] = defaultdict(int)
        for part in self.parts[:rows].tolist():
            code = self.flat.codes[part[Column.COMMODITY]]
            found[self.parameters.combined[code].currency] += part[Column.SPAN_RISK]
        return dict(found)

    def _reference(self, own: Nets) -> dict[str, int]:
        """In Fractions: what flat tables cannot say."""
        found: dict[str, int] = defaultdict(int)
        holdings = [Holding(self.contracts[handle], lots) for handle, lots in own.items()]
        for part in requirement(self.parameters, holdings):
            found[part.currency] += ceil(part.span_risk * MONEY_SCALE)
        return dict(found)


class ExactMargin:
    """The margin files of a universe."""

    def __init__(self, universe: Universe, path: Path | None = None) -> None:
        """Those that the config names, or for all instruments the one at `path`."""
        self.codes = {row.code: row.handle for row in universe.currencies}
        self.currencies = {row.handle: row.code for row in universe.currencies}
        by_file: dict[Path, list[Instrument]] = defaultdict(list)
        for row in span_instruments(universe):
            assert row.scan is not None
            by_file[path or Path(row.scan.margin_file)].append(row)
        self.files = [MarginFile(name, rows) for name, rows in by_file.items()]
        self.handles = frozenset(handle for file in self.files for handle in file.contracts)

    def is_held_by(self, instruments: Mapping[int, Row]) -> bool:
        """Whether risk holds by the arrays of these files; MarginError as intraday_scans()."""
        return all(
            is_same(scan, instruments[handle])
            for file in self.files
            for handle, scan in file.scans(self.currencies).items()
        )

    def credits(self, nets: Nets, instruments: Mapping[int, Row]) -> dict[int, int]:
        """Money by currency handle: held for the positions alone, less the exact figure.

        `instruments` are rows of risk's table, for the arrays that it holds by.
        """
        held = held_for(nets, instruments)
        exact: dict[int, int] = defaultdict(int)
        for file in self.files:
            for code, money in file.span_risk(nets).items():
                exact[self.codes[code]] += money
        return {currency: max(0, money - exact[currency]) for currency, money in held.items()}


def held_for(nets: Nets, instruments: Mapping[int, Row]) -> dict[int, int]:
    """What risk holds for positions without working orders, in money by currency handle."""
    scans: dict[tuple[int, int], Scan] = defaultdict(Scan)
    units: dict[tuple[int, int], int] = {}
    for handle, lots in nets.items():
        row = instruments[handle]
        key = row["currency"], row["product"]
        units[key] = max(0, row["scan_unit"])
        scans[key].add(row, Worst(longs=lots, shorts=-lots, gross=abs(lots)))
    found: dict[int, int] = defaultdict(int)
    for key, scan in scans.items():
        found[key[0]] += scan.units * units[key]
    return dict(found)


def is_same(scan: InstrumentScan, row: Row) -> bool:
    """Whether a row of risk's table has exactly these values."""
    rates = (scan.intra_rate, scan.delivery_rate, scan.short_option_rate)
    return (scan.unit, *scan.losses, scan.delta, *rates) == (
        row["scan_unit"],
        *row["scan"],
        row["scan_delta"],
        row["intra_rate"],
        row["delivery_rate"],
        row["short_option_rate"],
    )
