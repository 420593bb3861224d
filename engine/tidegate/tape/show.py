"""Figures about a tape for `tape show`: counts, spans, prices and spreads of each contract."""

from collections import Counter
from decimal import Decimal

import msgspec
import numpy as np

from tidegate.native.records import NO_PRICE
from tidegate.prices import to_price
from tidegate.tape.book import Book, updates
from tidegate.tape.events import Events, Source, TapeKind
from tidegate.tape.format import TapeReader


class ContractFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One contract of a tape; prices as decimals, spreads in ticks over updates of the book."""

    code: str
    venue: str
    currency: str
    tick_size: Decimal
    multiplier: Decimal
    lot_size: Decimal
    start_ns: int
    first_ns: int
    last_ns: int
    counts: dict[str, int]
    traded_lots: int
    low: Decimal | None
    high: Decimal | None
    spread_median: int | None
    spread_max: int | None
    two_sided_updates: int
    crossed_updates: int
    pre_settlement: Decimal | None
    upper_limit: Decimal | None
    lower_limit: Decimal | None


class TapeFigures(msgspec.Struct, frozen=True, kw_only=True):
    """All of a tape."""

    path: str
    bytes: int
    blocks: int
    events: int
    span_ns: int
    contracts: tuple[ContractFigures, ...]
    sources: tuple[Source, ...]
    counts: dict[str, int]
    notes: tuple[str, ...]


def figures(reader: TapeReader) -> TapeFigures:
    """Reads the whole tape once."""
    events = reader.events()
    return TapeFigures(
        path=str(reader.path),
        bytes=reader.path.stat().st_size,
        blocks=reader.block_count,
        events=reader.event_count,
        span_ns=reader.span_ns,
        contracts=tuple(_contract(reader, events, index) for index in range(len(reader.contracts))),
        sources=reader.metadata.sources,
        counts=reader.metadata.counts,
        notes=reader.metadata.notes,
    )


def _contract(reader: TapeReader, events: Events, index: int) -> ContractFigures:
    contract = reader.contracts[index]
    own = events[(events["contract_index"] == index) & (events["kind"] != TapeKind.END)]
    kinds = Counter(own["kind"].tolist())
    trades = own[own["kind"] == TapeKind.TRADE]
    priced = trades if len(trades) else own[own["price"] != NO_PRICE]

    def decimal(ticks: int | None) -> Decimal | None:
        return None if ticks is None else to_price(ticks, contract.tick_size)

    spreads = _spreads(own)
    return ContractFigures(
        code=contract.code,
        venue=contract.venue,
        currency=contract.currency,
        tick_size=contract.tick_size,
        multiplier=contract.multiplier,
        lot_size=contract.lot_size,
        start_ns=contract.start_ns,
        first_ns=int(own["time_ns"][0]) if len(own) else 0,
        last_ns=int(own["time_ns"][-1]) if len(own) else 0,
        counts={kind.name: kinds[kind] for kind in TapeKind if kinds[kind]},
        traded_lots=sum(trades["qty"].tolist()),
        low=decimal(int(priced["price"].min())) if len(priced) else None,
        high=decimal(int(priced["price"].max())) if len(priced) else None,
        spread_median=int(np.median(spreads)) if spreads else None,
        spread_max=max(spreads) if spreads else None,
        two_sided_updates=len(spreads),
        crossed_updates=sum(spread <= 0 for spread in spreads),
        pre_settlement=decimal(contract.pre_settlement),
        upper_limit=decimal(contract.upper_limit),
        lower_limit=decimal(contract.lower_limit),
    )


def _spreads(events: Events) -> list[int]:
    """The spread after each update that left both sides with a price."""
    book, spreads = Book(), []
    for _, changes in updates(events):
        for change in changes:
            book.apply(change)
        spread = book.spread()
        if spread is not None and any(change[0] != TapeKind.TRADE for change in changes):
            spreads.append(spread)
    return spreads
