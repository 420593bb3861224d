"""The book that tape events build, to cut a tape in time or in depth and to measure spreads.

Importers and `tape show` use it. It holds prices and quantities only, no orders: the venue
simulator has its own book.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator

import numpy as np

from tidegate.native.records import NO_PRICE, Side
from tidegate.tape.events import EVENT, Events, TapeFlag, TapeKind

# kind, side, price, qty: an event without its time, contract and flags.
Change = tuple[int, int, int, int]

BUY, SELL = int(Side.BUY), int(Side.SELL)
_SESSION = (TapeKind.SESSION_OPEN, TapeKind.SESSION_CLOSE)
_TERMS = (TapeKind.UPPER_LIMIT, TapeKind.LOWER_LIMIT, TapeKind.SETTLEMENT)


class Book:
    """Quantities by price of one contract, and the limits, settlement and session in force."""

    def __init__(self) -> None:
        self.levels: dict[int, dict[int, int]] = {BUY: {}, SELL: {}}
        self.terms: dict[int, int] = {}
        self.session = 0
        # The prices of each side in rising order, so that the best are at an end.
        self._prices: dict[int, list[int]] = {BUY: [], SELL: []}

    def apply(self, change: Change) -> None:
        """Takes one event; trades change nothing, as books state themselves."""
        kind, side, price, qty = change
        if kind == TapeKind.LEVEL:
            self._set(side, price, qty)
        elif kind == TapeKind.QUOTE:
            self._empty(side)
            if qty:
                self._set(side, price, qty)
        elif kind == TapeKind.CLEAR:
            self._empty(BUY)
            self._empty(SELL)
        elif kind in _TERMS:
            self.terms[kind] = price
        elif kind in _SESSION:
            self.session = kind

    def best(self, side: int) -> int | None:
        """The best price of a side; None when the side is empty."""
        prices = self._prices[side]
        if not prices:
            return None
        return prices[-1] if side == BUY else prices[0]

    def spread(self) -> int | None:
        """Best ask less best bid in ticks: 0 locked, negative crossed; None when one-sided."""
        bid, ask = self.best(BUY), self.best(SELL)
        return None if bid is None or ask is None else ask - bid

    def top(self, side: int, count: int) -> dict[int, int]:
        """The best `count` levels of a side."""
        prices, levels = self._prices[side], self.levels[side]
        best = reversed(prices[-count:]) if side == BUY else prices[:count]
        return {price: levels[price] for price in best}

    def state(self) -> list[Change]:
        """Events that build this book from an empty one."""
        changes: list[Change] = []
        if self.session:
            changes.append((self.session, 0, NO_PRICE, 0))
        changes += [(kind, 0, price, 0) for kind, price in sorted(self.terms.items())]
        for side in (BUY, SELL):
            levels = self.top(side, len(self.levels[side]))
            changes += [(int(TapeKind.LEVEL), side, p, qty) for p, qty in levels.items()]
        return changes

    def _set(self, side: int, price: int, qty: int) -> None:
        prices, levels = self._prices[side], self.levels[side]
        if qty:
            if price not in levels:
                insort(prices, price)
            levels[price] = qty
        elif levels.pop(price, 0):
            del prices[bisect_left(prices, price)]

    def _empty(self, side: int) -> None:
        self.levels[side].clear()
        self._prices[side].clear()


class EventList:
    """Collects updates in order of time and makes the event array of them."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, int, int, int, int, int, int, tuple[int, int, int]]] = []

    def put(self, time_ns: int, changes: list[Change]) -> None:
        """Adds changes that belong together."""
        last = len(changes) - 1
        for index, (kind, side, price, qty) in enumerate(changes):
            more = int(TapeFlag.MORE) if index < last else 0
            self._rows.append((time_ns, price, qty, 0, kind, side, more, (0, 0, 0)))

    def __len__(self) -> int:
        return len(self._rows)

    def array(self) -> Events:
        """All events, sorted by time where a source is not; each update stays whole."""
        events = np.array(self._rows, EVENT)
        return events[np.argsort(events["time_ns"], kind="stable")]


def updates(events: Events) -> Iterator[tuple[int, list[Change]]]:
    """Time and changes of each update of one contract's events."""
    changes: list[Change] = []
    for time_ns, price, qty, _, kind, side, flags, _ in events.tolist():
        changes.append((kind, side, price, qty))
        if not flags & TapeFlag.MORE:
            yield time_ns, changes
            changes = []


def cut(events: Events, start_ns: int, end_ns: int) -> Events:
    """The events of one contract from start to before end; what stood at start comes first."""
    first, last = np.searchsorted(events["time_ns"], [start_ns, end_ns]).tolist()
    if not first:
        return events[:last]
    book = Book()
    for _, changes in updates(events[:first]):
        for change in changes:
            book.apply(change)
    standing = EventList()
    standing.put(start_ns, book.state())
    return np.concatenate([standing.array(), events[first:last]])


def shallow(events: Events, depth: int) -> Events:
    """The same market with only the best `depth` levels of each side in view."""
    book, seen, kept = Book(), Book(), EventList()
    for time_ns, changes in updates(events):
        kept_changes: list[Change] = []
        for change in changes:
            book.apply(change)
            if change[0] not in (TapeKind.LEVEL, TapeKind.QUOTE, TapeKind.CLEAR):
                kept_changes.append(change)
        for side in (BUY, SELL):
            kept_changes += _difference(side, seen.levels[side], book.top(side, depth))
        for change in kept_changes:
            seen.apply(change)
        kept.put(time_ns, kept_changes)
    return kept.array()


def _difference(side: int, old: dict[int, int], new: dict[int, int]) -> list[Change]:
    level = int(TapeKind.LEVEL)
    gone = [(level, side, price, 0) for price in old if price not in new]
    return gone + [(level, side, p, qty) for p, qty in new.items() if old.get(p) != qty]
