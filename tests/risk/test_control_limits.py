"""Limits changed during the day: signed differences on credits, and overrides that expire."""

from typing import Any

import msgspec
import pytest
from control_rig import by_operator, done, refused
from risk_rig import (
    BUY,
    CNY,
    GOLD,
    MASTER,
    MILLION,
    RATIO,
    SECOND,
    SELL,
    START_NS,
    SUB,
    USD,
    Step,
    changed,
    order,
    tick,
    universe,
)

from tidegate.native.records import Kind, LimitKind, Reason

GOLD_PRODUCT = 1
SCOPES: dict[str, dict[str, int]] = {
    "instrument": {"instrument": GOLD},
    "product": {"product": GOLD_PRODUCT},
    "all": {},
}
LONG, SHORT = LimitKind.LIMIT_MAX_LONG, LimitKind.LIMIT_MAX_SHORT


def limit(kind: int, amount: int, *, account: int = SUB, **fields: int) -> Any:
    return by_operator(
        Kind.LIMIT_CHANGE, account=account, limit_kind=int(kind), amount=amount, **fields
    )


def reason_of(step: Step, row: Any) -> Reason:
    return Reason(step.refuse(row)["reason"])


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("account", [SUB, MASTER])
def test_a_lowered_position_limit_binds_at_its_level_and_scope(account: int, scope: str) -> None:
    step = Step()
    step.accept(order(1, order_qty=3))
    done(step, limit(LONG, 5, account=account, **SCOPES[scope]))
    denial = step.refuse(order(2, order_qty=3))
    assert (denial["reason"], denial["limit_value"]) == (Reason.POSITION_LIMIT, 5)
    assert (denial["used_value"], denial["asked_value"]) == (3, 3)
    step.accept(order(3, order_qty=2))
    step.accept(order(4, order_qty=2, side=SELL))


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize(
    ("kind", "qty", "reason"),
    [
        (LimitKind.LIMIT_MAX_ORDER_QTY, 4, Reason.ORDER_SIZE),
        (LimitKind.LIMIT_MAX_NOTIONAL, 13_000 * 100_000 * 4 + 1, Reason.ORDER_NOTIONAL),
        (LONG, 4, Reason.POSITION_LIMIT),
        (LimitKind.LIMIT_MAX_GROSS, 4, Reason.GROSS_LIMIT),
    ],
)
def test_a_limit_stated_before_any_order_binds_the_first(
    kind: int, qty: int, reason: Reason, scope: str
) -> None:
    step = Step()
    done(step, limit(kind, qty, **SCOPES[scope]))
    assert reason_of(step, order(1, order_qty=5)) == reason
    step.accept(order(2, order_qty=4))


def test_a_limit_lowered_below_what_is_in_use_keeps_the_orders_denies_new_ones_and_alerts() -> None:
    step = Step()
    step.accept(order(1, order_qty=10))
    (alert,) = done(step, limit(LONG, 4, instrument=GOLD))
    assert (alert["kind"], alert["reason"]) == (Kind.ALERT, Reason.LIMIT_LOWERED)
    assert (alert["limit_value"], alert["used_value"], alert["asked_value"]) == (4, 10, 50)
    assert step.pair(SUB, GOLD)["open_buy"] == 10
    assert step.pair(SUB, GOLD)["buy_credit"] == -6
    assert reason_of(step, order(2)) == Reason.POSITION_LIMIT
    step.accept(order(3, side=SELL))
    assert done(step, limit(LONG, 11, instrument=GOLD)) == []
    step.accept(order(4))


def test_a_limit_that_is_no_longer_stated_leaves_the_account_s_own_maximum() -> None:
    step = Step()
    step.accept(order(1, order_qty=3))
    done(step, limit(LONG, 5, instrument=GOLD))
    done(step, limit(LONG, -1, instrument=GOLD))
    assert step.pair(SUB, GOLD)["max_long"] == 50


def test_open_orders_are_counted_against_a_new_maximum_at_once() -> None:
    step = Step()
    step.accept(order(1))
    step.accept(order(2))
    (alert,) = done(step, limit(LimitKind.LIMIT_MAX_OPEN_ORDERS, 1))
    assert (alert["limit_value"], alert["used_value"]) == (1, 2)
    assert reason_of(step, order(3)) == Reason.OPEN_ORDERS
    done(step, limit(LimitKind.LIMIT_MAX_OPEN_ORDERS, 3))
    step.accept(order(4))


def test_an_override_ends_by_itself_at_the_first_tick_that_is_late_enough() -> None:
    step = Step()
    done(step, limit(LONG, 60, instrument=GOLD, expires_ns=START_NS + SECOND))
    for cl_ord_id in (1, 2, 3):
        step.accept(order(cl_ord_id, order_qty=18))
    step.run(tick(START_NS + SECOND - 1))
    assert step.pair(SUB, GOLD)["max_long"] == 60
    _, reports = step.run(tick(START_NS + SECOND))
    assert [row["reason"] for row in reports] == [Reason.LIMIT_LOWERED]
    assert step.pair(SUB, GOLD)["max_long"] == 50
    assert step.pair(SUB, GOLD)["buy_credit"] == -4
    assert step.risk("override_count") == 0


def test_an_override_of_an_override_keeps_the_value_to_go_back_to() -> None:
    step = Step()
    step.accept(order(1))
    done(step, limit(LONG, 60, instrument=GOLD, expires_ns=START_NS + SECOND))
    done(step, limit(LONG, 70, instrument=GOLD, expires_ns=START_NS + 2 * SECOND))
    step.run(tick(START_NS + SECOND))
    assert step.pair(SUB, GOLD)["max_long"] == 70
    step.run(tick(START_NS + 2 * SECOND))
    assert step.pair(SUB, GOLD)["max_long"] == 50


def test_a_change_for_good_during_an_override_holds_when_that_has_ended() -> None:
    step = Step()
    step.accept(order(1))
    done(step, limit(LONG, 60, instrument=GOLD, expires_ns=START_NS + SECOND))
    done(step, limit(LONG, 20, instrument=GOLD))
    assert step.pair(SUB, GOLD)["max_long"] == 60
    step.run(tick(START_NS + SECOND))
    assert step.pair(SUB, GOLD)["max_long"] == 20


def test_overrides_of_other_limits_expire_each_at_its_own_time() -> None:
    step = Step()
    step.accept(order(1))
    done(step, limit(LONG, 60, instrument=GOLD, expires_ns=START_NS + 2 * SECOND))
    done(step, limit(SHORT, 60, instrument=GOLD, expires_ns=START_NS + SECOND))
    step.run(tick(START_NS + SECOND))
    assert (step.pair(SUB, GOLD)["max_long"], step.pair(SUB, GOLD)["max_short"]) == (60, 50)
    assert step.risk("next_expiry_ns") == START_NS + 2 * SECOND


def test_an_override_that_the_table_has_no_room_for_is_refused() -> None:
    content = universe()
    capacity = msgspec.structs.replace(content.capacity, overrides=1)
    step = Step(msgspec.structs.replace(content, capacity=capacity))
    done(step, limit(LONG, 60, instrument=GOLD, expires_ns=START_NS + 1))
    refused(step, limit(SHORT, 60, instrument=GOLD, expires_ns=START_NS + 1))


@pytest.mark.parametrize(
    "fields",
    [
        {"expires_ns": START_NS},
        {"expires_ns": -1},
        {"expires_ns": (1 << 63) - 1},
        {"amount": -2},
        {"amount": (1 << 60) + 1},
        {"account": 99},
        {"account": 0},
        {"instrument": 99},
        {"product": 99},
        {"product": GOLD_PRODUCT},
        {"currency": USD},
        {"limit_kind": 0},
        {"limit_kind": 18},
        {"limit_kind": int(LimitKind.LIMIT_MAX_LOSS)},
        {"amount": -(1 << 63)},
    ],
)
def test_a_limit_change_out_of_range_is_refused_whole(fields: dict[str, Any]) -> None:
    step = Step()
    step.accept(order(1))
    row = {"account": SUB, "limit_kind": int(LONG), "amount": 10, "instrument": GOLD}
    refused(step, by_operator(Kind.LIMIT_CHANGE, **(row | fields)))


def test_a_new_rate_keeps_the_burst_unless_it_says_another() -> None:
    step = Step(universe(accounts=changed(SUB, order_rate=10, order_burst=3)))
    rate = LimitKind.LIMIT_ORDER_RATE
    done(step, limit(rate, 7))
    bucket = step.account(SUB)["order_rate"]
    assert bucket[:2] == (142_857_143, 2 * 142_857_143)
    done(step, limit(rate, 1, order_qty=2))
    step.accept(order(1))
    step.accept(order(2))
    assert reason_of(step, order(3)) == Reason.ORDER_RATE
    done(step, limit(rate, -1))
    step.accept(order(4))


def test_an_override_of_a_rate_gives_back_interval_and_burst() -> None:
    step = Step(universe(accounts=changed(SUB, order_rate=10, order_burst=3)))
    before = step.account(SUB)["order_rate"][:2]
    rate = LimitKind.LIMIT_ORDER_RATE
    done(step, limit(rate, 1, order_qty=1, expires_ns=START_NS + SECOND))
    assert step.account(SUB)["order_rate"][:2] == (SECOND, 0)
    step.run(tick(START_NS + SECOND))
    assert step.account(SUB)["order_rate"][:2] == before


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        (LimitKind.LIMIT_LEVERAGE, "leverage_max"),
        (LimitKind.LIMIT_CONCENTRATION, "concentration_permille"),
        (LimitKind.LIMIT_DAY_ORDERS, "day_orders_max"),
        (LimitKind.LIMIT_EXECUTIONS, "executions_max"),
    ],
)
def test_an_account_s_own_limits_change_and_end(kind: int, field: str) -> None:
    step = Step()
    unlimited = step.account(SUB)[field]
    done(step, limit(kind, 7))
    assert step.account(SUB)[field] == 7
    done(step, limit(kind, -1))
    assert step.account(SUB)[field] == unlimited


@pytest.mark.parametrize(
    ("kind", "field"),
    [(LimitKind.LIMIT_MAX_LOSS, "max_loss"), (LimitKind.LIMIT_MAX_DRAWDOWN, "max_drawdown")],
)
def test_a_loss_limit_is_of_one_currency(kind: int, field: str) -> None:
    step = Step()
    unlimited = step.balance(SUB, USD)[field]
    done(step, limit(kind, 7, currency=CNY))
    assert (step.balance(SUB, CNY)[field], step.balance(SUB, USD)[field]) == (7, unlimited)


def test_a_credit_line_backs_margin_and_alerts_when_it_is_lowered_below_it() -> None:
    step = Step(universe(accounts=changed(SUB, cash={USD: 0})))
    assert reason_of(step, order(1)) == Reason.MARGIN
    line = LimitKind.LIMIT_CREDIT_LINE
    done(step, limit(line, MILLION, currency=USD))
    step.accept(order(2))
    held = step.balance(SUB)["margin"] + step.balance(SUB)["fee_held"]
    (alert,) = done(step, limit(line, 5, currency=USD))
    assert (alert["limit_value"], alert["used_value"], alert["asked_value"]) == (5, held, MILLION)
    refused(step, limit(line, -1, currency=USD))


def test_a_limit_of_one_scope_leaves_the_others_alone() -> None:
    step = Step()
    done(step, limit(LONG, 1, instrument=GOLD))
    step.accept(order(1, instrument=RATIO, price=900, order_qty=2))
    assert reason_of(step, order(2, order_qty=2, side=BUY)) == Reason.POSITION_LIMIT
