"""Failures of others, each as a test of ours, named after what it claims."""

from typing import Any

import msgspec
import pytest
from risk_rig import (
    FIRM,
    GOLD,
    MILLION,
    SECOND,
    SELL,
    START_NS,
    STRANGER,
    SUB,
    USD,
    Step,
    account,
    cancel,
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
    Level,
    Reason,
    TradingState,
)
from tidegate.universe import Limit, Rate

LOT = 88_000_000
FEE = 23_200


def reason(report: dict[str, int]) -> Reason:
    return Reason(report["reason"])


def numbered(step: Step, row: Any) -> Any:
    row["sequence"] = step.risk("sequence") + 1
    return row


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


def test_vnpy_660_and_323_a_close_under_water_is_not_refused() -> None:
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


def test_rqalpha_20_a_replayed_day_of_trades_does_not_double_positions() -> None:
    step = Step()
    number = step.accept(order(1, order_qty=5))
    rows = [trade(number, exec_id, 1, 13_000) for exec_id in (1, 2, 3)]
    for row in rows + rows:
        step.run(row.copy())
    assert (step.pair(SUB, GOLD)["net"], step.risk("duplicate_reports")) == (3, 3)


def test_exchange_core_a_duplicate_order_id_never_trades() -> None:
    step = Step()
    step.accept(order(1, order_qty=5))
    assert reason(step.refuse(order(1, side=SELL, order_qty=5))) is Reason.DUPLICATE_CL_ORD_ID
    assert step.pair(SUB, GOLD)["open_sell"] == 0


def test_nautilus_4011_an_account_that_is_not_there_passes_nothing() -> None:
    assert reason(Step().refuse(order(1, account=77))) is Reason.UNKNOWN_ACCOUNT


def test_nautilus_4946_a_margin_account_is_checked_as_any_other() -> None:
    step = Step(universe(accounts=changed(SUB, cash={USD: LOT})))
    assert reason(step.refuse(order(1, order_qty=2))) is Reason.MARGIN


def test_nautilus_1526_a_throttle_ends_when_the_rate_has_fallen() -> None:
    step = Step(universe(accounts=changed(SUB, order_rate=10, order_burst=3)))
    for number in range(1, 4):
        step.accept(order(number))
    for number in range(4, 54):
        assert reason(step.refuse(order(number))) is Reason.ORDER_RATE
    step.run(tick(START_NS + SECOND // 10))
    step.accept(order(60))


def test_nautilus_1249_a_throttled_message_is_never_sent_later() -> None:
    step = Step(universe(accounts=changed(SUB, order_rate=1, order_burst=1)))
    step.accept(order(1))
    step.refuse(order(2))
    for second in range(1, 10):
        routes, reports = step.run(tick(START_NS + second * SECOND))
        assert (routes, reports) == ([], [])
    assert step.risk("open_orders") == 1


def test_vnpy_counters_are_not_lost_at_a_restart() -> None:
    content = universe(accounts=changed(SUB, day_orders_max=3))
    rows = [order(number) for number in (1, 2, 3)]
    step = Step(content)
    for row in rows:
        step.accept(row)
    again = Step(content)
    for row in rows:
        again.pretrade.replay(row)
    again.ledger.take(rows[-1])
    assert reason(again.refuse(order(4))) is Reason.DAY_ORDERS
    step.refuse(order(4))
    assert again.tables.state_hash() == step.tables.state_hash()


def test_vnpy_the_duplicate_rule_has_its_window() -> None:
    fields = {"identical_max": 2, "identical_window_ns": SECOND}
    step = Step(universe(accounts=changed(SUB, **fields)))
    step.accept(order(1))
    step.accept(order(2))
    assert reason(step.refuse(order(3))) is Reason.IDENTICAL_ORDERS
    step.run(tick(START_NS + SECOND))
    step.accept(order(4))


def test_wondertrader_157_two_windows_side_by_side_do_not_let_twice_through() -> None:
    """A counter that starts anew each second lets 20 through at its end and 20 at once after."""
    step = Step(universe(accounts=changed(SUB, cancel_rate=Rate(per_second=20, burst=20))))
    for number in range(1, 31):
        step.accept(order(number))
    step.run(tick(START_NS + 9 * SECOND // 10))
    alerts = [len(step.run(cancel(100 + number, number))[1]) for number in range(1, 21)]
    assert alerts == [0] * 19 + [1]
    step.run(tick(START_NS + SECOND))
    alerts = [len(step.run(cancel(100 + number, number))[1]) for number in range(21, 31)]
    assert alerts == [0, 1] + [0] * 8
    assert len([row for row in step.tables.arrays["orders"] if row["is_cancel_pending"]]) == 30


def test_wondertrader_77_an_order_is_managed_by_its_session_after_a_reconnect() -> None:
    step = Step()
    number = step.accept(order(1))
    lost = record(ORDER_RECORD, Kind.MASS_CANCEL_REQUEST, session=1, mass_cancel_type=ord("d"))
    assert step.run(lost) == ([], [])
    _, reports = step.run(order(1, flags=Flag.POSS_RESEND))
    assert (reports[0]["exec_type"], reports[0]["order_id"]) == (ExecType.EXEC_RESTATED, number)
    assert step.accept(cancel(2, 1)) == number


def test_tqsdk_71_what_waited_at_a_disconnect_is_not_sent_after_it() -> None:
    step = Step(universe(accounts=changed(SUB, cancel_on_disconnect=True)))
    assert step.run(order(1, list_id=9, list_seq_no=1, tot_no_orders=2)) == ([], [])
    lost = record(ORDER_RECORD, Kind.MASS_CANCEL_REQUEST, session=1, mass_cancel_type=ord("d"))
    assert step.run(lost) == ([], [])
    routes, reports = step.run(tick(START_NS + 1))
    assert routes == []
    assert [reason(report) for report in reports] == [Reason.LIST_REFUSED]
    last = step.refuse(order(2, list_id=9, list_seq_no=2, tot_no_orders=2))
    assert reason(last) is Reason.LIST_REFUSED
    assert step.balance(SUB)["margin"] == 0


def test_nautilus_5000_a_working_order_of_the_session_before_is_there_after_a_restart() -> None:
    step = Step()
    step.pretrade.replay(numbered(step, order(1, order_qty=3)))
    held = step.pair(SUB, GOLD)
    again = Step()
    again.pretrade.replay(numbered(again, order(1, order_qty=3)))
    assert again.pair(SUB, GOLD) == held
    assert again.risk("open_orders") == 1


def test_nautilus_5057_a_working_order_of_the_session_before_can_be_managed() -> None:
    step = Step()
    row = numbered(step, order(1, order_qty=3))
    step.pretrade.replay(row)
    assert step.ledger.take(row) == []
    number = step.accept(replace(2, 1, 2, 12_990))
    step.run(execution(number, ExecType.EXEC_REPLACED, exec_id=1))
    assert step.accept(cancel(3, 2)) == number


def test_knight_2012_children_are_held_against_their_parent() -> None:
    """Each of a sub-account's strategies is within its own limit; together they are not."""
    strategies = tuple(
        account(handle, Level.STRATEGY, SUB, cash={USD: MILLION}, max_position=50)
        for handle in (9, 10)
    )
    parent = Limit(instrument=GOLD, max_long=10)
    step = Step(universe(accounts=(*changed(SUB, limits=(parent,)), *strategies)))
    step.accept(order(1, account=9, order_qty=6))
    report = step.refuse(order(2, account=10, order_qty=6))
    assert (reason(report), report["level"]) == (Reason.POSITION_LIMIT, Level.SUB_ACCOUNT)
    step.accept(order(3, account=10, order_qty=4))


def test_knight_2012_the_firm_s_exposure_is_a_hard_stop() -> None:
    step = Step(universe(accounts=changed(FIRM, limits=(Limit(max_gross=10),))))
    step.accept(order(1, order_qty=6))
    report = step.refuse(order(2, account=STRANGER, order_qty=6))
    assert (reason(report), report["level"]) == (Reason.GROSS_LIMIT, Level.FIRM)


def test_citi_2022_a_basket_over_a_hard_limit_is_refused_whole() -> None:
    step = Step()
    basket = {"list_id": 5, "tot_no_orders": 3}
    assert step.run(order(1, list_seq_no=1, **basket)) == ([], [])
    assert step.run(order(2, list_seq_no=2, **basket)) == ([], [])
    routes, reports = step.run(order(3, order_qty=99, list_seq_no=3, **basket))
    assert routes == []
    assert [(row["cl_ord_id"], reason(row)) for row in reports] == [
        (3, Reason.ORDER_SIZE),
        (1, Reason.LIST_REFUSED),
        (2, Reason.LIST_REFUSED),
    ]
    assert step.balance(SUB)["margin"] == step.risk("open_orders") == 0
