"""Lean zips (tick trades, minute quotes, minute trades) of one futures contract to tape.

    entry               row                                              becomes
    ..._tick_trade_...  ms, price, qty, exchange, condition, suspicious  TRADE, side unknown
    ..._minute_quote_.. ms, bid o h l c, bid size, ask o h l c, ask size QUOTE of both sides
    ..._minute_trade_.. ms, o h l c, volume                              TRADE, side unknown

ms is after midnight UTC of the entry's date. A minute row is a bar that starts at ms; of it only
the close is a figure that stood at a known time, the bar's end, so that is what it becomes: for
trades the bar's volume at its close. Where a day has tick trades its minute trades are not used.
Tick trades of quantity 0 and rows marked suspicious are dropped and counted.
"""

import re
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from tidegate.errors import TapeError
from tidegate.native.records import NO_PRICE
from tidegate.tape.book import BUY, SELL, Change, EventList
from tidegate.tape.events import TapeKind
from tidegate.tape.recording import Recording, Terms, source_of
from tidegate.tape.values import RowCounts, RowError, Scale, whole

MONTH_CODES = "FGHJKMNQUVXZ"
BAR_MS = 60_000
DAY_MS = 86_400_000

_ENTRY = re.compile(
    r"(?P<day>\d{8})_(?P<root>[a-z0-9]+)_(?P<form>tick_trade|minute_quote|minute_trade)"
    r"_(?P<year>\d{4})(?P<month>\d{2})_\d{8}\.csv"
)
_CONTRACT = re.compile(r"(?P<root>[A-Z0-9]{1,4})(?P<month>[FGHJKMNQUVXZ])(?P<year>\d{1,2})")
_FIELD_COUNTS = {"tick_trade": 6, "minute_quote": 11, "minute_trade": 6}
# Quotes of a minute's end come before the trades of the same millisecond.
_ORDER = ("minute_quote", "tick_trade", "minute_trade")


class _Entry(NamedTuple):
    form: str
    day: str
    expiry: str
    path: Path
    name: str


def read(
    paths: list[Path],
    terms: Terms,
    *,
    skip_bad: bool = False,
    origin: str = "not stated",
    licence: str = "not stated",
) -> Recording:
    """Imports the contract `terms.code` (such as GCZ3) from Lean zips."""
    counts, events = RowCounts(), EventList()
    entries = _entries(paths, terms.code)
    tick_days = {entry.day for entry in entries if entry.form == "tick_trade"}
    for entry in sorted(entries, key=lambda e: (e.day, _ORDER.index(e.form))):
        if entry.form == "minute_trade" and entry.day in tick_days:
            counts.count("minute_trade rows not used: the day has tick trades", len(_rows(entry)))
        else:
            _take(entry, terms, counts, events)
    return Recording(
        terms=terms,
        events=events.array(),
        sources=tuple(source_of(p, "lean", origin=origin, licence=licence) for p in paths),
        counts=counts.finish(skip_bad=skip_bad),
    )


def _entries(paths: list[Path], code: str) -> list[_Entry]:
    """The zips' entries of the contract; each zip must have one."""
    wanted = _CONTRACT.fullmatch(code)
    if wanted is None:
        raise TapeError(f"contract {code!r}; expected root, month letter and year, such as GCZ3")
    month = MONTH_CODES.index(wanted["month"]) + 1
    found: list[_Entry] = []
    for path in paths:
        names = _names(path)
        matches = [match for match in map(_ENTRY.fullmatch, names) if match]
        own = [
            _Entry(m["form"], m["day"], m["year"] + m["month"], path, m.string)
            for m in matches
            if m["root"].upper() == wanted["root"]
            and int(m["month"]) == month
            and m["year"].endswith(wanted["year"])
        ]
        if not own:
            raise TapeError(
                f"{path}: no entry of {code} among {len(names)}; expected such as"
                " 20131007_gc_tick_trade_201312_20131227.csv"
            )
        found += own
    expiries = sorted({entry.expiry for entry in found})
    if len(expiries) > 1:
        raise TapeError(f"{code} may be any of {', '.join(expiries)}; expected zips with one")
    return found


def _names(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except zipfile.BadZipFile as error:
        raise TapeError(f"{path}: {error}; expected a Lean zip") from None


def _rows(entry: _Entry) -> list[str]:
    try:
        with zipfile.ZipFile(entry.path) as archive:
            return archive.read(entry.name).decode("ascii").splitlines()
    except (zipfile.BadZipFile, UnicodeDecodeError) as error:
        raise TapeError(f"{entry.path}: {entry.name}: {error}; expected ASCII CSV") from None


def _take(entry: _Entry, terms: Terms, counts: RowCounts, events: EventList) -> None:
    ticks, lots = Scale("price", terms.tick_size), Scale("quantity", terms.lot_size)
    midnight_ms = _midnight_ms(entry)
    for number, line in enumerate(_rows(entry), start=1):
        counts.count(f"{entry.form} rows")
        fields = line.split(",")
        try:
            if len(fields) != _FIELD_COUNTS[entry.form]:
                raise RowError(f"{len(fields)} fields; expected {_FIELD_COUNTS[entry.form]}")
            at_ms = whole("time", fields[0])
            if at_ms >= DAY_MS:
                raise RowError(f"time {at_ms}; expected ms of one day")
            if entry.form == "minute_quote":
                at_ms += BAR_MS
                changes = _quotes(fields, ticks, lots, counts)
            elif entry.form == "minute_trade":
                at_ms += BAR_MS
                changes = _trade(fields[4], fields[5], "0", ticks, lots, counts)
            else:
                changes = _trade(fields[1], fields[2], fields[5], ticks, lots, counts)
        except RowError as error:
            counts.refuse(f"{entry.path.name}: {entry.name} line {number}", error)
            continue
        events.put((midnight_ms + at_ms) * 1_000_000, changes)


def _midnight_ms(entry: _Entry) -> int:
    try:
        day = datetime.strptime(entry.day, "%Y%m%d").replace(tzinfo=UTC)
    except ValueError:
        raise TapeError(f"{entry.path}: {entry.name}: expected a date first") from None
    return int(day.timestamp()) * 1000


def _trade(
    price: str, qty: str, suspicious: str, ticks: Scale, lots: Scale, counts: RowCounts
) -> list[Change]:
    if suspicious != "0":
        counts.count("trades dropped: suspicious")
        return []
    count = lots(qty)
    if count < 0:
        raise RowError(f"quantity {qty}; expected 0 or more")
    if not count:
        counts.count("trades dropped: quantity 0")
        return []
    return [(int(TapeKind.TRADE), 0, ticks(price), count)]


def _quotes(fields: list[str], ticks: Scale, lots: Scale, counts: RowCounts) -> list[Change]:
    """Both sides as they stood at the bar's end; an empty side has empty fields and size 0."""
    quotes: list[Change] = []
    for side, price, size in ((BUY, fields[4], fields[5]), (SELL, fields[9], fields[10])):
        count = lots(size)
        if count < 0 or (count and not price):
            raise RowError(f"price {price!r} with size {size}; expected both or neither")
        quotes.append((int(TapeKind.QUOTE), side, ticks(price) if count else NO_PRICE, count))
    if quotes[0][3] and quotes[1][3] and quotes[0][2] >= quotes[1][2]:
        counts.count("quotes dropped: bid not below ask")
        return []
    return quotes
