"""Differences with a venue: rows, what a master with one may do, dismissal."""

from typing import Any

import msgspec
import pytest
from control_rig import by_operator, changed_tables, copies, done, refused
from risk_rig import (
    CNY,
    FIRM,
    GOLD,
    GROUP,
    INDEX,
    MASTER,
    OTHER_MASTER,
    SELL,
    STRANGER,
    SUB,
    USD,
    Step,
    control,
    order,
    state,
    universe,
)

from tidegate.native.records import Kind, Level, Reason, Scope, TradingState
from tidegate.working import trading_state

MONEY_MAX = 1 << 61


def difference(amount: int, **fields: Any) -> Any:
    """The venue has so many lots of gold more than the master, as of no fills."""
    return control(Kind.BREAK, **({"account": MASTER, "instrument": GOLD} | fields), amount=amount)


def dismissal(**fields: Any) -> Any:
    return by_operator(Kind.ADJUSTMENT, **({"account": MASTER, "instrument": GOLD} | fields))


def told(step: Step, row: Any) -> dict[str, Any]:
    """The one alert of a record."""
    routes, reports = step.run(row)
    assert routes == []
    assert [report["kind"] for report in reports] == [Kind.ALERT]
    assert reports[0]["reason"] == Reason.RECONCILE_BREAK
    assert (reports[0]["account"], reports[0]["level"]) == (MASTER, Level.MASTER)
    return reports[0]


def quiet(step: Step, row: Any) -> None:
    """A record that is taken and changes nothing."""
    before = copies(step)
    assert step.run(row) == ([], [])
    assert changed_tables(step, before) == []
    assert step.risk("refused_records") == 0


def rows(step: Step) -> list[tuple[int, int, int, int, int]]:
    """(instrument, currency, order_id, amount, is_dismissed) of each row in use."""
    found = step.tables.arrays["breaks"]
    names = ("instrument", "currency", "order_id", "amount", "is_dismissed")
    used = found[found["account"] != 0]
    assert len(used) == step.risk("break_count")
    return sorted(tuple(int(row[name]) for name in names) for row in used)


def numbers(report: dict[str, Any]) -> tuple[int, int, int]:
    return report["limit_value"], report["used_value"], report["asked_value"]


def test_a_difference_comes_changes_and_goes_each_told_once() -> None:
    step = Step()
    assert numbers(told(step, difference(-3))) == (0, 0, -3)
    assert rows(step) == [(GOLD, 0, 0, -3, 0)]
    quiet(step, difference(-3))
    alert = told(step, difference(2))
    assert (numbers(alert), alert["instrument"]) == ((0, -3, 2), GOLD)
    assert step.account(MASTER)["breaks"] == 1
    assert numbers(told(step, difference(0))) == (0, 2, 0)
    assert (rows(step), step.account(MASTER)["breaks"]) == ([], 0)
    quiet(step, difference(0))


def test_lots_money_and_orders_are_rows_of_their_own() -> None:
    step = Step()
    told(step, difference(1))
    told(step, difference(-7, instrument=0, currency=USD))
    told(step, difference(5, instrument=0, currency=CNY))
    alert = told(step, difference(4, order_id=77))
    assert (alert["order_id"], alert["instrument"]) == (77, GOLD)
    told(step, difference(2, instrument=INDEX))
    assert rows(step) == [
        (0, USD, 0, -7, 0),
        (0, CNY, 0, 5, 0),
        (GOLD, 0, 0, 1, 0),
        (GOLD, 0, 77, 4, 0),
        (INDEX, 0, 0, 2, 0),
    ]
    assert step.account(MASTER)["breaks"] == 5
    told(step, difference(0, order_id=77))
    assert step.account(MASTER)["breaks"] == 4
    since = step.tables.arrays["breaks"]["since_ns"][1]
    assert since == step.risk("now_ns")


def test_a_master_with_a_difference_only_reduces_until_it_has_none() -> None:
    step = Step()
    step.fill(order(1, order_qty=2))
    told(step, difference(1, order_qty=1))
    refusal = step.refuse(order(2))
    assert refusal["reason"] == Reason.REDUCING_STATE
    assert (refusal["level"], refusal["scope"]) == (Level.MASTER, Scope.SCOPE_ALL)
    assert numbers(refusal) == (0, 2, 1)
    step.accept(order(3, side=SELL, order_qty=2))
    step.accept(order(4, account=STRANGER, session=2))
    told(step, difference(0, order_qty=1))
    step.accept(order(5))


@pytest.mark.parametrize(
    ("before", "during"),
    [
        (TradingState.ACTIVE, TradingState.REDUCING),
        (TradingState.REDUCING, TradingState.REDUCING),
        (TradingState.HALTED, TradingState.HALTED),
    ],
)
def test_a_worse_state_of_the_master_stays_what_it_is(
    before: TradingState, during: TradingState
) -> None:
    step = Step()
    step.run(state(before, account=MASTER))
    told(step, difference(1))
    row = step.tables.arrays["accounts"][MASTER]
    assert (row["trading_state"], trading_state(row)) == (before, during)
    reasons = {
        TradingState.REDUCING: Reason.REDUCING_STATE,
        TradingState.HALTED: Reason.HALTED_STATE,
    }
    assert step.refuse(order(1))["reason"] == reasons[during]
    assert bool(step.verdict >> Reason.REDUCING_STATE & 1) == (during == TradingState.REDUCING)
    told(step, difference(0))
    assert trading_state(row) == before


def test_figures_from_before_a_fill_are_stale_and_change_nothing() -> None:
    step = Step()
    step.fill(order(1))
    before = copies(step)
    assert step.run(difference(1)) == ([], [])
    assert step.run(difference(1, order_qty=2)) == ([], [])
    assert step.risk("stale_breaks") == 2
    step.tables.arrays["risk"]["stale_breaks"] = 0
    assert changed_tables(step, before) == []
    told(step, difference(1, order_qty=1))


def test_a_dismissed_difference_stays_and_no_longer_stands_in_the_way() -> None:
    step = Step()
    told(step, difference(1))
    told(step, difference(9, instrument=0, currency=USD))
    assert done(step, dismissal()) == []
    assert step.refuse(order(1))["reason"] == Reason.REDUCING_STATE
    done(step, dismissal(instrument=0, currency=USD))
    assert rows(step) == [(0, USD, 0, 9, 1), (GOLD, 0, 0, 1, 1)]
    step.accept(order(2))
    before = copies(step)
    assert done(step, dismissal()) == []
    assert changed_tables(step, before) == []
    quiet(step, difference(1))
    told(step, difference(3))
    assert step.account(MASTER)["breaks"] == 1
    assert step.refuse(order(3))["reason"] == Reason.REDUCING_STATE
    done(step, dismissal())
    told(step, difference(0))
    assert rows(step) == [(0, USD, 0, 9, 1)]
    assert step.account(MASTER)["breaks"] == 0


@pytest.mark.parametrize(
    "row",
    [
        difference(1, account=0),
        difference(1, account=FIRM),
        difference(1, account=GROUP),
        difference(1, account=SUB),
        difference(1, account=99),
        difference(1, instrument=0),
        difference(1, instrument=9),
        difference(1, currency=USD),
        difference(1, instrument=0, currency=3),
        difference(1, instrument=0, order_id=7),
        difference(1, instrument=0, currency=USD, order_id=7),
        difference(MONEY_MAX + 1),
        difference(-(1 << 63)),
    ],
)
def test_a_difference_of_no_form_is_refused(row: Any) -> None:
    step = Step()
    before = copies(step)
    assert step.run(row) == ([], [])
    assert step.risk("refused_records") == 1
    assert changed_tables(step, before) == []


def test_a_difference_that_an_operator_sends_is_refused() -> None:
    refused(Step(), by_operator(Kind.BREAK, account=MASTER, instrument=GOLD, amount=1))


@pytest.mark.parametrize(
    "row",
    [
        dismissal(account=OTHER_MASTER),
        dismissal(account=FIRM),
        dismissal(instrument=0),
        dismissal(instrument=INDEX),
        dismissal(currency=USD),
        dismissal(order_qty=1),
        dismissal(amount=1),
    ],
)
def test_a_dismissal_of_what_is_not_there_is_refused(row: Any) -> None:
    step = Step()
    told(step, difference(1))
    refused(step, row)


def test_a_difference_that_the_table_has_no_room_for_is_refused() -> None:
    content = universe()
    capacity = msgspec.structs.replace(content.capacity, breaks=1)
    step = Step(msgspec.structs.replace(content, capacity=capacity))
    told(step, difference(1))
    before = copies(step)
    step.run(difference(1, instrument=INDEX))
    assert step.risk("refused_records") == 1
    assert changed_tables(step, before) == []
    told(step, difference(0))
    told(step, difference(1, instrument=INDEX))
