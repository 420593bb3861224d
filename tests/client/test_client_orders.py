"""Records become reports, and orders follow them."""

from decimal import Decimal

import pytest

from tidegate import session_messages as messages
from tidegate.client.names import Names
from tidegate.client.orders import NewOrder, Orders
from tidegate.client.report import ord_status
from tidegate.codec import DENIAL, EXECUTION, ORDER
from tidegate.errors import SessionError
from tidegate.native.records import NO_PRICE, ExecType, Flag, Kind, Reason, TimeInForce

TERMS = messages.InstrumentTerms(1, "GCZ3", "SIM", "GCZ3", "GC", "USD", "0.1", "100")


def orders(orders_max: int = 100) -> Orders:
    made = Orders(first_cl_ord_id=1, names=Names(), orders_max=orders_max)
    made.names.learn(messages.LogonReply(1, {"A-1": 7}, [TERMS], 10**9, started_ns=1))
    return made


def new(**changes: object) -> NewOrder:
    base = {"account": "A-1", "instrument": "GCZ3", "side": "BUY", "order_qty": 5, "price": "10"}
    return NewOrder(**{**base, **changes})  # type: ignore[arg-type]


def execution(exec_type: ExecType, cl_ord_id: int, **fields: int) -> bytes:
    base = {"kind": Kind.EXECUTION_REPORT, "exec_type": exec_type, "cl_ord_id": cl_ord_id}
    more = {"order_id": 90, "order_qty": 5, "price": 100, "instrument": 1, "account": 7}
    return EXECUTION.pack({**base, **more, **fields})


@pytest.mark.parametrize(
    ("exec_type", "order_qty", "cum_qty", "status"),
    [
        (ExecType.EXEC_NEW, 5, 0, "New"),
        (ExecType.EXEC_TRADE, 5, 3, "PartiallyFilled"),
        (ExecType.EXEC_TRADE, 5, 5, "Filled"),
        (ExecType.EXEC_REPLACED, 5, 2, "PartiallyFilled"),
        (ExecType.EXEC_REPLACED, 5, 5, "Filled"),
        (ExecType.EXEC_RESTATED, 5, 0, "New"),
        (ExecType.EXEC_CANCELED, 5, 2, "Canceled"),
        (ExecType.EXEC_EXPIRED, 5, 0, "Expired"),
        (ExecType.EXEC_REJECTED, 5, 0, "Rejected"),
    ],
)
def test_ord_status_follows_from_exec_type(
    exec_type: ExecType, order_qty: int, cum_qty: int, status: str
) -> None:
    assert ord_status(exec_type, order_qty, cum_qty) == status


def test_every_field_of_a_new_order_is_written() -> None:
    order, record = orders().new_order(
        new(time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL, reduce_only=True, post_only=True)
    )
    values = dict(zip(ORDER.index, ORDER.unpack(record), strict=True))
    assert (values["account"], values["instrument"], values["price"]) == (7, 1, 100)
    assert (values["side"], values["ord_type"], values["time_in_force"]) == (49, 50, 51)
    assert values["flags"] == Flag.REDUCE_ONLY | Flag.POST_ONLY
    assert order.price == Decimal("10.0")


def test_a_market_order_has_no_price() -> None:
    order, record = orders().new_order(new(price=None))
    assert ORDER.unpack(record)[ORDER.index["price"]] == NO_PRICE
    assert order.price is None


def test_a_replace_changes_the_order_and_a_cancel_ends_it() -> None:
    held = orders()
    order, _ = held.new_order(new())
    held.report(execution(ExecType.EXEC_NEW, order.cl_ord_id), None)
    request = ORDER.unpack(held.replace(order, "11", 6))
    request_id = request[ORDER.index["cl_ord_id"]]
    held.report(execution(ExecType.EXEC_REPLACED, request_id, order_qty=6, price=110), None)
    assert (order.order_qty, order.price, order.ord_status) == (6, Decimal("11.0"), "New")
    again = ORDER.unpack(held.cancel(order))
    assert again[ORDER.index["orig_cl_ord_id"]] == order.cl_ord_id
    held.report(
        execution(ExecType.EXEC_CANCELED, again[ORDER.index["cl_ord_id"]], order_qty=6), None
    )
    assert order.is_final
    assert order.leaves_qty == 0


def test_a_cancel_reject_leaves_the_order_as_it_is() -> None:
    held = orders()
    order, _ = held.new_order(new())
    held.report(execution(ExecType.EXEC_NEW, order.cl_ord_id), None)
    held.cancel(order)
    reject = {"kind": Kind.CANCEL_REJECT, "cl_ord_id": 2, "reason": Reason.TOO_LATE}
    report = held.report(DENIAL.pack({**reject, "ref_kind": Kind.CANCEL_REQUEST}), None)
    assert (report.reason, report.ord_status, order.ord_status) == (Reason.TOO_LATE, None, "New")


def test_a_denied_duplicate_does_not_touch_the_first_order() -> None:
    held = orders()
    first, _ = held.new_order(new(cl_ord_id=50))
    second, _ = held.new_order(new(cl_ord_id=50))
    held.report(execution(ExecType.EXEC_NEW, 50), None)
    denied = {"kind": Kind.DENIED, "cl_ord_id": 50, "reason": Reason.DUPLICATE_CL_ORD_ID}
    held.report(DENIAL.pack({**denied, "ref_kind": Kind.NEW_ORDER_SINGLE}), None)
    assert (first.ord_status, second.ord_status) == ("New", "Rejected")


def test_only_final_orders_are_forgotten() -> None:
    held = orders(orders_max=3)
    kept = [held.new_order(new())[0] for _ in range(3)]
    with pytest.raises(SessionError, match="no room for another"):
        held.new_order(new())
    held.report(execution(ExecType.EXEC_CANCELED, kept[0].cl_ord_id, order_id=0), None)
    held.new_order(new())
    with pytest.raises(SessionError, match="not of an order"):
        held.cancel(kept[0].cl_ord_id)
    held.cancel(kept[1].cl_ord_id)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"account": -1}, SessionError, "account -1: expected 0 to 4294967295"),
        ({"account": 2**32}, SessionError, "account 4294967296: expected 0 to 4294967295"),
        ({"cl_ord_id": 0}, SessionError, "cl_ord_id 0: expected 1 to"),
        ({"cl_ord_id": -1}, SessionError, f"cl_ord_id -1: expected 1 to {2**64 - 1}"),
        ({"cl_ord_id": 2**64}, SessionError, f"cl_ord_id {2**64}: expected 1 to {2**64 - 1}"),
        ({"cl_ord_id": "x"}, TypeError, "cl_ord_id 'x' is a str, not an int"),
        ({"time_in_force": "IOC"}, TypeError, "time_in_force 'IOC' is a str, not an int"),
        ({"time_in_force": 256}, SessionError, "time_in_force 256: expected 0 to 255"),
        ({"order_qty": 2**63}, SessionError, f"order_qty {2**63}: expected 1 to {2**31 - 1}"),
    ],
)
def test_a_field_that_does_not_fit_is_refused_by_name(
    changes: dict[str, object], error: type[Exception], message: str
) -> None:
    book = orders()
    with pytest.raises(error, match=message):
        book.new_order(new(**changes))
    assert book.working() == []


def question(held: Orders) -> list[int]:
    """The cl_ord_ids that are asked about."""
    rows = [ORDER.unpack(record) for record in held.asked_again()]
    assert all(row[ORDER.index["flags"]] & Flag.POSS_RESEND for row in rows)
    return [row[ORDER.index["cl_ord_id"]] for row in rows]


def denied(cl_ord_id: int, reason: Reason, kind: Kind = Kind.DENIED) -> bytes:
    ref = Kind.NEW_ORDER_SINGLE if kind == Kind.DENIED else Kind.CANCEL_REQUEST
    return DENIAL.pack({"kind": kind, "cl_ord_id": cl_ord_id, "reason": reason, "ref_kind": ref})


def test_a_replaced_order_is_asked_about_by_its_first_id_and_learns_its_end() -> None:
    held = orders()
    order, _ = held.new_order(new())
    held.report(execution(ExecType.EXEC_NEW, order.cl_ord_id), None)
    request_id = ORDER.unpack(held.replace(order, "11", 9))[ORDER.index["cl_ord_id"]]
    assert question(held) == [order.cl_ord_id]
    told = {"order_qty": 9, "price": 110, "cum_qty": 2, "flags": int(Flag.POSS_RESEND)}
    held.report(execution(ExecType.EXEC_RESTATED, order.cl_ord_id, **told), None)
    assert (order.ord_status, order.leaves_qty, order.price) == (
        "PartiallyFilled",
        7,
        Decimal("11.0"),
    )
    held.report(execution(ExecType.EXEC_CANCELED, request_id, order_qty=9, cum_qty=3), None)
    assert (order.ord_status, order.cum_qty, question(held)) == ("Canceled", 3, [])


@pytest.mark.parametrize("reason", [Reason.LANE_FULL, Reason.JOURNAL_UNAVAILABLE])
def test_a_question_that_is_refused_says_nothing_of_its_order_and_is_asked_once_more(
    reason: Reason,
) -> None:
    held = orders()
    order, _ = held.new_order(new())
    question(held)
    report = held.report(denied(order.cl_ord_id, reason), None)
    assert (report.ord_status, report.is_final, order.ord_status) == (None, False, "PendingNew")
    assert held.has_unanswered
    assert len(held.asked_once_more()) == 1
    assert not held.has_unanswered
    held.report(execution(ExecType.EXEC_RESTATED, order.cl_ord_id, cum_qty=5), None)
    assert order.ord_status == "Filled"
    held.report(denied(order.cl_ord_id, reason), None)
    assert (order.ord_status, held.asked_once_more()) == ("Filled", [])


def test_an_order_that_is_refused_before_it_was_asked_about_is_rejected() -> None:
    held = orders()
    order, _ = held.new_order(new())
    report = held.report(denied(order.cl_ord_id, Reason.LANE_FULL), None)
    assert (report.ord_status, order.ord_status) == ("Rejected", "Rejected")


def test_a_cancel_that_found_no_order_speaks_of_what_was_sent_before_it_alone() -> None:
    held = orders()
    order, _ = held.new_order(new())
    at = ORDER.index["cl_ord_id"]
    before = ORDER.unpack(held.cancel(order))[at]
    question(held)
    held.report(denied(before, Reason.UNKNOWN_ORDER, Kind.CANCEL_REJECT), None)
    assert order.ord_status == "PendingNew"
    after = ORDER.unpack(held.cancel(order))[at]
    held.report(denied(after, Reason.UNKNOWN_ORDER, Kind.CANCEL_REJECT), None)
    assert order.ord_status == "Rejected"


def test_an_order_filled_beyond_what_a_replace_left_is_filled() -> None:
    assert ord_status(ExecType.EXEC_REPLACED, 4, 5) == "Filled"
