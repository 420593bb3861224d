"""Orders of a list: staged until the last one has passed, or refused together. RISK.md 5.6."""

from collections.abc import Callable

from tidegate.native.records import Kind, Reason
from twin.booking import finish
from twin.fills import release
from twin.reports import deny_order, route
from twin.state import SECOND, Desk, Order, Row, State, Verdict

Before = Callable[[Order], None]


def place(s: State, o: Row, verdict: Verdict) -> int:
    """The reason why an order has no place in its list, or 0; a list may be begun."""
    if not o["list_id"]:
        return 0
    desk = s.desks[o["session"]]
    refuse_stale(s, o["session"], desk, verdict)
    is_place = 1 <= o["list_seq_no"] <= o["tot_no_orders"]
    if is_place and o["list_seq_no"] == 1 and (not desk.list_id or desk.is_list_refused):
        forget(desk)
        desk.list_id, desk.list_count = o["list_id"], o["tot_no_orders"]
        desk.list_since = s.now
    named = o["list_id"], o["tot_no_orders"]
    follows = o["list_seq_no"] == desk.list_taken + 1
    if not desk.list_id or named != (desk.list_id, desk.list_count) or not follows:
        if desk.list_id:
            refuse(s, o["session"], verdict)
        return int(Reason.MALFORMED)
    return int(Reason.LIST_REFUSED if desk.is_list_refused else 0)


def forget(desk: Desk) -> None:
    desk.list_id = desk.list_count = desk.list_taken = desk.list_since = 0
    desk.is_list_refused = False


def staged(s: State, session: int) -> list[Order]:
    return [order for order in s.open.values() if order.is_staged and order.session == session]


def take(s: State, desk: Desk) -> bool:
    """One more of the list has come; True with the last one."""
    desk.list_taken += 1
    return desk.list_taken == desk.list_count


def passed(s: State, o: Row, verdict: Verdict, before: Before) -> None:
    """With the last order all are routed, each after what it cancels."""
    desk = s.desks[o["session"]]
    if not take(s, desk):
        return
    for order in staged(s, o["session"]):
        before(order)
        order.is_staged = False
        s.counts["accepted"] += 1
        route(s, verdict, Kind.NEW_ORDER_SINGLE, order, order.cl_ord_id)
    forget(desk)


def failed(s: State, o: Row, verdict: Verdict) -> None:
    """An order of a list was denied: so are those before it and those that follow."""
    if not o["list_id"]:
        return
    desk = s.desks[o["session"]]
    if not desk.list_id:
        return
    named = o["list_id"], o["tot_no_orders"], o["list_seq_no"]
    refuse(s, o["session"], verdict)
    is_next = named == (desk.list_id, desk.list_count, desk.list_taken + 1)
    if is_next and take(s, desk):
        forget(desk)


def refuse(s: State, session: int, verdict: Verdict, reason: int = Reason.LIST_REFUSED) -> None:
    """Release and deny what is staged; what follows is denied too."""
    desk = s.desks[session]
    for order in staged(s, session):
        own = order.cancel_reason or reason
        release(s, order, order.held)
        finish(s, order, "8")
        order.is_staged = False
        known = s.ids[order.session, order.cl_ord_id]
        known.order, known.reason = 0, own
        deny_order(s, order, verdict, own, desk.list_count)
    desk.is_list_refused = True


def refuse_stale(s: State, session: int, desk: Desk, verdict: Verdict) -> None:
    """A list that did not come to its end in time, or of which a staged order was canceled."""
    if desk.list_id and s.now >= desk.list_since + SECOND:
        refuse(s, session, verdict, Reason.LIST_INCOMPLETE)
        forget(desk)
    elif any(order.cancel is not None for order in staged(s, session)):
        refuse(s, session, verdict)


def expire(s: State, verdict: Verdict) -> None:
    """At TICK."""
    for session, desk in s.desks.items():
        refuse_stale(s, session, desk, verdict)
