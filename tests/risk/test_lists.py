"""Lists of orders: none leaves before all have passed, and self-match among working orders."""

from typing import Any

import pytest
from risk_rig import (
    BUY,
    GOLD,
    GROUP,
    MASTER,
    SECOND,
    SELL,
    SISTER,
    START_NS,
    SUB,
    Step,
    cancel,
    changed,
    control,
    execution,
    order,
    record,
    replace,
    tick,
    universe,
)

from tidegate.native.records import (
    NO_PRICE,
    ORDER_RECORD,
    ExecType,
    Flag,
    Kind,
    OrdType,
    Reason,
    SelfMatch,
)


def of_list(number: int, seq_no: int, count: int, **fields: Any) -> Any:
    place = {"list_id": 5, "list_seq_no": seq_no, "tot_no_orders": count}
    return order(number, **(place | fields))


def told(rows: list[dict[str, Any]]) -> list[tuple[int, Reason]]:
    return [(row["cl_ord_id"], Reason(row["reason"])) for row in rows]


@pytest.fixture
def step() -> Step:
    return Step()


def test_a_list_leaves_together_and_in_order(step: Step) -> None:
    for number in (1, 2):
        assert step.run(of_list(number, number, 3)) == ([], [])
    assert step.risk("accepted") == 0
    assert step.pair(SUB, GOLD)["open_buy"] == 2
    routes, reports = step.run(of_list(3, 3, 3))
    assert [row["cl_ord_id"] for row in routes] == [1, 2, 3]
    assert (reports, step.risk("accepted"), step.risk("open_lists")) == ([], 3, 0)
    step.accept(cancel(4, 2))


def test_other_orders_of_the_session_pass_a_list_by(step: Step) -> None:
    step.run(of_list(1, 1, 2))
    step.accept(order(2))
    routes, _ = step.run(of_list(3, 2, 2))
    assert [row["cl_ord_id"] for row in routes] == [1, 3]


def test_what_follows_a_refused_list_is_refused_until_its_last_number(step: Step) -> None:
    step.run(of_list(1, 1, 4))
    _, reports = step.run(of_list(2, 2, 4, price=1))
    assert told(reports) == [(2, Reason.PRICE_COLLAR), (1, Reason.LIST_REFUSED)]
    for number in (3, 4):
        assert told([step.refuse(of_list(number, number, 4))]) == [(number, Reason.LIST_REFUSED)]
    assert step.risk("open_lists") == 0
    step.accept(of_list(5, 1, 1))


@pytest.mark.parametrize(
    "wrong",
    [
        {"seq_no": 3, "count": 3},
        {"seq_no": 1, "count": 3},
        {"seq_no": 2, "count": 2},
        {"seq_no": 2, "count": 3, "list_id": 6},
    ],
)
def test_a_number_that_does_not_follow_refuses_the_open_list(
    step: Step, wrong: dict[str, int]
) -> None:
    step.run(of_list(1, 1, 3))
    _, reports = step.run(of_list(2, **wrong))
    assert sorted(told(reports)) == [(1, Reason.LIST_REFUSED), (2, Reason.MALFORMED)]
    assert step.balance(SUB)["margin"] == 0


def test_another_list_may_begin_while_a_refused_one_waits(step: Step) -> None:
    step.refuse(of_list(1, 1, 3, order_qty=99))
    routes, _ = step.run(of_list(2, 1, 1, list_id=6))
    assert [row["cl_ord_id"] for row in routes] == [2]


def test_a_list_that_is_not_complete_after_a_second_is_refused(step: Step) -> None:
    step.run(of_list(1, 1, 2))
    assert step.run(tick(START_NS + SECOND - 1)) == ([], [])
    routes, reports = step.run(tick(START_NS + SECOND))
    assert (routes, told(reports)) == ([], [(1, Reason.LIST_INCOMPLETE)])
    assert step.risk("open_orders") == step.risk("open_lists") == 0
    assert told([step.refuse(of_list(2, 2, 2))]) == [(2, Reason.MALFORMED)]


def test_a_staged_order_can_be_neither_canceled_nor_replaced(step: Step) -> None:
    step.run(of_list(1, 1, 2))
    assert told([step.refuse(cancel(2, 1))]) == [(2, Reason.REQUEST_PENDING)]
    assert told([step.refuse(replace(3, 1, 2, 13_000))]) == [(3, Reason.REQUEST_PENDING)]


def test_a_kill_ends_a_list_that_waits(step: Step) -> None:
    step.run(of_list(1, 1, 2))
    step.run(control(Kind.KILL, account=MASTER))
    routes, reports = step.run(tick(START_NS + 1))
    assert (routes, told(reports)) == ([], [(1, Reason.CANCELED_BY_KILL)])
    assert step.balance(SUB)["margin"] == 0


def test_a_resend_of_a_refused_order_of_a_list_is_told_so(step: Step) -> None:
    step.run(of_list(1, 1, 2))
    step.run(of_list(2, 2, 2, order_qty=99))
    _, reports = step.run(of_list(1, 1, 2, flags=int(Flag.POSS_RESEND)))
    assert told(reports) == [(1, Reason.LIST_REFUSED)]


def with_policy(own: SelfMatch = SelfMatch.SELF_MATCH_ALLOW) -> Step:
    return Step(universe(accounts=changed(SUB, self_match_own=int(own))))


def test_allowed_is_allowed() -> None:
    step = with_policy()
    step.accept(order(1))
    step.accept(order(2, side=SELL, price=12_990))


def test_a_resting_order_is_canceled_before_the_new_one_leaves() -> None:
    step = with_policy(SelfMatch.CANCEL_RESTING)
    resting = step.accept(order(1))
    step.accept(order(2, price=12_980))
    routes, reports = step.run(order(3, side=SELL, price=12_990))
    assert routes[0]["order_id"] == resting
    assert [row["kind"] for row in routes] == [Kind.CANCEL_REQUEST, Kind.NEW_ORDER_SINGLE]
    _, reports = step.run(execution(resting, ExecType.EXEC_CANCELED, exec_id=1))
    assert told(reports) == [(1, Reason.CANCELED_SELF_MATCH)]


def test_both_are_canceled_where_nothing_else_failed() -> None:
    step = with_policy(SelfMatch.CANCEL_BOTH)
    resting = step.accept(order(1))
    routes, reports = step.run(order(2, side=SELL, order_qty=99))
    assert (routes, told(reports)) == ([], [(2, Reason.ORDER_SIZE)])
    routes, reports = step.run(order(3, side=SELL))
    assert [(row["kind"], row["order_id"]) for row in routes] == [(Kind.CANCEL_REQUEST, resting)]
    assert told(reports) == [(3, Reason.SELF_MATCH_OWN)]


def test_a_pending_replace_counts_at_its_more_aggressive_price() -> None:
    step = with_policy(SelfMatch.DENY_NEW)
    number = step.accept(order(1, price=12_900))
    step.accept(replace(2, 1, 1, 12_950))
    assert step.refuse(order(3, side=SELL, price=12_950))["limit_value"] == 12_950
    step.run(execution(number, ExecType.EXEC_REPLACED, exec_id=1))
    step.accept(order(4, side=SELL, price=12_960))
    report = step.refuse(replace(5, 2, 1, 12_960))
    assert told([report]) == [(5, Reason.SELF_MATCH_OWN)]


def test_market_meets_every_order_of_the_other_side() -> None:
    step = with_policy(SelfMatch.DENY_NEW)
    step.accept(order(1, price=12_810))
    market = {"ord_type": int(OrdType.MARKET), "price": NO_PRICE}
    report = step.refuse(order(2, side=SELL, **market))
    assert (report["limit_value"], report["asked_value"]) == (12_810, 12_800)


def test_what_has_left_is_not_met_though_its_bound_was_wide() -> None:
    step = with_policy(SelfMatch.DENY_NEW)
    best = step.accept(order(1, price=13_000))
    step.accept(order(2, price=12_900))
    step.run(execution(best, ExecType.EXEC_CANCELED, exec_id=1))
    step.accept(order(3, side=SELL, price=12_950))
    assert step.refuse(order(4, side=SELL, price=12_900))["limit_value"] == 12_900


def test_a_group_s_policy_covers_its_accounts_and_no_other() -> None:
    step = Step(universe(accounts=changed(GROUP, self_match_group=int(SelfMatch.DENY_NEW))))
    step.accept(order(1, account=SISTER))
    step.accept(order(2, account=8, side=SELL))
    assert told([step.refuse(order(3, side=SELL))]) == [(3, Reason.SELF_MATCH_GROUP)]


def test_a_market_order_leaves_with_the_price_that_protects_it(step: Step) -> None:
    market = {"ord_type": int(OrdType.MARKET), "price": NO_PRICE}
    for number, side, bound in ((1, BUY, 13_200), (2, SELL, 12_800)):
        routes, _ = step.run(order(number, side=side, **market))
        assert (routes[0]["ord_type"], routes[0]["price"]) == (OrdType.MARKET, bound)


def test_a_mass_cancel_names_each_working_order_once(step: Step) -> None:
    numbers = [step.accept(order(number)) for number in (1, 2, 3)]
    step.accept(cancel(4, 2))
    rest = record(ORDER_RECORD, Kind.MASS_CANCEL_REQUEST, session=1, mass_cancel_type=ord("7"))
    routes, _ = step.run(rest)
    assert [row["order_id"] for row in routes] == [numbers[2], numbers[0]]
