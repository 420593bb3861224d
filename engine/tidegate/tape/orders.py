"""Order-by-order CSV to tape: LEVELs summed from the orders, and the trades.

Two kinds of file, told apart by their header, any number of each:

    orders  id,timestamp,exchange_timestamp,price,volume,action,direction
            action created (volume = quantity), changed (volume = what is left), deleted
    trades  trade_id,timestamp,exchange_timestamp,price,amount,buy_order_id,sell_order_id,side

Time is exchange_timestamp, in ms. All rows of one ms are one update, trades first: an aggressive
order is created and filled within its ms and would cross the book in between. Of an order file the
rows with the smallest exchange_timestamp (the snapshot it began with) and with the largest
timestamp (deletes made up at its end) are dropped; later rows of orders that were only in the
snapshot are counted and not used.
"""

from pathlib import Path
from typing import NamedTuple

from tidegate.errors import TapeError
from tidegate.tape.book import BUY, SELL, Change, EventList
from tidegate.tape.events import TapeKind
from tidegate.tape.recording import Recording, Terms, source_of, source_table
from tidegate.tape.values import RowCounts, RowError, Scale, whole

ORDER_COLUMNS = ["id", "timestamp", "exchange_timestamp", "price", "volume", "action", "direction"]
TRADE_COLUMNS = [
    *("trade_id", "timestamp", "exchange_timestamp", "price", "amount"),
    *("buy_order_id", "sell_order_id", "side"),
]
_ORDER_SIDES = {"bid": BUY, "ask": SELL}
_TRADE_SIDES = {"buy": BUY, "sell": SELL}


class _Order(NamedTuple):
    side: int
    price: int
    qty: int


class _OrderRow(NamedTuple):
    order_id: int
    action: str
    order: _Order


class _Orders:
    """Live orders and the sums at their prices."""

    def __init__(self, counts: RowCounts) -> None:
        self._live: dict[int, _Order] = {}
        self._sums: dict[tuple[int, int], int] = {}
        self._counts = counts

    def take(self, row: _OrderRow) -> set[tuple[int, int]]:
        """Applies one row; the sides and prices whose sum it changed."""
        known = self._live.get(row.order_id)
        if row.action == "created":
            if known is not None:
                raise RowError(f"order {row.order_id} created twice; expected a new id")
            return self._replace(row.order_id, None, row.order)
        if known is None:
            self._counts.count(f"{row.action} rows not used: order not seen created")
            return set()
        return self._replace(row.order_id, known, row.order if row.action == "changed" else None)

    def level(self, at: tuple[int, int]) -> Change:
        """What stands at a side and price now."""
        return (int(TapeKind.LEVEL), *at, self._sums.get(at, 0))

    def _replace(
        self, order_id: int, old: _Order | None, new: _Order | None
    ) -> set[tuple[int, int]]:
        touched = set()
        for order, sign in ((old, -1), (new, 1)):
            if order is not None:
                at = (order.side, order.price)
                self._sums[at] = self._sums.get(at, 0) + sign * order.qty
                touched.add(at)
        for at in touched:
            if not self._sums[at]:
                del self._sums[at]
        if new is None:
            del self._live[order_id]
        else:
            self._live[order_id] = new
        return touched


def read(
    paths: list[Path],
    terms: Terms,
    *,
    skip_bad: bool = False,
    origin: str = "not stated",
    licence: str = "not stated",
) -> Recording:
    """Imports order and trade CSV files, plain or .gz, of one contract."""
    counts = RowCounts()
    ticks, lots = Scale("price", terms.tick_size), Scale("quantity", terms.lot_size)
    trades: dict[int, list[Change]] = {}
    rows: dict[int, list[tuple[str, _OrderRow]]] = {}
    for path in paths:
        fields, is_orders = _table(path)
        for where, row in _wanted(path, fields, counts) if is_orders else fields:
            counts.count("order rows" if is_orders else "trade rows")
            try:
                if "" in row:
                    raise RowError("more fields than columns; expected as many")
                time_ms = whole("exchange_timestamp", row["exchange_timestamp"])
                if is_orders:
                    rows.setdefault(time_ms, []).append((where, _order_row(row, ticks, lots)))
                else:
                    trades.setdefault(time_ms, []).append(_trade(row, ticks, lots))
            except RowError as error:
                counts.refuse(where, error)
    return Recording(
        terms=terms,
        events=_updates(rows, trades, counts).array(),
        sources=tuple(source_of(p, "orders", origin=origin, licence=licence) for p in paths),
        counts=counts.finish(skip_bad=skip_bad),
    )


def _table(path: Path) -> tuple[list[tuple[str, dict[str, str]]], bool]:
    columns, rows = source_table(path)
    if columns not in (ORDER_COLUMNS, TRADE_COLUMNS):
        raise TapeError(
            f"{path}: line 1: columns {columns}; expected {','.join(ORDER_COLUMNS)}"
            f" or {','.join(TRADE_COLUMNS)}"
        )
    return rows, columns == ORDER_COLUMNS


def _wanted(
    path: Path, rows: list[tuple[str, dict[str, str]]], counts: RowCounts
) -> list[tuple[str, dict[str, str]]]:
    """The rows between the snapshot at the file's start and the deletes made up at its end."""
    try:
        first = min((int(row["exchange_timestamp"]) for _, row in rows), default=0)
        last = max((int(row["timestamp"]) for _, row in rows), default=0)
    except ValueError as error:
        raise TapeError(f"{path}: {error}; expected whole ms in both timestamps") from None
    kept = [
        (where, row)
        for where, row in rows
        if int(row["exchange_timestamp"]) != first and int(row["timestamp"]) != last
    ]
    counts.count("order rows dropped: snapshot and made-up deletes", len(rows) - len(kept))
    return kept


def _order_row(row: dict[str, str], ticks: Scale, lots: Scale) -> _OrderRow:
    side, action = _ORDER_SIDES.get(row["direction"]), row["action"]
    if side is None or action not in ("created", "changed", "deleted"):
        found = f"{action[:20]} {row['direction'][:20]}"
        raise RowError(f"{found!r}; expected created, changed or deleted, and bid or ask")
    qty = lots(row["volume"])
    if qty < 0:
        raise RowError(f"volume {row['volume']}; expected 0 or more")
    order = _Order(side, ticks(row["price"]), qty)
    return _OrderRow(whole("id", row["id"]), action, order)


def _trade(row: dict[str, str], ticks: Scale, lots: Scale) -> Change:
    side, qty = _TRADE_SIDES.get(row["side"]), lots(row["amount"])
    if side is None or qty <= 0:
        found = f"{row['side'][:20]} of {row['amount']}"
        raise RowError(f"{found}; expected buy or sell of more than 0")
    return (int(TapeKind.TRADE), side, ticks(row["price"]), qty)


def _updates(
    rows: dict[int, list[tuple[str, _OrderRow]]],
    trades: dict[int, list[Change]],
    counts: RowCounts,
) -> EventList:
    orders, events = _Orders(counts), EventList()
    for time_ms in sorted(rows.keys() | trades.keys()):
        touched: set[tuple[int, int]] = set()
        for where, row in rows.get(time_ms, ()):
            try:
                touched |= orders.take(row)
            except RowError as error:
                counts.refuse(where, error)
        levels = [orders.level(at) for at in sorted(touched)]
        events.put(time_ms * 1_000_000, trades.get(time_ms, []) + levels)
    return events
