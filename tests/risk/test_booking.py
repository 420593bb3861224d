"""Reports of venues: what a fill makes of positions and money, and who is told what."""

import numpy as np
import pytest
from risk_rig import (
    FIRM,
    GOLD,
    GROUP,
    INDEX,
    MASTER,
    MILLION,
    RATIO,
    SELL,
    SISTER,
    START_NS,
    SUB,
    USD,
    Step,
    account,
    cancel,
    cancel_reject,
    changed,
    execution,
    instrument,
    mark,
    order,
    replace,
    tick,
    trade,
    universe,
)

from tidegate.native.records import (
    ExecType,
    Kind,
    Level,
    OrdType,
    Reason,
    TimeInForce,
)
from tidegate.universe import Capacity, Fee

TICK_VALUE = 100_000
FEE = 23_200
LEVELS = (SUB, GROUP, MASTER, FIRM)


def position(step: Step, handle: int, instrument: int = GOLD) -> tuple[int, int]:
    row = step.pair(handle, instrument)
    return row["net"], row["open_cost"]


def test_a_fill_is_booked_on_every_level() -> None:
    step = Step()
    order_id = step.accept(order(1, order_qty=5))
    step.run(trade(order_id, 1, 3, 12_990))
    for handle in LEVELS:
        assert position(step, handle) == (3, 3 * 12_990 * TICK_VALUE)
        balance = step.balance(handle)
        assert balance["fees"] == 3 * FEE
        assert balance["cash"] - balance["initial_cash"] == -3 * FEE
        assert balance["unrealised"] == 3 * 10 * TICK_VALUE
        assert step.account(handle)["fill_count"] == 1
    assert step.pair(SUB, GOLD)["open_buy"] == 2
    assert step.balance(SUB)["fee_held"] == 2 * FEE


def test_a_close_realises_at_average_cost_and_the_rest_stays() -> None:
    step = Step()
    step.fill(order(1, order_qty=3), 13_000)
    step.fill(order(2, order_qty=4), 13_010)
    before = step.balance(SUB)["cash"]
    step.fill(order(3, side=SELL, order_qty=5), 13_050)
    cost = (3 * 13_000 + 4 * 13_010) * TICK_VALUE
    share = cost * 5 // 7
    assert position(step, SUB) == (2, cost - share)
    assert step.balance(SUB)["cash"] - before == 5 * 13_050 * TICK_VALUE - share - 5 * FEE


def test_a_fill_through_zero_closes_all_and_opens_the_rest() -> None:
    step = Step()
    step.fill(order(1, order_qty=2), 13_000)
    before = step.balance(SUB)["cash"]
    step.fill(order(2, side=SELL, order_qty=5), 12_980)
    assert position(step, SUB) == (-3, -3 * 12_980 * TICK_VALUE)
    assert step.balance(SUB)["cash"] - before == -2 * 20 * TICK_VALUE - 5 * FEE


def test_levels_net_what_their_accounts_do_not_and_money_still_sums() -> None:
    step = Step()
    step.fill(order(1, order_qty=3), 13_000)
    step.fill(order(2, account=SISTER, side=SELL, order_qty=3), 13_020)
    assert position(step, MASTER) == (0, 0)
    gained = step.balance(MASTER)["cash"] - step.balance(MASTER)["initial_cash"]
    assert gained == 3 * 20 * TICK_VALUE - 6 * FEE
    assert step.balance(MASTER)["margin"] == 0
    assert step.balance(SUB)["margin"] == 3 * 88_000_000


@pytest.mark.parametrize("px", [0, -50, 12_345])
def test_prices_of_any_sign_are_booked(px: int) -> None:
    step = Step()
    order_id = step.accept(order(1, order_qty=4))
    step.run(trade(order_id, 1, 3, px))
    step.run(trade(order_id, 2, 1, -px))
    assert position(step, SUB) == (4, 2 * px * TICK_VALUE)
    step.fill(order(2, side=SELL, order_qty=4), px)
    assert position(step, SUB) == (0, 0)


def test_fees_follow_the_tier_and_what_the_lots_do() -> None:
    fees = (
        Fee(open_lot=10, close_lot=20, close_today_lot=30),
        Fee(open_lot=100, open_ppm=7, close_lot=50, close_ppm=3, close_today_lot=700),
    )
    content = universe(
        instruments=(
            instrument(GOLD, "GC", fees=fees),
            instrument(INDEX, "IF"),
            instrument(RATIO, "RT"),
        ),
        accounts=changed(SUB, tier=1),
    )
    step = Step(content)
    order_id = step.accept(order(1, order_qty=2))
    notional = 13_000 * TICK_VALUE
    opened = 2 * 100 + -(-2 * notional * 7 // 1_000_000)
    assert step.balance(SUB)["fee_held"] == max(opened, 2 * 700)
    step.run(trade(order_id, 1, 2, 13_000))
    assert step.balance(SUB)["fees"] == opened
    step.fill(order(2, side=SELL, order_qty=5), 13_000)
    closed = 2 * 50 + -(-2 * notional * 3 // 1_000_000)
    opened += 3 * 100 + -(-3 * notional * 7 // 1_000_000)
    assert step.balance(FIRM)["fees"] == opened + closed
    step.fill(order(3, account=SISTER, order_qty=2))
    assert step.balance(SISTER)["fees"] == 2 * 10


def premium_universe(**fields: object) -> object:
    """Gold is an option whose premium is paid at the fill."""
    option = {"right": "C", "is_premium_paid": True, "margin_long_lot": 1, "fee_lot": 0}
    return universe(
        instruments=(
            instrument(GOLD, "GC", **(option | fields)),
            instrument(INDEX, "IF"),
            instrument(RATIO, "RT"),
        )
    )


def test_a_premium_is_held_with_the_order_and_paid_at_the_fill() -> None:
    step = Step(premium_universe(collar_ticks=None), marks={GOLD: 50})  # type: ignore[arg-type]
    order_id = step.accept(order(1, order_qty=4, price=60))
    assert step.balance(SUB)["premium_held"] == 4 * 60 * TICK_VALUE
    step.run(trade(order_id, 1, 1, 55))
    row = step.balance(SUB)
    assert row["premium_held"] == 3 * 60 * TICK_VALUE
    assert row["cash"] == MILLION - 55 * TICK_VALUE
    assert row["unrealised"] == 50 * TICK_VALUE
    assert position(step, SUB) == (1, 0)
    step.run(execution(order_id, ExecType.EXEC_CANCELED))
    assert step.balance(SUB)["premium_held"] == 0
    step.fill(order(2, side=SELL, order_qty=3, price=40), 45)
    assert step.balance(SUB)["cash"] == MILLION - 55 * TICK_VALUE + 3 * 45 * TICK_VALUE
    assert step.balance(SUB)["unrealised"] == -2 * 50 * TICK_VALUE


def test_a_pool_takes_what_its_members_book_and_nothing_of_its_own_pairs() -> None:
    rows = list(changed(SUB, cash={}, pool=MASTER, credit_line={USD: MILLION}))
    rows[MASTER - 1] = account(
        MASTER, Level.MASTER, FIRM, cash={USD: 10 * MILLION}, max_position=80
    )
    step = Step(universe(accounts=tuple(rows)))
    order_id = step.accept(order(1, order_qty=3))
    assert step.balance(MASTER)["margin"] == step.balance(SUB)["margin"] == 3 * 88_000_000
    step.run(trade(order_id, 1, 2, 12_990))
    step.run(mark(GOLD, 12_970))
    member, pool = step.balance(SUB), step.balance(MASTER)
    assert member["cash"] == -2 * FEE
    for name in ("margin", "fee_held", "unrealised", "fees", "notional"):
        assert pool[name] == member[name], name
    assert pool["cash"] == 10 * MILLION - 2 * FEE
    # The sister's money is her own: the pool does not see her fills, and the firm sees both.
    step.fill(order(2, account=SISTER, order_qty=1))
    assert step.balance(MASTER)["fees"] == 2 * FEE
    assert step.balance(FIRM)["fees"] == 3 * FEE


def test_an_execution_seen_twice_is_dropped() -> None:
    step = Step()
    order_id = step.accept(order(1, order_qty=5))
    step.run(trade(order_id, 7, 2, 13_000))
    for exec_id in (7, 6):
        assert step.run(trade(order_id, exec_id, 2, 13_000)) == ([], [])
    assert step.pair(SUB, GOLD)["net"] == 2
    assert step.risk("duplicate_reports") == 2


def test_a_fill_after_the_cancel_finds_its_order_and_holds_nothing() -> None:
    step = Step()
    order_id = step.accept(order(1, order_qty=5))
    step.run(execution(order_id, ExecType.EXEC_CANCELED, exec_id=1))
    _, reports = step.run(trade(order_id, 2, 3, 13_000))
    assert reports[0]["exec_type"] == ExecType.EXEC_TRADE
    assert reports[0]["cum_qty"] == 3
    assert step.risk("late_fills") == 1
    assert step.pair(SUB, GOLD)["net"] == 3
    assert step.balance(SUB)["margin"] == 3 * 88_000_000
    assert step.balance(SUB)["fee_held"] == 0


def test_more_filled_than_ordered_is_booked_all_the_same() -> None:
    step = Step()
    order_id = step.accept(order(1, order_qty=2))
    step.run(trade(order_id, 1, 5, 13_000))
    assert step.pair(SUB, GOLD)["net"] == 5
    assert step.pair(SUB, GOLD)["open_buy"] == 0
    assert step.risk("open_orders") == 0


@pytest.mark.parametrize(
    "exec_type", [ExecType.EXEC_CANCELED, ExecType.EXEC_REJECTED, ExecType.EXEC_EXPIRED]
)
def test_an_end_gives_back_all_that_is_left(exec_type: ExecType) -> None:
    step = Step()
    empty = step.balance(SUB)
    order_id = step.accept(order(1, order_qty=5))
    _, reports = step.run(execution(order_id, exec_type, reason=Reason.VENUE_CLOSED))
    assert reports[0]["reason"] == Reason.VENUE_CLOSED
    assert step.balance(SUB) == empty
    assert step.pair(SUB, GOLD)["buy_credit"] == 50
    assert step.account(SUB)["order_credit"] == step.account(SUB)["max_open_orders"]


def test_a_replace_is_held_at_the_worse_until_it_is_answered() -> None:
    step = Step()
    order_id = step.accept(order(1, order_qty=5))
    step.accept(replace(2, 1, 8, 12_990))
    assert step.pair(SUB, GOLD)["open_buy"] == 8
    step.run(trade(order_id, 1, 1, 13_000))
    assert step.pair(SUB, GOLD)["open_buy"] == 7
    _, reports = step.run(execution(order_id, ExecType.EXEC_REPLACED, exec_id=2))
    assert reports[0]["cl_ord_id"] == 2
    assert (reports[0]["order_qty"], reports[0]["price"]) == (8, 12_990)
    step.accept(replace(3, 2, 3, 12_990))
    assert step.pair(SUB, GOLD)["open_buy"] == 7
    step.run(execution(order_id, ExecType.EXEC_REPLACED, exec_id=3))
    assert step.pair(SUB, GOLD)["open_buy"] == 2
    step.accept(replace(4, 3, 9, 13_000))
    step.run(cancel_reject(order_id, Kind.CANCEL_REPLACE_REQUEST, Reason.VENUE_TOO_LATE))
    assert step.pair(SUB, GOLD)["open_buy"] == 2
    assert step.balance(SUB)["fee_held"] == 2 * FEE


def test_a_replace_below_what_has_filled_ends_the_order() -> None:
    step = Step()
    order_id = step.accept(order(1, order_qty=5))
    step.accept(replace(2, 1, 3, 13_000))
    step.run(trade(order_id, 1, 4, 13_000))
    _, reports = step.run(execution(order_id, ExecType.EXEC_REPLACED, exec_id=2))
    assert reports[0]["exec_type"] == ExecType.EXEC_REPLACED
    assert step.risk("open_orders") == 0
    assert step.pair(SUB, GOLD)["open_buy"] == 0


def test_a_fill_answers_what_was_still_asked_of_the_order() -> None:
    step = Step()
    order_id = step.accept(order(1, order_qty=2))
    step.run(cancel(2, 1))
    _, reports = step.run(trade(order_id, 1, 2, 13_000))
    assert [report["kind"] for report in reports] == [Kind.EXECUTION_REPORT, Kind.CANCEL_REJECT]
    assert reports[1]["cl_ord_id"] == 2
    assert reports[1]["reason"] == Reason.TOO_LATE


def test_a_request_that_the_venue_refuses_has_its_stamps_and_no_other_request_has() -> None:
    step = Step()
    order_id = step.accept(order(1, order_qty=2))
    step.accept(replace(2, 1, 3, 13_000))
    step.run(cancel(3, 1))
    step.run(trade(order_id, 1, 2, 13_000))
    stamps = {"sequenced_delta": 1, "decided_delta": 2, "routed_delta": 3, "venue_delta": 4}
    refusal = cancel_reject(order_id, Kind.CANCEL_REPLACE_REQUEST, Reason.VENUE_REJECTED)
    for name, delta in stamps.items():
        refusal[name] = delta
    _, (of_replace, of_cancel) = step.run(refusal)
    assert (of_replace["cl_ord_id"], of_cancel["cl_ord_id"]) == (2, 3)
    assert {name: int(of_replace[name]) for name in stamps} == stamps
    assert all(of_cancel[name] == 0 for name in stamps)


def test_a_cancel_of_an_order_that_was_lost_on_the_way_ends_it() -> None:
    step = Step()
    order_id = step.accept(order(1, order_qty=2))
    step.run(cancel(2, 1))
    _, reports = step.run(cancel_reject(order_id, Kind.CANCEL_REQUEST, Reason.VENUE_UNKNOWN_ORDER))
    assert reports[0]["exec_type"] == ExecType.EXEC_CANCELED
    assert reports[0]["cl_ord_id"] == 2
    assert step.risk("open_orders") == 0


def test_a_market_order_holds_at_its_bound_and_gives_back_by_lots() -> None:
    step = Step(premium_universe(collar_ticks=20), marks={GOLD: 50})  # type: ignore[arg-type]
    order_id = step.accept(
        order(1, order_qty=4, ord_type=int(OrdType.MARKET), price=np.iinfo(np.int64).min)
    )
    assert step.balance(SUB)["premium_held"] == 4 * 70 * TICK_VALUE
    step.run(trade(order_id, 1, 1, 52))
    assert step.balance(SUB)["premium_held"] == 3 * 70 * TICK_VALUE


@pytest.mark.parametrize("px", [2**62, -(2**62), 2**63 - 1])
def test_a_fill_that_no_money_can_say_halts_its_levels_and_keeps_the_lots(px: int) -> None:
    step = Step()
    order_id = step.accept(order(1, order_qty=5))
    step.audited = False
    _, reports = step.run(trade(order_id, 1, 3, px))
    assert reports[0]["cum_qty"] == 3
    for handle in LEVELS:
        assert step.pair(handle, GOLD)["net"] == 3
        assert step.balance(handle)["cash"] == step.balance(handle)["initial_cash"]
    assert step.risk("unbookable") == 1
    assert step.refuse(order(2))["reason"] == Reason.HALTED_STATE
    routes, _ = step.run(cancel(3, 1))
    assert len(routes) == 1


@pytest.mark.parametrize(("qty", "px"), [(0, 13_000), (-1, 13_000), (1, -(2**63))])
def test_a_trade_of_nothing_is_counted_and_changes_nothing(qty: int, px: int) -> None:
    step = Step()
    order_id = step.accept(order(1))
    assert step.run(trade(order_id, 1, qty, px)) == ([], [])
    assert step.risk("unbookable") == 1
    assert step.pair(SUB, GOLD)["net"] == 0


def test_reports_for_no_order_are_orphans() -> None:
    step = Step()
    for order_id in (0, 5, 1 << 32 | 1, 2**64 - 1):
        assert step.run(trade(order_id, 1, 1, 13_000)) == ([], [])
    assert step.risk("orphan_reports") == 4


def test_cancels_count_for_the_group_and_immediate_ones_where_they_are_not_exempt() -> None:
    content = universe(
        instruments=(
            instrument(GOLD, "GC", exempts_immediate=True, large_cancel_qty=3),
            instrument(INDEX, "IF"),
            instrument(RATIO, "RT"),
        )
    )
    step = Step(content)
    kinds = ((1, TimeInForce.DAY, 5), (2, TimeInForce.IMMEDIATE_OR_CANCEL, 5))
    for cl_ord_id, time_in_force, qty in (*kinds, (3, TimeInForce.DAY, 2)):
        order_id = step.accept(order(cl_ord_id, time_in_force=int(time_in_force), order_qty=qty))
        step.run(execution(order_id, ExecType.EXEC_CANCELED))
    row = step.tables.arrays["days"][step.pair(GROUP, GOLD)["day"]]
    assert (row["cancels"], row["large_cancels"]) == (2, 1)


def test_a_self_trade_is_two_sides_of_one_match_within_the_group() -> None:
    step = Step()
    buy = step.accept(order(1, order_qty=2))
    sell = step.accept(order(2, account=SISTER, side=SELL, order_qty=2, price=13_001))
    for exec_id, (order_id, match) in enumerate(
        [(buy, 9), (sell, 9), (buy, 0), (sell, 0)], start=1
    ):
        fill = {"exec_id": exec_id, "last_qty": 1, "last_px": 13_000, "trd_match_id": match}
        step.run(execution(order_id, ExecType.EXEC_TRADE, **fill))
    day = step.tables.arrays["days"][step.pair(GROUP, GOLD)["day"]]
    assert (day["trades"], day["self_trades"]) == (4, 1)


def test_a_slot_used_again_does_not_take_the_fills_of_the_order_before() -> None:
    step = Step(universe(capacity=Capacity(orders=2, pairs=40, cl_ord_ids=4096)))
    first = step.accept(order(1))
    step.run(execution(first, ExecType.EXEC_CANCELED))
    for cl_ord_id in (2, 3):
        step.accept(order(cl_ord_id))
    assert step.run(trade(first, 9, 1, 13_000)) == ([], [])
    assert step.risk("orphan_reports") == 1


def test_time_does_not_make_a_fill_late() -> None:
    step = Step()
    order_id = step.accept(order(1, order_qty=2))
    step.run(tick(START_NS + 3_600_000_000_000))
    step.run(trade(order_id, 1, 2, 13_000))
    assert step.pair(SUB, GOLD)["net"] == 2
    assert step.risk("late_fills") == 0
    assert step.balance(SUB)["margin"] == 2 * 88_000_000
