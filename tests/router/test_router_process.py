"""The router and a venue as processes of their own: orders through, the venue killed half-way."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
import zmq
from router_rig import DEADLINE_S, Risk, dev_universe, reasons
from router_rig import request as routed

from tidegate.demo.venues import ask
from tidegate.native.records import ExecType, Kind, Reason, TimeInForce
from tidegate.run_dir import RunDir

FAR_BELOW = 100


@contextmanager
def stage(name: str, run_dir: RunDir) -> Iterator["subprocess.Popen[bytes]"]:
    """A stage that has said it is ready; killed at the end if it still runs."""
    ready, told = os.pipe()
    command = [sys.executable, "-m", "tidegate.stage", name, str(run_dir.path)]
    environment = dict(os.environ, TIDEGATE_READY_FD=str(told))
    process = subprocess.Popen(command, pass_fds=(told,), env=environment)
    os.close(told)
    try:
        with os.fdopen(ready, "rb") as pipe:
            assert pipe.read() == b"ready\n"
        yield process
    finally:
        process.kill()
        process.wait()


class Desk:
    """Risk's place, with router and venue as processes."""

    def __init__(self, run_dir: RunDir, context: zmq.Context[Any], **venue: object) -> None:
        self.run_dir = run_dir
        self.universe = dev_universe(run_dir, **venue)
        self.risk = Risk(context, self.universe)

    def until(self, found: Any) -> None:
        end = monotonic() + DEADLINE_S
        while not found():
            self.risk.link.sources["executions"].lane.socket.poll(10)
            self.risk.take()
            assert monotonic() < end, f"not seen in {DEADLINE_S} s"

    def held(self) -> int:
        """How many orders the venue lists as working."""
        accounts = ask(self.universe, "statement")["SIM"]["accounts"].values()
        return sum(len(account["orders"]) for account in accounts)

    def types(self, order_id: int) -> list[int]:
        return [row["exec_type"] for row in self.risk.executions if row["order_id"] == order_id]


@pytest.fixture
def desk(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Desk]:
    path: Path = tmp_path_factory.mktemp("r")
    with zmq.Context() as context:
        made = Desk(RunDir(path), context, **getattr(request, "param", {}))
        yield made
        made.risk.close()


def test_order_cancel_and_mark_through_both_processes(desk: Desk) -> None:
    with stage("venue:SIM", desk.run_dir), stage("router", desk.run_dir) as router:
        desk.until(lambda: desk.risk.states == [1] and desk.risk.marks)
        assert desk.risk.marks[0]["instrument"] == 1
        price = int(desk.risk.marks[0]["price"])
        desk.risk.put(routed(1, price=price - FAR_BELOW), routed(2, price=price + FAR_BELOW))
        desk.until(lambda: desk.types(1) and ExecType.EXEC_TRADE in desk.types(2))
        desk.risk.put(routed(1, Kind.CANCEL_REQUEST, cl_ord_id=9))
        desk.until(lambda: len(desk.types(1)) == 2)
        accepted, canceled = [row for row in desk.risk.executions if row["order_id"] == 1]
        assert (accepted["exec_type"], accepted["cl_ord_id"]) == (ExecType.EXEC_NEW, 1001)
        assert (canceled["exec_type"], canceled["cl_ord_id"]) == (ExecType.EXEC_CANCELED, 9)
        assert 0 < accepted["routed_delta"] < accepted["venue_delta"]
        router.send_signal(signal.SIGTERM)
        assert router.wait(DEADLINE_S) == 0


@pytest.mark.parametrize(
    ("desk", "late"),
    [
        ({"persist": True}, Reason.VENUE_TOO_LATE),
        ({"persist": False}, Reason.VENUE_UNKNOWN_ORDER),
        ({"persist": True, "shm": True}, Reason.VENUE_TOO_LATE),
    ],
    indirect=["desk"],
)
def test_venue_killed_half_way_and_started_again(desk: Desk, late: Reason) -> None:
    with ExitStack() as stack:
        venue = stack.enter_context(stage("venue:SIM", desk.run_dir))
        stack.enter_context(stage("router", desk.run_dir))
        desk.until(lambda: desk.risk.states == [1] and desk.risk.marks)
        price = int(desk.risk.marks[0]["price"]) - FAR_BELOW
        desk.risk.put(routed(1, price=price))
        desk.until(lambda: desk.types(1))
        venue.kill()
        venue.wait()
        desk.risk.put(routed(2, price=price))
        desk.until(lambda: desk.risk.states == [1, 3])
        desk.risk.put(routed(3, price=price), routed(1, Kind.CANCEL_REQUEST))
        desk.until(lambda: desk.types(3) and desk.risk.rejects)
        assert desk.types(3) == [ExecType.EXEC_REJECTED]
        assert reasons(desk.risk.rejects) == [Reason.VENUE_DOWN]
        stack.enter_context(stage("venue:SIM", desk.run_dir))
        desk.until(lambda: desk.risk.states == [1, 3, 1] and desk.types(2))
        assert desk.types(1) == [ExecType.EXEC_NEW, ExecType.EXEC_CANCELED]
        assert desk.types(2) == [ExecType.EXEC_REJECTED]
        desk.risk.put(routed(1, Kind.CANCEL_REQUEST, cl_ord_id=10))
        desk.until(lambda: len(desk.risk.rejects) == 2)
        assert reasons(desk.risk.rejects[1:]) == [late]
        fields = {"price": price + 2 * FAR_BELOW, "time_in_force": TimeInForce.IMMEDIATE_OR_CANCEL}
        desk.risk.put(routed(4, **fields))
        desk.until(lambda: ExecType.EXEC_TRADE in desk.types(4))


@pytest.mark.parametrize("desk", [{}, {"shm": True}], indirect=True)
def test_router_killed_half_way_refuses_nothing_that_the_venue_holds(desk: Desk) -> None:
    with ExitStack() as stack:
        stack.enter_context(stage("venue:SIM", desk.run_dir))
        router = stack.enter_context(stage("router", desk.run_dir))
        desk.until(lambda: desk.risk.states == [1] and desk.risk.marks)
        price = int(desk.risk.marks[0]["price"]) - FAR_BELOW
        desk.risk.put(*(routed(number, price=price) for number in range(1, 101)))
        # What is still in the router's socket would die with it.
        desk.until(lambda: desk.types(1) and desk.held() == 100)
        router.kill()
        router.wait()
        stack.enter_context(stage("router", desk.run_dir))
        desk.risk.put(routed(101, price=price))
        desk.until(lambda: desk.risk.states[1:] == [1])
        desk.risk.put(routed(102, price=price))
        desk.until(lambda: desk.types(102))
        desk.until(lambda: all(desk.types(number) for number in range(1, 102)))
        for number in range(1, 101):
            # The venue cancels what it holds for a channel that vanished.
            assert set(desk.types(number)) - {ExecType.EXEC_CANCELED} == {ExecType.EXEC_NEW}
        assert desk.types(102) == [ExecType.EXEC_NEW]
