"""What venues say: reports of orders, fills, refused requests."""

from tidegate.native.records import NO_PRICE, ExecType, Kind, Reason, Side, TimeInForce
from twin import after_fill
from twin.balances import Balance
from twin.fills import book_fill, halt, keep
from twin.margin import working
from twin.reports import ENDS
from twin.state import QTY_MAX, InexpressibleError, Known, Order, Row, State, Verdict


def report(s: State, r: Row, verdict: Verdict) -> None:
    order = s.orders.get(r["order_id"])
    if order is None or order.is_staged:
        s.counts["orphan_reports"] += 1
    elif r["kind"] == Kind.CANCEL_REJECT:
        cancel_reject(s, order, r, verdict)
    elif r["exec_id"] and r["exec_id"] <= order.exec_id:
        s.counts["duplicate_reports"] += 1
    else:
        order.exec_id = r["exec_id"] or order.exec_id
        execution(s, order, r, verdict)


def execution(s: State, order: Order, r: Row, verdict: Verdict) -> None:
    kind = r["exec_type"]
    if kind == ExecType.EXEC_TRADE:
        trade(s, order, r, verdict)
    elif not order.is_open or (kind == ExecType.EXEC_REPLACED and not order.replace):
        s.counts["duplicate_reports"] += 1
    elif kind == ExecType.EXEC_NEW:
        order.status = "0" if order.status == "A" else order.status
        tell(s, order, r, verdict)
    elif kind == ExecType.EXEC_REPLACED and order.replace:
        order.cl_ord_id, order.price, order.qty = order.replace
        order.replace = None
        if order.cum >= order.qty:
            end(s, order, r, verdict, "2")
        else:
            keep(s, order, order.left)
            tell(s, order, r, verdict)
    elif kind in ENDS:
        end(s, order, r, verdict, ENDS[kind])
    else:
        s.counts["refused_records"] += 1


def trade(s: State, order: Order, r: Row, verdict: Verdict) -> None:
    if not 0 < r["last_qty"] <= QTY_MAX or r["last_px"] == NO_PRICE:
        s.counts["unbookable"] += 1
        return
    lots, price = r["last_qty"], r["last_px"]
    if not book_fill(s, order, lots, price):
        s.counts["unbookable"] += 1
        halt(s, order.account)
    for t in s.chain(order.account):
        currency = s.contracts[order.instrument].row.currency
        try:
            Balance(s, t.row.handle, currency, working(s)).available  # noqa: B018
        except InexpressibleError:
            s.counts["unbookable"] += 1
            halt(s, t.row.handle)
    order.cum += lots
    s.counts["fills"] += 1
    count_trade(s, order, r)
    after_fill.executions(s, order, verdict)
    keep(s, order, order.held)
    if not order.is_open:
        s.counts["late_fills"] += 1
        tell(s, order, r, verdict)
    elif order.cum >= order.qty and not order.replace:
        end(s, order, r, verdict, "2")
    else:
        order.status = "1"
        tell(s, order, r, verdict)
    after_fill.run(s, order, lots, verdict)


def count_trade(s: State, order: Order, r: Row) -> None:
    """A trade of the day; a self-trade when the match's other side was the group's too."""
    day = s.day(order.account, order.instrument)
    if day is None:
        return
    day.trades += 1
    side = int(Side.BUY if order.is_buy else Side.SELL)
    if match := r.get("trd_match_id", 0):
        last, other = day.last_match
        day.self_trades += last == match and other != side
        day.last_match = match, side


def count_canceled(s: State, order: Order) -> None:
    day = s.day(order.account, order.instrument)
    row = s.contracts[order.instrument].row
    immediate = TimeInForce.IMMEDIATE_OR_CANCEL, TimeInForce.FILL_OR_KILL
    is_exempt = row.exempts_immediate and order.time_in_force in immediate
    if day is None or not order.left or is_exempt:
        return
    day.cancels += 1
    day.large_cancels += 0 < row.large_cancel_qty <= order.left


def tell(s: State, order: Order, r: Row, verdict: Verdict, cl_ord_id: int = 0) -> None:
    reason = told_reason(order, r)
    verdict.reports.append(
        {
            "kind": Kind.EXECUTION_REPORT,
            "exec_type": r["exec_type"],
            "session": order.session,
            "cl_ord_id": cl_ord_id or order.cl_ord_id,
            "order_id": order.number,
            "order_qty": order.qty,
            "cum_qty": order.cum,
            "price": order.price,
            "reason": reason,
        }
    )
    known = known_of(s, order)
    if r["exec_type"] != ExecType.EXEC_TRADE or known.exec_type not in ENDS:
        known.exec_type = r["exec_type"]
    known.qty, known.cum = order.qty, order.cum


def known_of(s: State, order: Order) -> Known:
    """What its ids say; a day later an id is forgotten, or another order's."""
    known = s.ids.get((order.session, order.cl_ord_id))
    if known is None or known.order != order.number:
        return Known(0, 0, 0)
    return s.noted(order.session, known) or Known(0, 0, 0)


def end(s: State, order: Order, r: Row, verdict: Verdict, status: str) -> None:
    is_canceled = r["exec_type"] == ExecType.EXEC_CANCELED
    tell(s, order, r, verdict, (order.cancel or 0) if is_canceled else 0)
    if is_canceled:
        order.cancel = None
        count_canceled(s, order)
    answer(s, order, verdict, Kind.CANCEL_REQUEST, Reason.TOO_LATE)
    answer(s, order, verdict, Kind.CANCEL_REPLACE_REQUEST, Reason.TOO_LATE)
    known_of(s, order).reason = told_reason(order, r)
    finish(s, order, status)


def told_reason(order: Order, r: Row) -> int:
    """Why it ended: risk's own reason where risk canceled it."""
    is_own = r["exec_type"] == ExecType.EXEC_CANCELED and order.cancel_reason != 0
    return order.cancel_reason if is_own else int(r["reason"])


def finish(s: State, order: Order, status: str) -> None:
    order.status, order.held, order.fee, order.premium, order.frozen_today = status, 0, 0, 0, 0
    s.leave(order)


def answer(s: State, order: Order, verdict: Verdict, kind: Kind, reason: int) -> None:
    """Tell a request of a strategy that waits; risk's own cancels have nobody to tell."""
    pending = order.replace[0] if order.replace else None
    if kind == Kind.CANCEL_REQUEST:
        pending, order.cancel = order.cancel, None
    else:
        order.replace = None
    if pending:
        verdict.reports.append(
            {
                "kind": Kind.CANCEL_REJECT,
                "session": order.session,
                "cl_ord_id": pending,
                "reason": reason,
                "ref_kind": kind,
            }
        )


def cancel_reject(s: State, order: Order, r: Row, verdict: Verdict) -> None:
    if r["ref_kind"] == Kind.CANCEL_REQUEST:
        is_pending = order.cancel is not None
    elif r["ref_kind"] == Kind.CANCEL_REPLACE_REQUEST:
        is_pending = order.replace is not None
    else:
        s.counts["refused_records"] += 1
        return
    if not order.is_open or not is_pending:
        s.counts["duplicate_reports"] += 1
        return
    is_cancel = r["ref_kind"] == Kind.CANCEL_REQUEST
    if is_cancel and r["reason"] == Reason.VENUE_UNKNOWN_ORDER and order.status == "A":
        lost = r | {"exec_type": ExecType.EXEC_CANCELED}
        end(s, order, lost, verdict, "4")
        known_of(s, order).exec_type = ExecType.EXEC_CANCELED
        return
    answer(s, order, verdict, Kind(r["ref_kind"]), r["reason"])
    if is_cancel:
        order.cancel_reason = 0
    else:
        keep(s, order, order.left)
    if order.cum >= order.qty and not order.replace:
        answer(s, order, verdict, Kind.CANCEL_REQUEST, Reason.TOO_LATE)
        finish(s, order, "2")
