"""The day after: counts and cl_ord_ids start anew, and trading goes on."""

import msgspec
import numpy as np
from control_rig import done
from day_rig import (
    CLOSE_TODAY,
    CLOSE_YESTERDAY,
    DAY,
    LEVELS,
    OPEN,
    TICK_VALUE,
    ask_roll,
    ids,
    roll,
    sides,
    sides_universe,
)
from risk_rig import (
    FIRM,
    GOLD,
    SELL,
    SUB,
    Step,
    cancel,
    execution,
    mark,
    order,
    record,
    replace,
    settlement,
    tick,
    trade,
    universe,
)

from tidegate.native.records import (
    ORDER_RECORD,
    ExecType,
    Flag,
    Kind,
    Reason,
)


def test_counts_of_the_day_start_anew_and_working_orders_stay() -> None:
    step = Step()
    working = step.accept(order(1, price=12_990))
    step.fill(order(2))
    step.run(settlement(GOLD, 13_000))
    before = step.tables.arrays["days"][1].copy()
    assert (before["orders"], before["trades"]) == (2, 1)
    assert step.account(FIRM)["day_orders"] == 2
    ask_roll(step)
    row = step.tables.arrays["days"][1]
    for name in ("orders", "replaces", "cancels", "large_cancels", "self_trades", "trades"):
        assert row[name] == 0
    for name in ("first_order", "best_buy_px", "best_sell_px"):
        assert row[name] == before[name]
    assert [step.account(handle)["day_orders"] for handle in LEVELS] == [0] * 4
    step.run(trade(working, 5, 1, 12_990))
    assert step.pair(SUB, GOLD)["net"] == 2


def test_every_account_is_graded_anew() -> None:
    step = Step()
    step.run(tick(step.risk("now_ns")))
    done(step, roll())
    assert [step.account(handle)["is_dirty"] for handle in range(1, 9)] == [1] * 8
    step.run(tick(step.risk("now_ns")))
    assert step.risk("dirty_first") == 0


def test_ids_of_orders_that_are_over_are_free_and_those_of_working_ones_are_not() -> None:
    step = Step()
    step.fill(order(1))
    working = step.accept(order(2, price=12_990))
    step.accept(replace(3, 2, 4, 12_991))
    step.run(execution(working, ExecType.EXEC_REPLACED, exec_id=7))
    step.accept(replace(4, 3, 5, 12_992))
    step.refuse(order(5, order_qty=0))
    other = order(1, session=2, price=12_980)
    step.accept(other)
    step.run(settlement(GOLD, 13_000))
    assert ids(step) == [1, 2, 3, 4, 5]
    ask_roll(step)
    assert (ids(step), ids(step, 2)) == ([2, 3, 4], [1])
    assert step.refuse(order(2))["reason"] == Reason.DUPLICATE_CL_ORD_ID
    assert step.refuse(order(4))["reason"] == Reason.DUPLICATE_CL_ORD_ID
    step.accept(order(1))
    step.accept(order(5, price=12_970))
    step.accept(cancel(6, 1, session=2))


def test_an_order_that_is_asked_again_over_a_roll_is_answered_and_not_traded_twice() -> None:
    step = Step()
    first = step.accept(order(1, order_qty=3))
    step.run(trade(first, 1, 3, 13_000))
    step.refuse(order(2, order_qty=0))
    step.run(settlement(GOLD, 13_000))
    ask_roll(step)
    assert ids(step, is_past=True) == [1, 2]
    routes, reports = step.run(order(1, order_qty=3, flags=Flag.POSS_RESEND))
    assert len(routes) == 0
    assert (reports[0]["order_id"], reports[0]["cum_qty"]) == (first, 3)
    assert step.refuse(order(2, flags=Flag.POSS_RESEND))["reason"] == Reason.MALFORMED
    assert step.refuse(cancel(9, 1))["reason"] == Reason.TOO_LATE
    # Without the flag the number is free; then it is the new order's.
    second = step.accept(order(1, price=12_990))
    assert second != first
    _, reports = step.run(order(1, flags=Flag.POSS_RESEND))
    assert (reports[0]["order_id"], reports[0]["cum_qty"]) == (second, 0)
    assert ids(step, is_past=True) == [2]
    step.run(settlement(GOLD, 13_000))
    ask_roll(step, DAY + 1)
    assert (ids(step), ids(step, is_past=True)) == ([1], [])
    step.accept(order(2, price=12_980, flags=Flag.POSS_RESEND))


def test_every_id_is_found_after_many_days_of_a_crowded_table() -> None:
    """Ids that are spread at random over a table that fills each day: those that work stay."""
    content = universe()
    small = msgspec.structs.replace(content.capacity, cl_ord_ids=64)
    step = Step(msgspec.structs.replace(content, capacity=small))
    step.audited = False
    draw = np.random.default_rng(5)
    working: dict[tuple[int, int], int] = {}
    for day in range(40):
        for session in (1, 2):
            for cl_ord_id in draw.choice(10**9, 8, replace=False).tolist():
                step.refuse(order(cl_ord_id + 10**9, session=session, order_qty=0))
            wanted = int(draw.integers(1, 10**9))
            working[session, wanted] = step.accept(
                order(wanted, session=session, price=12_990 - day)
            )
        while len(working) > 8:
            (session, _), order_id = working.popitem()
            step.run(execution(order_id, ExecType.EXEC_CANCELED))
        step.audited = True
        ask_roll(step, 20_270_101 + day // 28 * 100 + day % 28)
        step.audited = False
        rows = step.tables.arrays["cl_ord_ids"]
        used = rows[(rows["session"] != 0) & (rows["is_past"] == 0)]
        found = zip(used["session"].tolist(), used["cl_ord_id"].tolist(), strict=True)
        assert sorted(found) == sorted(working)
        for (session, cl_ord_id), order_id in working.items():
            assert step.refuse(order(cl_ord_id, session=session))["reason"] == (
                Reason.DUPLICATE_CL_ORD_ID
            ), order_id


def test_a_late_fill_of_a_forgotten_id_finds_its_order_and_no_other() -> None:
    step = Step()
    late = step.accept(order(1, order_qty=2))
    step.run(execution(late, ExecType.EXEC_CANCELED, exec_id=1))
    ask_roll(step)
    today = step.accept(order(1, order_qty=5, price=12_990))
    _, reports = step.run(trade(late, 2, 1, 13_000))
    assert (reports[0]["order_id"], reports[0]["cl_ord_id"]) == (late, 1)
    assert step.pair(SUB, GOLD)["net"] == 1
    assert step.risk("late_fills") == 1
    _, reports = step.run(order(1, flags=2))
    assert (reports[0]["order_id"], reports[0]["cum_qty"]) == (today, 0)


def test_an_open_list_goes_on_after_the_roll() -> None:
    step = Step()
    part = {"list_id": 9, "tot_no_orders": 2}
    step.run(order(1, list_seq_no=1, price=12_990, **part))
    ask_roll(step)
    assert ids(step) == [1]
    routes, reports = step.run(order(2, list_seq_no=2, price=12_991, **part))
    assert ([route["cl_ord_id"] for route in routes], reports) == ([1, 2], [])


def test_a_new_day_closes_the_lots_of_yesterday_by_their_name() -> None:
    step = Step(sides_universe(closes_today=True))
    step.fill(order(1, order_qty=3, position_effect=OPEN), 13_000)
    refusal = step.refuse(order(2, side=SELL, position_effect=CLOSE_YESTERDAY))
    assert refusal["reason"] == Reason.CLOSABLE_LOTS
    step.run(settlement(GOLD, 13_000))
    ask_roll(step)
    fees = step.balance(SUB)["fees"]
    step.fill(order(1, order_qty=2, side=SELL, position_effect=CLOSE_YESTERDAY), 13_010)
    assert step.balance(SUB)["fees"] - fees == 2 * 10
    assert sides(step)["long_yesterday"] == 1
    refusal = step.refuse(order(2, side=SELL, position_effect=CLOSE_TODAY))
    assert refusal["reason"] == Reason.CLOSABLE_LOTS
    step.fill(order(3, position_effect=OPEN), 13_000)
    assert (sides(step)["long_today"], sides(step)["long_yesterday"]) == (1, 1)


def test_a_close_of_today_that_still_works_takes_what_is_yesterday_s_by_then() -> None:
    step = Step(sides_universe(closes_today=True))
    step.fill(order(1, order_qty=3, position_effect=OPEN), 13_000)
    closing = step.accept(
        order(2, order_qty=2, side=SELL, position_effect=CLOSE_TODAY, price=13_010)
    )
    step.run(settlement(GOLD, 13_000))
    ask_roll(step)
    assert sides(step)["frozen_long_yesterday"] == 2
    step.run(trade(closing, 5, 1, 13_010))
    assert (sides(step)["long_yesterday"], sides(step)["frozen_long_yesterday"]) == (2, 1)
    step.run(execution(closing, ExecType.EXEC_EXPIRED))
    assert sides(step)["frozen_long_yesterday"] == 0


def test_a_mark_after_the_roll_moves_the_day_s_profit_from_nothing() -> None:
    step = Step()
    step.fill(order(1, order_qty=2))
    step.run(settlement(GOLD, 13_020))
    ask_roll(step)
    step.run(mark(GOLD, 13_005))
    row = step.balance(SUB)
    assert (
        row["cash"] + row["unrealised"] - row["initial_cash"] == 2 * 5 * TICK_VALUE == row["peak"]
    )


def test_a_mass_cancel_after_the_roll_finds_what_works() -> None:
    step = Step()
    step.accept(order(1, price=12_990))
    ask_roll(step)
    row = record(
        ORDER_RECORD, Kind.MASS_CANCEL_REQUEST, session=1, cl_ord_id=9, mass_cancel_type=ord("7")
    )
    routes, _ = step.run(row)
    assert [route["orig_cl_ord_id"] for route in routes] == [1]
