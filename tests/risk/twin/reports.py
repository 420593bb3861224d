"""What leaves the twin: routes and reports, as dicts of the fields that are compared."""

from tidegate.native.records import ExecType, Kind
from twin.margin import held_prices
from twin.state import Order, Row, State, Verdict

ENDS = {ExecType.EXEC_CANCELED: "4", ExecType.EXEC_REJECTED: "8", ExecType.EXEC_EXPIRED: "C"}
Numbers = tuple[int, int, int, int, int]
COMPARED = ("limit_value", "used_value", "asked_value")


def deny(s: State, o: Row, verdict: Verdict, kind: Kind, reason: int) -> None:
    """A refusal to the sender, with what the verdict compared."""
    verdict.bits |= 1 << (reason if reason < 63 else 0)
    verdict.reason = reason
    s.denied_by[reason] += 1
    s.counts["denied"] += kind == Kind.DENIED
    limit, used, asked, level, scope = verdict.numbers
    verdict.reports.append(
        {
            "kind": kind,
            "session": o["session"],
            "cl_ord_id": o["cl_ord_id"],
            "reason": reason,
            "limit_value": limit,
            "used_value": used,
            "asked_value": asked,
            "level": level,
            "scope": scope,
            "ref_kind": o["kind"],
        }
    )


def deny_order(s: State, order: Order, verdict: Verdict, reason: int, count: int) -> None:
    """A staged order is refused after all."""
    s.denied_by[reason] += 1
    s.counts["denied"] += 1
    verdict.reports.append(
        {
            "kind": Kind.DENIED,
            "session": order.session,
            "cl_ord_id": order.cl_ord_id,
            "reason": reason,
            "limit_value": count,
            "asked_value": order.list_seq_no,
        }
    )


def route(s: State, verdict: Verdict, kind: int, order: Order, cl_ord_id: int) -> None:
    """A new order and a replace carry a price; a MARKET order's is its bound now."""
    found = {"kind": kind, "order_id": order.number, "cl_ord_id": cl_ord_id}
    if kind != Kind.CANCEL_REQUEST:
        found["price"] = held_prices(s, order)[-1]
    verdict.routes.append(found)


def alert(
    s: State,
    verdict: Verdict,
    account: int,
    instrument: int,
    reason: int,
    numbers: Numbers | None,
    grade: int = 0,
) -> None:
    """To the account's session; of a level above it to nobody, and counted."""
    s.counts["alerts"] += 1
    session = s.traders[account].row.session if account else 0
    found = {
        "kind": Kind.ALERT,
        "session": session,
        "account": account,
        "instrument": instrument,
        "reason": reason,
        "grade": grade,
    }
    if numbers:
        found |= dict(zip(COMPARED, numbers[:3], strict=True))
    verdict.reports.append(found)


def answer(s: State, r: Row, verdict: Verdict, reason: int, numbers: Numbers) -> None:
    """To the operator who sent a control record; nobody else is answered."""
    if r.get("actor", 0) in s.desks:
        found = {
            "kind": Kind.CONTROL_ANSWER,
            "session": r["actor"],
            "cl_ord_id": r["cl_ord_id"],
            "reason": reason,
        }
        verdict.reports.append(found | dict(zip(COMPARED, numbers[:3], strict=True)))
