"""The ledger finds what the end of a day, an adjustment or a count has left wrong."""

from typing import Any

import pytest
from day_rig import CLOSE, OPEN, adjustment, roll, sides_universe
from risk_rig import (
    BUY,
    GOLD,
    SELL,
    SUB,
    USD,
    Step,
    cancel,
    execution,
    order,
    settlement,
    trade,
)

from tidegate.audit import Ledger
from tidegate.native.records import ExecType

# Table, field, and which row: the first in which something stands, or a number.
WRONG = (
    ("balances", "cash", SUB * 3 + USD, "cash less cost, over the end of a day,"),
    ("balances", "fees", SUB * 3 + USD, "change of fees"),
    ("balances", "initial_cash", SUB * 3 + USD, "initial_cash"),
    ("balances", "peak", SUB * 3 + USD, "peak"),
    ("pairs", "open_cost", 1, "open_cost at settlement"),
    ("pairs", "bought_qty", 1, "bought_qty"),
    ("sides", "short_cost", 1, "short_cost at settlement"),
    ("sides", "long_today", 1, "long_today"),
    ("sides", "long_yesterday", 1, "long_yesterday"),
    ("sides", "frozen_long_today", 1, "frozen_long_today"),
    ("sides", "charged_long_today", 1, "charged_long_today"),
    ("sides", "long_today_cost", 1, "long_today_cost"),
    ("days", "orders", 1, "orders"),
    ("days", "last_match_id", 1, "last_match_id"),
    ("accounts", "day_orders", SUB, "day_orders"),
    ("instruments", "is_settled", GOLD, "is_settled"),
    ("orders", "frozen_today", 2, "frozen_today"),
)


def day() -> Step:
    """Sides: 4 bought and 1 sold short today, 2 being closed; all settled."""
    step = Step(sides_universe())
    step.fill(order(1, order_qty=4, position_effect=OPEN))
    step.accept(order(2, side=SELL, order_qty=2, position_effect=CLOSE))
    step.fill(order(3, side=SELL, position_effect=OPEN))
    step.run(settlement(GOLD, 13_007))
    return step


def rolled(step: Step) -> tuple[Ledger, Any]:
    """The day has ended, and a ledger that has not seen it yet."""
    ledger = Ledger(step.tables.arrays)
    row = roll()
    step.run(row)
    return ledger, row


def test_a_roll_that_is_right_has_nothing_to_say() -> None:
    ledger, row = rolled(day())
    assert ledger.take(row) == []


@pytest.mark.parametrize(("table", "field", "index", "said"), WRONG)
def test_whatever_a_roll_leaves_wrong_is_found(
    table: str, field: str, index: int, said: str
) -> None:
    step = day()
    ledger, row = rolled(step)
    step.tables.arrays[table][field][index] += 1
    assert any(said in sentence for sentence in ledger.take(row))


def test_an_id_of_a_day_before_that_is_not_past_is_found() -> None:
    step = day()
    ledger, row = rolled(step)
    ids = step.tables.arrays["cl_ord_ids"]
    ids["is_past"][(ids["session"] != 0) & (ids["cl_ord_id"] == 1)] = 0
    assert len(ledger.take(row)) == 1


def test_a_day_that_ends_without_a_settlement_is_found() -> None:
    step = day()
    step.tables.arrays["instruments"]["is_settled"][GOLD] = 0
    ledger = Ledger(step.tables.arrays)
    step.tables.arrays["instruments"]["is_settled"][GOLD] = 1
    row = roll()
    step.run(row)
    assert any("without a settlement" in sentence for sentence in ledger.take(row))


def test_an_adjustment_of_lots_is_worth_its_price_and_costs_no_fee() -> None:
    step = Step()
    ledger = Ledger(step.tables.arrays)
    row = adjustment(side=BUY, order_qty=2, price=12_990)
    step.run(row)
    for field in ("cash", "fees"):
        step.tables.arrays["balances"][field][SUB * 3 + USD] += 9
    found = ledger.take(row)
    assert "a fill was charged 9; expected 0 or more, of an adjustment 0" in found


def test_an_adjustment_of_cash_by_another_amount_is_found() -> None:
    step = Step()
    ledger = Ledger(step.tables.arrays)
    row = adjustment(instrument=0, currency=USD, amount=-50)
    step.run(row)
    assert ledger.take(row) == []
    for field in ("cash", "initial_cash"):
        step.tables.arrays["balances"][field][SUB * 3 + USD] += 1
    assert any("change of deposits is 1; recomputed 0" in one for one in ledger.take(settled()))


def settled() -> Any:
    return settlement(GOLD, 13_000)


@pytest.mark.parametrize("count", ["orders", "trades", "cancels", "large_cancels", "self_trades"])
def test_a_count_of_the_day_that_moves_by_itself_is_found(count: str) -> None:
    step = Step()
    step.fill(order(1))
    ledger = Ledger(step.tables.arrays)
    step.tables.arrays["days"][count][1] += 1
    assert any(f"change of {count} is 1" in sentence for sentence in ledger.take(settled()))


def test_a_canceled_order_that_is_not_counted_is_found() -> None:
    step = Step()
    number = step.accept(order(1, order_qty=3))
    step.accept(cancel(2, 1))
    ledger = Ledger(step.tables.arrays)
    row = execution(number, ExecType.EXEC_CANCELED, exec_id=1)
    step.run(row)
    step.tables.arrays["days"]["cancels"][1] -= 1
    assert any("change of cancels is 0; recomputed 1" in one for one in ledger.take(row))


def test_a_trade_that_is_counted_twice_is_found() -> None:
    step = Step()
    number = step.accept(order(1, order_qty=3))
    ledger = Ledger(step.tables.arrays)
    row = trade(number, 1, 1, 13_000)
    step.run(row)
    step.tables.arrays["days"]["trades"][1] += 1
    assert any("change of trades is 2; recomputed 1" in one for one in ledger.take(row))
