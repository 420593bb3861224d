"""A day's flow of records for benches of replay and restart: orders that live, marks and time.

Each order is acknowledged and then canceled or filled, among thousands that work at the same time.
Order ids are foreseen by the rule of orders.pyx: slots in turn, then those that were freed first.
"""

from collections import deque
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from verdict_world import world

from tidegate import replay
from tidegate.native.journal import Journal
from tidegate.native.records import (
    CONTROL_RECORD,
    EXECUTION_RECORD,
    LAYOUT_VERSION,
    ORDER_RECORD,
    RECORD,
    ExecType,
    Kind,
    Level,
    OrdType,
    Side,
    TimeInForce,
)
from tidegate.universe import Capacity, Universe

START_NS = 1_700_000_000_000_000_000
PRICE = 13_000
WORKING = 2_000
# Of 1,000 records: how many are of the market and of time.
MARKS, TICKS = 60, 50
CANCELED_PERCENT = 65
CHUNK = 1 << 17


def day(accounts: int, instruments: int, *, cl_ord_ids: int, model: str = "net") -> Universe:
    """The universe of verdict_world with room for all these accounts' positions and orders."""
    pairs = (accounts + accounts // 20 + 4) * instruments
    content = world(accounts, instruments, model, pairs=pairs)
    capacity = msgspec.structs.asdict(content.capacity) | {
        "orders": 1 << 16,
        "cl_ord_ids": cl_ord_ids,
    }
    return msgspec.structs.replace(content, capacity=Capacity(**capacity), segment_records=1 << 18)


class Flow:
    """Gives the records of a day in chunks; the same seed, the same records.

    Each sub-account trades `each` of the instruments; `marks` of 1,000 records are marks; `working`
    orders wait at the same time.
    """

    def __init__(
        self,
        content: Universe,
        *,
        each: int,
        seed: int,
        marks: int = MARKS,
        working: int = WORKING,
    ) -> None:
        self.rng = Random(seed)
        self.marks = marks
        self.most_working = working
        self.instruments = len(content.instruments)
        handles = range(1, self.instruments + 1)
        self.pairs = [
            (row.handle, of)
            for row in content.accounts
            if row.level == Level.SUB_ACCOUNT
            for of in self.rng.sample(handles, each)
        ]
        self.rng.shuffle(self.pairs)
        self.capacity = content.capacity.orders + 1
        self.used = 0
        self.generations: dict[int, int] = {}
        self.freed: deque[int] = deque()
        self.sequence = 0
        self.cl_ord_id = 0
        self.exec_id = 0
        self.opened = 0
        self.now_ns = START_NS
        # (order_id, cl_ord_id, account, instrument, side, price, quantity), acknowledged or not.
        self.fresh: deque[tuple[int, ...]] = deque()
        self.working: list[tuple[int, ...]] = []
        self.canceling: deque[tuple[int, ...]] = deque()

    def order_id(self) -> int:
        if self.used + 1 < self.capacity:
            self.used += 1
            slot = self.used
        else:
            slot = self.freed.popleft()
        self.generations[slot] = self.generations.get(slot, 0) + 1
        return self.generations[slot] << 32 | slot

    def chunk(self, count: int) -> npt.NDArray[Any]:
        """The next records."""
        rows = np.zeros(count, RECORD)
        rows["layout_version"] = LAYOUT_VERSION
        rows["sequence"] = np.arange(self.sequence + 1, self.sequence + count + 1)
        self.sequence += count
        orders, executions = rows.view(ORDER_RECORD), rows.view(EXECUTION_RECORD)
        control = rows.view(CONTROL_RECORD)
        before = self.sequence - count
        for at in range(count):
            draw = self.rng.random() * 1000
            # First of all the time, and a mark of each instrument.
            if 0 < before + at <= self.instruments:
                self.mark(rows[at], before + at)
            elif before + at == 0 or draw < TICKS:
                self.now_ns += 1_000_000
                control[at]["kind"] = Kind.TICK
                control[at]["received_ns"] = self.now_ns
            elif draw < TICKS + self.marks:
                self.mark(rows[at], 1 + self.rng.randrange(self.instruments))
            elif self.fresh and self.rng.random() < 0.5:
                order = self.fresh.popleft()
                self.report(executions[at], order, ExecType.EXEC_NEW)
                self.working.append(order)
            elif self.canceling and self.rng.random() < 0.5:
                self.end(executions[at], self.canceling.popleft(), ExecType.EXEC_CANCELED)
            elif len(self.working) >= self.most_working:
                self.finish(orders[at], executions[at])
            else:
                self.open(orders[at])
        return rows

    def mark(self, row: Any, instrument: int) -> None:
        row["kind"] = Kind.MARK
        row["instrument"] = instrument
        row["price"] = PRICE + self.rng.randrange(-3, 4)

    def open(self, row: Any) -> None:
        """A passive order of the next account and instrument in turn."""
        account, instrument = self.pairs[self.opened % len(self.pairs)]
        self.opened += 1
        self.cl_ord_id += 1
        side = Side.BUY if self.rng.random() < 0.5 else Side.SELL
        away = self.rng.randrange(1, 100)
        price = PRICE - away if side == Side.BUY else PRICE + away
        qty = self.rng.randrange(1, 10)
        row["kind"] = Kind.NEW_ORDER_SINGLE
        # An id's table gives a session no more than half of it.
        row["session"] = 1 + self.cl_ord_id % 2
        row["cl_ord_id"] = self.cl_ord_id
        row["account"], row["instrument"] = account, instrument
        row["side"], row["order_qty"], row["price"] = side, qty, price
        row["ord_type"], row["time_in_force"] = OrdType.LIMIT, TimeInForce.DAY
        self.fresh.append((self.order_id(), self.cl_ord_id, account, instrument, side, price, qty))

    def finish(self, order_row: Any, report_row: Any) -> None:
        """Cancel or fill a working order, whichever comes."""
        at = self.rng.randrange(len(self.working))
        self.working[at], self.working[-1] = self.working[-1], self.working[at]
        order = self.working.pop()
        if self.rng.random() * 100 < CANCELED_PERCENT:
            self.cl_ord_id += 1
            order_row["kind"] = Kind.CANCEL_REQUEST
            order_row["session"] = 1 + order[1] % 2
            order_row["cl_ord_id"] = self.cl_ord_id
            order_row["orig_cl_ord_id"] = order[1]
            self.canceling.append(order)
        else:
            self.end(report_row, order, ExecType.EXEC_TRADE)
            report_row["last_qty"], report_row["last_px"] = order[6], order[5]

    def end(self, row: Any, order: tuple[int, ...], exec_type: ExecType) -> None:
        self.report(row, order, exec_type)
        self.freed.append(order[0] & 0xFFFFFFFF)

    def report(self, row: Any, order: tuple[int, ...], exec_type: ExecType) -> None:
        self.exec_id += 1
        row["kind"] = Kind.EXECUTION_REPORT
        row["exec_type"] = exec_type
        row["exec_id"] = self.exec_id
        row["order_id"] = order[0]


def write_journal(
    directory: Path, content: Universe, *, each: int, count: int, seed: int
) -> dict[str, int]:
    """Journal a day's flow of so many records; how many there are of each kind."""
    directory.mkdir(parents=True, exist_ok=True)
    replay.keep_universe(directory, content)
    journal = Journal(directory, segment_records=content.segment_records)
    flow = Flow(content, each=each, seed=seed)
    kinds = np.zeros(256, np.int64)
    while flow.sequence < count:
        rows = flow.chunk(min(CHUNK, count - flow.sequence))
        journal.append_rows(rows)
        kinds += np.bincount(rows["kind"], minlength=256)
    journal.close()
    return {Kind(int(kind)).name: int(kinds[kind]) for kind in np.flatnonzero(kinds)}
