"""Fills where long and short lots are kept apart: which lots close, at what cost and fee."""

from typing import Any

import pytest
from risk_rig import (
    BUY,
    FIRM,
    GOLD,
    GROUP,
    INDEX,
    MASTER,
    RATIO,
    SELL,
    SISTER,
    SUB,
    Step,
    cancel,
    execution,
    instrument,
    mark,
    order,
    trade,
    universe,
)

from tidegate.native.records import ExecType, PositionEffect, Reason
from tidegate.universe import Fee

TICK_VALUE = 100_000
OPEN = int(PositionEffect.OPEN)
CLOSE = int(PositionEffect.CLOSE)
CLOSE_TODAY = int(PositionEffect.CLOSE_TODAY)
CLOSE_YESTERDAY = int(PositionEffect.CLOSE_YESTERDAY)
LEVELS = (SUB, GROUP, MASTER, FIRM)
FEES = (Fee(open_lot=1, close_lot=10, close_today_lot=100),)


def sides_step(**fields: Any) -> Step:
    """Gold keeps its sides; by lot 88 and 80 of the exchange's numbers."""
    gold = {"margin_model": "sides", "has_sides": True, "fees": FEES} | fields
    return Step(
        universe(
            instruments=(
                instrument(GOLD, "GC", **gold),
                instrument(INDEX, "IF"),
                instrument(RATIO, "RT"),
            )
        )
    )


def sides(step: Step, handle: int = SUB) -> dict[str, int]:
    rows = step.tables.arrays["sides"]
    row = rows[step.pair(handle, GOLD)["sides"]]
    return dict(zip(rows.dtype.names or (), row.tolist(), strict=True))


def give_yesterday(step: Step, longs: int, px: int) -> None:
    """Let the account's long lots of today become yesterday's, as a new day would."""
    step.fill(order(900, order_qty=longs, position_effect=OPEN), px)
    for row in step.tables.arrays["sides"][1:]:
        row["long_yesterday"] += row["long_today"]
        row["long_today"] = row["long_today_cost"] = row["charged_long_today"] = 0


def test_opens_of_both_sides_stand_beside_each_other() -> None:
    step = sides_step()
    step.fill(order(1, order_qty=3, position_effect=OPEN), 13_000)
    step.fill(order(2, order_qty=2, side=SELL, position_effect=OPEN), 13_010)
    for handle in LEVELS:
        row = sides(step, handle)
        assert (row["long_today"], row["short_today"]) == (3, 2)
        assert row["short_cost"] == 2 * 13_010 * TICK_VALUE
        assert step.pair(handle, GOLD)["open_cost"] == 3 * 13_000 * TICK_VALUE
        assert step.pair(handle, GOLD)["net"] == 1
        assert step.balance(handle)["unrealised"] == 2 * 10 * TICK_VALUE
    assert step.balance(SUB)["margin"] == 3 * 88_000_000 + 2 * 80_000_000


def test_a_close_freezes_lots_and_the_fill_takes_them() -> None:
    step = sides_step()
    step.fill(order(1, order_qty=5, position_effect=OPEN), 13_000)
    held = step.balance(SUB)["margin"]
    order_id = step.accept(order(2, order_qty=3, side=SELL, position_effect=CLOSE))
    assert sides(step)["frozen_long_today"] == 3
    assert step.balance(SUB)["margin"] == held
    refused = step.refuse(order(3, order_qty=3, side=SELL, position_effect=CLOSE))
    assert refused["reason"] == Reason.CLOSABLE_LOTS
    before = step.balance(SUB)["cash"]
    step.run(trade(order_id, 1, 2, 13_020))
    assert step.balance(SUB)["cash"] - before == 2 * 20 * TICK_VALUE - 2 * 100
    for handle in LEVELS:
        row = sides(step, handle)
        assert (row["long_today"], row["frozen_long_today"]) == (3, 1)
        assert row["long_today_cost"] == 3 * 13_000 * TICK_VALUE
    step.run(execution(order_id, ExecType.EXEC_CANCELED))
    assert sides(step)["frozen_long_today"] == 0


def test_a_plain_close_takes_yesterdays_lots_first_where_the_venue_does_not_tell_them_apart() -> (
    None
):
    step = sides_step()
    give_yesterday(step, 2, 12_900)
    step.fill(order(1, order_qty=3, position_effect=OPEN), 13_000)
    order_id = step.accept(order(2, order_qty=4, side=SELL, position_effect=CLOSE))
    assert (sides(step)["frozen_long_yesterday"], sides(step)["frozen_long_today"]) == (2, 2)
    step.run(trade(order_id, 1, 3, 13_000))
    row = sides(step)
    assert (row["long_yesterday"], row["long_today"]) == (0, 2)
    assert (row["frozen_long_yesterday"], row["frozen_long_today"]) == (0, 1)
    cost = (2 * 12_900 + 3 * 13_000) * TICK_VALUE
    assert step.pair(SUB, GOLD)["open_cost"] == cost - cost * 3 // 5
    assert row["long_today_cost"] == 3 * 13_000 * TICK_VALUE - 13_000 * TICK_VALUE


@pytest.mark.parametrize(
    ("effect", "yesterday", "today"),
    [(CLOSE, 1, 3), (CLOSE_YESTERDAY, 1, 3), (CLOSE_TODAY, 2, 2)],
)
def test_a_close_names_its_day_where_the_venue_tells_them_apart(
    effect: int, yesterday: int, today: int
) -> None:
    step = sides_step(closes_today=True)
    give_yesterday(step, 2, 12_900)
    step.fill(order(1, order_qty=3, position_effect=OPEN), 13_000)
    step.fill(order(2, side=SELL, position_effect=effect), 13_000)
    row = sides(step)
    assert (row["long_yesterday"], row["long_today"]) == (yesterday, today)


def test_closes_pay_the_fee_of_today_until_todays_opens_are_used_up() -> None:
    step = sides_step()
    give_yesterday(step, 4, 13_000)
    step.fill(order(1, order_qty=2, position_effect=OPEN))
    before = step.balance(SUB)["fees"]
    # Yesterday's lots close, but two lots were opened today: two pay as today's.
    step.fill(order(2, order_qty=3, side=SELL, position_effect=CLOSE))
    assert step.balance(SUB)["fees"] - before == 2 * 100 + 10
    assert sides(step)["charged_long_today"] == 0
    step.fill(order(3, order_qty=3, side=SELL, position_effect=CLOSE))
    assert step.balance(FIRM)["fees"] - before == 2 * 100 + 4 * 10


def test_a_close_of_shorts_realises_what_it_was_sold_for() -> None:
    step = sides_step()
    step.fill(order(1, order_qty=4, side=SELL, position_effect=OPEN), 13_050)
    before = step.balance(MASTER)["cash"]
    step.fill(order(2, order_qty=3, side=BUY, position_effect=CLOSE), 13_000)
    assert step.balance(MASTER)["cash"] - before == 3 * 50 * TICK_VALUE - 3 * 100
    assert sides(step, MASTER)["short_cost"] == 13_050 * TICK_VALUE
    assert step.pair(MASTER, GOLD)["net"] == -1


def test_a_late_fill_of_a_close_takes_what_is_there_and_opens_the_rest() -> None:
    step = sides_step()
    step.fill(order(1, order_qty=3, position_effect=OPEN), 13_000)
    order_id = step.accept(order(2, order_qty=3, side=SELL, position_effect=CLOSE))
    step.run(cancel(3, 2))
    step.run(execution(order_id, ExecType.EXEC_CANCELED))
    step.fill(order(4, order_qty=2, side=SELL, position_effect=CLOSE), 13_000)
    step.run(trade(order_id, order_id, 3, 13_000))
    row = sides(step)
    assert (row["long_today"], row["short_today"]) == (0, 2)
    assert step.pair(SUB, GOLD)["net"] == -2
    assert step.risk("late_fills") == 1


def test_sides_of_a_group_are_the_sums_of_its_accounts() -> None:
    step = sides_step()
    step.fill(order(1, order_qty=3, position_effect=OPEN), 13_000)
    step.fill(order(2, order_qty=2, account=SISTER, side=SELL, position_effect=OPEN), 13_000)
    step.fill(order(3, order_qty=1, side=SELL, position_effect=CLOSE), 13_000)
    row = sides(step, GROUP)
    assert (row["long_today"], row["short_today"]) == (2, 2)
    assert (row["charged_long_today"], row["charged_short_today"]) == (2, 2)


def test_the_larger_side_alone_is_margined_where_the_flag_says_so() -> None:
    step = sides_step(is_max_side=True)
    step.fill(order(1, order_qty=3, position_effect=OPEN))
    step.fill(order(2, order_qty=5, side=SELL, position_effect=OPEN))
    assert step.balance(SUB)["margin"] == max(3 * 88_000_000, 5 * 80_000_000)
    step.fill(order(3, order_qty=4, side=BUY, position_effect=CLOSE))
    assert step.balance(SUB)["margin"] == 3 * 88_000_000


@pytest.mark.parametrize("basis", [1, 2, 4])
def test_todays_lots_are_margined_on_their_price_basis_after_fills_and_marks(basis: int) -> None:
    rates = {"margin_long_lot": 0, "margin_short_lot": 0}
    step = sides_step(price_basis=basis, margin_long_ppm=100_000, margin_short_ppm=120_000, **rates)
    step.fill(order(1, order_qty=3, position_effect=OPEN), 13_050)
    step.run(mark(GOLD, 13_100))
    price = {1: 13_000, 2: 13_100, 4: 13_050}[basis]
    assert step.balance(SUB)["margin"] == 3 * price * TICK_VALUE // 10
    step.fill(order(2, order_qty=1, side=SELL, position_effect=CLOSE, price=13_100))
    assert step.balance(SUB)["margin"] == 2 * price * TICK_VALUE // 10


def test_an_option_with_sides_pays_its_premium_both_ways() -> None:
    step = sides_step(is_premium_paid=True, right="C")
    before = step.balance(SUB)["cash"]
    step.fill(order(1, order_qty=2, position_effect=OPEN), 13_000)
    step.fill(order(2, order_qty=1, side=SELL, position_effect=OPEN), 13_010)
    step.fill(order(3, order_qty=1, side=SELL, position_effect=CLOSE), 13_020)
    paid = (-2 * 13_000 + 13_010 + 13_020) * TICK_VALUE
    assert step.balance(SUB)["cash"] - before == paid - 3 * 1 - 100
    assert step.pair(SUB, GOLD)["open_cost"] == 0
    assert sides(step)["short_cost"] == 0


def test_lots_that_no_row_can_count_halt_the_level_and_are_counted() -> None:
    step = sides_step()
    order_id = step.accept(order(1, order_qty=2, position_effect=OPEN))
    step.audited = False
    step.tables.arrays["sides"]["long_today"][1:] = 2**31 - 2
    step.run(trade(order_id, 1, 1, 13_000))
    assert step.risk("unbookable") == 0
    _, reports = step.run(trade(order_id, 2, 1, 13_000))
    assert reports[0]["cum_qty"] == 2
    assert step.risk("unbookable") == 1
    assert sides(step)["long_today"] == 2**31 - 1
    assert step.refuse(order(2, position_effect=OPEN))["reason"] == Reason.HALTED_STATE
