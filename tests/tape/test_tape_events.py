"""Rules of the rows: each broken rule is named with the row that breaks it."""

from collections.abc import Callable

import msgspec
import numpy as np
import pytest

from tidegate.errors import TapeError
from tidegate.native.records import NO_PRICE, Side
from tidegate.tape.events import (
    Contract,
    Events,
    Metadata,
    TapeKind,
    check_events,
    check_metadata,
    merge,
)

BUY = int(Side.BUY)
GOOD = (5, 100, 1, 0, int(TapeKind.TRADE), BUY, 0)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ((5, 100, 1, 0, 0, BUY, 0), "a kind of 1 to 10"),
        ((5, 100, 1, 0, 11, BUY, 0), "a kind of 1 to 10"),
        ((5, 100, 1, 1, TapeKind.TRADE, BUY, 0), "a contract_index below 1"),
        ((5, 100, 1, 0, TapeKind.LEVEL, 0, 0), "side BUY or SELL"),
        ((5, 100, 1, 0, TapeKind.QUOTE, 1, 0), "side BUY or SELL"),
        ((5, 100, 1, 0, TapeKind.TRADE, 1, 0), "side BUY, SELL or 0"),
        ((5, NO_PRICE, 0, 0, TapeKind.CLEAR, BUY, 0), "side 0"),
        ((5, 100, -1, 0, TapeKind.LEVEL, BUY, 0), "qty of 0 or more"),
        ((5, 100, 0, 0, TapeKind.TRADE, BUY, 0), "qty above 0"),
        ((5, 100, 1, 0, TapeKind.SETTLEMENT, 0, 0), "qty 0"),
        ((5, NO_PRICE, 1, 0, TapeKind.LEVEL, BUY, 0), "a price"),
        ((5, NO_PRICE, 0, 0, TapeKind.SETTLEMENT, 0, 0), "a price"),
        ((5, 100, 0, 0, TapeKind.QUOTE, BUY, 0), "a price, or none for qty 0"),
        ((5, NO_PRICE, 1, 0, TapeKind.QUOTE, BUY, 0), "a price, or none for qty 0"),
        ((5, 100, 0, 0, TapeKind.SESSION_OPEN, 0, 0), "no price"),
        ((5, 100, 1, 0, TapeKind.TRADE, BUY, 2), "flags 0 or 1"),
        ((-1, 100, 1, 0, TapeKind.TRADE, BUY, 0), "a time of 0 or later"),
        ((4, 100, 1, 0, TapeKind.TRADE, BUY, 0), "a time not before the row above"),
    ],
)
def test_a_broken_rule_is_named(
    make_events: Callable[[list[object]], Events], row: tuple[int, ...], expected: str
) -> None:
    rows = [GOOD, row] if row[0] >= 0 and row[0] < 5 else [row]
    with pytest.raises(TapeError, match=f"event {len(rows) - 1} is .*; expected {expected}"):
        check_events(make_events(rows), 1)


def test_an_update_does_not_span_times(make_events: Callable[[list[object]], Events]) -> None:
    more = (*GOOD[:-1], 1)
    later = (6, *GOOD[1:])
    check_events(make_events([more, GOOD, later]), 1)
    with pytest.raises(TapeError, match="MORE only before a row of its contract and time"):
        check_events(make_events([GOOD, more, later]), 1)


def test_a_dirty_pad_and_another_dtype_are_refused(
    make_events: Callable[[list[object]], Events],
) -> None:
    events = make_events([GOOD])
    events["pad"][0, 1] = 1
    with pytest.raises(TapeError, match="pad 0"):
        check_events(events, 1)
    with pytest.raises(TapeError, match="events of dtype"):
        check_events(np.zeros(1, "<i8"), 1)


def test_merge_keeps_updates_whole(make_events: Callable[[list[object]], Events]) -> None:
    first = make_events([(1, 10, 1, 0, 1, BUY, 1), (1, 11, 1, 0, 1, BUY, 0)])
    second = make_events(
        [(0, 5, 1, 1, 1, BUY, 0), (1, 6, 1, 1, 1, BUY, 1), (1, 7, 1, 1, 1, BUY, 0)]
    )
    merged = merge([first, second])
    check_events(merged, 2)
    assert merged["price"].tolist() == [5, 10, 11, 6, 7]
    assert len(merge([])) == 0


def test_contracts_are_distinct(metadata: Metadata, contract: Contract) -> None:
    with pytest.raises(TapeError, match="expected distinct"):
        check_metadata(msgspec.structs.replace(metadata, contracts=(contract, contract)))
    with pytest.raises(TapeError, match="0 contracts; expected 1 to 4096"):
        check_metadata(msgspec.structs.replace(metadata, contracts=()))
