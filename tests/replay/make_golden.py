"""Writes the golden journal of this build's layout: `python tests/replay/make_golden.py`.

Run it once when the layout has changed; what it has written is committed and stays.
"""

import shutil
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from tidegate import replay, risk_state
from tidegate.config import load_universe
from tidegate.native.journal import Journal
from tidegate.native.pretrade import Pretrade
from tidegate.native.records import (
    CONTROL_RECORD,
    EXECUTION_RECORD,
    LAYOUT_VERSION,
    NO_PRICE,
    NOTE_RECORD,
    ORDER_RECORD,
    QUOTE_RECORD,
    RECORD,
    ExecType,
    Kind,
    LimitKind,
    OrdType,
    Side,
    TimeInForce,
    TradingState,
)
from tidegate.native.tables import Tables
from tidegate.run_dir import RunDir
from tidegate.universe import Capacity, Universe

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden"
START_NS = 1_700_000_000_000_000_000
MS = 1_000_000
GOLD, USD, MASTER, SUB, OTHER, STRATEGY_SESSION, DESK = 1, 1, 2, 4, 5, 1, 2
BUSINESS_DAY = 20_231_114
ORDER = {
    "kind": Kind.NEW_ORDER_SINGLE,
    "session": STRATEGY_SESSION,
    "account": SUB,
    "instrument": GOLD,
    "side": Side.BUY,
    "ord_type": OrdType.LIMIT,
    "time_in_force": TimeInForce.DAY,
    "price": 13_250,
    "order_qty": 2,
}


def golden_universe() -> Universe:
    """configs/dev.toml with small tables, and without the paths of one machine."""
    universe = load_universe(ROOT / "configs/dev.toml", RunDir("/run/golden"))
    venues = tuple(msgspec.structs.replace(row, tape=None) for row in universe.venues)
    capacity = Capacity(orders=64, pairs=32, cl_ord_ids=128)
    return msgspec.structs.replace(universe, venues=venues, capacity=capacity)


class Day:
    """Numbers records, journals them and steps them, as risk's agent does."""

    def __init__(self, directory: Path, universe: Universe) -> None:
        replay.keep_universe(directory, universe)
        self.tables: Tables = risk_state.in_memory(universe)
        self._step = Pretrade(self.tables)
        self._journal = Journal(directory, segment_records=64)
        self._sequence = 0
        self.now_ns = START_NS

    def put(self, view: np.dtype[Any], **fields: Any) -> None:
        """One record, 1 ms after the last."""
        rows: npt.NDArray[Any] = np.zeros(1, view)
        self._sequence += 1
        self.now_ns += MS
        rows["layout_version"], rows["sequence"] = LAYOUT_VERSION, self._sequence
        rows["received_ns"] = self.now_ns
        for name, value in fields.items():
            rows[name] = value
        self._step.replay(self._journal.append_rows(rows.view(RECORD)))

    def tick(self) -> None:
        self.put(CONTROL_RECORD, kind=Kind.TICK, price=NO_PRICE)

    def order(self, cl_ord_id: int, **fields: Any) -> int:
        """A new order; the order_id that risk gave it, 0 when it was denied."""
        self.put(ORDER_RECORD, cl_ord_id=cl_ord_id, **{**ORDER, **fields})
        found = self.tables.arrays["orders"]
        own = found[found["cl_ord_id"] == cl_ord_id]
        return int(own["order_id"][0]) if len(own) else 0

    def report(self, order_id: int, exec_type: ExecType, exec_id: int, **fields: Any) -> None:
        row = self.tables.arrays["orders"][order_id & 0xFFFFFFFF]
        names = ("cl_ord_id", "account", "instrument", "session", "side", "price", "order_qty")
        known = {name: row[name] for name in names}
        standard = {"kind": Kind.EXECUTION_REPORT, "exec_type": exec_type, "exec_id": exec_id}
        order = {**known, "order_id": order_id, "last_px": NO_PRICE}
        self.put(EXECUTION_RECORD, **{**order, **standard, **fields})

    def control(self, kind: Kind, request: int, **fields: Any) -> None:
        """What an operator asks, and why."""
        self.put(NOTE_RECORD, kind=Kind.NOTE, cl_ord_id=request, session=DESK, text=b"golden")
        standard = {"kind": kind, "cl_ord_id": request, "actor": DESK, "price": NO_PRICE}
        self.put(CONTROL_RECORD, **{**standard, **fields})

    def difference(self, amount: int, fill_count: int, **fields: Any) -> None:
        """The venue's figure less the master's, as of so many fills."""
        standard = {"kind": Kind.BREAK, "account": MASTER, "price": NO_PRICE}
        self.put(
            CONTROL_RECORD, **{**standard, "amount": amount, "order_qty": fill_count, **fields}
        )

    def close(self) -> None:
        self._journal.close()


def trade(day: Day) -> None:
    """A little of each kind of record."""
    day.put(CONTROL_RECORD, kind=Kind.CHANNEL_STATE, actor=1, trading_state=TradingState.ACTIVE)
    day.tick()
    day.put(QUOTE_RECORD, kind=Kind.MARK, instrument=GOLD, price=13_252)
    first = day.order(1)
    day.report(first, ExecType.EXEC_NEW, 1)
    day.report(first, ExecType.EXEC_TRADE, 2, last_px=13_250, last_qty=1, cum_qty=1)
    assert day.order(2, order_qty=21) == 0
    second = day.order(3, side=Side.SELL, price=13_260, account=OTHER)
    day.report(second, ExecType.EXEC_NEW, 3)
    for place in (1, 2):
        day.order(3 + place, list_id=9, list_seq_no=place, tot_no_orders=2)
    scope = {"account": SUB, "limit_kind": LimitKind.LIMIT_MAX_ORDER_QTY}
    day.control(Kind.LIMIT_CHANGE, 70, amount=1, expires_ns=day.now_ns + 10 * MS, **scope)
    assert day.order(6) == 0
    day.control(Kind.CASH, 71, account=SUB, currency=USD, amount=-123_400)
    day.put(
        ORDER_RECORD, **{**ORDER, "kind": Kind.CANCEL_REQUEST, "cl_ord_id": 7}, orig_cl_ord_id=1
    )
    day.report(first, ExecType.EXEC_CANCELED, 4, cum_qty=1)
    day.put(QUOTE_RECORD, kind=Kind.MARK, instrument=GOLD, price=13_240)
    day.now_ns += 20 * MS
    day.tick()
    day.control(Kind.KILL, 72, account=OTHER)
    day.control(Kind.TRADING_STATE, 73, account=OTHER, trading_state=TradingState.ACTIVE)
    day.tick()
    end(day, second)


def end(day: Day, working: int) -> None:
    """What the venue says differs, what is done about it, and the next day's first order."""
    day.difference(1, 1, instrument=GOLD)
    day.difference(-5_000, 1, currency=USD)
    lots = {"account": SUB, "instrument": GOLD, "side": Side.BUY, "order_qty": 1, "price": 13_245}
    day.control(Kind.ADJUSTMENT, 74, **lots)
    day.difference(0, 2, instrument=GOLD)
    day.control(Kind.ADJUSTMENT, 75, account=MASTER, currency=USD)
    day.control(Kind.ADJUSTMENT, 76, order_id=working)
    day.control(Kind.SETTLEMENT, 77, instrument=GOLD, price=13_242)
    day.control(Kind.DAY_ROLL, 78, amount=BUSINESS_DAY)
    day.put(QUOTE_RECORD, kind=Kind.MARK, instrument=GOLD, price=13_241)
    assert day.order(1, side=Side.SELL, price=13_250) != 0
    day.tick()


def main() -> None:
    directory = GOLDEN / f"layout-{LAYOUT_VERSION}"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    day = Day(directory, golden_universe())
    trade(day)
    day.close()
    content = directory / replay.UNIVERSE_NAME
    content.write_bytes(content.read_bytes() + b"\n")
    done = replay.replay(directory)
    (directory / "state").write_text(f"{done.state_hash} after {done.sequence} records\n")


if __name__ == "__main__":
    main()
