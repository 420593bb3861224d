"""An order's margin, its hold and its release on all levels, by margin model, without checks."""

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "risk"))

from holding_rig import FUTURE, LARGER, NET, OPEN, SIDED, Book

from tidegate.native import holding_probe

ROUNDS = 2_000
MODELS = {"net": NET, "sides": SIDED, "max-side": LARGER, "span": FUTURE}
ACCOUNTS = {"4 levels": 14, "5 levels, 3 with money": 5, "pool": 10, "converted": 7}


@pytest.mark.parametrize("of", MODELS.values(), ids=list(MODELS))
@pytest.mark.parametrize("account", ACCOUNTS.values(), ids=list(ACCOUNTS))
def test_bench_hold_and_release(benchmark: Any, account: int, of: int) -> None:
    """Times ROUNDS orders of 3 lots; each must have added the same margin and left none."""
    book = Book()
    order = book.order(account, of, True, OPEN if of in (SIDED, LARGER) else 0)
    added = holding_probe.added_margin(book.tables, book.pair(account, of), True, order.effect, 3)
    assert added is not None
    benchmark.extra_info["orders"] = ROUNDS
    total = benchmark.pedantic(
        holding_probe.rounds, (book.tables, order.row, 3, ROUNDS), rounds=200, warmup_rounds=2
    )
    assert total == added * ROUNDS
    assert added > 0
    assert not book.arrays["balances"]["margin"].any()


@pytest.mark.parametrize("count", [1, 10, 50])
def test_bench_hold_is_flat_in_positions(benchmark: Any, count: int) -> None:
    """The same with `count` positions in the account: running totals, no loop over them."""
    book = Book()
    for number in range(count):
        of = 1 + number % len(MODELS)
        effect = OPEN if book.arrays["instruments"]["has_sides"][of] else 0
        assert book.hold(book.order(14, of, number % 3 == 0, effect), 5, 0, 0, 1)
    order = book.order(14, FUTURE, True)
    benchmark.extra_info["orders"] = ROUNDS
    benchmark.pedantic(
        holding_probe.rounds, (book.tables, order.row, 3, ROUNDS), rounds=200, warmup_rounds=2
    )
    assert int(book.arrays["orders"]["held_qty"][order.row]) == 0
