"""The real agent over real lanes, with its journal and regions; and as a process that dies."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec
import numpy as np
import pytest
import zmq
from lane_rig import FarLink
from risk_rig import GOLD, SELL, SUB, cancel, execution, mark, order, record, trade, universe

from tidegate import replay
from tidegate.audit import audit_run
from tidegate.native.journal_reader import JournalReader
from tidegate.native.records import (
    CONTROL_RECORD,
    EXECUTION_RECORD,
    ORDER_RECORD,
    RECORD,
    ExecType,
    Kind,
    Reason,
)
from tidegate.native.tables import DTYPES, Tables
from tidegate.region import Region
from tidegate.risk import Risk
from tidegate.run_dir import RunDir
from tidegate.universe import Lane, Universe

DEADLINE_S = 20.0
Rows = np.ndarray[Any, Any]
LANES = ("orders", "executions", "control", "routes", "reports", "drop_copy")


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = monotonic() + DEADLINE_S
    while not condition():
        assert monotonic() < deadline, f"not within {DEADLINE_S} s: {what}"


def placed(endpoint: Callable[[str], str], retained: int = 16_384, **fields: Any) -> Universe:
    lanes = {name: Lane(endpoint=endpoint(name), hwm=100, retained=retained) for name in LANES}
    return universe(lanes=lanes, **fields)


class Ends:
    """The other ends of risk's lanes."""

    def __init__(self, context: zmq.Context[Any], content: Universe) -> None:
        gateway = FarLink(context, content, targets=("orders", "control"), sources=("reports",))
        router = FarLink(context, content, targets=("executions",), sources=("routes",))
        self.of = {name: link for link in (gateway, router) for name in link.lanes}
        self.taken: dict[str, list[Any]] = {"routes": [], "reports": []}

    def put(self, name: str, *rows: Rows) -> None:
        link = self.of[name]
        for row in rows:
            until(lambda row=row: link.put(name, row) == 1, f"room in {name}")  # type: ignore[misc]
        until(lambda: link.targets[name].flush_rows() == 0, f"{name} flushed")

    def take(self, name: str) -> list[Any]:
        self.taken[name].extend(self.of[name].take(name))
        return self.taken[name]

    def wait(self, name: str, count: int, work: Callable[[], object]) -> list[Any]:
        def enough() -> bool:
            work()
            return len(self.take(name)) >= count

        until(enough, f"{count} records on {name}")
        return self.taken[name]

    def close(self) -> None:
        for link in set(self.of.values()):
            link.close()


class Rig:
    """Risk in this process, worked by hand, over inproc lanes unless `endpoint` says where."""

    def __init__(
        self,
        path: Path,
        retained: int = 16_384,
        endpoint: Callable[[str], str] = "inproc://{}".format,
        **fields: Any,
    ) -> None:
        self.run_dir = RunDir(path)
        self.run_dir.create()
        self.context: zmq.Context[Any] = zmq.Context()
        self.content = placed(endpoint, retained, **fields)
        self.ends = Ends(self.context, self.content)
        self.risk = Risk(self.content, self.run_dir, self.context)

    def work(self) -> None:
        self.risk.agent.run(5)

    def mark(self) -> None:
        self.ends.put("executions", mark(GOLD, 13_000))
        until(lambda: self.work() or self.marked(), "a mark")

    def marked(self) -> bool:
        return int(self.risk.tables.arrays["instruments"]["mark_px"][GOLD]) == 13_000

    def close(self) -> None:
        self.risk.close()
        self.ends.close()
        self.context.term()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    rig.close()


def test_every_report_is_on_the_drop_copy_too(rig: Rig) -> None:
    subscriber = rig.context.socket(zmq.SUB)
    subscriber.setsockopt(zmq.SUBSCRIBE, b"")
    subscriber.connect("inproc://drop_copy")
    rig.mark()
    rig.ends.put("orders", order(1, order_qty=99), order(2, order_qty=98))
    reports = rig.ends.wait("reports", 2, rig.work)
    seen: list[Any] = []
    while len(seen) < 2:
        assert subscriber.poll(5000), "nothing on the drop copy"
        seen.extend(np.frombuffer(subscriber.recv(), RECORD))
    subscriber.close()
    for name in ("cl_ord_id", "reason", "sequence", "msg_seq_num"):
        assert [int(row[name]) for row in seen] == [int(row[name]) for row in reports]


def test_an_order_in_is_a_route_out_stamped_numbered_and_journaled(rig: Rig) -> None:
    rig.mark()
    rows = [order(1, received_ns=1), order(2, received_ns=1), order(3, order_qty=99)]
    rig.ends.put("orders", *rows)
    routes = rig.ends.wait("routes", 2, rig.work)
    reports = rig.ends.wait("reports", 1, rig.work)
    assert [int(row["msg_seq_num"]) for row in routes] == [1, 2]
    assert [int(row["cl_ord_id"]) for row in routes] == [1, 2]
    assert all(row["sequenced_delta"] > 0 and row["decided_delta"] > 0 for row in routes)
    assert Reason(reports[0]["reason"]) is Reason.ORDER_SIZE
    assert 0 < reports[0]["sequenced_delta"] <= reports[0]["decided_delta"]
    order_id = int(routes[0]["order_id"])
    rig.ends.put("executions", trade(order_id, 1, 1, 13_000))
    assert int(rig.ends.wait("reports", 2, rig.work)[1]["exec_type"]) == ExecType.EXEC_TRADE
    found = replay.replay(rig.run_dir.journal)
    assert found.state_hash == rig.risk.tables.state_hash()
    assert audit_run(rig.run_dir) == []


def test_a_full_routes_lane_loses_nothing_and_keeps_the_order(tmp_path: Path) -> None:
    """What the lane does not take waits in risk; orders wait in theirs."""
    rig = Rig(tmp_path, retained=64)
    rig.mark()
    sent = 0
    gateway = rig.ends.of["orders"]

    def fill_up() -> bool:
        nonlocal sent
        if sent % 2 == 0:
            sent += gateway.put("orders", order(sent + 1, order_qty=1 + 98 * (sent % 4 == 0)))
        else:
            sent += gateway.put("orders", cancel(sent + 1, sent))
        rig.work()
        return rig.risk.agent.counters["waits_for_room"] > 0 or sent >= 3_000

    until(fill_up, "risk waits for room")
    assert rig.risk.agent.counters["waits_for_room"] > 0
    until(
        lambda: (
            (rig.work() or rig.ends.take("routes") is None or rig.ends.take("reports") is None)
            or answered(rig) == sent
        ),
        f"{sent} answers",
    )
    for name in ("routes", "reports"):
        numbers = [int(row["msg_seq_num"]) for row in rig.ends.taken[name]]
        assert numbers == list(range(1, len(numbers) + 1))
        ids = [int(row["cl_ord_id"]) for row in rig.ends.taken[name]]
        assert ids == sorted(ids)
    rig.close()


def answered(rig: Rig) -> int:
    return len(rig.ends.taken["routes"]) + len(rig.ends.taken["reports"])


RUN = """
import sys
from pathlib import Path
from tidegate import risk
from tidegate.run_dir import RunDir
run_dir = RunDir(Path(sys.argv[1]))
ready = lambda: print("ready", flush=True)
raise SystemExit(risk.main(run_dir.read_universe(), run_dir, ready))
"""


def start(run_dir: RunDir) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(run_dir.path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def live_hash(run_dir: RunDir) -> str:
    regions = {name: Region.attach(run_dir.region(name), DTYPES[name]) for name in DTYPES}
    tables = Tables({name: region.rows.copy() for name, region in regions.items()})
    for region in regions.values():
        region.close()
    return tables.state_hash()


def test_a_killed_risk_process_comes_back_with_the_same_state(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    run_dir = RunDir(tmp_path_factory.mktemp("r"))
    run_dir.create()
    run_dir.write_universe(placed(run_dir.ipc))
    with zmq.Context() as context:
        ends = Ends(context, run_dir.read_universe())
        process = start(run_dir)
        ends.put("executions", mark(GOLD, 13_000))
        until(lambda: is_marked(run_dir), "a mark")
        ends.put("orders", order(1, order_qty=5), order(2, side=SELL, price=13_100))
        routes = ends.wait("routes", 2, int)
        ends.put("executions", trade(int(routes[0]["order_id"]), 1, 3, 13_000))
        ends.wait("reports", 1, int)
        before = live_hash(run_dir)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.communicate()
        process = start(run_dir)
        assert live_hash(run_dir) == before
        assert audit_run(run_dir) == []
        done = execution(int(routes[0]["order_id"]), ExecType.EXEC_CANCELED, exec_id=2)
        ends.put("executions", done)
        last = np.array([ends.wait("reports", 2, int)[1]], RECORD).view(EXECUTION_RECORD)
        assert int(last["cum_qty"][0]) == 3
        process.terminate()
        assert process.wait(DEADLINE_S) == 0
        process.communicate()
        assert replay.replay(run_dir.journal).state_hash == live_hash(run_dir)
        ends.close()


def is_marked(run_dir: RunDir) -> bool:
    region = Region.attach(run_dir.region("instruments"), DTYPES["instruments"])
    found = int(region.rows["mark_px"][GOLD]) == 13_000
    region.close()
    return found


def test_a_mass_cancel_is_routed_order_by_order(rig: Rig) -> None:
    rig.mark()
    rig.ends.put("orders", *(order(number) for number in range(1, 4)))
    rig.ends.wait("routes", 3, rig.work)
    all_of_it = record(ORDER_RECORD, Kind.MASS_CANCEL_REQUEST, session=1, mass_cancel_type=ord("7"))
    rig.ends.put("orders", all_of_it)
    routes = rig.ends.wait("routes", 6, rig.work)
    assert [int(row["kind"]) for row in routes[3:]] == [Kind.CANCEL_REQUEST] * 3


def test_a_kind_that_has_no_place_on_its_lane_is_counted_and_dropped(rig: Rig) -> None:
    rig.mark()
    sequence = int(rig.risk.tables.arrays["risk"]["sequence"][0])
    rig.ends.put("orders", record(RECORD, Kind.TICK, received_ns=2**62), mark(GOLD, 1))
    rig.ends.put("control", record(RECORD, Kind.TICK, received_ns=2**62), order(9))
    rig.ends.put("executions", order(9))

    def are_counted() -> bool:
        rig.work()
        return int(rig.risk.agent.counters["misplaced"]) == 5

    until(are_counted, "five records on the wrong lane")
    row = rig.risk.tables.arrays["risk"][0]
    assert int(row["now_ns"]) < 2**61
    assert int(row["accepted"]) == 0
    assert int(row["sequence"]) >= sequence


def test_the_universe_of_the_rig_survives_json() -> None:
    content = placed(lambda name: f"inproc://{name}")
    assert msgspec.json.decode(msgspec.json.encode(content), type=Universe) == content


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind >= Kind.LIMIT_CHANGE])
def test_what_operators_send_has_its_place_on_the_control_lane_alone(rig: Rig, kind: Kind) -> None:
    before = int(rig.risk.tables.arrays["risk"]["sequence"][0])
    rig.ends.put("orders", record(RECORD, kind))
    rig.ends.put("executions", record(RECORD, kind))
    rig.ends.put("control", record(RECORD, kind))

    def is_run() -> bool:
        rig.work()
        counted = int(rig.risk.agent.counters["misplaced"]) == 2
        return counted and int(rig.risk.tables.arrays["risk"]["sequence"][0]) > before

    until(is_run, "two records on the wrong lane and one on the right")
    kinds = [
        int(row["kind"]) for batch in JournalReader(rig.run_dir.journal).batches() for row in batch
    ]
    assert kinds.count(kind) == 1


def test_a_kill_is_routed_order_by_order_and_told_once(rig: Rig) -> None:
    rig.mark()
    rig.ends.put("orders", *(order(number) for number in range(1, 4)))
    rig.ends.wait("routes", 3, rig.work)
    rig.ends.put("control", record(CONTROL_RECORD, Kind.KILL, account=SUB))
    routes = rig.ends.wait("routes", 6, rig.work)
    assert [int(row["kind"]) for row in routes[3:]] == [Kind.CANCEL_REQUEST] * 3
    reports = rig.ends.wait("reports", 1, rig.work)
    assert int(reports[0]["kind"]) == Kind.ALERT
    assert int(reports[0]["reason"]) == Reason.KILL_SWITCH
