"""Requests on working orders, reports that cross them, and what is held meanwhile."""

import msgspec
import pytest
from risk_rig import (
    CNY,
    GOLD,
    INDEX,
    MASTER,
    MILLION,
    SECOND,
    SELL,
    SISTER,
    SUB,
    USD,
    Step,
    accounts,
    cancel,
    cancel_reject,
    changed,
    execution,
    order,
    record,
    replace,
    state,
    trade,
    universe,
)

from tidegate.native.records import (
    ORDER_RECORD,
    ExecType,
    Flag,
    Kind,
    PositionEffect,
    Reason,
    TradingState,
)
from tidegate.universe import Rate

LOT = 88_000_000
FEE = 23_200


def reason(report: dict[str, int]) -> Reason:
    return Reason(report["reason"])


def test_cancels_are_counted_apart_and_never_blocked() -> None:
    step = Step(universe(accounts=changed(SUB, cancel_rate=Rate(per_second=10, burst=2))))
    for number in range(1, 6):
        step.accept(order(number))
    told = [step.run(cancel(100 + number, number)) for number in range(1, 6)]
    assert [len(routes) for routes, _ in told] == [1] * 5
    assert [len(reports) for _, reports in told] == [0, 1, 0, 0, 0]
    alert = told[1][1][0]
    assert (alert["kind"], reason(alert)) == (Kind.ALERT, Reason.CANCEL_RATE)
    numbers = (alert["limit_value"], alert["used_value"], alert["asked_value"])
    assert numbers == (SECOND // 10, SECOND // 5, SECOND // 10)
    step.accept(order(11))


def test_a_fill_after_its_cancel_was_requested_finds_its_hold() -> None:
    step = Step()
    number = step.accept(order(1, order_qty=5))
    step.accept(cancel(2, 1))
    step.run(trade(number, 1, 5, 13_000))
    assert step.pair(SUB, GOLD)["net"] == 5
    assert step.pair(SUB, GOLD)["open_buy"] == 0
    assert step.pair(SUB, GOLD)["margin"] == 5 * LOT


def test_a_fill_after_canceled_is_booked_as_a_late_fill() -> None:
    step = Step()
    number = step.accept(order(1, order_qty=5))
    step.run(execution(number, ExecType.EXEC_CANCELED, exec_id=1))
    _, reports = step.run(trade(number, 2, 2, 13_000))
    assert (step.risk("late_fills"), step.pair(MASTER, GOLD)["net"]) == (1, 2)
    assert reports[0]["cum_qty"] == 2
    _, reports = step.run(order(1, order_qty=5, flags=Flag.POSS_RESEND))
    assert (reports[0]["exec_type"], reports[0]["cum_qty"]) == (ExecType.EXEC_CANCELED, 2)


def test_a_replace_is_held_at_the_worse_of_both_until_answered() -> None:
    step = Step()
    number = step.accept(order(1, order_qty=5))
    step.accept(replace(2, 1, 3, 13_000))
    assert step.pair(SUB, GOLD)["open_buy"] == 5
    step.run(execution(number, ExecType.EXEC_REPLACED, exec_id=1))
    assert step.pair(SUB, GOLD)["open_buy"] == 3
    step.accept(replace(3, 2, 8, 13_000))
    assert step.pair(SUB, GOLD)["open_buy"] == 8
    step.run(cancel_reject(number, Kind.CANCEL_REPLACE_REQUEST, Reason.VENUE_TOO_LATE))
    assert step.pair(SUB, GOLD)["open_buy"] == 3


def test_a_cancel_that_overtakes_a_replace_answers_both() -> None:
    step = Step()
    number = step.accept(order(1, order_qty=5))
    step.accept(replace(2, 1, 7, 13_000))
    step.accept(cancel(3, 1))
    _, reports = step.run(execution(number, ExecType.EXEC_CANCELED, exec_id=1))
    assert [(row["kind"], row["cl_ord_id"]) for row in reports] == [
        (Kind.EXECUTION_REPORT, 3),
        (Kind.CANCEL_REJECT, 2),
    ]
    assert step.pair(SUB, GOLD)["margin"] == step.balance(SUB)["fee_held"] == 0


@pytest.mark.parametrize("is_taken", [True, False])
def test_an_order_filled_while_its_replace_is_pending_is_closed_by_the_answer(
    is_taken: bool,
) -> None:
    step = Step()
    number = step.accept(order(1, order_qty=5))
    step.accept(replace(2, 1, 4, 13_000))
    step.run(trade(number, 1, 5 - is_taken, 13_000))
    if is_taken:
        step.run(execution(number, ExecType.EXEC_REPLACED, exec_id=2))
    else:
        step.run(cancel_reject(number, Kind.CANCEL_REPLACE_REQUEST, Reason.VENUE_TOO_LATE))
    assert step.risk("open_orders") == 0


def test_all_levels_hold_or_none() -> None:
    poor = tuple(
        msgspec.structs.replace(row, cash={USD: LOT}) if row.handle == MASTER else row
        for row in accounts()
    )
    step = Step(universe(accounts=poor))
    report = step.refuse(order(1))
    assert (reason(report), report["level"]) == (Reason.FEE, 2)
    assert step.balance(SUB)["margin"] == step.balance(MASTER)["margin"] == 0


def test_a_denied_order_changes_counts_and_its_id_alone() -> None:
    step = Step()
    step.fill(order(1))
    before = {name: rows.copy() for name, rows in step.tables.arrays.items()}
    step.refuse(order(2, order_qty=1000))
    counting = {"risk", "cl_ord_ids", "sessions", "accounts", "days"}
    for name, rows in before.items():
        assert name in counting or (rows == step.tables.arrays[name]).all(), name
    for name in ("all", "trading_state", "last_order_ns", "executions"):
        assert (before["accounts"][name] == step.tables.arrays["accounts"][name]).all(), name


def test_each_account_below_a_flat_reducing_master_may_close() -> None:
    step = Step()
    step.fill(order(1, order_qty=3))
    step.fill(order(2, order_qty=3, account=SISTER, side=SELL))
    step.run(state(TradingState.REDUCING, account=MASTER))
    step.accept(order(3, side=SELL, order_qty=3))
    step.accept(order(4, account=SISTER, order_qty=3))


def test_a_cancel_sent_again_while_it_is_pending_is_answered_once() -> None:
    step = Step()
    step.accept(order(1))
    assert [len(rows) for rows in step.run(cancel(2, 1))] == [1, 0]
    again = cancel(2, 1)
    again["flags"] = Flag.POSS_RESEND
    assert [len(rows) for rows in step.run(again)] == [0, 0]
    _, reports = step.run(cancel(3, 1))
    assert reports[0]["reason"] == Reason.REQUEST_PENDING


def test_an_order_lost_before_its_venue_is_ended_by_its_cancel() -> None:
    step = Step()
    number = step.accept(order(1))
    step.run(cancel(2, 1))
    unknown = int(Reason.VENUE_UNKNOWN_ORDER)
    _, reports = step.run(cancel_reject(number, int(Kind.CANCEL_REQUEST), unknown))
    assert (reports[0]["exec_type"], reports[0]["cl_ord_id"]) == (ExecType.EXEC_CANCELED, 2)
    assert step.balance(SUB)["margin"] == 0


def test_an_accepted_order_is_not_guessed_away() -> None:
    step = Step()
    number = step.accept(order(1))
    step.run(execution(number, ExecType.EXEC_NEW, exec_id=1))
    step.run(cancel(2, 1))
    unknown = int(Reason.VENUE_UNKNOWN_ORDER)
    _, reports = step.run(cancel_reject(number, int(Kind.CANCEL_REQUEST), unknown))
    assert (reports[0]["kind"], reports[0]["reason"]) == (Kind.CANCEL_REJECT, unknown)
    assert step.balance(SUB)["margin"] == LOT


@pytest.mark.parametrize(
    "terms",
    [
        {"stop_px": 12_990},
        {"expire_ns": 1},
        {"exec_inst": 1},
        {"hedge_flag": 1},
        {"flags": 16},
        {"position_effect": 1},
    ],
)
def test_terms_that_are_not_traded_are_refused_and_not_ignored(terms: dict[str, int]) -> None:
    _, reports = Step().run(order(1, **terms))
    assert (reports[0]["kind"], reports[0]["reason"]) == (Kind.DENIED, Reason.MALFORMED)


def test_a_close_only_shrinks() -> None:
    step = Step()
    close = int(PositionEffect.CLOSE)
    _, reports = step.run(order(1, position_effect=close))
    assert reports[0]["reason"] == Reason.REDUCE_ONLY_ORDER
    step.fill(order(2, order_qty=2))
    step.accept(order(3, side=SELL, order_qty=2, position_effect=close))


def test_a_lost_session_cancels_only_what_its_accounts_say() -> None:
    step = Step()
    step.accept(order(1))
    second = step.accept(order(2, account=SISTER))
    lost = record(ORDER_RECORD, Kind.MASS_CANCEL_REQUEST, session=1, mass_cancel_type=ord("d"))
    routes, _ = step.run(lost)
    assert [row["order_id"] for row in routes] == [second]


def test_negative_and_zero_prices_are_margined_and_charged() -> None:
    step = Step(marks={GOLD: -37, INDEX: 0})
    step.fill(order(1, order_qty=2, price=-40))
    assert step.pair(SUB, GOLD)["open_cost"] == 2 * -40 * 100_000
    assert step.pair(SUB, GOLD)["margin"] == 2 * LOT
    step.fill(order(2, instrument=INDEX, price=0))
    assert step.pair(SUB, INDEX)["margin"] > 0
    step.fill(order(3, side=SELL, order_qty=2, price=0))
    assert step.balance(SUB)["cash"] == MILLION + 8_000_000 - 4 * FEE
    assert step.balance(SUB, CNY)["cash"] == MILLION
