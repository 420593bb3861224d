"""What is said of an order that is asked about again after it was replaced. RISK.md 2.1."""

from typing import Any

import msgspec
import pytest
from day_rig import DAY, ask_roll
from risk_rig import (
    GOLD,
    Step,
    cancel,
    cancel_reject,
    execution,
    order,
    replace,
    settlement,
    trade,
    universe,
)

from tidegate.native.records import ExecType, Flag, Kind, Reason

LAST = 5


def asked(step: Step, cl_ord_id: int, **fields: Any) -> tuple[ExecType, int, int, int]:
    """exec_type, order_qty, cum_qty and price of the answer; nothing is routed."""
    routes, reports = step.run(order(cl_ord_id, flags=Flag.POSS_RESEND, **fields))
    assert routes == []
    told = reports[0]
    assert (told["kind"], told["cl_ord_id"]) == (Kind.EXECUTION_REPORT, cl_ord_id)
    return ExecType(told["exec_type"]), told["order_qty"], told["cum_qty"], told["price"]


def replaced(step: Step) -> int:
    """An order of 5 lots with the ids 1 to 5, each replace taken, 2 lots filled in between."""
    number = step.accept(order(1, order_qty=5, price=12_900))
    for cl_ord_id in range(2, LAST + 1):
        step.accept(replace(cl_ord_id, cl_ord_id - 1, 4 + cl_ord_id, 12_900 + cl_ord_id))
        step.run(execution(number, ExecType.EXEC_REPLACED, exec_id=10 * cl_ord_id))
        if cl_ord_id == 3:
            step.run(trade(number, 31, 2, 12_903))
    return number


def use_rows(step: Step, count: int = 3) -> None:
    """Orders that take the rows of those which are over."""
    for cl_ord_id in range(900, 900 + count):
        number = step.accept(order(cl_ord_id, price=12_800))
        step.run(execution(number, ExecType.EXEC_CANCELED))


def small() -> Step:
    content = universe()
    capacity = msgspec.structs.replace(content.capacity, orders=2)
    return Step(msgspec.structs.replace(content, capacity=capacity))


@pytest.mark.parametrize("cl_ord_id", range(1, LAST + 1))
def test_a_working_order_is_told_by_each_of_its_ids_as_it_is_now(cl_ord_id: int) -> None:
    step = Step()
    replaced(step)
    assert asked(step, cl_ord_id) == (ExecType.EXEC_RESTATED, 9, 2, 12_905)


@pytest.mark.parametrize("cl_ord_id", range(1, LAST + 1))
def test_its_end_outlives_its_row_under_each_of_its_ids(cl_ord_id: int) -> None:
    step = small()
    number = replaced(step)
    step.accept(cancel(60, 1))
    step.run(execution(number, ExecType.EXEC_CANCELED, exec_id=70, reason=Reason.VENUE_CLOSED))
    assert asked(step, cl_ord_id) == (ExecType.EXEC_CANCELED, 9, 2, 12_905)
    use_rows(step)
    assert asked(step, cl_ord_id, price=1) == (ExecType.EXEC_CANCELED, 9, 2, 1)
    _, reports = step.run(order(1, flags=Flag.POSS_RESEND))
    assert (reports[0]["order_id"], reports[0]["reason"]) == (number, Reason.VENUE_CLOSED)


def test_a_replaced_order_that_was_filled_is_told_as_filled_after_its_row_is_gone() -> None:
    step = small()
    number = replaced(step)
    step.run(trade(number, 71, 7, 12_905))
    use_rows(step)
    assert asked(step, 1, price=1) == (ExecType.EXEC_RESTATED, 9, 9, 1)


def test_an_order_filled_by_its_replace_is_told_as_filled() -> None:
    step = small()
    number = step.accept(order(1, order_qty=5))
    step.accept(replace(2, 1, 4, 13_000))
    step.run(trade(number, 1, 4, 13_000))
    step.run(execution(number, ExecType.EXEC_REPLACED, exec_id=2))
    use_rows(step)
    assert [asked(step, one)[:3] for one in (1, 2)] == [(ExecType.EXEC_RESTATED, 4, 4)] * 2


def test_the_id_of_a_replace_that_was_refused_tells_the_order_as_it_was() -> None:
    step = Step()
    number = step.accept(order(1, order_qty=5, price=12_900))
    step.accept(replace(2, 1, 8, 12_950))
    assert asked(step, 2) == asked(step, 1) == (ExecType.EXEC_RESTATED, 5, 0, 12_900)
    step.run(cancel_reject(number, Kind.CANCEL_REPLACE_REQUEST, Reason.VENUE_TOO_LATE))
    step.run(trade(number, 1, 3, 12_900))
    assert asked(step, 2) == asked(step, 1) == (ExecType.EXEC_RESTATED, 5, 3, 12_900)


def test_a_late_fill_of_a_replaced_order_is_in_what_is_told() -> None:
    step = Step()
    number = replaced(step)
    step.run(execution(number, ExecType.EXEC_CANCELED, exec_id=70))
    step.run(trade(number, 71, 3, 12_905))
    assert asked(step, 1) == asked(step, LAST) == (ExecType.EXEC_CANCELED, 9, 5, 12_905)


def test_no_id_of_a_replaced_order_is_ever_traded_a_second_time() -> None:
    step = Step()
    number = replaced(step)
    for cl_ord_id in range(1, LAST + 1):
        assert step.refuse(order(cl_ord_id))["reason"] == Reason.DUPLICATE_CL_ORD_ID
    step.run(execution(number, ExecType.EXEC_CANCELED, exec_id=70))
    for cl_ord_id in range(1, LAST + 1):
        assert step.refuse(order(cl_ord_id))["reason"] == Reason.DUPLICATE_CL_ORD_ID
        assert asked(step, cl_ord_id)[0] == ExecType.EXEC_CANCELED


def test_a_replaced_order_is_told_for_a_day_after_its_end() -> None:
    step = small()
    number = replaced(step)
    step.run(settlement(GOLD, 13_000))
    ask_roll(step)
    assert asked(step, 1) == asked(step, 3) == (ExecType.EXEC_RESTATED, 9, 2, 12_905)
    step.accept(replace(80, 1, 8, 12_910))
    step.run(execution(number, ExecType.EXEC_REPLACED, exec_id=81))
    step.run(execution(number, ExecType.EXEC_CANCELED, exec_id=82))
    step.run(settlement(GOLD, 13_000))
    ask_roll(step, DAY + 1)
    use_rows(step)
    assert asked(step, 1)[:3] == asked(step, 80)[:3] == (ExecType.EXEC_CANCELED, 8, 2)
    step.run(settlement(GOLD, 13_000))
    ask_roll(step, DAY + 2)
    assert step.accept(order(1, flags=Flag.POSS_RESEND)) != number


def test_an_id_of_yesterday_that_has_a_new_order_takes_no_other_with_it() -> None:
    step = Step()
    number = replaced(step)
    step.run(execution(number, ExecType.EXEC_CANCELED, exec_id=70))
    step.run(settlement(GOLD, 13_000))
    ask_roll(step)
    newer = step.accept(order(LAST, price=12_850))
    assert asked(step, LAST) == (ExecType.EXEC_RESTATED, 1, 0, 12_850)
    assert asked(step, 1) == asked(step, 3) == (ExecType.EXEC_CANCELED, 9, 2, 12_905)
    # With the first id the state of the older order goes; its others tell no other order's.
    step.accept(replace(1, LAST, 3, 12_860))
    step.run(execution(newer, ExecType.EXEC_REPLACED, exec_id=90))
    assert asked(step, 1) == asked(step, LAST) == (ExecType.EXEC_RESTATED, 3, 0, 12_860)
    told = step.refuse(order(3, flags=Flag.POSS_RESEND))
    assert (told["kind"], told["reason"]) == (Kind.DENIED, Reason.DUPLICATE_CL_ORD_ID)
