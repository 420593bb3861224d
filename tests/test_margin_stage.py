"""The margin stage: what SPAN's hold is above the exact figure comes back, until the next fill."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq
from margin_rig import ACCOUNT, USD, Desk, exact

from tidegate.margin_stage import LOOK_NS
from tidegate.native import clock
from tidegate.native.records import CONTROL_RECORD


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with zmq.Context() as context:
        found = Desk(tmp_path, context)
        yield found
        found.stage.close()
        found.control.close()
        for region in found.regions.values():
            region.close()


def test_the_account_holds_the_exact_figure_once_it_is_told(desk: Desk) -> None:
    desk.fill(1, 4)
    desk.fill(2, -3)
    desk.fill(3, -5)
    before = int(desk.balance["margin"])
    assert desk.stage.work() == 1
    for row in desk.told():
        desk.take(row)
    after = int(desk.balance["margin"])
    expected = exact({("GA", "202512"): 4, ("GA", "202602"): -3, ("SI", "202512"): -5})
    assert after == expected < before
    assert desk.stage.work() == 0


def test_a_fill_since_makes_the_figure_stale(desk: Desk) -> None:
    desk.fill(1, 4)
    desk.fill(3, -8)
    desk.stage.work()
    desk.fill(1, 1)
    margin = int(desk.balance["margin"])
    for row in desk.told():
        desk.take(row)
    assert int(desk.balance["margin"]) == margin
    assert int(desk.tables.arrays["risk"]["stale_credits"][0]) == 1


def test_a_fill_takes_the_credit_back(desk: Desk) -> None:
    desk.fill(1, 4)
    desk.fill(3, -8)
    desk.stage.work()
    for row in desk.told():
        desk.take(row)
    assert int(desk.balance["margin_credit"]) > 0
    desk.fill(1, -1)
    assert int(desk.balance["margin_credit"]) == 0


def look_later(desk: Desk, now_ns: int) -> int:
    """What the stage tells once it is time to look whether risk holds by what it was told."""
    clock.set_virtual(now_ns)
    try:
        return desk.stage.work()
    finally:
        clock.set_virtual(0)


def test_a_credit_that_was_lost_on_its_way_is_told_again(desk: Desk) -> None:
    """Risk died with it in a socket, say; without a fill nobody else would ask for it."""
    desk.fill(1, 4)
    desk.fill(3, -8)
    assert look_later(desk, 10 * LOOK_NS) == 1
    assert desk.told()
    assert look_later(desk, 11 * LOOK_NS - 1) == 0
    assert look_later(desk, 11 * LOOK_NS) == 1
    for row in desk.told():
        desk.take(row)
    assert int(desk.balance["margin_credit"]) > 0
    assert look_later(desk, 12 * LOOK_NS) == 0
    assert desk.stage.counts["lost"] == 1


def test_a_credit_that_the_whole_hold_bounds_is_not_told_again(desk: Desk) -> None:
    """Risk spares no more than it holds, so what it was told may stay above for good."""
    desk.fill(1, 4)
    desk.fill(3, -8)
    look_later(desk, 10 * LOOK_NS)
    (row,) = desk.told()
    row.view(CONTROL_RECORD)["amount"] = 1 << 50
    desk.take(row)
    told = desk.stage.told[ACCOUNT]
    desk.stage.told[ACCOUNT] = told._replace(spared={USD: 1 << 50})
    assert int(desk.balance["margin"]) == 0
    assert look_later(desk, 11 * LOOK_NS) == 0
