"""Binance raw streams (`<local ns> <json>` lines) of one symbol to tape.

Depth diffs become LEVELs, one update a diff; trades become TRADE with the aggressor; bookTicker
lines repeat the best of the book between diffs and are counted, not used. Time is the line's
local ns.

The REST snapshot stands after the diffs that bridge it: diffs are kept until it comes, then those
with u <= lastUpdateId are dropped, the first one used must span lastUpdateId, and each later one
must follow on the one before (pu == its u; on spot U == its u + 1). A gap, a crossed book and a
diff that cannot be read are bad rows: the book is then unknown, so it is cleared and waits for the
next snapshot.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tidegate.errors import TapeError
from tidegate.native.records import NO_PRICE
from tidegate.tape.book import BUY, SELL, Book, Change, EventList
from tidegate.tape.events import TapeKind
from tidegate.tape.recording import Recording, Terms, source_bytes, source_of
from tidegate.tape.values import RowCounts, RowError, Scale, whole

# Diffs kept while no snapshot has come: some minutes of the fastest stream.
KEPT_DIFFS_MAX = 100_000

_Side = list[tuple[str, str]]


class _Data(msgspec.Struct, frozen=True):
    symbol: str = msgspec.field(name="s", default="")
    form: str = msgspec.field(name="e", default="bookTicker")
    first_id: int = msgspec.field(name="U", default=0)
    last_id: int = msgspec.field(name="u", default=0)
    previous_id: int | None = msgspec.field(name="pu", default=None)
    # In a bookTicker these are prices.
    bids: _Side | str = msgspec.field(name="b", default_factory=list)
    asks: _Side | str = msgspec.field(name="a", default_factory=list)
    price: str = msgspec.field(name="p", default="")
    qty: str = msgspec.field(name="q", default="")
    is_buyer_maker: bool = msgspec.field(name="m", default=False)


class _Line(msgspec.Struct, frozen=True):
    data: _Data | None = None
    last_update_id: int | None = msgspec.field(name="lastUpdateId", default=None)
    symbol: str | None = None
    bids: _Side = []
    asks: _Side = []


class _Depth:
    """The book as the stream tells it: kept diffs, the snapshot, the chain of update ids."""

    def __init__(self, terms: Terms, counts: RowCounts, events: EventList) -> None:
        self._ticks = Scale("price", terms.tick_size)
        self._lots = Scale("quantity", terms.lot_size)
        self._counts, self._events = counts, events
        self._book = Book()
        self._kept: list[_Data] | None = []
        self._snapshot_id = 0
        # u of the last diff used; None between the snapshot and the diff that bridges it.
        self._last_id: int | None = None
        self.had_snapshot = False

    def snapshot(self, time_ns: int, line: _Line) -> None:
        self.had_snapshot = True
        with self._lost_on_error(time_ns):
            self._snapshot(time_ns, line)

    def diff(self, time_ns: int, data: _Data) -> None:
        with self._lost_on_error(time_ns):
            self._diff(time_ns, data)

    def trade(self, time_ns: int, data: _Data) -> None:
        price, qty = self._ticks(data.price), self._lots(data.qty)
        if qty <= 0:
            raise RowError(f"trade of {data.qty}; expected more than 0")
        # The maker is the passive side, so the aggressor is the other.
        side = SELL if data.is_buyer_maker else BUY
        self._events.put(time_ns, [(int(TapeKind.TRADE), side, price, qty)])

    @contextmanager
    def _lost_on_error(self, time_ns: int) -> Iterator[None]:
        """After a bad row the book is not known: nothing stands until the next snapshot."""
        try:
            yield
        except RowError:
            self._put(time_ns, [(int(TapeKind.CLEAR), 0, NO_PRICE, 0)])
            self._kept = []
            raise

    def _snapshot(self, time_ns: int, line: _Line) -> None:
        changes: list[Change] = [(int(TapeKind.CLEAR), 0, NO_PRICE, 0)]
        changes += self._levels(line.bids, line.asks)
        self._put(time_ns, changes)
        kept, self._kept = self._kept or [], None
        self._snapshot_id, self._last_id = line.last_update_id or 0, None
        for diff in kept:
            self._diff(time_ns, diff)

    def _diff(self, time_ns: int, data: _Data) -> None:
        if self._kept is not None:
            if len(self._kept) == KEPT_DIFFS_MAX:
                raise TapeError(f"{KEPT_DIFFS_MAX} depth diffs and no snapshot; expected one")
            self._kept.append(data)
            return
        if self._last_id is None and data.last_id <= self._snapshot_id:
            self._counts.count("depth diffs dropped: in the snapshot already")
            return
        if not self._follows(data):
            expected = self._snapshot_id if self._last_id is None else self._last_id
            self._counts.count("gaps in depth")
            raise RowError(
                f"gap: diff {data.first_id}..{data.last_id}; expected it after {expected}"
            )
        if isinstance(data.bids, str) or isinstance(data.asks, str):
            raise RowError("b or a is text; expected lists of price and quantity")
        self._last_id = data.last_id
        self._put(time_ns, self._levels(data.bids, data.asks))

    def _follows(self, data: _Data) -> bool:
        if self._last_id is None:
            return data.first_id <= self._snapshot_id + 1
        if data.previous_id is None:
            return data.first_id == self._last_id + 1
        return data.previous_id == self._last_id

    def _levels(self, bids: _Side, asks: _Side) -> list[Change]:
        changes: list[Change] = []
        for side, levels in ((BUY, bids), (SELL, asks)):
            for price, qty in levels:
                count = self._lots(qty)
                if count < 0:
                    raise RowError(f"level of {qty}; expected 0 or more")
                changes.append((int(TapeKind.LEVEL), side, self._ticks(price), count))
        return changes

    def _put(self, time_ns: int, changes: list[Change]) -> None:
        for change in changes:
            self._book.apply(change)
        self._events.put(time_ns, changes)
        spread = self._book.spread()
        if spread is not None and spread <= 0:
            self._counts.count("crossed books")
            raise RowError(f"book crossed by {-spread} ticks; expected the bid below the ask")


def read(
    paths: list[Path],
    terms: Terms,
    *,
    skip_bad: bool = False,
    origin: str = "not stated",
    licence: str = "not stated",
) -> Recording:
    """Imports raw streams, plain or .gz, of one symbol; several files continue one another."""
    counts, events = RowCounts(), EventList()
    depth = _Depth(terms, counts, events)
    decoder = msgspec.json.Decoder(_Line)
    latest_ns = 0
    for where, text in _lines(paths):
        counts.count("lines")
        try:
            stamp, _, body = text.partition(b" ")
            time_ns = whole("local time", stamp.decode("ascii", "replace"))
            if time_ns < latest_ns:
                raise RowError(f"time {time_ns} before the line above; expected lines in order")
            latest_ns = time_ns
            _take(decoder.decode(body), time_ns, terms.code, depth, counts)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            counts.refuse(where, RowError(f"{error}; expected a stream's JSON"))
        except RowError as error:
            counts.refuse(where, error)
    if not depth.had_snapshot:
        raise TapeError(f"{paths[-1]}: no line with lastUpdateId; expected the book's snapshot")
    return Recording(
        terms=terms,
        events=events.array(),
        sources=tuple(source_of(p, "binance", origin=origin, licence=licence) for p in paths),
        counts=counts.finish(skip_bad=skip_bad),
    )


def _take(line: _Line, time_ns: int, symbol: str, depth: _Depth, counts: RowCounts) -> None:
    data = line.data
    found = data.symbol if data else line.symbol
    if found not in (None, symbol):
        raise RowError(f"symbol {found!r}; expected {symbol}")
    if data is None:
        if line.last_update_id is None:
            raise RowError("neither data nor lastUpdateId; expected one of them")
        counts.count("snapshots")
        depth.snapshot(time_ns, line)
    elif data.form == "depthUpdate":
        counts.count("depth diffs")
        depth.diff(time_ns, data)
    elif data.form == "trade":
        counts.count("trades")
        depth.trade(time_ns, data)
    elif data.form == "bookTicker":
        counts.count("bookTicker lines not used")
    else:
        raise RowError(f"stream {data.form!r}; expected depthUpdate, trade or bookTicker")


def _lines(paths: list[Path]) -> Iterator[tuple[str, bytes]]:
    for path in paths:
        for number, text in enumerate(source_bytes(path).splitlines(), start=1):
            yield f"{path.name} line {number}", text
