"""Trading states, locks, the kill switch and what a named person has to allow again."""

from typing import Any

import msgspec
import pytest
from control_rig import OPERATOR, ask, by_operator, done, refused
from risk_rig import (
    BUY,
    CNY,
    FIRM,
    GOLD,
    GROUP,
    INDEX,
    MASTER,
    MILLION,
    RATIO,
    SELL,
    SISTER,
    STRANGER,
    SUB,
    USD,
    Step,
    account,
    accounts,
    cancel,
    changed,
    execution,
    order,
    universe,
)

from tidegate.native.records import ExecType, Kind, Level, LimitKind, Reason, TradingState
from tidegate.universe import Universe

STRATEGY = 9
# In every scope but the instrument's.
BY_ALL = {"account": STRATEGY, "instrument": INDEX, "price": 4_000, "session": 2}
SCOPES: dict[str, tuple[dict[str, int], set[int]]] = {
    "firm": ({}, {1, 2, 3, 4, 5, 6}),
    "the firm's account": ({"account": FIRM}, {1, 2, 3, 4, 5, 6}),
    "master": ({"account": MASTER}, {1, 2, 3, 5, 6}),
    "owner group": ({"account": GROUP}, {1, 2, 3, 5, 6}),
    "sub-account": ({"account": SUB}, {1, 2, 6}),
    "strategy": ({"account": STRATEGY}, {6}),
    "venue": ({"venue": 2}, {2, 5}),
    "product": ({"product": INDEX}, {2, 5}),
    "instrument": ({"instrument": GOLD}, {1, 3, 6}),
    "session": ({"session": 2}, {3, 4}),
}


def content() -> Universe:
    """The index trades at a second venue; a strategy of the sub-account trades too."""
    base = universe()
    instruments = tuple(
        msgspec.structs.replace(row, venue=2) if row.handle == INDEX else row
        for row in base.instruments
    )
    strategy = account(
        STRATEGY, Level.STRATEGY, SUB, cash={USD: MILLION, CNY: MILLION}, max_position=50
    )
    return msgspec.structs.replace(base, instruments=instruments, accounts=(*accounts(), strategy))


def full_pipeline() -> tuple[Step, dict[int, int]]:
    """Six working orders over accounts, instruments and sessions; their order_ids by number."""
    step = Step(content())
    rows = {
        1: order(1),
        2: order(2, instrument=INDEX, price=4_000),
        3: order(3, account=SISTER, session=2),
        4: order(4, account=STRANGER, instrument=RATIO, price=900, session=2),
        5: order(5, account=SISTER, instrument=INDEX, price=4_000, side=SELL),
        6: order(6, account=STRATEGY),
    }
    return step, {number: step.accept(row) for number, row in rows.items()}


@pytest.mark.parametrize("scope", SCOPES)
def test_a_kill_blocks_its_scope_cancels_all_that_works_there_and_says_how_many(
    scope: str,
) -> None:
    where, expected = SCOPES[scope]
    step, ids = full_pipeline()
    step.run(cancel(7, 1))
    answer, routes, (alert,) = ask(step, by_operator(Kind.KILL, **where))
    assert {row["order_id"] for row in routes} == {ids[number] for number in expected - {1}}
    assert {row["kind"] for row in routes} == {Kind.CANCEL_REQUEST}
    counted = (len(expected - {1}), len(expected & {1}))
    assert (alert["limit_value"], alert["asked_value"]) == counted
    assert (alert["kind"], alert["reason"]) == (Kind.ALERT, Reason.KILL_SWITCH)
    assert (answer["limit_value"], answer["asked_value"]) == counted
    retries = {
        1: order(11),
        2: order(12, instrument=INDEX, price=4_000),
        3: order(13, account=SISTER, session=2),
        4: order(14, account=STRANGER, instrument=RATIO, price=900, session=2),
        5: order(15, account=SISTER, instrument=INDEX, price=4_000, side=SELL),
        6: order(16, account=STRATEGY),
    }
    for number, row in retries.items():
        if number in expected:
            assert step.refuse(row)["reason"] == Reason.KILL_SWITCH
        else:
            step.accept(row)


@pytest.mark.parametrize("scope", SCOPES)
def test_what_a_kill_has_blocked_an_operator_s_active_opens_again(scope: str) -> None:
    where, _ = SCOPES[scope]
    step = Step(content())
    done(step, by_operator(Kind.KILL, **where))
    blocked = order(1) if "instrument" in where else order(1, **BY_ALL)
    assert step.refuse(blocked)["reason"] == Reason.KILL_SWITCH
    again = where or {"account": FIRM}
    done(step, by_operator(Kind.TRADING_STATE, trading_state=int(TradingState.ACTIVE), **again))
    step.accept(order(2, **BY_ALL))
    step.accept(order(3))


def test_the_last_report_of_a_killed_order_says_that_it_was_killed() -> None:
    step = Step()
    order_id = step.accept(order(1))
    done(step, by_operator(Kind.KILL, account=SUB))
    _, (report,) = step.run(execution(order_id, ExecType.EXEC_CANCELED))
    assert (report["cl_ord_id"], report["reason"]) == (1, Reason.CANCELED_BY_KILL)
    assert step.pair(SUB, GOLD)["open_buy"] == 0


def test_a_kill_of_two_scopes_at_once_is_refused() -> None:
    step, _ = full_pipeline()
    refused(step, by_operator(Kind.KILL, account=SUB, instrument=GOLD))
    refused(step, by_operator(Kind.KILL, venue=3))
    refused(step, by_operator(Kind.KILL, session=3))


def test_a_kill_while_a_list_is_open_refuses_the_list() -> None:
    step = Step()
    listed = {"list_id": 3, "tot_no_orders": 2}
    step.run(order(1, list_seq_no=1, **listed))
    done(step, by_operator(Kind.KILL, account=SUB))
    routes, reports = step.run(order(2, list_seq_no=2, **listed))
    assert routes == []
    assert {row["kind"] for row in reports} == {Kind.DENIED}
    assert {row["cl_ord_id"] for row in reports} == {1, 2}
    assert step.risk("open_orders") == 0


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (TradingState.REDUCING, Reason.REDUCING_STATE),
        (TradingState.HALTED, Reason.HALTED_STATE),
    ],
)
@pytest.mark.parametrize("where", [{"account": MASTER}, {"instrument": GOLD}, {"product": GOLD}])
def test_a_state_is_set_for_an_account_an_instrument_or_a_product(
    where: dict[str, int], state: TradingState, reason: Reason
) -> None:
    step = Step()
    done(step, by_operator(Kind.TRADING_STATE, trading_state=int(state), **where))
    assert step.refuse(order(1))["reason"] == reason


@pytest.mark.parametrize("state", [0, int(TradingState.KILLED), 5, 255])
def test_a_state_that_is_none_is_refused(state: int) -> None:
    refused(Step(), by_operator(Kind.TRADING_STATE, trading_state=state, account=SUB))


def test_a_state_without_a_scope_or_a_session_that_only_reduces_is_refused() -> None:
    step = Step()
    reducing = int(TradingState.REDUCING)
    refused(step, by_operator(Kind.TRADING_STATE, trading_state=reducing))
    refused(step, by_operator(Kind.TRADING_STATE, trading_state=reducing, session=1))


@pytest.mark.parametrize(
    "where",
    [
        {"account": SUB},
        {"account": MASTER, "instrument": GOLD},
        {"account": GROUP, "product": GOLD},
        {"instrument": GOLD},
    ],
)
def test_a_side_lock_forbids_its_side_at_its_scope_until_it_is_lifted(
    where: dict[str, int],
) -> None:
    step = Step()
    done(step, by_operator(Kind.SIDE_LOCK, side_lock=1, **where))
    assert step.refuse(order(1, side=BUY))["reason"] == Reason.SIDE_LOCKED
    step.accept(order(2, side=SELL))
    done(step, by_operator(Kind.SIDE_LOCK, side_lock=3, **where))
    assert step.refuse(order(3, side=SELL))["reason"] == Reason.RESTRICTED
    done(step, by_operator(Kind.SIDE_LOCK, side_lock=0, **where))
    step.accept(order(4, side=SELL))


@pytest.mark.parametrize(
    "fields",
    [
        {"side_lock": 4, "account": SUB},
        {"side_lock": 1},
        {"side_lock": 1, "product": GOLD},
        {"side_lock": 1, "account": SUB, "instrument": GOLD, "product": GOLD},
        {"side_lock": 1, "account": SUB, "instrument": 4},
    ],
)
def test_a_side_lock_out_of_range_is_refused(fields: dict[str, int]) -> None:
    refused(Step(), by_operator(Kind.SIDE_LOCK, **fields))


def test_after_its_executions_an_account_waits_for_a_named_person() -> None:
    step = Step(universe(accounts=changed(SUB, executions_max=1)))
    step.fill(order(1))
    assert step.refuse(order(2))["reason"] == Reason.RE_ENABLE_NEEDED
    step.run(by_operator(Kind.RE_ENABLE, account=SUB, actor=0))
    assert step.refuse(order(3))["reason"] == Reason.RE_ENABLE_NEEDED
    done(step, by_operator(Kind.RE_ENABLE, account=SUB))
    step.accept(order(4))


def test_a_pulled_maker_may_quote_again_after_a_reset() -> None:
    step = Step(universe(accounts=changed(SUB, protection_window_ns=10**9, protection_qty=2)))
    step.fill(order(1, order_qty=3))
    assert step.refuse(order(2))["reason"] == Reason.PROTECTION_PULLED
    done(step, by_operator(Kind.PROTECTION_RESET, account=SUB, product=GOLD))
    step.accept(order(3))
    refused(step, by_operator(Kind.PROTECTION_RESET, account=SUB))


def test_a_record_of_an_actor_that_is_no_session_is_refused_and_answers_nobody() -> None:
    step = Step()
    row = by_operator(Kind.KILL, actor=OPERATOR + 1)
    assert step.run(row) == ([], [])
    assert step.risk("refused_records") == 1
    step.accept(order(1))


def test_a_kind_that_is_no_control_record_is_refused_and_a_note_changes_nothing() -> None:
    step = Step()
    count = step.risk("refused_records")
    step.run(by_operator(Kind.NOTE, amount=0))
    assert step.risk("refused_records") == count
    step.run(by_operator(Kind.QUOTE))
    assert step.risk("refused_records") == count + 1


def test_every_limit_kind_is_one_that_can_be_changed() -> None:
    step = Step()
    money = {LimitKind.LIMIT_MAX_LOSS, LimitKind.LIMIT_MAX_DRAWDOWN, LimitKind.LIMIT_CREDIT_LINE}
    for kind in LimitKind:
        where: dict[str, Any] = {"currency": USD} if kind in money else {}
        done(
            step,
            by_operator(Kind.LIMIT_CHANGE, account=SUB, limit_kind=int(kind), amount=100, **where),
        )
