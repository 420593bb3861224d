"""The book of a tape, cut in time and in depth, against one rebuilt the slow way."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tidegate.native.records import NO_PRICE, Side
from tidegate.tape.book import Book, Change, EventList, cut, shallow, updates
from tidegate.tape.events import Events, TapeKind, check_events

BUY, SELL = int(Side.BUY), int(Side.SELL)
SIDES = st.sampled_from([BUY, SELL])
PRICES = st.integers(-3, 3)
CHANGES = st.one_of(
    st.tuples(st.just(int(TapeKind.LEVEL)), SIDES, PRICES, st.integers(0, 3)),
    st.tuples(st.just(int(TapeKind.QUOTE)), SIDES, PRICES, st.integers(1, 3)),
    st.tuples(st.just(int(TapeKind.QUOTE)), SIDES, st.just(NO_PRICE), st.just(0)),
    st.just((int(TapeKind.CLEAR), 0, NO_PRICE, 0)),
    st.tuples(st.just(int(TapeKind.TRADE)), st.just(0), PRICES, st.integers(1, 3)),
    st.tuples(st.just(int(TapeKind.UPPER_LIMIT)), st.just(0), PRICES, st.just(0)),
    st.just((int(TapeKind.SESSION_OPEN), 0, NO_PRICE, 0)),
)
UPDATES = st.lists(st.lists(CHANGES, min_size=1, max_size=4), min_size=1, max_size=25)


def slow_levels(changes: list[Change], side: int) -> dict[int, int]:
    levels: dict[int, int] = {}
    for kind, at, price, qty in changes:
        if kind == TapeKind.CLEAR or (kind == TapeKind.QUOTE and at == side):
            levels = {}
        if kind in (TapeKind.LEVEL, TapeKind.QUOTE) and at == side and price != NO_PRICE:
            levels[price] = qty
            levels = {p: q for p, q in levels.items() if q}
    return levels


def book_of(changes: list[Change]) -> Book:
    book = Book()
    for change in changes:
        book.apply(change)
    return book


def listed(groups: list[list[Change]]) -> Events:
    events = EventList()
    for time_ns, changes in enumerate(groups):
        events.put(time_ns, changes)
    return events.array()


def flat(events: Events) -> list[Change]:
    return [change for _, changes in updates(events) for change in changes]


@given(UPDATES)
def test_book_is_what_the_slow_one_is(groups: list[list[Change]]) -> None:
    book, seen = Book(), []
    for changes in groups:
        for change in changes:
            book.apply(change)
            seen.append(change)
            bids, asks = slow_levels(seen, BUY), slow_levels(seen, SELL)
            assert book.levels == {BUY: bids, SELL: asks}
            assert book.best(BUY) == max(bids, default=None)
            assert book.best(SELL) == min(asks, default=None)
    assert book_of(book.state()).levels == book.levels
    assert book_of(book.state()).state() == book.state()


@given(UPDATES, st.integers(0, 30), st.integers(1, 30))
def test_a_cut_begins_with_what_stood_and_ends_the_same(
    groups: list[list[Change]], start: int, length: int
) -> None:
    events = listed(groups)
    kept = cut(events, start, start + length)
    check_events(kept, 1)
    assert not np.any((kept["time_ns"] < start) | (kept["time_ns"] >= start + length))
    before_end = events[events["time_ns"] < start + length]
    assert book_of(flat(kept)).state() == book_of(flat(before_end)).state()


@given(UPDATES, st.integers(1, 3))
def test_a_shallow_book_is_the_top_of_the_deep_one(groups: list[list[Change]], depth: int) -> None:
    events = listed(groups)
    kept = shallow(events, depth)
    check_events(kept, 1)
    for now in range(len(groups)):
        deep = book_of(flat(events[events["time_ns"] <= now]))
        view = book_of(flat(kept[kept["time_ns"] <= now]))
        for side in (BUY, SELL):
            assert view.levels[side] == deep.top(side, depth)
    is_trade = events["kind"] == TapeKind.TRADE
    assert np.count_nonzero(kept["kind"] == TapeKind.TRADE) == np.count_nonzero(is_trade)


def test_spread_is_negative_when_crossed() -> None:
    level = int(TapeKind.LEVEL)
    assert book_of([(level, BUY, 10, 1)]).spread() is None
    assert book_of([(level, BUY, 10, 1), (level, SELL, 12, 1)]).spread() == 2
    assert book_of([(level, BUY, 10, 1), (level, SELL, 7, 1)]).spread() == -3
