"""The hot cases of bench/verdict.py, small: they run, and pass or fail as they should."""

from typing import Any

import pytest
from verdict_world import orders_of, tables_of, world

from tidegate.native.verdict_bench import BATCH, measure


@pytest.mark.parametrize("model", ["net", "span"])
@pytest.mark.parametrize(("lots", "passes"), [(1, True), (5_000, False)])
def test_bench_verdict(benchmark: Any, model: str, lots: int, passes: bool) -> None:
    content = world(1, 2, model, pairs=16)
    pair = (len(content.accounts), 1)
    tables = tables_of(content, [pair], is_filled=True)
    orders = orders_of([pair] * BATCH, 7, order_qty=lots)
    _, _, _, accepted = benchmark.pedantic(measure, (tables, orders, 20, False), rounds=1)
    assert accepted == (20 * BATCH if passes else 0)
