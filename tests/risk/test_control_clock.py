"""TICK: time, phases of instruments, and grades that are told once."""

from typing import Any

import msgspec
import pytest
from control_rig import by_operator, done
from risk_rig import (
    FIRM,
    GOLD,
    GROUP,
    MASTER,
    MILLION,
    SECOND,
    SELL,
    SISTER,
    START_NS,
    SUB,
    USD,
    Step,
    accounts,
    changed,
    instrument,
    mark,
    order,
    tick,
    universe,
)

from tidegate.native.records import Grade, Kind, Phase, Reason, TradingState
from tidegate.universe import Universe

OPEN, CLOSED = int(Phase.PHASE_OPEN), int(Phase.PHASE_CLOSED)
MIDNIGHT_NS = (START_NS // (86_400 * SECOND) + 1) * 86_400 * SECOND
NIGHT = (
    (MIDNIGHT_NS - 10 * SECOND, OPEN),
    (MIDNIGHT_NS + 10 * SECOND, CLOSED),
    (MIDNIGHT_NS + 20 * SECOND, OPEN),
    (MIDNIGHT_NS + 30 * SECOND, CLOSED),
)
GRADES = (500, 600, 700, 800)
NEVER = (1 << 63) - 1


def nightly() -> Universe:
    """Gold trades in a session over midnight and a short one after it; the rest always."""
    content = universe()
    gold = instrument(GOLD, "GC", phases=NIGHT, stale_ns=NEVER)
    return msgspec.structs.replace(content, instruments=(gold, *content.instruments[1:]))


def test_an_instrument_is_closed_before_the_first_phase_of_its_calendar() -> None:
    step = Step(nightly())
    denial = step.refuse(order(1))
    assert (denial["reason"], denial["limit_value"]) == (Reason.SESSION_CLOSED, OPEN)


def test_a_night_session_goes_on_over_midnight() -> None:
    step = Step(nightly())
    for number, (now, reason) in enumerate(
        (
            (MIDNIGHT_NS - 10 * SECOND - 1, Reason.SESSION_CLOSED),
            (MIDNIGHT_NS - 10 * SECOND, None),
            (MIDNIGHT_NS, None),
            (MIDNIGHT_NS + 10 * SECOND - 1, None),
            (MIDNIGHT_NS + 10 * SECOND, Reason.SESSION_CLOSED),
            (MIDNIGHT_NS + 20 * SECOND, None),
            (MIDNIGHT_NS + 31 * SECOND, Reason.SESSION_CLOSED),
        ),
        start=1,
    ):
        step.run(tick(now))
        if reason is None:
            step.accept(order(number))
        else:
            assert step.refuse(order(number))["reason"] == reason
    assert step.risk("next_phase_ns") == NEVER


def test_a_tick_that_passes_several_phases_takes_the_last() -> None:
    step = Step(nightly())
    step.run(tick(MIDNIGHT_NS + 25 * SECOND))
    step.accept(order(1))
    assert step.risk("next_phase_ns") == MIDNIGHT_NS + 30 * SECOND


def test_time_never_goes_back() -> None:
    step = Step()
    step.run(tick(START_NS - SECOND))
    assert step.risk("now_ns") == START_NS


@pytest.mark.parametrize("now", [-1, -(1 << 63), NEVER, 4 * 10**18 + 1])
def test_a_time_that_cannot_be_added_to_is_refused(now: int) -> None:
    step = Step()
    step.run(tick(now))
    assert (step.risk("now_ns"), step.risk("refused_records")) == (START_NS, 1)


def graded(**fields: Any) -> Step:
    return Step(universe(accounts=changed(SUB, **fields)))


def told(step: Step) -> list[tuple[int, int]]:
    """Reason and grade of what the next TICK tells."""
    _, reports = step.run(tick(step.risk("now_ns") + 1))
    assert {row["kind"] for row in reports} <= {Kind.ALERT}
    return [(row["reason"], row["grade"]) for row in reports]


def test_a_position_grade_is_told_once_when_it_changes_and_ends_by_itself() -> None:
    step = graded(position_grades=GRADES, slow_interval_ns=SECOND)
    done(step, by_operator(Kind.LIMIT_CHANGE, account=SUB, limit_kind=4, amount=10))
    step.accept(order(1, order_qty=5))
    assert told(step) == [(Reason.POSITION_LIMIT, Grade.GRADE_ALERT)]
    assert told(step) == []
    step.accept(order(2, order_qty=1))
    assert told(step) == [(Reason.POSITION_LIMIT, Grade.GRADE_SLOW)]
    assert step.refuse(order(3))["reason"] == Reason.SLOWED
    done(step, by_operator(Kind.LIMIT_CHANGE, account=SUB, limit_kind=4, amount=100))
    assert told(step) == [(Reason.POSITION_LIMIT, 0)]
    step.accept(order(4))


def test_a_margin_grade_of_reduce_lets_the_account_only_close_until_it_is_over() -> None:
    step = graded(margin_grades=(0, 0, 700, 0), cash={USD: 1_000_000_000})
    step.fill(order(1, order_qty=8))
    assert told(step) == [(Reason.MARGIN, Grade.GRADE_REDUCE)]
    assert step.refuse(order(2))["reason"] == Reason.REDUCING_STATE
    step.fill(order(3, side=SELL, order_qty=4))
    assert told(step) == [(Reason.MARGIN, 0)]
    step.accept(order(4))


def test_a_loss_that_halts_stays_halted_until_an_operator_ends_it() -> None:
    step = graded(loss_grades=(0, 0, 0, 500), max_loss={USD: MILLION // 100})
    step.fill(order(1))
    assert told(step) == []
    step.run(mark(GOLD, 12_000))
    (halt,) = told(step)
    assert halt == (Reason.LOSS_LIMIT, Grade.GRADE_HALT)
    assert step.refuse(order(2, side=SELL, price=12_000))["reason"] == Reason.HALTED_STATE
    step.run(mark(GOLD, 13_000))
    assert told(step) == [(Reason.LOSS_LIMIT, 0)]
    assert step.refuse(order(3))["reason"] == Reason.HALTED_STATE
    active = int(TradingState.ACTIVE)
    done(step, by_operator(Kind.TRADING_STATE, account=SUB, trading_state=active))
    step.accept(order(4))


def test_an_alert_of_a_grade_says_what_was_compared() -> None:
    step = graded(margin_grades=(100, 0, 0, 0), cash={USD: 1_000_000_000})
    step.accept(order(1, order_qty=5))
    _, (alert,) = step.run(tick(START_NS + 1))
    held = step.balance(SUB)["margin"] + step.balance(SUB)["fee_held"]
    assert (alert["limit_value"], alert["used_value"]) == (1_000_000_000, held)
    assert alert["asked_value"] == held * 1000 // 1_000_000_000
    assert (alert["account"], alert["level"]) == (SUB, 4)


def test_grades_of_one_tick_are_told_in_the_order_of_accounts() -> None:
    rows = tuple(msgspec.structs.replace(row, position_grades=(1, 0, 0, 0)) for row in accounts())
    step = Step(universe(accounts=rows))
    for account in (MASTER, FIRM, GROUP, SISTER, SUB):
        done(step, by_operator(Kind.LIMIT_CHANGE, account=account, limit_kind=4, amount=100))
    step.accept(order(1, account=SISTER))
    step.accept(order(2))
    _, reports = step.run(tick(START_NS + 1))
    assert [row["account"] for row in reports] == [FIRM, MASTER, GROUP, SUB, SISTER]
    assert step.risk("dirty_first") == 0
    assert not step.tables.arrays["accounts"]["is_dirty"].any()
