"""Answers of the router and of venues that come again, or for an order that the router lost."""

from collections.abc import Callable
from typing import Any

import pytest
from risk_rig import (
    GOLD,
    SUB,
    Step,
    cancel,
    cancel_reject,
    execution,
    order,
    replace,
    trade,
)

from tidegate.native.records import ExecType, Kind, Reason

CANCEL, REPLACE = Kind.CANCEL_REQUEST, Kind.CANCEL_REPLACE_REQUEST
Rows = Any


def state(step: Step) -> dict[str, bytes]:
    """All that risk holds; of its own row only the counter of repeats may move."""
    found = {name: rows.tobytes() for name, rows in step.tables.arrays.items() if name != "risk"}
    own = step.tables.arrays["risk"].copy()
    # The sequence, and what is taken and given, are of the record itself.
    for name in ("sequence", "duplicate_reports", "taken", "given"):
        own[name] = 0
    return found | {"risk": own.tobytes()}


def refused(order_id: int) -> Rows:
    return execution(order_id, ExecType.EXEC_REJECTED, reason=Reason.VENUE_DOWN)


def working(step: Step) -> int:
    order_id = step.accept(order(1, order_qty=5))
    step.run(execution(order_id, ExecType.EXEC_NEW, exec_id=1))
    return order_id


def after_refusal(step: Step) -> tuple[int, Rows]:
    order_id = step.accept(order(1, order_qty=5))
    step.run(refused(order_id))
    return order_id, refused(order_id)


def after_end(step: Step) -> tuple[int, Rows]:
    order_id = working(step)
    step.run(execution(order_id, ExecType.EXEC_CANCELED, exec_id=2))
    return order_id, refused(order_id)


def after_end_without_a_report(step: Step) -> tuple[int, Rows]:
    order_id = working(step)
    ended = execution(order_id, ExecType.EXEC_CANCELED, reason=Reason.VENUE_DOWN)
    step.run(ended.copy())
    return order_id, ended


def after_cancel_reject(step: Step) -> tuple[int, Rows]:
    order_id = working(step)
    step.run(cancel(2, 1))
    again = cancel_reject(order_id, CANCEL, Reason.VENUE_DOWN)
    step.run(again.copy())
    return order_id, again


def after_replace_reject(step: Step) -> tuple[int, Rows]:
    order_id = working(step)
    step.run(replace(2, 1, 9, 13_000))
    again = cancel_reject(order_id, REPLACE, Reason.VENUE_DOWN)
    step.run(again.copy())
    return order_id, again


def with_the_other_pending(step: Step) -> tuple[int, Rows]:
    order_id = working(step)
    step.run(replace(2, 1, 9, 13_000))
    return order_id, cancel_reject(order_id, CANCEL, Reason.VENUE_DOWN)


@pytest.mark.parametrize(
    "prepare",
    [
        after_refusal,
        after_end,
        after_end_without_a_report,
        after_cancel_reject,
        after_replace_reject,
        with_the_other_pending,
    ],
)
def test_an_answer_that_comes_again_is_counted_and_changes_nothing(
    prepare: Callable[[Step], tuple[int, Rows]],
) -> None:
    step = Step()
    _, again = prepare(step)
    before, counted = state(step), step.risk("duplicate_reports")
    for _ in range(2):
        assert step.run(again.copy()) == ([], [])
    assert step.risk("duplicate_reports") == counted + 2
    assert state(step) == before


def test_reports_that_have_no_names_but_the_order_id_reach_the_order() -> None:
    step = Step()
    order_id = working(step)
    fill = trade(order_id, 2, 3, 13_000)
    for name in ("cl_ord_id", "account", "instrument", "session"):
        fill[name] = 0
    step.run(fill)
    assert step.pair(SUB, GOLD)["net"] == 3
    canceled = execution(order_id, ExecType.EXEC_CANCELED, exec_id=3)
    for name in ("cl_ord_id", "account", "instrument", "session"):
        canceled[name] = 0
    _, reports = step.run(canceled)
    assert [report["cl_ord_id"] for report in reports] == [1]
    assert step.risk("open_orders") == 0
    assert step.risk("orphan_reports") == 0


def test_a_late_fill_after_an_end_that_the_router_made_is_booked() -> None:
    step = Step()
    order_id, _ = after_end_without_a_report(step)
    step.run(trade(order_id, 9, 2, 13_000))
    assert step.pair(SUB, GOLD)["net"] == 2
    assert step.risk("late_fills") == 1
