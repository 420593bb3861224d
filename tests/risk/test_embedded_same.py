"""The same flow through risk's lanes and through an engine: the same journal, the same state."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import numpy as np
import pytest
import zmq
from embedded_rig import STRATEGY, FarRouter, content, until
from risk_rig import BUY, MS, SELL, START_NS, SUB, cancel, execution, mark, order, replace, trade
from test_risk_agent import Ends

from tidegate import Engine, replay
from tidegate.native import clock
from tidegate.native.journal_reader import JournalReader
from tidegate.native.records import DENIAL_RECORD, ExecType, Kind
from tidegate.risk import Risk
from tidegate.run_dir import RunDir
from tidegate.universe import Placement

FLOW = 300
Rows = np.ndarray[Any, Any]


@pytest.fixture
def virtual() -> Iterator[None]:
    clock.set_virtual(START_NS)
    yield
    clock.set_virtual(0)


def flow(seed: int) -> list[tuple[str, Rows]]:
    """Orders of which some are denied, cancels, replaces, and what the venue says of order_ids."""
    draw = Random(seed)
    found: list[tuple[str, Rows]] = []
    slots = 0
    for number in range(1, FLOW):
        kind = draw.random()
        if kind < 0.5:
            side, qty = draw.choice((BUY, SELL)), draw.choice((1, 2, 5, 20, 21))
            row = order(
                number, side=side, order_qty=qty, price=13_000 + draw.randrange(-250, 250),
                account=draw.choice((SUB, 7, 8)), instrument=draw.choice((1, 1, 1, 2, 9)),
            )  # fmt: skip
            found.append(("orders", row))
            slots += 1
        elif kind < 0.6:
            found.append(("orders", cancel(number, draw.randrange(1, number + 1), account=SUB)))
        elif kind < 0.7:
            at = draw.randrange(1, number + 1)
            found.append(("orders", replace(number, at, draw.randrange(1, 9), 13_000)))
        elif kind < 0.95:
            order_id = 1 << 32 | draw.randrange(1, 12)
            if draw.random() < 0.6:
                found.append(("executions", trade(order_id, number, 1, 13_000)))
            else:
                done = execution(order_id, ExecType.EXEC_CANCELED, exec_id=number)
                found.append(("executions", done))
        else:
            found.append(("executions", mark(1, 13_000 + draw.randrange(-50, 50))))
    return [("executions", mark(1, 13_000)), *found]


class Lanes:
    """The process layout: risk's agent, and the far ends of all its lanes."""

    def __init__(self, path: Path) -> None:
        self.run_dir = RunDir(path)
        self.run_dir.create()
        made = msgspec.structs.replace(content(self.run_dir), placement=Placement())
        self.context: zmq.Context[Any] = zmq.Context()
        self.ends = Ends(self.context, made)
        self.risk = Risk(made, self.run_dir, self.context)
        self.state = self.risk.tables.arrays["risk"]
        self.denied: dict[int, int] = {}

    def work(self) -> None:
        self.risk.agent.work()
        self.ends.take("routes")
        told = self.ends.take("reports")
        self.denied |= {int(r["cl_ord_id"]): int(r["reason"]) for r in told if is_refusal(r)}

    def run(self, lane: str, row: Rows) -> None:
        self.ends.put(lane, row)

    def reason(self, cl_ord_id: int) -> int:
        until(lambda: self.work() or self.is_told(), "all reports")
        return self.denied.get(cl_ord_id, 0)

    def is_told(self) -> bool:
        return len(self.ends.taken["reports"]) == int(self.state["given"][0][1])

    def close(self) -> None:
        self.ends.close()
        self.risk.close()
        self.context.destroy(linger=0)


class Embedding:
    """The engine, and the far ends of its lanes to the router."""

    def __init__(self, path: Path) -> None:
        self.run_dir = RunDir(path)
        self.run_dir.create()
        made = content(self.run_dir)
        self.router = FarRouter(made)
        self.engine = Engine(made, self.run_dir, session=STRATEGY, starts_channels=False)
        self.state = self.engine._risk.tables.arrays["risk"]
        self.reasons: dict[int, int] = {}

    def work(self) -> None:
        self.router.take()
        self.engine.poll()

    def run(self, lane: str, row: Rows) -> None:
        if lane == "orders":
            [reason] = self.engine.native.submit_rows(row).tolist()
            self.reasons[int(row["cl_ord_id"][0])] = reason
        else:
            self.router.give(row)

    def reason(self, cl_ord_id: int) -> int:
        return self.reasons[cl_ord_id]

    def close(self) -> None:
        self.engine.close()
        self.router.close()


def run(side: Lanes | Embedding, rows: list[tuple[str, Rows]]) -> tuple[list[int], Rows, str]:
    """All records, one by one, a third of a millisecond apart: reasons, journal and state."""
    reasons = []
    try:
        for index, (lane, row) in enumerate(rows, 1):
            now = START_NS + index * (MS // 3)
            clock.set_virtual(now)
            row = row.copy()
            row["received_ns"] = now
            before = int(side.state["sequence"][0])
            side.run(lane, row)
            until(
                lambda before=before: side.work() or int(side.state["sequence"][0]) > before,  # type: ignore[misc]
                f"record {index}",
            )
            if lane == "orders":
                reasons.append(side.reason(int(row["cl_ord_id"][0])))
        return reasons, journal_of(side.run_dir), state_of(side.run_dir)
    finally:
        # What is done at the end takes real time, and is not compared.
        clock.set_virtual(0)
        side.close()


def is_refusal(row: Any) -> bool:
    view = np.array([row]).view(DENIAL_RECORD)[0]
    return int(view["kind"]) in (Kind.DENIED, Kind.CANCEL_REJECT)


def journal_of(run_dir: RunDir) -> Rows:
    """Its records without what names a lane: numbers of orders and the checksum over them."""
    rows = np.concatenate([batch.copy() for batch in JournalReader(run_dir.journal).batches()])
    rows["checksum"] = 0
    rows["msg_seq_num"][np.isin(rows["kind"], ORDERS)] = 0
    return rows


ORDERS = [int(kind) for kind in (Kind.NEW_ORDER_SINGLE, Kind.CANCEL_REQUEST,
                                 Kind.CANCEL_REPLACE_REQUEST)]  # fmt: skip


def state_of(run_dir: RunDir) -> str:
    """The hash of what the journal gives, without the numbers of the lane that orders came by."""
    tables = replay.replay(run_dir.journal).tables
    tables.arrays["risk"]["taken"][0][2] = 0
    return tables.state_hash()


@pytest.mark.usefixtures("virtual")
def test_the_same_flow_gives_the_same_verdicts_journal_and_state(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    rows = flow(11)
    by_lanes, journal, state = run(Lanes(tmp_path_factory.mktemp("p")), rows)
    embedded, own_journal, own_state = run(Embedding(tmp_path_factory.mktemp("e")), rows)
    assert embedded == by_lanes
    assert len(set(embedded)) > 5
    assert len(own_journal) == len(journal)
    for name in journal.dtype.names or ():
        assert np.array_equal(own_journal[name], journal[name]), name
    assert own_state == state
