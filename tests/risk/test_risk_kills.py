"""Risk killed between any two stores of what it puts out: each route and report leaves once."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zmq
from risk_rig import GOLD, cancel, mark, order, trade
from test_risk_agent import Ends, placed, until

from tidegate import replay
from tidegate.native import crash_point
from tidegate.native.records import Kind
from tidegate.risk import Risk
from tidegate.run_dir import RunDir

PUT_OUT = 5


class World:
    """The other ends here; risk in a forked child that may die."""

    def __init__(self, path: Path) -> None:
        self.run_dir = RunDir(path)
        self.run_dir.create()
        self.content = placed(self.run_dir.ipc)
        self.context: zmq.Context[Any] = zmq.Context()
        self.ends = Ends(self.context, self.content)
        self.child = 0
        self.deaths = 0

    def fork(self, die_at: int) -> None:
        self.child = os.fork()
        if self.child == 0:
            try:
                risk = Risk(self.content, self.run_dir, zmq.Context())
                crash_point.die_at(die_at)
                while True:
                    risk.agent.work()
            finally:
                os._exit(1)

    def until(self, found: Callable[[], bool], what: str) -> None:
        def is_found() -> bool:
            for name in ("routes", "reports"):
                self.ends.take(name)
            ended, status = os.waitpid(self.child, os.WNOHANG)
            if ended:
                assert os.WTERMSIG(status) == signal.SIGKILL
                self.deaths += 1
                self.fork(0)
            return found()

        until(is_found, what)

    def close(self) -> None:
        os.kill(self.child, signal.SIGKILL)
        os.waitpid(self.child, 0)
        self.ends.close()
        self.context.term()


def live(path: Path, die_at: int) -> int:
    """Orders, a denial, a fill and a cancel; how often risk died."""
    world = World(path)
    taken = world.ends.taken
    try:
        world.fork(die_at)
        world.ends.put("executions", mark(GOLD, 13_000))
        world.until(lambda: world.ends.of["routes"].targets["executions"].acked == 1, "a mark")
        world.ends.put("orders", order(1), order(2), order(3, order_qty=99))
        world.until(lambda: len(taken["routes"]) >= 2 and len(taken["reports"]) >= 1, "routes")
        world.ends.put("executions", trade(int(taken["routes"][0]["order_id"]), 1, 1, 13_000))
        world.ends.put("orders", cancel(4, 2))
        world.until(lambda: len(taken["routes"]) >= 3 and len(taken["reports"]) >= 2, "the rest")
        targets = {**world.ends.of["routes"].targets, **world.ends.of["reports"].targets}
        world.until(
            lambda: all(end.counters["unacked"] == 0 for end in targets.values()),
            "all that was sent to count",
        )
        assert [(int(row["kind"]), int(row["cl_ord_id"])) for row in taken["routes"]] == [
            (Kind.NEW_ORDER_SINGLE, 1),
            (Kind.NEW_ORDER_SINGLE, 2),
            (Kind.CANCEL_REQUEST, 4),
        ]
        kinds = sorted((int(row["kind"]), int(row["cl_ord_id"])) for row in taken["reports"])
        assert [kind for kind, _ in kinds] == [Kind.EXECUTION_REPORT, Kind.DENIED]
        for name in ("routes", "reports"):
            numbers = [int(row["msg_seq_num"]) for row in taken[name]]
            assert numbers == list(range(1, len(numbers) + 1))
    finally:
        world.close()
    given = replay.replay(world.run_dir.journal).tables.arrays["risk"][0]
    assert np.array_equal(given["given"], [3, 2])
    assert list(given["taken"]) == [2, 0, 4]
    return world.deaths


@pytest.mark.skipif(
    not crash_point.HAS_CRASH_POINTS, reason="only the debug build has crash points"
)
def test_risk_that_dies_at_any_point_of_putting_out_loses_and_doubles_nothing(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    number = 1
    while live(tmp_path_factory.mktemp("k"), number):
        number += 1
    assert number > 2 * PUT_OUT
