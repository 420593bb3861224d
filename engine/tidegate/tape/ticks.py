"""Tick CSV to tape: rows of last, volume, best bid and ask at a time of a trading day.

A row becomes, in this order: limits and previous settlement when they changed, a TRADE at last for
the volume since the row above (side unknown: the recording has none), and the new QUOTE of both
sides. Nothing is known of what happened between two rows, and nothing is made up.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from tidegate.errors import TapeError
from tidegate.native.records import NO_PRICE
from tidegate.tape.book import BUY, SELL, Change, EventList
from tidegate.tape.events import TapeKind
from tidegate.tape.recording import Recording, Terms, source_of, source_table
from tidegate.tape.values import RowCounts, RowError, Scale, whole

COLUMNS = (
    *("trading_day", "time_hhmmssmmm", "last", "volume", "total_volume"),
    *("bid1", "bid_qty1", "ask1", "ask_qty1", "upper_limit", "lower_limit", "pre_settle"),
)
_MS = 1_000_000
_HOUR_NS = 3_600_000_000_000
# From here on the clock may belong to a night session, whose date the row does not say.
_NIGHT_HOUR = 18


class _Row(NamedTuple):
    time_ns: int
    last: int
    volume: int
    total_volume: int
    quotes: list[Change]
    terms: dict[int, int]


def read(
    paths: list[Path],
    terms: Terms,
    *,
    utc_offset_hours: int = 8,
    skip_bad: bool = False,
    origin: str = "not stated",
    licence: str = "not stated",
) -> Recording:
    """Imports tick CSV files, plain or .gz, of one contract; rows are in order of time."""
    counts, events = RowCounts(), EventList()
    ticks, lots = Scale("price", terms.tick_size), Scale("quantity", terms.lot_size)
    latest_ns = 0
    for path in paths:
        previous: _Row | None = None
        for where, fields in _rows(path, counts):
            try:
                row = _parse(fields, ticks, lots, utc_offset_hours)
                if row.time_ns < latest_ns:
                    raise RowError("time before the row above; expected rows in order of time")
                changes = _changes(row, previous)
            except RowError as error:
                counts.refuse(where, error)
                continue
            events.put(row.time_ns, changes)
            previous, latest_ns = row, row.time_ns
    return Recording(
        terms=terms,
        events=events.array(),
        sources=tuple(source_of(p, "ticks", origin=origin, licence=licence) for p in paths),
        counts=counts.finish(skip_bad=skip_bad),
    )


def _rows(path: Path, counts: RowCounts) -> list[tuple[str, dict[str, str]]]:
    columns, rows = source_table(path)
    missing = [name for name in COLUMNS if name not in columns]
    if missing:
        raise TapeError(f"{path}: line 1: no column {', '.join(missing)}; expected tick CSV")
    counts.count("tick rows", len(rows))
    return rows


def _parse(fields: dict[str, str], ticks: Scale, lots: Scale, utc_offset_hours: int) -> _Row:
    if "" in fields:
        raise RowError("more fields than columns; expected as many")
    quotes: list[Change] = []
    for side, price, qty in ((BUY, "bid1", "bid_qty1"), (SELL, "ask1", "ask_qty1")):
        count = lots(fields[qty])
        # With no quantity the price field holds a filler: 0 or the largest double.
        quotes.append(
            (int(TapeKind.QUOTE), side, ticks(fields[price]) if count else NO_PRICE, count)
        )
    if quotes[0][3] and quotes[1][3] and quotes[0][2] >= quotes[1][2]:
        raise RowError(f"bid {fields['bid1']} not below ask {fields['ask1']}; expected it below")
    return _Row(
        time_ns=_time_ns(fields, utc_offset_hours),
        last=ticks(fields["last"]),
        volume=lots(fields["volume"]),
        total_volume=lots(fields["total_volume"]),
        quotes=quotes,
        terms={
            int(TapeKind.UPPER_LIMIT): ticks(fields["upper_limit"]),
            int(TapeKind.LOWER_LIMIT): ticks(fields["lower_limit"]),
            int(TapeKind.SETTLEMENT): ticks(fields["pre_settle"]),
        },
    )


def _time_ns(fields: dict[str, str], utc_offset_hours: int) -> int:
    clock = whole("time_hhmmssmmm", fields["time_hhmmssmmm"])
    hour, rest = divmod(clock, 10_000_000)
    minute, rest = divmod(rest, 100_000)
    second, milli = divmod(rest, 1000)
    if hour >= _NIGHT_HOUR:
        raise RowError(f"time {clock} of a night session; its calendar day is not in the row")
    try:
        day = datetime.strptime(fields["trading_day"], "%Y%m%d")
        at = day.replace(hour=hour, minute=minute, second=second, tzinfo=UTC)
    except ValueError:
        raise RowError(f"day {fields['trading_day'][:20]!r} at {clock}; expected a time") from None
    return int(at.timestamp()) * 1000 * _MS + milli * _MS - utc_offset_hours * _HOUR_NS


def _changes(row: _Row, previous: _Row | None) -> list[Change]:
    before = row.total_volume - row.volume if previous is None else previous.total_volume
    traded = row.total_volume - before
    if traded != row.volume or before < 0 or traded < 0:
        raise RowError(
            f"volume {row.volume}, total {row.total_volume}; expected total {before} + it"
        )
    known = previous.terms if previous else {}
    changes = [(kind, 0, price, 0) for kind, price in row.terms.items() if known.get(kind) != price]
    if traded:
        changes.append((int(TapeKind.TRADE), 0, row.last, traded))
    return changes + row.quotes
