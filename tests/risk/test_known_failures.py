"""Failures of others, each as a test of ours, and what part 1 promises about holds."""

import msgspec
import pytest
from risk_rig import (
    CNY,
    FIRM,
    GOLD,
    INDEX,
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
    cancel,
    cancel_reject,
    changed,
    execution,
    mark,
    order,
    record,
    replace,
    state,
    tick,
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

LOT = 88_000_000
FEE = 23_200


def reason(report: dict[str, int]) -> Reason:
    return Reason(report["reason"])


@pytest.mark.parametrize("rank", range(6))
def test_exchange_core_74_shuffled_instruments_give_the_same_verdict(rank: int) -> None:
    """Margin of other symbols counts, whatever the order in which they are stored."""
    orders = [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)][rank]
    rows = [msgspec.structs.replace(universe().instruments[0], symbol=f"S{i}") for i in range(3)]
    shuffled = tuple(
        msgspec.structs.replace(rows[old], handle=new + 1) for new, old in enumerate(orders)
    )
    handles = {row.symbol: row.handle for row in shuffled}
    money = {USD: 3 * (LOT + FEE)}
    step = Step(
        universe(instruments=shuffled, accounts=changed(SUB, cash=money)),
        marks=dict.fromkeys((1, 2, 3), 13_000),
    )
    for number, symbol in enumerate(("S0", "S1", "S2"), 1):
        step.accept(order(number, instrument=handles[symbol]))
    for number, symbol in enumerate(("S0", "S1", "S2"), 4):
        assert reason(step.refuse(order(number, instrument=handles[symbol]))) is Reason.MARGIN


def under_water() -> Step:
    step = Step(universe(accounts=changed(SUB, cash={USD: 11 * LOT})))
    step.fill(order(1, order_qty=10))
    step.run(mark(GOLD, 12_000))
    assert step.balance(SUB)["cash"] + step.balance(SUB)["unrealised"] < step.balance(SUB)["margin"]
    return step


def test_exchange_core_a_flip_under_water_is_denied() -> None:
    step = under_water()
    flip = order(2, side=SELL, order_qty=20, price=12_000)
    assert reason(step.refuse(flip)) is Reason.MARGIN


def test_vnpy_660_a_close_under_water_is_not_refused() -> None:
    under_water().accept(order(2, side=SELL, order_qty=10, price=12_000))


def test_vnpy_riskmanager_8_a_cancel_is_never_blocked() -> None:
    step = Step(universe(accounts=changed(SUB, order_rate=1, order_burst=1)))
    step.accept(order(1))
    step.run(state(TradingState.HALTED, account=FIRM))
    step.run(state(TradingState.HALTED, instrument=GOLD))
    step.run(tick(START_NS + 60 * SECOND))
    step.run(state(TradingState.HALTED, account=SUB))
    step.accept(cancel(2, 1))


def test_lfest_netting_is_by_lots_and_not_by_notional() -> None:
    """Short 1 at 100 and bids for 2 at 90 can end long 1: that is what must be held."""
    step = Step(marks={GOLD: 100})
    step.fill(order(1, side=SELL, price=100))
    held = step.pair(SUB, GOLD)["margin"]
    assert held == 80_000_000
    step.accept(order(2, order_qty=2, price=90))
    assert step.pair(SUB, GOLD)["margin"] == LOT


def test_cancels_count_against_the_rate_but_leave_no_debt() -> None:
    step = Step(universe(accounts=changed(SUB, order_rate=10, order_burst=20)))
    for number in range(1, 11):
        step.accept(order(number))
    for number in range(1, 11):
        step.accept(cancel(100 + number, number))
    assert reason(step.refuse(order(11))) is Reason.RATE_LIMIT
    step.run(tick(START_NS + SECOND // 10))
    step.accept(order(12))


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
    assert (reason(report), report["level"]) == (Reason.MARGIN, 2)
    assert step.risk("pair_count") == 1


def test_a_denied_order_changes_counters_and_its_id_alone() -> None:
    step = Step()
    step.fill(order(1))
    before = {name: rows.copy() for name, rows in step.tables.arrays.items()}
    step.refuse(order(2, order_qty=1000))
    for name, rows in before.items():
        if name not in ("risk", "cl_ord_ids", "sessions"):
            assert (rows == step.tables.arrays[name]).all(), name


def test_each_account_below_a_flat_reducing_master_may_close() -> None:
    step = Step()
    step.fill(order(1, order_qty=3))
    step.fill(order(2, order_qty=3, account=SISTER, side=SELL))
    step.run(state(TradingState.REDUCING, account=MASTER))
    step.accept(order(3, side=SELL, order_qty=3))
    step.accept(order(4, account=SISTER, order_qty=3))


def test_rqalpha_20_a_replayed_day_of_trades_does_not_double_positions() -> None:
    step = Step()
    number = step.accept(order(1, order_qty=5))
    rows = [trade(number, exec_id, 1, 13_000) for exec_id in (1, 2, 3)]
    for row in rows + rows:
        step.run(row.copy())
    assert (step.pair(SUB, GOLD)["net"], step.risk("duplicate_reports")) == (3, 3)


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
    assert reports[0]["reason"] == Reason.REDUCING_ONLY
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
