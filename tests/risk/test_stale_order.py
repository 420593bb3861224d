"""What waited too long on its way to risk, because risk was down, is not traded: RISK.md 2."""

from pathlib import Path
from typing import Any

import pytest
from risk_rig import (
    GOLD,
    MS,
    SECOND,
    START_NS,
    SUB,
    Step,
    cancel,
    mark,
    order,
    replace,
    tick,
    universe,
)
from test_risk_agent import Rig

from tidegate import risk_state
from tidegate.explain.sentences import Compared, sentence
from tidegate.explain.units import Speaker
from tidegate.explain.whatif import what_if
from tidegate.gateway import follow_risk
from tidegate.native import clock
from tidegate.native.clock import wall_ns
from tidegate.native.records import Flag, Kind, Reason
from tidegate.run_dir import RunDir

MOST_MS = 5_000
LATE = {"received_ns": START_NS - MOST_MS * MS - 1}
IN_TIME = {"received_ns": START_NS - MOST_MS * MS}


@pytest.fixture
def step() -> Step:
    return Step(universe(order_age_ms_max=MOST_MS))


def numbers(report: dict[str, Any]) -> tuple[int, ...]:
    names = ("reason", "limit_value", "used_value", "asked_value", "level", "scope")
    return tuple(report[name] for name in names)


def test_an_order_one_ns_too_old_is_denied_and_counts_nowhere(step: Step) -> None:
    step.accept(order(1, **IN_TIME))
    before = step.account(SUB)
    report = step.refuse(order(2, **LATE))
    limit = MOST_MS * MS
    assert numbers(report) == (Reason.STALE_ORDER, limit, 0, limit + 1, 0, 0)
    assert step.verdict == 1 << 63 | 1
    assert step.account(SUB) == before
    assert step.refuse(order(2, received_ns=START_NS))["reason"] == Reason.DUPLICATE_CL_ORD_ID


def test_who_asks_again_for_an_order_learns_its_state_however_late(step: Step) -> None:
    order_id = step.accept(order(1, **IN_TIME))
    step.refuse(order(2, **LATE))
    step.run(tick(START_NS + 60 * SECOND))
    again = {"flags": int(Flag.POSS_RESEND), **LATE}
    routes, reports = step.run(order(1, **again))
    assert (routes, [row["order_id"] for row in reports]) == ([], [order_id])
    assert step.refuse(order(2, **again))["reason"] == Reason.STALE_ORDER


def test_a_late_replace_leaves_its_order_and_a_late_cancel_ends_it(step: Step) -> None:
    step.accept(order(1, **IN_TIME))
    report = step.refuse(replace(2, 1, 2, 13_000, **LATE))
    assert (report["kind"], report["reason"]) == (Kind.CANCEL_REJECT, Reason.STALE_ORDER)
    assert report["asked_value"] == MOST_MS * MS + 1
    step.accept(cancel(2, 1, **LATE))


def test_a_list_with_a_late_order_is_refused_whole(step: Step) -> None:
    of_list = {"list_id": 1, "tot_no_orders": 2}
    step.run(order(1, list_seq_no=1, **of_list, **IN_TIME))
    routes, reports = step.run(order(2, list_seq_no=2, **of_list, **LATE))
    told = [Reason(row["reason"]) for row in reports]
    assert (routes, told) == ([], [Reason.STALE_ORDER, Reason.LIST_REFUSED])


@pytest.mark.parametrize("received_ns", [-(1 << 63), -1, 0, 1])
def test_a_stamp_of_another_world_is_old_and_its_age_can_be_told(
    step: Step, received_ns: int
) -> None:
    report = step.refuse(order(1, received_ns=received_ns))
    assert report["reason"] == Reason.STALE_ORDER
    assert report["asked_value"] == START_NS - max(received_ns, 0)


def test_with_no_maximum_and_from_a_clock_ahead_nothing_is_late(step: Step) -> None:
    step.accept(order(1, received_ns=(1 << 63) - 1))
    Step(universe()).accept(order(1, received_ns=0))


def test_an_order_to_try_is_as_old_as_the_state(step: Step) -> None:
    found = what_if(universe(order_age_ms_max=MOST_MS), step.tables, order(1))
    assert "would pass every check" in found.sentence


def test_the_trader_is_told_how_long_it_waited() -> None:
    said = sentence(
        Speaker(universe()), Reason.STALE_ORDER, Compared(5 * SECOND, 0, 61 * SECOND, 0, 0), 1
    )
    assert said == "It waited 61 s on its way to risk; 5 s is the most."


def test_the_time_is_told_before_what_has_waited_is_run(tmp_path: Path) -> None:
    """A risk that comes back takes no order by the time at which it went."""
    rig = Rig(tmp_path, order_age_ms_max=MOST_MS)
    try:
        late = order(1, received_ns=wall_ns() - MOST_MS * MS - 1)
        rig.ends.put("executions", mark(GOLD, 13_000))
        rig.ends.put("orders", late, order(2, received_ns=wall_ns() + 3600 * SECOND))
        (report,) = rig.ends.wait("reports", 1, rig.work)
        (route,) = rig.ends.wait("routes", 1, rig.work)
    finally:
        rig.close()
    assert int(report["reason"]) == Reason.STALE_ORDER
    assert int(route["cl_ord_id"]) == 2


def test_a_gateway_stamps_by_risk_s_time_though_its_clock_was_set_back(tmp_path: Path) -> None:
    """Or every order would be as late as the clock was set back, until that has passed."""
    run_dir = RunDir(tmp_path)
    run_dir.create()
    content = universe(order_age_ms_max=MOST_MS)
    tables, regions = risk_state.in_regions(content, run_dir)
    tables.arrays["risk"]["now_ns"] = START_NS
    try:
        clock.set_virtual(START_NS - 3600 * SECOND)
        assert clock.wall_ns() < START_NS
        follow_risk(run_dir)
        assert clock.wall_ns() == START_NS
        follow_risk(RunDir(tmp_path / "nowhere"))
    finally:
        clock.set_virtual(0)
        for region in regions.values():
            region.close()
