"""What an operator decides about a difference: lots, cash, and orders that are not there."""

from typing import Any

import msgspec
import pytest
from control_rig import ask, by_operator, changed_tables, copies, done, refused
from day_rig import CLOSE, LEVELS, MONEY_MAX, OPEN, TICK_VALUE, pooled, sides, sides_universe
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
    STRANGER,
    SUB,
    USD,
    Step,
    cancel,
    changed,
    order,
    replace,
    settlement,
    trade,
    universe,
)

from tidegate.native.records import NO_PRICE, ExecType, Kind, PositionEffect, Reason

PRICE_MAX = 1 << 53


def adjust(**fields: Any) -> Any:
    return by_operator(Kind.ADJUSTMENT, **fields)


def lots(qty: int, price: int = 13_000, side: int = BUY, **fields: Any) -> Any:
    filled = {"account": SUB, "instrument": GOLD, "side": side, "order_qty": qty, "price": price}
    return adjust(**(filled | fields))


def money(amount: int, **fields: Any) -> Any:
    return adjust(**({"account": SUB, "currency": USD, "amount": amount} | fields))


def missing(order_id: int, **fields: Any) -> Any:
    return adjust(order_id=order_id, price=NO_PRICE, **fields)


def test_lots_are_booked_on_every_level_as_a_fill_without_a_fee() -> None:
    step = Step()
    assert done(step, lots(3)) == []
    done(step, lots(1, 13_030, SELL))
    for handle in LEVELS:
        pair = step.pair(handle, GOLD)
        assert (pair["net"], pair["bought_qty"], pair["fill_count"]) == (2, 3, 2)
        assert pair["open_cost"] == 2 * 13_000 * TICK_VALUE
        row = step.balance(handle)
        assert (row["cash"] - row["initial_cash"], row["fees"]) == (30 * TICK_VALUE, 0)
        assert (step.account(handle)["fill_count"], step.account(handle)["executions"]) == (2, 0)
    assert step.balance(SUB)["margin"] == 2 * 88_000_000
    assert step.risk("fills") == 2
    assert step.tables.arrays["days"][1]["trades"] == 2


def test_lots_of_sides_open_and_close_what_they_say() -> None:
    step = Step(sides_universe())
    step.fill(order(1, order_qty=3, position_effect=OPEN), 13_000)
    closing = step.accept(order(2, order_qty=2, side=SELL, position_effect=CLOSE, price=13_010))
    fees = step.balance(SUB)["fees"]
    # Frozen lots too: what is left for the order that froze them is opened short.
    done(step, lots(2, 13_020, SELL, position_effect=CLOSE))
    assert (sides(step)["long_today"], sides(step)["charged_long_today"]) == (1, 1)
    assert step.balance(SUB)["fees"] == fees
    done(step, lots(4, 13_000, SELL, position_effect=OPEN))
    assert sides(step)["short_today"] == 4
    step.run(trade(closing, 9, 2, 13_010))
    row = sides(step)
    assert (row["long_today"], row["short_today"], row["frozen_long_today"]) == (0, 5, 0)
    assert step.pair(FIRM, GOLD)["net"] == -5


def test_the_price_of_lots_may_be_anything_that_can_be_expressed() -> None:
    step = Step()
    done(step, lots(2, -5))
    assert step.pair(SUB, GOLD)["open_cost"] == -10 * TICK_VALUE
    done(step, lots(1, PRICE_MAX, instrument=RATIO))


@pytest.mark.parametrize(
    "row",
    [
        lots(0),
        lots(-1),
        lots(1 << 31),
        lots(1, PRICE_MAX + 1),
        lots(1, NO_PRICE),
        lots(PRICE_MAX, PRICE_MAX),
        lots(1 << 20, PRICE_MAX),
        lots(1, side=51),
        lots(1, account=0),
        lots(1, account=GROUP),
        lots(1, account=MASTER),
        lots(1, account=99),
        lots(1, instrument=0),
        lots(1, instrument=9),
        lots(1, currency=USD),
        lots(1, amount=1),
        lots(1, order_id=5),
    ],
)
def test_lots_of_no_form_are_refused_and_make_no_rows(row: Any) -> None:
    refused(Step(), row)


@pytest.mark.parametrize(
    "effect", [0, int(PositionEffect.CLOSE_TODAY), int(PositionEffect.CLOSE_YESTERDAY)]
)
def test_lots_of_sides_open_or_close(effect: int) -> None:
    refused(Step(sides_universe()), lots(1, position_effect=effect))


def test_lots_that_a_level_cannot_express_leave_all_of_them_as_they_were() -> None:
    """The master alone has so much money that another gain is beyond all numbers."""
    step = Step()
    step.fill(order(1, account=STRANGER, session=2))
    step.fill(order(2, order_qty=2))
    done(step, by_operator(Kind.CASH, account=MASTER, currency=USD, amount=room(step, MASTER)))
    before = step.risk("pair_count")
    refused(step, lots(1, 12_990))
    refused(step, lots(3, 13_010, SELL))
    refused(step, lots(20, 0, instrument=RATIO))
    assert step.risk("pair_count") == before
    done(step, lots(2, 13_000, SELL))
    done(step, lots(1, 900, instrument=RATIO))
    assert step.account(SUB)["is_dirty"] == 1


def room(step: Step, handle: int) -> int:
    """What brings the level to the most that can be expressed."""
    row = step.balance(handle)
    return MONEY_MAX - max(row["initial_cash"], row["cash"] + row["unrealised"])


def test_lots_of_sides_and_of_a_pool_that_cannot_be_expressed_change_nothing() -> None:
    step = Step(sides_universe(tick_value=7))
    done(step, lots((1 << 31) - 1, 0, position_effect=OPEN))
    refused(step, lots(1, 0, position_effect=OPEN))
    step = Step(pooled())
    step.fill(order(1))
    row = step.balance(FIRM)
    top = by_operator(Kind.CASH, account=FIRM, currency=USD, amount=MONEY_MAX - MILLION)
    done(step, top)
    assert row["cash"] < MILLION
    refused(step, lots(1, 12_000))


def test_lots_need_room_for_their_rows() -> None:
    content = universe()
    capacity = msgspec.structs.replace(content.capacity, pairs=4)
    step = Step(msgspec.structs.replace(content, capacity=capacity))
    done(step, lots(1))
    refused(step, lots(1, 900, instrument=RATIO))


def test_adjusted_lots_let_the_exact_margin_fall_back() -> None:
    step = Step()
    step.fill(order(1, order_qty=2))
    credit = by_operator(
        Kind.MARGIN_CREDIT, account=SUB, currency=USD, amount=50_000_000, order_qty=1
    )
    done(step, credit)
    assert step.balance(SUB)["margin"] == 2 * 88_000_000 - 50_000_000
    done(step, lots(1))
    assert (step.balance(SUB)["margin"], step.balance(SUB)["margin_credit"]) == (3 * 88_000_000, 0)


def test_cash_that_the_venue_gave_or_took_is_a_deposit_that_nothing_asks_about() -> None:
    step = Step()
    done(step, money(-MILLION - 5))
    row = step.balance(SUB)
    assert (row["cash"], row["initial_cash"], row["peak"]) == (-5, -5, 0)
    done(step, money(7, currency=CNY))
    assert step.balance(SUB, CNY)["cash"] == MILLION + 7
    step = Step(pooled())
    done(step, money(-9))
    assert (step.balance(SUB)["cash"], step.balance(FIRM)["cash"]) == (-9, MILLION - 9)
    assert step.balance(FIRM)["initial_cash"] == MILLION - 9


@pytest.mark.parametrize(
    "row",
    [
        money(0),
        money(MONEY_MAX),
        money(MONEY_MAX + 1),
        money(-(1 << 63)),
        money(5, account=0),
        money(5, account=FIRM),
        money(5, account=GROUP),
        money(5, account=MASTER),
        money(5, currency=0),
        money(5, currency=3),
        money(5, instrument=GOLD),
        money(5, order_qty=1),
        money(5, order_id=1),
    ],
)
def test_cash_of_no_form_is_refused(row: Any) -> None:
    refused(Step(), row)


@pytest.mark.parametrize("row", [lots(1, actor=0), money(5, actor=0), missing(1, actor=0)])
def test_what_no_operator_decides_is_refused(row: Any) -> None:
    step = Step()
    before = copies(step)
    assert step.run(row) == ([], [])
    assert step.risk("refused_records") == 1
    assert changed_tables(step, before) == []


def test_an_order_that_the_venue_no_longer_has_ends_as_adjusted() -> None:
    step = Step()
    order_id = step.accept(order(1, order_qty=3))
    step.run(trade(order_id, 1, 1, 13_000))
    answer, routes, reports = ask(step, missing(order_id))
    assert (answer["reason"], routes) == (0, [])
    report = reports[0]
    assert (report["exec_type"], report["reason"]) == (ExecType.EXEC_CANCELED, Reason.ADJUSTED)
    assert (report["session"], report["cl_ord_id"], report["order_id"]) == (1, 1, order_id)
    assert (report["order_qty"], report["cum_qty"], report["last_qty"]) == (3, 1, 0)
    assert step.balance(SUB)["margin"] == 88_000_000
    assert step.balance(SUB)["fee_held"] == 0
    assert step.tables.arrays["days"][1]["cancels"] == 1
    step.run(trade(order_id, 2, 1, 13_000))
    assert step.risk("late_fills") == 1
    assert step.refuse(cancel(2, 1))["reason"] == Reason.TOO_LATE


def test_requests_that_wait_are_answered_when_their_order_is_adjusted_away() -> None:
    step = Step()
    order_id = step.accept(order(1, price=12_990))
    step.accept(replace(2, 1, 4, 12_991))
    step.accept(cancel(3, 1))
    _, _, reports = ask(step, missing(order_id, account=SUB, instrument=GOLD))
    told = [(row["kind"], row["cl_ord_id"], row["reason"]) for row in reports]
    assert told == [
        (Kind.EXECUTION_REPORT, 3, Reason.ADJUSTED),
        (Kind.CANCEL_REJECT, 2, Reason.TOO_LATE),
    ]
    assert step.balance(SUB)["margin"] == 0


def test_a_cancel_of_risk_s_own_does_not_hide_that_the_order_was_adjusted() -> None:
    step = Step()
    order_id = step.accept(order(1))
    step.run(by_operator(Kind.KILL, account=SUB))
    _, _, reports = ask(step, missing(order_id))
    assert [row["reason"] for row in reports] == [Reason.ADJUSTED]
    _, reports = step.run(order(1, flags=2))
    assert reports[0]["exec_type"] == ExecType.EXEC_CANCELED


def test_an_order_that_only_the_venue_has_is_canceled_there() -> None:
    step = Step()
    over = step.fill(order(1))
    for order_id in (over, 77 << 32 | 5, 1 << 63):
        row = missing(order_id, account=MASTER, instrument=GOLD, cl_ord_id=12)
        before = copies(step)
        answer, routes, reports = ask(step, row)
        assert (answer["reason"], reports, len(routes)) == (0, [], 1)
        assert changed_tables(step, before) == []
        route = routes[0]
        assert (route["kind"], route["order_id"]) == (Kind.CANCEL_REQUEST, order_id)
        assert (route["account"], route["instrument"]) == (MASTER, GOLD)
        assert (route["cl_ord_id"], route["session"], route["price"]) == (0, 0, NO_PRICE)


@pytest.mark.parametrize(
    "fields",
    [
        {"account": STRANGER},
        {"instrument": INDEX},
        {"order_qty": 1},
        {"amount": 1},
        {"currency": USD},
        {"side": BUY},
    ],
)
def test_an_order_that_is_another_than_the_record_says_is_left_alone(fields: Any) -> None:
    step = Step()
    order_id = step.accept(order(1))
    refused(step, missing(order_id, **fields))


@pytest.mark.parametrize("fields", [{}, {"account": SUB}, {"instrument": GOLD}])
def test_an_unknown_order_without_its_account_and_instrument_is_refused(fields: Any) -> None:
    refused(Step(), missing(1 << 40, **fields))


def test_an_order_of_an_open_list_is_at_no_venue_and_refused() -> None:
    step = Step()
    step.run(order(1, list_id=9, list_seq_no=1, tot_no_orders=2))
    slot = int(step.tables.arrays["sessions"]["first_order"][1])
    refused(step, missing(int(step.tables.arrays["orders"]["order_id"][slot])))


def test_a_day_ends_with_adjusted_lots_as_with_any_others() -> None:
    step = Step(universe(accounts=changed(SUB, executions_max=1)))
    done(step, lots(4))
    step.run(settlement(GOLD, 13_005))
    done(step, by_operator(Kind.DAY_ROLL, amount=20_261_122))
    row = step.balance(SUB)
    assert row["cash"] == MILLION + 4 * 5 * TICK_VALUE
    step.accept(order(1))
