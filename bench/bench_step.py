"""Risk's step alone, 500 cycles a round over fresh tables: accept and fill, deny, cancel."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "risk"))

from risk_rig import SELL, Step, cancel, execution, order, trade, universe

from tidegate.native.records import ExecType
from tidegate.universe import Capacity

CYCLES = 500
ROUNDS = 20
Rows = list[np.ndarray[Any, Any]]


def order_id(count: int) -> int:
    """Of the count-th order of fresh tables with room for all."""
    return 1 << 32 | count


def measure(benchmark: Any, cycle: Callable[[int], Rows]) -> Step:
    """Time the replay of CYCLES cycles; the step of the last round."""
    content = universe(capacity=Capacity(orders=4 * CYCLES, pairs=64, cl_ord_ids=1 << 13))
    step = Step(content)
    batch = np.concatenate([row for number in range(CYCLES) for row in cycle(number)])
    batch["sequence"] = np.arange(1, len(batch) + 1) + step.risk("sequence")

    def fresh() -> tuple[tuple[Step], dict[str, Any]]:
        nonlocal step
        step = Step(content)
        return (step,), {}

    benchmark.extra_info["cycles"] = CYCLES
    benchmark.pedantic(lambda step: step.pretrade.replay(batch), setup=fresh, rounds=ROUNDS)
    return step


def test_bench_deny(benchmark: Any) -> None:
    step = measure(benchmark, lambda number: [order(number + 1, order_qty=99)])
    assert step.risk("denied") == CYCLES


def test_bench_accept_and_fill(benchmark: Any) -> None:
    """A buy filled, then a sell filled: flat again after each cycle."""

    def cycle(number: int) -> Rows:
        buy, sell = 2 * number + 1, 2 * number + 2
        return [
            order(buy),
            trade(order_id(buy), buy, 1, 13_000),
            order(sell, side=SELL),
            trade(order_id(sell), sell, 1, 13_000),
        ]

    step = measure(benchmark, cycle)
    assert step.risk("fills") == 2 * CYCLES
    assert step.balance(6)["margin"] == 0


def test_bench_accept_and_cancel(benchmark: Any) -> None:
    def cycle(number: int) -> Rows:
        name = 2 * number + 1
        return [
            order(name),
            cancel(name + 1, name),
            execution(order_id(number + 1), ExecType.EXEC_CANCELED, exec_id=number + 1),
        ]

    step = measure(benchmark, cycle)
    assert (step.risk("accepted"), step.risk("open_orders")) == (CYCLES, 0)
