"""What follows from a fill: executions, protection, reduce-only, margin."""

from typing import Any

import pytest
from risk_rig import (
    BUY,
    GOLD,
    GROUP,
    INDEX,
    MASTER,
    RATIO,
    SECOND,
    SELL,
    SISTER,
    START_NS,
    SUB,
    USD,
    Step,
    cancel,
    cancel_reject,
    changed,
    control,
    execution,
    instrument,
    mark,
    order,
    tick,
    trade,
    universe,
)

from tidegate.native.records import ExecType, Flag, Kind, PositionEffect, Reason

MARGIN = 88_000_000
OPEN, CLOSE = int(PositionEffect.OPEN), int(PositionEffect.CLOSE)


def step_with(**fields: Any) -> Step:
    return Step(universe(accounts=changed(SUB, **fields)))


def canceled(routes: list[dict[str, Any]]) -> list[int]:
    """The orders that were canceled, in order, by cl_ord_id."""
    assert all(route["kind"] == Kind.CANCEL_REQUEST for route in routes)
    return [route["orig_cl_ord_id"] for route in routes]


def alerts(reports: list[dict[str, Any]]) -> list[tuple[int, int, int, int]]:
    return [
        (row["reason"], row["limit_value"], row["used_value"], row["asked_value"])
        for row in reports
        if row["kind"] == Kind.ALERT
    ]


def test_the_last_execution_allowed_waits_for_a_person() -> None:
    step = step_with(executions_max=2)
    order_id = step.accept(order(1, order_qty=5))
    assert alerts(step.run(trade(order_id, 1, 1, 13_000))[1]) == []
    _, reports = step.run(trade(order_id, 2, 1, 13_000))
    assert [row["kind"] for row in reports] == [Kind.ALERT, Kind.EXECUTION_REPORT]
    assert alerts(reports) == [(Reason.RE_ENABLE_NEEDED, 2, 2, 1)]
    assert step.refuse(order(2))["reason"] == Reason.RE_ENABLE_NEEDED
    assert alerts(step.run(trade(order_id, 3, 1, 13_000))[1]) == []
    step.run(control(Kind.RE_ENABLE, account=SUB, actor=1))
    step.accept(order(3))


def test_every_level_counts_the_executions_below_it() -> None:
    accounts = changed(GROUP, executions_max=2)
    step = Step(universe(accounts=accounts))
    step.fill(order(1))
    order_id = step.accept(order(2, account=SISTER))
    _, reports = step.run(trade(order_id, 1, 1, 13_000))
    assert alerts(reports) == [(Reason.RE_ENABLE_NEEDED, 2, 2, 1)]
    assert step.refuse(order(3))["reason"] == Reason.RE_ENABLE_NEEDED


def test_too_many_lots_within_the_window_pull_the_product() -> None:
    step = step_with(protection_window_ns=SECOND, protection_qty=4)
    resting = [step.accept(order(cl_ord_id, price=12_900)) for cl_ord_id in (1, 2)]
    step.accept(order(3, account=SISTER, price=12_900))
    step.accept(order(4, instrument=RATIO, price=900))
    order_id = step.accept(order(5, order_qty=9))
    assert step.run(trade(order_id, 1, 4, 13_000))[0] == []
    routes, reports = step.run(trade(order_id, 2, 1, 13_000))
    assert canceled(routes) == [5, 2, 1]
    assert alerts(reports) == [(Reason.PROTECTION_PULLED, 4, 5, 1)]
    assert step.refuse(order(6))["reason"] == Reason.PROTECTION_PULLED
    _, reports = step.run(execution(resting[0], ExecType.EXEC_CANCELED, exec_id=1))
    assert reports[0]["reason"] == Reason.CANCELED_BY_PROTECTION
    assert reports[0]["cl_ord_id"] == 1
    step.run(control(Kind.PROTECTION_RESET, account=SUB, product=1))
    step.accept(order(7))


def test_lots_of_one_side_pull_where_the_delta_is_limited_and_both_sides_do_not() -> None:
    step = step_with(protection_window_ns=SECOND, protection_delta=3)
    for cl_ord_id, side in ((1, BUY), (2, SELL), (3, BUY), (4, SELL)):
        step.fill(order(cl_ord_id, order_qty=3, side=side))
    order_id = step.accept(order(5, order_qty=4))
    _, reports = step.run(trade(order_id, 1, 4, 13_000))
    assert alerts(reports)[0][0] == Reason.PROTECTION_PULLED


def test_a_new_window_starts_the_count_anew() -> None:
    step = step_with(protection_window_ns=SECOND, protection_qty=4)
    order_id = step.accept(order(1, order_qty=12))
    step.run(trade(order_id, 1, 4, 13_000))
    step.run(tick(START_NS + SECOND))
    assert step.run(trade(order_id, 2, 4, 13_000))[0] == []
    step.run(tick(START_NS + 2 * SECOND - 1))
    assert canceled(step.run(trade(order_id, 3, 1, 13_000))[0]) == [1]


def test_reduce_only_orders_never_turn_a_position_together() -> None:
    step = Step()
    step.fill(order(1, order_qty=5))
    flags = {"side": SELL, "flags": int(Flag.REDUCE_ONLY)}
    step.accept(order(2, order_qty=2, price=13_010, **flags))
    step.accept(order(3, order_qty=2, price=13_020, **flags))
    plain = step.accept(order(4, order_qty=2, side=SELL))
    routes, _ = step.run(trade(plain, 1, 1, 13_000))
    assert routes == []
    routes, _ = step.run(trade(plain, 2, 1, 13_000))
    assert canceled(routes) == [3]
    first = step.tables.arrays["orders"]["order_id"][2]
    _, reports = step.run(execution(int(first), ExecType.EXEC_EXPIRED))
    assert step.pair(SUB, GOLD)["reduce_only_orders"] == 1
    assert reports[0]["exec_type"] == ExecType.EXEC_EXPIRED


def test_a_clamped_order_says_why_it_was_canceled() -> None:
    step = Step()
    step.fill(order(1, order_qty=2))
    resting = step.accept(order(2, order_qty=2, side=SELL, price=13_010, flags=Flag.REDUCE_ONLY))
    other = step.accept(order(3, order_qty=1, side=SELL))
    assert canceled(step.run(trade(other, 1, 1, 13_000))[0]) == [2]
    _, reports = step.run(execution(resting, ExecType.EXEC_CANCELED, exec_id=1))
    assert reports[0]["reason"] == Reason.CANCELED_REDUCE_ONLY
    assert reports[0]["cl_ord_id"] == 2


def poor(lots: int, **fields: Any) -> Step:
    """Money for so many lots of gold, and a little for fees."""
    cash = {USD: lots * MARGIN + 3_000_000}
    return Step(universe(accounts=changed(SUB, cash=cash, **fields)))


def test_a_losing_fill_cancels_the_largest_order_that_still_needs_margin() -> None:
    step = poor(10)
    small = step.accept(order(1, order_qty=2, price=12_950))
    step.accept(order(2, order_qty=5, price=12_940))
    order_id = step.accept(order(3, order_qty=3, price=13_100))
    # 100 ticks above the mark: three lots lose 30 million at once.
    routes, _ = step.run(trade(order_id, 1, 3, 13_100))
    assert canceled(routes) == [2]
    step.run(mark(GOLD, 11_000))
    routes, _ = step.run(trade(small, 1, 1, 12_950))
    assert canceled(routes) == [1]
    _, reports = step.run(cancel_reject(small, Kind.CANCEL_REQUEST, Reason.VENUE_TOO_LATE))
    assert reports == []


def test_an_order_that_closes_is_not_canceled_for_margin() -> None:
    step = poor(4)
    step.fill(order(1, order_qty=2))
    step.accept(order(2, order_qty=2, side=SELL, price=13_050))
    order_id = step.accept(order(3, order_qty=2, price=13_100))
    routes, _ = step.run(trade(order_id, 1, 2, 13_100))
    assert routes == []
    assert step.balance(SUB)["margin"] == 4 * MARGIN


def test_of_two_sides_the_one_that_frees_more_is_canceled_first() -> None:
    step = poor(8)
    step.accept(order(1, order_qty=4, side=SELL, price=13_050))
    step.accept(order(2, order_qty=6, price=12_950))
    order_id = step.accept(order(3, order_qty=2, price=13_200))
    routes, _ = step.run(trade(order_id, 1, 2, 13_200))
    assert canceled(routes) == [2]


def test_a_cancel_that_is_pending_counts_as_done() -> None:
    step = poor(10)
    step.accept(order(1, order_qty=2, price=12_950))
    step.accept(order(2, order_qty=5, price=12_940))
    order_id = step.accept(order(3, order_qty=3, price=13_100))
    step.run(cancel(4, 2))
    assert step.run(trade(order_id, 1, 3, 13_100))[0] == []


def test_holds_are_untouched_by_looking_for_what_to_cancel() -> None:
    step = poor(10)
    for cl_ord_id in (1, 2):
        step.accept(order(cl_ord_id, order_qty=3, price=12_950))
    order_id = step.accept(order(3, order_qty=4, price=13_200))
    step.run(trade(order_id, 1, 4, 13_200))
    assert step.pair(SUB, GOLD)["open_buy"] == 6
    assert step.balance(MASTER)["margin"] == 10 * MARGIN


@pytest.mark.parametrize("is_max_side", [False, True])
def test_closing_orders_with_sides_are_left_and_opening_ones_go(is_max_side: bool) -> None:
    gold = instrument(GOLD, "GC", margin_model="sides", has_sides=True, is_max_side=is_max_side)
    cash = {USD: 6 * MARGIN + 3_000_000}
    step = Step(
        universe(
            instruments=(gold, instrument(INDEX, "IF"), instrument(RATIO, "RT")),
            accounts=changed(SUB, cash=cash),
        )
    )
    step.fill(order(1, order_qty=2, position_effect=OPEN))
    step.accept(order(2, order_qty=2, side=SELL, price=13_050, position_effect=CLOSE))
    step.accept(order(3, order_qty=2, price=12_950, position_effect=OPEN))
    order_id = step.accept(order(4, order_qty=2, price=13_100, position_effect=OPEN))
    routes, _ = step.run(trade(order_id, 1, 2, 13_100))
    assert canceled(routes) == [3]
