"""The program that embeds the engine, killed while it trades: nothing is lost, nothing twice.

It does the same again each time it is started, with POSS_RESEND, as a strategy that does not know
what became of its orders.
"""

import json
import os
import signal
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from embedded_rig import DESK, STRATEGY, FarRouter, content, until
from risk_rig import GOLD, execution, mark, trade

from tidegate import Engine, replay
from tidegate.audit import audit_run
from tidegate.native import crash_point
from tidegate.native.records import ExecType, Kind
from tidegate.run_dir import RunDir

ACCOUNT = "account-6"
STEPS = 7
STRIDE = 7


def strategy(run_dir: RunDir, die_at: int, die_after: int, tell: Callable[[Any], None]) -> None:
    """Two buys, a denial, a cancel, and all reports; `tell` is told each verdict and report."""
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        if done == die_after:
            os.kill(os.getpid(), signal.SIGKILL)

    engine = Engine(
        content(run_dir), run_dir, session=STRATEGY, operator=DESK, flush_every=2,
        starts_channels=False,
    )  # fmt: skip
    crash_point.die_at(die_at)
    until(lambda: engine.native.work() or engine.mark("GC"), "a mark")
    buy = {"account": ACCOUNT, "instrument": "GC", "side": "BUY", "price": "1300.0"}
    for cl_ord_id, qty in ((1, 1), (2, 1), (3, 99)):
        verdict = engine.submit(**buy, order_qty=qty, cl_ord_id=cl_ord_id, poss_resend=True)
        tell(["verdict", cl_ord_id, bool(verdict)])
        step()
    engine.cancel(2, cl_ord_id=4, poss_resend=True)
    step()

    def is_over() -> bool:
        for report in engine.poll():
            tell(["report", report.msg_seq_num, report.cl_ord_id, int(report.kind),
                  int(report.exec_type or 0), report.is_poss_dup])  # fmt: skip
            step()
        positions = [each.position for each in engine.positions(ACCOUNT)]
        return positions == [1] and not engine.orders(ACCOUNT)

    until(is_over, "a fill and a cancel")
    is_over()
    # What was given last is taken with the next call.
    assert engine.poll() == []
    engine.close()


class World:
    """The router here; the strategy in a forked child that may die."""

    def __init__(self, path: Path) -> None:
        self.run_dir = RunDir(path)
        self.run_dir.create()
        self.router = FarRouter(content(self.run_dir))
        self.told: list[list[Any]] = []
        self.answered = 0
        self.deaths = 0

    def life(self, die_at: int, die_after: int) -> int:
        """Run the strategy once, playing the router; how it ended, as os.waitpid tells it."""
        source, target = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.close(source)

                def tell(what: Any) -> None:
                    os.write(target, json.dumps(what).encode() + b"\n")

                strategy(self.run_dir, die_at, die_after, tell)
                os._exit(0)
            finally:
                os._exit(1)
        os.close(target)
        status = until(lambda: self.serve(child), "the strategy's end")[0]
        with os.fdopen(source) as lines:
            self.told += [json.loads(line) for line in lines]
        return int(status)

    def serve(self, child: int) -> list[int]:
        """Answers routes; [how the child ended] once it has."""
        for route in self.router.take()[self.answered :]:
            self.answered += 1
            number, kind = int(route["order_id"]), int(route["kind"])
            if kind == Kind.CANCEL_REQUEST:
                self.router.give(execution(number, ExecType.EXEC_CANCELED, exec_id=self.answered))
            elif int(route["cl_ord_id"]) == 1:
                self.router.give(trade(number, self.answered, 1, 13_000))
        ended, status = os.waitpid(child, os.WNOHANG)
        return [status] if ended else []

    def live(self, die_at: int, die_after: int) -> None:
        """Lives until one ends in order, the first with a death before it."""
        self.router.give(mark(GOLD, 13_000))
        status = self.life(die_at, die_after)
        while status:
            assert os.WTERMSIG(status) == signal.SIGKILL
            self.deaths += 1
            status = self.life(0, 0)

    def check(self) -> None:
        assert [(int(r["kind"]), int(r["cl_ord_id"])) for r in self.router.routes] == [
            (Kind.NEW_ORDER_SINGLE, 1),
            (Kind.NEW_ORDER_SINGLE, 2),
            (Kind.CANCEL_REQUEST, 4),
        ]
        verdicts = {(number, ok) for what, number, ok, *_ in self.told if what == "verdict"}
        assert verdicts == {(1, True), (2, True), (3, False)}
        by_number = defaultdict(list)
        for _, number, *report in (each for each in self.told if each[0] == "report"):
            by_number[number].append(report)
        assert sorted(by_number) == list(range(1, len(by_number) + 1))
        for first, *again in by_number.values():
            assert all(each[:3] == first[:3] and each[3] for each in again)
        ends = [report[0][:3] for report in by_number.values()]
        assert ends.count([1, Kind.EXECUTION_REPORT, ExecType.EXEC_TRADE]) == 1
        assert ends.count([4, Kind.EXECUTION_REPORT, ExecType.EXEC_CANCELED]) == 1
        assert [3, Kind.DENIED, 0] in ends
        assert audit_run(self.run_dir) == []
        found = replay.replay(self.run_dir.journal)
        risk = found.tables.arrays["risk"][0]
        assert (int(risk["fills"]), int(risk["open_orders"])) == (1, 0)

    def close(self) -> None:
        self.router.close()


def lived(path: Path, die_at: int = 0, die_after: int = 0) -> int:
    """How often the strategy died."""
    world = World(path)
    try:
        world.live(die_at, die_after)
        world.check()
    finally:
        world.close()
    return world.deaths


@pytest.mark.parametrize("die_after", range(1, STEPS))
def test_a_strategy_killed_between_two_of_its_calls_goes_on(
    tmp_path_factory: pytest.TempPathFactory, die_after: int
) -> None:
    assert lived(tmp_path_factory.mktemp("k"), die_after=die_after) == 1


@pytest.mark.skipif(
    not crash_point.HAS_CRASH_POINTS, reason="only the debug build has crash points"
)
def test_a_strategy_killed_within_a_call_goes_on(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    number = 1
    while lived(tmp_path_factory.mktemp("k"), die_at=number):
        number += STRIDE
    assert number > 3 * STRIDE
