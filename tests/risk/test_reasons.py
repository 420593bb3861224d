"""Every reason below 64 is brought about, with its numbers; what explain says is the same."""

import denials_money  # noqa: F401
import denials_order  # noqa: F401
import denials_state  # noqa: F401
import pytest
from denials import DENIALS, Denial, Numbers, Row
from risk_rig import (
    BUY,
    GOLD,
    INDEX,
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

from tidegate.native.records import (
    ExecType,
    Flag,
    Kind,
    PositionEffect,
    Reason,
    TradingState,
)
from tidegate.universe import Capacity

VERDICT = [reason for reason in Reason if 0 < reason < 64]
CHECKED = [reason for reason in VERDICT if reason >= Reason.KILL_SWITCH]


def denied(step: Step, row: Row, reason: Reason) -> dict[str, int]:
    report = step.refuse(row)
    assert Reason(report["reason"]) is reason
    if reason < 63:
        assert step.verdict >> reason & 1
    return report


def numbers_of(report: dict[str, int]) -> Numbers:
    limit, used, asked = (report[f"{name}_value"] for name in ("limit", "used", "asked"))
    return Numbers(limit, used, asked, report["level"], report["scope"])


@pytest.fixture
def step() -> Step:
    return Step()


def test_every_reason_of_a_verdict_is_brought_about() -> None:
    assert sorted(DENIALS) == sorted(VERDICT)


@pytest.mark.parametrize("reason", VERDICT, ids=lambda reason: reason.name)
def test_what_fails_is_denied_with_its_reason_and_what_was_compared(reason: Reason) -> None:
    denial: Denial = DENIALS[reason]
    step, row = denial.make()
    assert numbers_of(denied(step, row, reason)) == denial.numbers


@pytest.mark.parametrize("reason", CHECKED, ids=lambda reason: reason.name)
def test_what_is_explained_is_what_is_reported_and_changes_nothing(reason: Reason) -> None:
    denial: Denial = DENIALS[reason]
    step, row = denial.make()
    before = step.tables.state_hash()
    verdict, seen = step.pretrade.assess(row)
    assert step.tables.state_hash() == before
    assert sorted(seen) == sorted(CHECKED)
    assert Numbers(*seen[reason]) == denial.numbers
    step.refuse(row)
    assert step.verdict == verdict


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
        {"price": (1 << 53) + 1},
        {"time_in_force": 0},
        {"session": 0},
        {"session": 3},
        {"cl_ord_id": 0},
        {"position_effect": int(PositionEffect.CLOSE_TODAY)},
        {"list_seq_no": 1},
        {"list_id": 1, "list_seq_no": 2, "tot_no_orders": 1},
        {"list_id": 1, "list_seq_no": 2, "tot_no_orders": 3},
    ],
)
def test_a_malformed_order_is_malformed(step: Step, fields: dict[str, int]) -> None:
    denied(step, order(fields.pop("cl_ord_id", 1), **fields), Reason.MALFORMED)


@pytest.mark.parametrize("account", [0, 9, 0xFFFFFFFF, 1, 2, 4])
def test_no_such_account_or_one_that_does_not_trade_is_unknown_account(
    step: Step, account: int
) -> None:
    denied(step, order(1, account=account), Reason.UNKNOWN_ACCOUNT)


@pytest.mark.parametrize("handle", [0, 4, 0xFFFFFFFF])
def test_no_such_instrument_is_unknown_instrument(step: Step, handle: int) -> None:
    denied(step, order(1, instrument=handle), Reason.UNKNOWN_INSTRUMENT)


def test_an_id_is_of_its_session(step: Step) -> None:
    step.accept(order(1))
    step.accept(order(1, session=2))


def test_a_row_that_is_free_again_takes_an_order() -> None:
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


@pytest.mark.parametrize(
    "where", [{"account": 1}, {"account": 4}, {"account": SUB}, {"instrument": 1}]
)
def test_halted_anywhere_is_halted(step: Step, where: dict[str, int]) -> None:
    step.run(state(TradingState.HALTED, **where))
    denied(step, order(1), Reason.HALTED_STATE)


@pytest.mark.parametrize("field", ["trading_state", "graded_state"])
def test_a_state_that_nobody_knows_denies(step: Step, field: str) -> None:
    step.tables.arrays["accounts"][field][1] = 99
    denied(step, order(1), Reason.HALTED_STATE)


def test_killed_and_halted_are_two_bits(step: Step) -> None:
    step.run(state(TradingState.HALTED, account=SUB))
    step.tables.arrays["accounts"]["trading_state"][1] = int(TradingState.KILLED)
    denied(step, order(1), Reason.KILL_SWITCH)
    assert step.verdict >> Reason.HALTED_STATE & 1


def test_where_reducing_only_what_closes_passes(step: Step) -> None:
    step.fill(order(1, order_qty=2))
    step.run(state(TradingState.REDUCING, account=2))
    denied(step, order(2), Reason.REDUCING_STATE)
    step.accept(order(4, side=SELL, order_qty=1))
    report = denied(step, order(5, side=SELL, order_qty=2), Reason.REDUCING_STATE)
    assert numbers_of(report)[:3] == (1, 2, 2)
    step.run(state(TradingState.ACTIVE, account=2))
    denied(step, order(6, side=SELL, order_qty=2, flags=Flag.REDUCE_ONLY), Reason.REDUCE_ONLY_ORDER)


def test_prices_within_the_narrower_collar_pass(step: Step) -> None:
    step.accept(order(1, price=13_200))
    denied(step, order(3, price=12_799), Reason.PRICE_COLLAR)
    step.accept(order(4, instrument=3, price=909))
    denied(step, order(5, instrument=3, price=910), Reason.PRICE_COLLAR)


def test_filled_plus_working_is_held_against_position_limit(step: Step) -> None:
    step.fill(order(1, instrument=INDEX, price=4_000, order_qty=6))
    step.accept(order(2, instrument=INDEX, price=4_000, order_qty=4))
    report = denied(step, order(3, instrument=INDEX, price=4_000), Reason.POSITION_LIMIT)
    assert numbers_of(report)[:3] == (10, 10, 1)
    step.accept(order(4, instrument=INDEX, price=4_000, side=SELL, order_qty=11))
    denied(step, order(5, instrument=INDEX, price=4_000, side=SELL), Reason.POSITION_LIMIT)


def test_a_margin_that_cannot_be_expressed_is_overflow() -> None:
    rows = universe().instruments
    big = instrument(GOLD, "GC", margin_long_lot=1 << 60)
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


def test_too_fast_ends_when_the_rate_has_fallen() -> None:
    step = Step(universe(accounts=changed(SUB, order_rate=10, order_burst=3)))
    for number in range(1, 4):
        step.accept(order(number))
    for number in range(4, 24):
        denied(step, order(number), Reason.ORDER_RATE)
    step.run(tick(START_NS + SECOND // 10))
    step.accept(order(30))
    denied(step, order(31), Reason.ORDER_RATE)


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
