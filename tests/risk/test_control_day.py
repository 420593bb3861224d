"""The end of a day: variation margin, lots of yesterday, refusals."""

from typing import Any

import msgspec
import pytest
from control_rig import changed_tables, copies, done, refused
from day_rig import (
    CLOSE,
    DAY,
    LEVELS,
    MONEY_MAX,
    OPEN,
    TICK_VALUE,
    adjustment,
    ask_roll,
    cash_of,
    pooled,
    roll,
    sides,
    sides_universe,
)
from risk_rig import (
    CNY,
    FIRM,
    GOLD,
    INDEX,
    MASTER,
    MILLION,
    RATIO,
    SELL,
    SISTER,
    SUB,
    USD,
    Step,
    changed,
    mark,
    order,
    settlement,
    trade,
    universe,
)

from tidegate.native.records import (
    Reason,
)


def test_the_gain_to_the_settlement_price_becomes_cash_on_every_level() -> None:
    step = Step()
    step.fill(order(1, order_qty=3))
    step.fill(order(2, side=SELL, price=13_010))
    step.run(mark(GOLD, 13_050))
    step.run(settlement(GOLD, 13_040))
    before = {handle: step.balance(handle) for handle in LEVELS}
    answer = ask_roll(step)
    assert (answer["limit_value"], answer["used_value"], answer["asked_value"]) == (0, 0, 4)
    for handle in LEVELS:
        row = step.balance(handle)
        # Two lots from 13,000 to 13,040 are cash, from there to 13,050 they are not yet.
        assert row["cash"] - before[handle]["cash"] == 8_000_000
        assert row["unrealised"] == 2_000_000
        assert row["initial_cash"] == row["cash"] + row["unrealised"]
        assert row["peak"] == 0
        assert row["fees"] == before[handle]["fees"] == 4 * 23_200
        pair = step.pair(handle, GOLD)
        assert pair["open_cost"] == 2 * 13_040 * TICK_VALUE
        assert (pair["net"], pair["bought_qty"]) == (2, 2)
    assert step.balance(SUB)["margin"] == before[SUB]["margin"] == 2 * 88_000_000
    assert step.risk("business_day") == DAY


def test_a_loss_is_paid_the_same_way_and_a_day_s_profit_starts_at_nothing() -> None:
    step = Step(universe(accounts=changed(SUB, max_loss={USD: 9_000_000})))
    step.fill(order(1, side=SELL, order_qty=2))
    step.run(mark(GOLD, 13_045))
    assert step.refuse(order(2, side=SELL, price=13_045))["reason"] == Reason.LOSS_LIMIT
    step.run(settlement(GOLD, 13_050))
    before = step.balance(SUB)["cash"]
    ask_roll(step)
    assert step.balance(SUB)["cash"] == before - 2 * 50 * TICK_VALUE
    assert step.balance(SUB)["unrealised"] == 2 * 5 * TICK_VALUE
    step.accept(order(3, side=SELL, price=13_045))


def test_lots_without_a_mark_become_worth_their_settlement_price() -> None:
    step = Step(marks={})
    done(step, adjustment(side=SELL, order_qty=2, price=13_000))
    step.run(settlement(GOLD, 13_010))
    before = step.balance(SUB)["cash"]
    done(step, roll())
    row = step.balance(SUB)
    assert row["cash"] == before - 2 * 10 * TICK_VALUE == row["initial_cash"]
    assert row["unrealised"] == 0
    step.run(mark(GOLD, 13_000))
    assert step.balance(FIRM)["unrealised"] == 2 * 10 * TICK_VALUE


def test_long_and_short_lots_are_settled_apart_and_become_yesterday_s() -> None:
    step = Step(sides_universe())
    step.fill(order(1, order_qty=3, position_effect=OPEN), 13_000)
    step.fill(order(2, order_qty=2, side=SELL, position_effect=OPEN), 13_010)
    closing = step.accept(order(3, side=SELL, position_effect=CLOSE, price=13_020))
    step.run(settlement(GOLD, 13_004))
    before = {handle: step.balance(handle)["cash"] for handle in LEVELS}
    ask_roll(step)
    for handle in LEVELS:
        row = sides(step, handle)
        # 3 * 4 for the long lots, 2 * 6 for the short ones.
        assert step.balance(handle)["cash"] - before[handle] == 24 * TICK_VALUE
        assert (row["long_today"], row["long_yesterday"]) == (0, 3)
        assert (row["short_today"], row["short_yesterday"]) == (0, 2)
        assert (row["frozen_long_today"], row["frozen_long_yesterday"]) == (0, 1)
        assert row["charged_long_today"] == row["charged_short_today"] == 0
        assert row["long_today_cost"] == row["short_today_cost"] == 0
        assert row["short_cost"] == 2 * 13_004 * TICK_VALUE
        assert step.pair(handle, GOLD)["open_cost"] == 3 * 13_004 * TICK_VALUE
    fees = step.balance(SUB)["fees"]
    step.run(trade(closing, 9, 1, 13_020))
    assert sides(step)["long_yesterday"] == 2
    assert step.balance(SUB)["fees"] - fees == 10, "no longer one of today's"


@pytest.mark.parametrize(("is_max_side", "margin"), [(False, 3 * 88 + 5 * 80), (True, 5 * 80)])
def test_sides_that_stand_at_one_rate_are_margined_as_before(
    is_max_side: bool, margin: int
) -> None:
    step = Step(sides_universe(is_max_side=is_max_side))
    step.fill(order(1, order_qty=3, position_effect=OPEN))
    step.fill(order(2, order_qty=5, side=SELL, position_effect=OPEN))
    step.run(settlement(GOLD, 13_000))
    ask_roll(step)
    assert step.balance(SUB)["margin"] == margin * 1_000_000
    step.accept(order(3, order_qty=3, side=SELL, position_effect=CLOSE, price=13_010))


@pytest.mark.parametrize("is_max_side", [False, True])
@pytest.mark.parametrize("basis", [2, 4])
def test_todays_lots_go_over_to_the_settlement_price(basis: int, is_max_side: bool) -> None:
    rates = {"margin_long_lot": 0, "margin_short_lot": 0, "is_max_side": is_max_side}
    step = Step(
        sides_universe(
            price_basis=basis, margin_long_ppm=100_000, margin_short_ppm=120_000, **rates
        )
    )
    step.fill(order(1, order_qty=3, position_effect=OPEN), 13_050)
    step.accept(order(2, order_qty=2, position_effect=OPEN, price=13_000))
    step.run(mark(GOLD, 13_100))
    price = {2: 13_100, 4: 13_050}[basis]
    working = 2 * 13_100
    assert step.balance(SUB)["margin"] == (3 * price + working) * TICK_VALUE // 10
    step.run(settlement(GOLD, 13_020))
    ask_roll(step)
    for handle in (SUB, MASTER):
        assert step.balance(handle)["margin"] == (3 * 13_020 + working) * TICK_VALUE // 10


def test_a_premium_that_was_paid_is_no_variation() -> None:
    step = Step(sides_universe(is_premium_paid=True, right="C"))
    step.fill(order(1, order_qty=2, position_effect=OPEN), 13_000)
    step.run(settlement(GOLD, 13_040))
    before = step.balance(SUB)
    ask_roll(step)
    row = step.balance(SUB)
    assert (row["cash"], row["unrealised"]) == (before["cash"], 2 * 13_000 * TICK_VALUE)
    assert row["initial_cash"] == row["cash"] + row["unrealised"]
    assert step.pair(SUB, GOLD)["open_cost"] == 0
    assert sides(step)["long_yesterday"] == 2


def test_a_pool_s_day_starts_with_its_own_money_and_its_members_with_theirs() -> None:
    step = Step(pooled())
    step.fill(order(1, order_qty=3))
    step.fill(order(2, account=SISTER, side=SELL, order_qty=1))
    step.run(settlement(GOLD, 13_010))
    ask_roll(step)
    fee = 23_200
    assert step.balance(SUB)["cash"] == 3 * 10 * TICK_VALUE - 3 * fee
    assert step.balance(SISTER)["cash"] == -10 * TICK_VALUE - fee
    pool = step.balance(FIRM)
    assert pool["cash"] == MILLION + 2 * 10 * TICK_VALUE - 4 * fee
    assert pool["unrealised"] == -2 * 10 * TICK_VALUE
    assert pool["initial_cash"] == MILLION - 4 * fee
    assert step.balance(SUB)["initial_cash"] == -3 * fee
    assert step.pair(FIRM, GOLD)["open_cost"] == 2 * 13_010 * TICK_VALUE


def test_a_converted_account_is_as_free_as_before() -> None:
    content = universe(accounts=changed(SUB, is_converted=True, cash={USD: MILLION, CNY: 0}))
    dollar, yuan = content.currencies
    rates = (
        msgspec.structs.replace(dollar, bid_rate=10**9, ask_rate=10**9),
        msgspec.structs.replace(yuan, bid_rate=140_000_000, ask_rate=150_000_000),
    )
    step = Step(msgspec.structs.replace(content, currencies=rates))
    step.fill(order(1, instrument=INDEX, price=4_000))
    step.run(settlement(INDEX, 4_010))
    before = step.account(SUB)["converted_free"]
    assert before < MILLION
    # With the price the margin of the lot rises; what the roll itself moves is nothing.
    ask_roll(step)
    assert step.account(SUB)["converted_free"] == before
    assert step.balance(SUB, CNY)["cash"] > 0 > step.balance(SUB, CNY)["unrealised"]


@pytest.mark.parametrize(
    "row",
    [
        roll(0),
        roll(-DAY),
        roll(20_261_100),
        roll(20_261_301),
        roll(20_261_131),
        roll(20_270_229),
        roll(20_000_230),
        roll(21_000_229),
        roll(1_122),
        roll(100_000_101),
        roll(1 << 62),
        roll(account=99),
    ],
)
def test_a_day_that_is_no_date_is_refused(row: Any) -> None:
    refused(Step(), row)


def test_a_day_that_no_operator_ends_is_refused() -> None:
    step = Step()
    before = copies(step)
    assert step.run(roll(actor=0)) == ([], [])
    assert changed_tables(step, before) == []
    assert step.risk("refused_records") == 1


@pytest.mark.parametrize("day", [20_000_229, 20_240_229, 99_991_231, 10_101])
def test_every_date_of_the_calendar_can_end(day: int) -> None:
    ask_roll(Step(), day)


def test_days_go_forward_only() -> None:
    step = Step()
    ask_roll(step)
    refused(step, roll(DAY))
    refused(step, roll(DAY - 1))
    answer = ask_roll(step, DAY + 1)
    assert answer["limit_value"] == DAY


def test_a_day_with_lots_that_are_not_settled_does_not_end() -> None:
    step = Step()
    step.fill(order(1))
    step.fill(order(2, instrument=RATIO, price=900))
    answer = refused(step, roll())
    assert (answer["limit_value"], answer["used_value"], answer["asked_value"]) == (0, 2, GOLD)
    step.run(settlement(GOLD, 13_000))
    answer = refused(step, roll())
    assert (answer["used_value"], answer["asked_value"]) == (1, RATIO)
    step.run(settlement(RATIO, 900))
    assert ask_roll(step)["asked_value"] == 8
    assert refused(step, roll(DAY + 1))["used_value"] == 2


def test_lots_of_both_sides_that_are_no_net_have_to_be_settled_too() -> None:
    step = Step(sides_universe())
    step.fill(order(1, order_qty=2, position_effect=OPEN))
    step.fill(order(2, order_qty=2, side=SELL, position_effect=OPEN))
    assert step.pair(SUB, GOLD)["net"] == 0
    assert refused(step, roll())["used_value"] == 1


def test_a_working_order_alone_does_not_keep_a_day_open() -> None:
    step = Step()
    step.accept(order(1))
    assert ask_roll(step)["asked_value"] == 0


def test_a_roll_that_cannot_be_expressed_leaves_all_as_it_was() -> None:
    step = Step(sides_universe(margin_long_ppm=100_000, margin_long_lot=0, price_basis=4))
    step.fill(order(1, order_qty=3, position_effect=OPEN), 13_000)
    step.fill(order(2, order_qty=3, account=SISTER, position_effect=OPEN), 13_000)
    step.fill(order(3, order_qty=2, side=SELL, account=SISTER, position_effect=OPEN), 13_000)
    # The mark below the settlement price: cash alone passes what can be expressed.
    step.run(mark(GOLD, 12_990))
    step.run(settlement(GOLD, 13_004))
    room = MONEY_MAX - step.balance(SISTER)["cash"]
    done(step, cash_of(SISTER, room - 4 * TICK_VALUE + 1))
    refused(step, roll())
    done(step, cash_of(SISTER, -2 * TICK_VALUE))
    ask_roll(step)


def test_a_pool_that_cannot_express_its_members_gains_refuses_the_roll() -> None:
    step = Step(pooled())
    step.fill(order(1, order_qty=3))
    step.fill(order(2, order_qty=3, account=SISTER))
    step.run(mark(GOLD, 12_990))
    step.run(settlement(GOLD, 13_010))
    done(step, cash_of(FIRM, MONEY_MAX - step.balance(FIRM)["initial_cash"]))
    refused(step, roll())
