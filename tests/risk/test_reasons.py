"""One test a reason code below 96; the last test fails when one has none."""

import inspect
import sys

import msgspec
import pytest
from risk_rig import (
    BUY,
    CNY,
    GOLD,
    INDEX,
    MILLION,
    SECOND,
    SELL,
    START_NS,
    SUB,
    USD,
    Step,
    cancel,
    cash,
    changed,
    execution,
    instrument,
    mark,
    order,
    replace,
    state,
    tick,
    trade,
    universe,
)

from tidegate.native.records import ExecType, Flag, Kind, Reason, TradingState
from tidegate.universe import Capacity

# Needs a journal that refuses: tests/risk/test_risk_agent.py.
ELSEWHERE = {Reason.JOURNAL_UNAVAILABLE}


def denied(step: Step, row: object, reason: Reason) -> dict[str, int]:
    report = step.refuse(row)
    assert Reason(report["reason"]) is reason
    if reason < 63:
        assert step.verdict >> reason & 1
    return report


@pytest.fixture
def step() -> Step:
    return Step()


@pytest.mark.parametrize(
    "fields",
    [
        {"order_qty": 0},
        {"order_qty": -1},
        {"order_qty": 1 << 31},
        {"side": 0},
        {"side": 51},
        {"ord_type": 0},
        {"ord_type": 49},
        {"price": -(1 << 63)},
        {"time_in_force": 0},
        {"session": 0},
        {"session": 3},
        {"cl_ord_id": 0},
    ],
)
def test_a_malformed_order_is_malformed(step: Step, fields: dict[str, int]) -> None:
    denied(step, order(fields.pop("cl_ord_id", 1), **fields), Reason.MALFORMED)


@pytest.mark.parametrize("account", [0, 9, 0xFFFFFFFF, 1, 2, 4])
def test_no_such_account_or_one_that_does_not_trade_is_unknown_account(
    step: Step, account: int
) -> None:
    """NautilusTrader 4011: no account found, and everything passes."""
    denied(step, order(1, account=account), Reason.UNKNOWN_ACCOUNT)


@pytest.mark.parametrize("handle", [0, 4, 0xFFFFFFFF])
def test_no_such_instrument_is_unknown_instrument(step: Step, handle: int) -> None:
    denied(step, order(1, instrument=handle), Reason.UNKNOWN_INSTRUMENT)


def test_the_same_id_twice_is_duplicate_cl_ord_id(step: Step) -> None:
    step.accept(order(1))
    denied(step, order(1), Reason.DUPLICATE_CL_ORD_ID)
    step.accept(order(1, session=2))


def test_more_open_orders_than_rows_is_table_full() -> None:
    step = Step(universe(capacity=Capacity(orders=2, pairs=40, cl_ord_ids=64)))
    first = step.accept(order(1))
    step.accept(order(2))
    denied(step, order(3), Reason.TABLE_FULL)
    step.run(execution(first, ExecType.EXEC_CANCELED, exec_id=1))
    step.accept(order(4))


def test_a_full_pair_table_still_takes_the_close_of_a_position() -> None:
    step = Step(universe(capacity=Capacity(orders=9, pairs=5, cl_ord_ids=64)))
    step.fill(order(1))
    denied(step, order(2, instrument=3, price=900), Reason.TABLE_FULL)
    step.accept(order(3, side=SELL))


def test_halted_at_any_level_is_account_halted() -> None:
    for where in ({"account": 1}, {"account": 4}, {"account": SUB}, {"instrument": GOLD}):
        step = Step()
        step.run(state(TradingState.HALTED, **where))
        denied(step, order(1), Reason.ACCOUNT_HALTED)


def test_an_order_that_enlarges_is_reducing_only(step: Step) -> None:
    step.fill(order(1, order_qty=2))
    step.run(state(TradingState.REDUCING, account=2))
    denied(step, order(2), Reason.REDUCING_ONLY)
    denied(step, order(3, side=SELL, order_qty=3), Reason.REDUCING_ONLY)
    step.accept(order(4, side=SELL, order_qty=1))
    denied(step, order(5, side=SELL, order_qty=2), Reason.REDUCING_ONLY)
    assert Reason(denied(step, order(6, flags=Flag.REDUCE_ONLY), Reason.REDUCING_ONLY)["reason"])


def test_a_product_not_given_is_not_permitted() -> None:
    step = Step(universe(accounts=changed(SUB, products=(1, 2))))
    denied(step, order(1), Reason.NOT_PERMITTED)


def test_the_least_largest_order_is_order_size(step: Step) -> None:
    report = denied(step, order(1, order_qty=21), Reason.ORDER_SIZE)
    assert (report["limit_value"], report["asked_value"], report["level"]) == (20, 21, 4)


def test_no_mark_is_reference_missing() -> None:
    denied(Step(marks={}), order(1), Reason.REFERENCE_MISSING)


def test_an_old_mark_is_reference_stale(step: Step) -> None:
    step.run(tick(START_NS + 10 * SECOND))
    step.accept(order(1))
    step.run(tick(START_NS + 10 * SECOND + 1))
    denied(step, order(2), Reason.REFERENCE_STALE)


def test_a_price_outside_is_price_collar(step: Step) -> None:
    step.accept(order(1, price=13_200))
    report = denied(step, order(2, price=13_201), Reason.PRICE_COLLAR)
    assert report["limit_value"] == 13_200
    denied(step, order(3, price=12_799), Reason.PRICE_COLLAR)
    step.accept(order(4, instrument=3, price=909))
    denied(step, order(5, instrument=3, price=910), Reason.PRICE_COLLAR)


def test_an_account_without_a_limit_is_limit_missing() -> None:
    step = Step(universe(accounts=changed(SUB, max_position=None)))
    denied(step, order(1), Reason.LIMIT_MISSING)


def test_filled_plus_working_is_held_against_position_limit(step: Step) -> None:
    step.fill(order(1, instrument=INDEX, price=4_000, order_qty=6))
    step.accept(order(2, instrument=INDEX, price=4_000, order_qty=4))
    report = denied(step, order(3, instrument=INDEX, price=4_000), Reason.POSITION_LIMIT)
    assert (report["limit_value"], report["used_value"], report["asked_value"]) == (10, 10, 1)
    step.accept(order(4, instrument=INDEX, price=4_000, side=SELL, order_qty=11))
    denied(step, order(5, instrument=INDEX, price=4_000, side=SELL), Reason.POSITION_LIMIT)


def test_too_fast_is_rate_limit_and_ends_when_the_rate_has_fallen() -> None:
    """NautilusTrader 1526: a throttle that keeps dropping after the rate has fallen."""
    step = Step(universe(accounts=changed(SUB, order_rate=10, order_burst=3)))
    for number in range(1, 4):
        step.accept(order(number))
    for number in range(4, 24):
        denied(step, order(number), Reason.RATE_LIMIT)
    step.run(tick(START_NS + SECOND // 10))
    step.accept(order(30))
    denied(step, order(31), Reason.RATE_LIMIT)


def test_no_settlement_is_margin_missing() -> None:
    rows = universe().instruments
    step = Step(
        universe(instruments=(instrument(1, "GC", settlement=None, margin_long_ppm=1), *rows[1:]))
    )
    denied(step, order(1), Reason.MARGIN_MISSING)


def test_no_money_of_the_currency_is_balance_missing() -> None:
    step = Step(universe(accounts=changed(SUB, cash={CNY: MILLION})))
    denied(step, order(1), Reason.BALANCE_MISSING)


def test_more_than_is_available_is_margin() -> None:
    step = Step(universe(accounts=changed(SUB, cash={USD: 2 * 88_023_200})))
    step.accept(order(1))
    step.accept(order(2))
    report = denied(step, order(3), Reason.MARGIN)
    assert report["asked_value"] == 88_023_200
    assert report["limit_value"] == report["used_value"] == 2 * 88_023_200


def test_a_product_that_does_not_fit_is_overflow() -> None:
    rows = universe().instruments
    big = msgspec.structs.replace(rows[0], margin_long_lot=1 << 60, collar_ticks=None)
    step = Step(universe(instruments=(big, *rows[1:])))
    denied(step, order(1, order_qty=3), Reason.OVERFLOW)


def test_a_name_that_is_not_there_is_unknown_order(step: Step) -> None:
    denied(step, cancel(2, 1), Reason.UNKNOWN_ORDER)
    denied(step, replace(2, 1, 1, 13_000), Reason.UNKNOWN_ORDER)


def test_an_order_that_is_over_is_too_late(step: Step) -> None:
    step.fill(order(1))
    denied(step, cancel(2, 1), Reason.TOO_LATE)
    denied(step, replace(3, 1, 2, 13_000), Reason.TOO_LATE)
    partly = step.accept(order(4, order_qty=5))
    step.run(trade(partly, 1, 3, 13_000))
    denied(step, replace(5, 4, 3, 13_000), Reason.TOO_LATE)


def test_a_second_request_is_request_pending(step: Step) -> None:
    step.accept(order(1))
    step.accept(replace(2, 1, 2, 13_000))
    denied(step, replace(3, 1, 3, 13_000), Reason.REQUEST_PENDING)
    step.accept(cancel(4, 1))
    denied(step, cancel(5, 1), Reason.REQUEST_PENDING)


def test_every_reason_of_risk_is_produced_by_a_test_above() -> None:
    source = inspect.getsource(sys.modules[__name__])
    named = {reason for reason in Reason if f"Reason.{reason.name})" in source}
    missing = {reason for reason in Reason if 0 < reason < 96} - named - ELSEWHERE
    assert not missing


def test_cash_and_mark_of_another_world_are_refused_and_counted(step: Step) -> None:
    edge = (1 << 63) - 1
    for row in (
        cash(SUB, USD, -edge - 1),
        cash(SUB, USD, edge),
        cash(SUB, 99, 1),
        cash(99, USD, 1),
        mark(GOLD, edge),
        mark(GOLD, -edge - 1),
        mark(99, 1),
        tick(edge),
        tick(-1),
        state(0, account=SUB),
        state(3, account=99),
        state(3, account=SUB, instrument=GOLD),
    ):
        before = step.risk("refused_records")
        step.run(row)
        assert step.risk("refused_records") == before + 1
    step.accept(order(1, side=BUY, kind=Kind.NEW_ORDER_SINGLE))
