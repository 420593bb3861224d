"""The orders that benches of whole paths send.

`passing`: orders that the venue gives back unfilled, so that each ends with one report. `recorded`
and `generated`: a flow of orders and cancels, the one from a recording of another market that is
re-mapped to our contracts, the other with the same shape of gaps and lives where that is absent.
"""

import csv
import gzip
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from flow import PRICE
from rig.host import ROOT

from tidegate.native.records import (
    LAYOUT_VERSION,
    RECORD,
    Kind,
    OrdType,
    Side,
    TimeInForce,
)

Rows = npt.NDArray[Any]
RECORDING = ROOT.parent / "shared/data/orderflow/bitstamp_l3_20260502/orders.csv.gz"
AWAY_MAX, LOTS_MAX = 100, 9
# Gaps in means of a gap, and lives in events, at these quantiles of the recording.
GAPS_AT = (0.0, 0.43, 0.44, 0.55, 0.65, 0.75, 0.85, 0.9, 0.95, 0.99, 0.999, 1.0)
GAPS = (0.0, 0.0, 0.17, 0.17, 0.5, 1.3, 2.2, 3.2, 4.5, 6.5, 26.0, 179.0)
LIVES_AT = (0.0, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)
LIVES = (1, 1, 7, 230, 936, 6_218, 222_495)


class Flow(NamedTuple):
    """Events in order: `order` = for a cancel the place of its order, else -1; gaps of mean 1."""

    source: str
    order: Rows
    is_buy: Rows
    away: Rows
    lots: Rows
    gaps: Rows


def passing(count: int, accounts: list[int], instruments: int, seed: int) -> Rows:
    """Immediate-or-cancel orders below and above the market: the venue ends each at once."""
    draw = np.random.Generator(np.random.PCG64(seed))
    rows = _orders(count, accounts, instruments, draw)
    is_buy = draw.integers(0, 2, count).astype(bool)
    _price(rows, is_buy, draw.integers(1, AWAY_MAX, count))
    rows["order_qty"] = draw.integers(1, LOTS_MAX, count)
    rows["time_in_force"] = TimeInForce.IMMEDIATE_OR_CANCEL
    return rows


def flow(seed: int, events: int) -> Flow:
    """The recorded flow where it is, else a generated one; `source` says which."""
    return recorded(RECORDING, events) if RECORDING.exists() else generated(seed, events)


def recorded(path: Path, events: int) -> Flow:
    """The first events of the recording, what SOURCES.md says to leave out left out."""
    with gzip.open(path, "rt") as file:
        rows = list(csv.DictReader(file))
    first = min(int(row["exchange_timestamp"]) for row in rows)
    last = max(int(row["timestamp"]) for row in rows)
    rows = [
        row
        for row in rows
        if int(row["exchange_timestamp"]) != first and int(row["timestamp"]) != last
    ]
    rows.sort(key=lambda row: int(row["exchange_timestamp"]))
    middle = float(np.median([float(row["price"]) for row in rows]))
    places: dict[str, int] = {}
    kept: list[tuple[int, bool, int, int, int]] = []
    for row in rows:
        if row["action"] == "created":
            place = -1
            places[row["id"]] = len(kept)
        elif row["action"] == "deleted" and row["id"] in places:
            place = places.pop(row["id"])
        else:
            continue
        away = abs(float(row["price"]) - middle) / middle * 10_000
        lots = 1 + min(int(float(row["volume"]) * LOTS_MAX), LOTS_MAX - 1)
        kept.append(
            (
                place,
                row["direction"] == "bid",
                1 + int(min(away, AWAY_MAX - 2)),
                lots,
                int(row["exchange_timestamp"]),
            )
        )
        if len(kept) == events:
            break
    return _flow(
        f"recorded BTC/USD order flow ({path.parent.name}) re-mapped to our contracts, "
        f"{len(kept)} events, its changes of size left out",
        kept,
    )


def generated(seed: int, events: int) -> Flow:
    """Orders and cancels whose gaps and lives have the quantiles of the recording."""
    draw = np.random.Generator(np.random.PCG64(seed))
    ends: dict[int, int] = {}
    kept: list[tuple[int, bool, int, int, int]] = []
    now = 0.0
    for at in range(events):
        now += float(np.interp(draw.random(), GAPS_AT, GAPS)) * 1000
        place = ends.pop(at, -1)
        if place < 0:
            life = int(np.interp(draw.random(), LIVES_AT, LIVES))
            end = at + life
            while end in ends:
                end += 1
            ends[end] = at
        kept.append(
            (
                place,
                bool(draw.integers(0, 2)),
                int(draw.integers(1, AWAY_MAX)),
                int(draw.integers(1, LOTS_MAX)),
                int(now),
            )
        )
    return _flow(
        f"generated flow, gaps and lives with the quantiles of a recording, seed {seed}, "
        f"{events} events",
        kept,
    )


def rows_of(found: Flow, accounts: list[int], instruments: int, seed: int) -> tuple[Rows, int]:
    """(the records, how many of them are the flow's): behind it all that still works is canceled.

    A cancel has the place of its order where orig_cl_ord_id will be.
    """
    count = len(found.order)
    canceled = found.order[found.order >= 0]
    alive = np.setdiff1d(np.flatnonzero(found.order < 0), canceled)
    order = np.concatenate([found.order, alive])
    draw = np.random.Generator(np.random.PCG64(seed))
    rows = _orders(len(order), accounts, instruments, draw)
    sides = np.concatenate([found.is_buy, np.zeros(len(alive), bool)])
    _price(rows, sides, np.concatenate([found.away, np.ones(len(alive), np.int64)]))
    rows["order_qty"][:count] = found.lots
    is_cancel = order >= 0
    rows["kind"][is_cancel] = Kind.CANCEL_REQUEST
    for name in ("side", "price", "order_qty", "ord_type", "time_in_force"):
        rows[name][is_cancel] = 0
    for name in ("account", "instrument"):
        rows[name][is_cancel] = rows[name][order[is_cancel]]
    rows["body"][is_cancel, 0] = order[is_cancel]
    return rows, count


def due(found: Flow, rate: float, count: int) -> Rows:
    """Planned times in ns: the flow at `rate` events a second, what follows it at the same rate."""
    gaps = np.concatenate([found.gaps, np.ones(count - len(found.gaps))])
    return (np.cumsum(gaps) * (1e9 / rate)).astype(np.int64)


def _flow(source: str, kept: list[tuple[int, bool, int, int, int]]) -> Flow:
    order, is_buy, away, lots, times = (np.array(column) for column in zip(*kept, strict=True))
    gaps = np.diff(times, prepend=times[0]).astype(np.float64)
    mean = float(gaps.mean()) or 1.0
    return Flow(source, order.astype(np.int64), is_buy.astype(bool), away, lots, gaps / mean)


def _orders(count: int, accounts: list[int], instruments: int, draw: np.random.Generator) -> Rows:
    rows = np.zeros(count, RECORD)
    rows["kind"], rows["layout_version"] = Kind.NEW_ORDER_SINGLE, LAYOUT_VERSION
    rows["account"] = np.array(accounts, np.uint32)[draw.integers(0, len(accounts), count)]
    rows["instrument"] = draw.integers(1, instruments + 1, count)
    rows["ord_type"], rows["time_in_force"] = OrdType.LIMIT, TimeInForce.DAY
    return rows


def _price(rows: Rows, is_buy: Rows, away: Rows) -> None:
    rows["side"] = np.where(is_buy, Side.BUY, Side.SELL)
    rows["price"] = np.where(is_buy, PRICE - away, PRICE + away)
