"""An account group may be asked more or less than the client's margin, rounded up once a lot."""

import pytest
from risk_rig import GOLD, INDEX, SELL, SUB, USD, Step, changed, order, universe


@pytest.mark.parametrize(
    ("ppm", "expected"),
    [(1_000_000, 88_000_000), (1_200_000, 105_600_000), (333_333, 29_333_304), (10_000, 880_000)],
)
def test_a_group_is_asked_its_share_of_the_margin_a_lot(ppm: int, expected: int) -> None:
    step = Step(universe(accounts=changed(SUB, margin_ppm=ppm)))
    step.fill(order(1, order_qty=3))
    assert step.balance(SUB)["margin"] == 3 * expected


def test_the_share_is_rounded_up_a_lot() -> None:
    step = Step(universe(accounts=changed(SUB, margin_ppm=1_000_001)))
    step.accept(order(1, instrument=INDEX, side=SELL, price=4_000, order_qty=2))
    a_lot = -(-13_000 * 60_000 * 150_000 // 1_000_000)
    held = step.pair(SUB, INDEX)["margin"]
    assert held == 2 * -(-a_lot * 1_000_001 // 1_000_000)


def test_a_shared_level_is_margined_as_its_venue_does_it() -> None:
    step = Step(universe(accounts=changed(SUB, margin_ppm=2_000_000)))
    step.fill(order(1))
    assert step.pair(SUB, GOLD)["margin"] == 2 * 88_000_000
    assert step.balance(2, USD)["margin"] == 88_000_000
