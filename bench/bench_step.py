"""Risk's step alone, from Python: accept and fill, deny, cancel. Part 4 measures it natively."""

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "risk"))

from risk_rig import SELL, Step, cancel, execution, order, trade, universe

from tidegate.native.records import ExecType
from tidegate.universe import Capacity

ROUNDS = 2_000


@pytest.fixture
def step() -> Step:
    step = Step(universe(capacity=Capacity(orders=1024, pairs=64, cl_ord_ids=1 << 16)))
    step.audited = False
    return step


def test_bench_deny(benchmark: Any, step: Step) -> None:
    def run() -> None:
        sequence = step.risk("sequence") + 1
        row = order(sequence, order_qty=99)
        row["sequence"] = sequence
        step.pretrade.step(row)

    benchmark.pedantic(run, rounds=ROUNDS, warmup_rounds=10)
    assert step.risk("denied") == step.risk("cl_ord_id_count")


def test_bench_accept_and_fill(benchmark: Any, step: Step) -> None:
    """A buy filled, then a sell filled: flat again after each round."""

    def run() -> None:
        base = step.risk("sequence")
        for side, offset in ((49, 1), (SELL, 3)):
            row = order(base + offset, side=side)
            row["sequence"] = base + offset
            routes, _ = step.pretrade.step(row)
            fill = trade(int(routes["order_id"][0]), base + offset, 1, 13_000)
            fill["sequence"] = base + offset + 1
            step.pretrade.step(fill)

    benchmark.pedantic(run, rounds=ROUNDS // 4, warmup_rounds=10)
    assert step.risk("fills") == step.risk("accepted")
    assert step.balance(6)["margin"] == 0


def test_bench_accept_and_cancel(benchmark: Any, step: Step) -> None:
    def run() -> None:
        base = step.risk("sequence")
        rows = [order(base + 1), cancel(base + 2, base + 1)]
        for offset, row in enumerate(rows, 1):
            row["sequence"] = base + offset
            routes, _ = step.pretrade.step(row)
        done = execution(int(routes["order_id"][0]), ExecType.EXEC_CANCELED, exec_id=base + 3)
        done["sequence"] = base + 3
        step.pretrade.step(done)

    benchmark.pedantic(run, rounds=ROUNDS // 4, warmup_rounds=10)
    assert step.risk("open_orders") == 0
