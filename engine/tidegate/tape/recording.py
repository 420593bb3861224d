"""One imported contract on its way to a tape: terms, events at UTC times, sources, counts.

Importers return a Recording; `record_tape` cuts, aligns and writes one or several of them.
"""

import csv
import gzip
import hashlib
import io
import re
import zlib
from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np

from tidegate.errors import TapeError
from tidegate.native.records import NO_PRICE
from tidegate.tape.book import cut, shallow
from tidegate.tape.events import Contract, Events, Metadata, Source, TapeKind, merge
from tidegate.tape.format import TapeReader, TapeWriter


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What an importer must know of a contract and no recording says."""

    code: str
    product: str
    venue: str
    currency: str
    tick_size: Decimal
    multiplier: Decimal
    lot_size: Decimal = Decimal(1)


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """What an importer made of its sources; times are UTC ns since 1970."""

    terms: Terms
    events: Events
    sources: tuple[Source, ...]
    counts: dict[str, int]
    # The time that becomes 0 and the one that becomes the tape's END, where not those of events.
    start_ns: int | None = None
    end_ns: int | None = None


# Products whose terms are known here; lot_size is of the quantities in their recordings.
PRODUCTS = {
    "GC": ("COMEX", "USD", Decimal("0.1"), Decimal(100), Decimal(1)),
    "ES": ("CME", "USD", Decimal("0.25"), Decimal(50), Decimal(1)),
    "IF": ("CFFEX", "CNY", Decimal("0.2"), Decimal(300), Decimal(1)),
    "BTCUSDT": ("BINANCE", "USDT", Decimal("0.1"), Decimal("0.001"), Decimal("0.001")),
}


def known_terms(code: str) -> Terms | None:
    """Terms of a contract of one of PRODUCTS, such as GCZ3, IF2101 or BTCUSDT."""
    for product, (venue, currency, tick_size, multiplier, lot_size) in PRODUCTS.items():
        if re.fullmatch(rf"{product}([FGHJKMNQUVXZ]?\d{{1,4}})?", code, re.ASCII):
            return Terms(
                code=code,
                product=product,
                venue=venue,
                currency=currency,
                tick_size=tick_size,
                multiplier=multiplier,
                lot_size=lot_size,
            )
    return None


def source_of(path: Path, form: str, *, origin: str, licence: str) -> Source:
    """The provenance line of one file."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Source(name=path.name, sha256=digest, format=form, origin=origin, licence=licence)


def source_bytes(path: Path) -> bytes:
    """The content of a source, decompressed if its name ends in .gz."""
    raw = path.read_bytes()
    if path.suffix != ".gz":
        return raw
    try:
        return gzip.decompress(raw)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise TapeError(f"{path}: {error}; expected a whole gzip file") from None


def source_table(path: Path) -> tuple[list[str], list[tuple[str, dict[str, str]]]]:
    """Column names of a CSV source, and each row with the place it stands at."""
    try:
        text = source_bytes(path).decode("utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""), restkey="", restval="")
        rows = [(f"{path.name} line {reader.line_num}", row) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise TapeError(f"{path}: {error}; expected CSV in UTF-8") from None
    return list(reader.fieldnames or ()), rows


def cut_recording(
    recording: Recording, *, start_ns: int | None, end_ns: int | None, depth: int | None
) -> Recording:
    """The recording from start to before end, with at most `depth` levels a side."""
    events = recording.events
    if not len(events):
        raise TapeError(f"{recording.terms.code}: no events in the sources; expected some")
    start = int(events["time_ns"][0]) if start_ns is None else start_ns
    end = int(events["time_ns"][-1]) + 1 if end_ns is None else end_ns
    if end <= start:
        raise TapeError(f"{recording.terms.code}: from {start} to {end}; expected a later end")
    if depth is not None and depth < 1:
        raise TapeError(f"depth {depth}; expected 1 or more")
    kept = cut(events, start, end)
    if depth is not None:
        kept = shallow(kept, depth)
    if not len(kept):
        raise TapeError(f"{recording.terms.code}: no events from {start} to {end} ns")
    return msgspec.structs.replace(recording, events=kept, start_ns=start, end_ns=end_ns)


def record_tape(
    path: Path | str, recordings: list[Recording], *, notes: tuple[str, ...] = ()
) -> Metadata:
    """Writes recordings into one tape, the start of each at time 0."""
    contracts: list[Contract] = []
    parts: list[Events] = []
    counts: dict[str, int] = {}
    span_ns = 0
    for index, recording in enumerate(recordings):
        events = recording.events.copy()
        first_ns, last_ns = int(events["time_ns"][0]), int(events["time_ns"][-1])
        start_ns = first_ns if recording.start_ns is None else recording.start_ns
        end_ns = last_ns if recording.end_ns is None else recording.end_ns
        span_ns = max(span_ns, end_ns - start_ns)
        events["time_ns"] -= start_ns
        events["contract_index"] = index
        parts.append(events)
        contracts.append(_contract(recording.terms, start_ns, events))
        counts |= {f"{recording.terms.code}: {k}": v for k, v in recording.counts.items()}
    merged = merge(parts)
    metadata = Metadata(
        contracts=tuple(contracts),
        sources=tuple(source for recording in recordings for source in recording.sources),
        span_ns=span_ns,
        counts=counts,
        notes=notes,
    )
    with TapeWriter(path, metadata) as writer:
        writer.append(merged)
    return metadata


def merge_tapes(path: Path | str, sources: list[Path]) -> Metadata:
    """Writes the contracts of several tapes into one; their times 0 fall together."""
    parts: list[Events] = []
    metadata: list[Metadata] = []
    for source in sources:
        with TapeReader(source) as reader:
            events = reader.events()[:-1]
            events["contract_index"] += sum(len(m.contracts) for m in metadata)
            parts.append(events)
            metadata.append(reader.metadata)
    together = Metadata(
        contracts=tuple(contract for m in metadata for contract in m.contracts),
        sources=tuple(dict.fromkeys(source for m in metadata for source in m.sources)),
        span_ns=max(m.span_ns for m in metadata),
        counts={name: number for m in metadata for name, number in m.counts.items()},
        notes=tuple(dict.fromkeys(note for m in metadata for note in m.notes)),
    )
    with TapeWriter(path, together) as writer:
        writer.append(merge(parts))
    return together


def _contract(terms: Terms, start_ns: int, events: Events) -> Contract:
    return Contract(
        code=terms.code,
        product=terms.product,
        venue=terms.venue,
        currency=terms.currency,
        tick_size=terms.tick_size,
        multiplier=terms.multiplier,
        lot_size=terms.lot_size,
        start_ns=start_ns,
        pre_settlement=_first(events, TapeKind.SETTLEMENT),
        upper_limit=_first(events, TapeKind.UPPER_LIMIT),
        lower_limit=_first(events, TapeKind.LOWER_LIMIT),
    )


def _first(events: Events, kind: TapeKind) -> int | None:
    rows = np.flatnonzero(events["kind"] == kind)
    price = int(events["price"][rows[0]]) if len(rows) else NO_PRICE
    return None if price == NO_PRICE else price
