"""What strategies send: new orders, cancels, replaces, mass cancels. RISK.md 2 and 3."""

from tidegate.native.records import (
    NO_PRICE,
    ExecType,
    Flag,
    Kind,
    OrdType,
    PositionEffect,
    Reason,
    SelfMatch,
    Side,
    TimeInForce,
)
from twin import lists
from twin.checks import (
    Asked,
    Numbers,
    check_positions,
    check_price,
    check_rates,
    check_size,
    check_states,
    make,
)
from twin.checks_match import check_self_match, rivals
from twin.checks_money import (
    Added,
    check_losses,
    check_missing,
    check_money,
    check_notional,
    check_sums,
)
from twin.count import count_message, full_buckets, identical_before, send_cancel
from twin.fills import hold
from twin.reports import ENDS, deny, route
from twin.state import PRICE_MAX, QTY_MAX, Known, Order, Row, State, Verdict

TERMS = ("stop_px", "expire_ns", "exec_inst", "hedge_flag")
KNOWN_FLAGS = Flag.POSS_DUP | Flag.POSS_RESEND | Flag.REDUCE_ONLY | Flag.POST_ONLY


def malformed(s: State, o: Row) -> bool:
    row = s.contracts[o["instrument"]].row
    effects = [PositionEffect.OPEN, PositionEffect.CLOSE]
    if row.closes_today:
        effects += [PositionEffect.CLOSE_TODAY, PositionEffect.CLOSE_YESTERDAY]
    is_market = o["ord_type"] == OrdType.MARKET
    named = [o["list_id"] != 0, o["list_seq_no"] != 0, o["tot_no_orders"] != 0]
    return (
        o["flags"] & ~int(KNOWN_FLAGS) != 0
        or any(o[name] for name in TERMS)
        or not (
            o["position_effect"] in effects or (o["position_effect"] == 0 and not row.has_sides)
        )
        or not 0 < o["order_qty"] <= QTY_MAX
        or o["side"] not in tuple(Side)
        or o["ord_type"] not in tuple(OrdType)
        or (o["price"] == NO_PRICE) != is_market
        or (not is_market and abs(o["price"]) > PRICE_MAX)
        or o["time_in_force"] not in tuple(TimeInForce)
        or any(named) != all(named)
        or o["list_seq_no"] > o["tot_no_orders"]
    )


def run_checks(s: State, o: Row, replaced: Order | None, verdict: Verdict) -> tuple[Asked, Added]:
    """All of section 3 on the state before the order, into the verdict; then it counts."""
    asked = make(s, o, replaced)
    asked.full_buckets = full_buckets(asked)
    asked.identical_before = identical_before(asked)
    check_states(asked)
    check_losses(asked)
    check_size(asked)
    check_notional(asked)
    check_price(asked)
    check_rates(asked)
    check_self_match(asked)
    check_positions(asked)
    check_missing(asked)
    added = check_money(asked)
    if not asked.failed:
        check_sums(asked, added)
    decide(asked, verdict)
    count_message(asked)
    return asked, added


def decide(asked: Asked, verdict: Verdict) -> None:
    for reason in asked.failed:
        verdict.bits |= 1 << reason
    verdict.failed = asked.failed
    if asked.failed:
        first = min(asked.failed)
        verdict.reason = first
        verdict.numbers = asked.failed[first]


def is_old(s: State, o: Row) -> bool:
    limit, _, waited, *_ = age(s, o)
    return 0 < limit < waited


def age(s: State, o: Row) -> Numbers:
    """The oldest that an order may be when risk looks at it, and how old it is."""
    return s.universe.order_age_ms_max * 10**6, 0, s.now - max(0, o["received_ns"]), 0, 0


def is_named(s: State, o: Row) -> bool:
    return o["session"] in s.desks and o["cl_ord_id"] != 0


def known_id(s: State, o: Row) -> Known | None:
    """What is known under the record's id; what is past is known to a resend alone."""
    known = s.ids.get((o["session"], o["cl_ord_id"]))
    is_resend = o["flags"] & Flag.POSS_RESEND
    return known if known and (is_resend or not known.is_past) else None


def new_order(s: State, o: Row, verdict: Verdict) -> None:
    key = o["session"], o["cl_ord_id"]
    if not is_named(s, o):
        deny(s, o, verdict, Kind.DENIED, Reason.MALFORMED)
        return
    if known := known_id(s, o):
        answer_known(s, o, known, verdict)
        return
    s.ids[key] = Known(0, o["order_qty"], 0)
    reason = lists.place(s, o, verdict)
    if reason:
        verdict.numbers = o["tot_no_orders"], 0, o["list_seq_no"], 0, 0
    account = s.traders.get(o["account"])
    if reason:
        pass
    elif account is None or not account.trades:
        reason = Reason.UNKNOWN_ACCOUNT
    elif o["instrument"] not in s.contracts:
        reason = Reason.UNKNOWN_INSTRUMENT
    elif malformed(s, o):
        reason = Reason.MALFORMED
    elif is_old(s, o):
        reason = Reason.STALE_ORDER
        verdict.numbers = age(s, o)
    elif len(s.open) >= s.universe.capacity.orders:
        reason = Reason.TABLE_FULL
    if reason:
        refuse_new(s, o, verdict, reason)
        return
    asked, added = run_checks(s, o, None, verdict)
    if verdict.reason:
        cancel_crossed(s, o, asked, verdict)
        refuse_new(s, o, verdict, verdict.reason)
    else:
        accept(s, o, asked, added, verdict)


def accept(s: State, o: Row, asked: Asked, added: Added, verdict: Verdict) -> None:
    if not o["list_id"]:
        cancel_crossed(s, o, asked, verdict)
    s.numbers += 1
    order = Order(
        s.numbers,
        o["session"],
        o["cl_ord_id"],
        o["account"],
        o["instrument"],
        asked.is_buy,
        o["price"],
        o["order_qty"],
        o["ord_type"],
        o["time_in_force"],
        o["flags"],
        o["position_effect"],
        list_id=o["list_id"],
        list_seq_no=o["list_seq_no"],
        fee=added.fee,
        premium=added.premium,
        is_staged=o["list_id"] != 0,
    )
    hold(s, order, asked.lots)
    s.enter(order)
    s.ids[o["session"], o["cl_ord_id"]].order = order.number
    accepted(asked)
    if order.is_staged:
        lists.passed(s, o, verdict, lambda one: cancel_for(s, one, verdict))
    else:
        s.counts["accepted"] += 1
        route(s, verdict, o["kind"], order, o["cl_ord_id"])


def cancel_for(s: State, order: Order, verdict: Verdict) -> None:
    """What an order of a list cancels when it is routed."""
    o = {
        "account": order.account,
        "instrument": order.instrument,
        "side": Side.BUY if order.is_buy else Side.SELL,
        "order_qty": order.qty,
        "price": order.price,
        "ord_type": order.ord_type,
        "position_effect": order.effect,
    }
    cancel_crossed(s, o, make(s, o, None), verdict)


def accepted(asked: Asked) -> None:
    """What an accepted order leaves behind besides its hold."""
    for t in asked.chain:
        t.last_order = asked.s.now
    row, book = asked.contract.row, asked.book
    if asked.o["ord_type"] == OrdType.LIMIT and row.period_ns:
        is_over = asked.s.now >= book.period_since + row.period_ns
        if is_over or not book.period_since:
            book.period_px, book.period_since = asked.o["price"], asked.s.now


def cancel_crossed(s: State, o: Row, asked: Asked, verdict: Verdict) -> None:
    """Cancel what the order would match, when nothing but CANCEL_BOTH stands against it."""
    found = rivals(asked)
    both = {reason for reason, policy, _ in found if policy == SelfMatch.CANCEL_BOTH}
    if set(asked.failed) - both:
        return
    chosen = {
        order.number: order
        for _, policy, orders in found
        if policy in (SelfMatch.CANCEL_RESTING, SelfMatch.CANCEL_BOTH)
        for order in orders
    }
    for _, order in sorted(chosen.items(), reverse=True):
        if order.cancel is None and not order.is_staged:
            order.cancel_reason = Reason.CANCELED_SELF_MATCH
            send_cancel(s, order, 0, verdict)


def refuse_new(s: State, o: Row, verdict: Verdict, reason: int) -> None:
    s.ids[o["session"], o["cl_ord_id"]].reason = reason
    deny(s, o, verdict, Kind.DENIED, reason)
    lists.failed(s, o, verdict)


def answer_known(s: State, o: Row, known: Known, verdict: Verdict) -> None:
    """An id of the day again: its state for a resend, else a duplicate."""
    verdict.bits |= 1 << Reason.DUPLICATE_CL_ORD_ID
    noted = s.noted(o["session"], known)
    if noted is None or not o["flags"] & Flag.POSS_RESEND:
        deny(s, o, verdict, Kind.DENIED, Reason.DUPLICATE_CL_ORD_ID)
    elif not known.order:
        deny(s, o, verdict, Kind.DENIED, known.reason)
    else:
        final = noted.exec_type if noted.exec_type in ENDS else ExecType.EXEC_RESTATED
        order = s.orders.get(known.order)
        verdict.reports.append(
            {
                "kind": Kind.EXECUTION_REPORT,
                "exec_type": final,
                "cl_ord_id": o["cl_ord_id"],
                "order_id": known.order,
                "order_qty": noted.qty,
                "cum_qty": noted.cum,
                "price": order.price if order else o["price"],
                "reason": noted.reason,
            }
        )


def named_order(s: State, o: Row) -> tuple[Order | None, int]:
    if not is_named(s, o):
        return None, Reason.MALFORMED
    known = s.ids.get((o["session"], o["orig_cl_ord_id"]))
    if known is None or not known.order:
        return None, Reason.UNKNOWN_ORDER
    order = s.orders.get(known.order)
    return (order, 0) if order and order.is_open else (None, Reason.TOO_LATE)


def cancel(s: State, o: Row, verdict: Verdict) -> None:
    order, reason = named_order(s, o)
    if order and o["flags"] & Flag.POSS_RESEND and order.cancel == o["cl_ord_id"]:
        return
    if order is None or order.cancel is not None or order.is_staged:
        deny(s, o, verdict, Kind.CANCEL_REJECT, reason or Reason.REQUEST_PENDING)
        return
    send_cancel(s, order, o["cl_ord_id"], verdict)


def mass_cancel(s: State, o: Row, verdict: Verdict) -> None:
    is_known = o["mass_cancel_type"] in (ord("7"), ord("d"))
    if o["session"] not in s.desks or not is_known:
        deny(s, o, verdict, Kind.CANCEL_REJECT, Reason.MALFORMED)
        return
    for order in reversed(list(s.open.values())):
        if (
            order.is_open
            and order.session == o["session"]
            and order.cancel is None
            and o["account"] in (0, order.account)
            and o["instrument"] in (0, order.instrument)
            and (
                o["mass_cancel_type"] != ord("d")
                or s.traders[order.account].row.cancel_on_disconnect
            )
        ):
            send_cancel(s, order, 0, verdict)


def replace(s: State, o: Row, verdict: Verdict) -> None:
    order, reason = named_order(s, o)
    if order is None:
        deny(s, o, verdict, Kind.CANCEL_REJECT, reason)
        return
    asked_before = order.replace[0] if order.replace else None
    if o["flags"] & Flag.POSS_RESEND and asked_before == o["cl_ord_id"]:
        return
    full = o | {
        "account": order.account,
        "instrument": order.instrument,
        "side": Side.BUY if order.is_buy else Side.SELL,
        "ord_type": order.ord_type,
        "time_in_force": order.time_in_force,
        "flags": order.flags,
        "position_effect": order.effect,
    }
    if order.replace or order.cancel is not None or order.is_staged:
        reason = Reason.REQUEST_PENDING
    elif known_id(s, o):
        reason = Reason.DUPLICATE_CL_ORD_ID
    elif malformed(s, full):
        reason = Reason.MALFORMED
    elif o["order_qty"] <= order.cum:
        reason = Reason.TOO_LATE
    elif is_old(s, o):
        reason = Reason.STALE_ORDER
        verdict.numbers = age(s, o)
    else:
        asked, added = run_checks(s, full, order, verdict)
        reason = verdict.reason
        if not reason:
            cancel_crossed(s, full, asked, verdict)
    if reason:
        deny(s, o, verdict, Kind.CANCEL_REJECT, reason)
        return
    order.replace = o["cl_ord_id"], o["price"], o["order_qty"]
    hold(s, order, asked.lots)
    order.fee += added.fee
    order.premium += added.premium
    accepted(asked)
    first = s.ids[order.session, order.cl_ord_id].first or order.cl_ord_id
    s.ids[o["session"], o["cl_ord_id"]] = Known(order.number, 0, 0, first=first)
    route(s, verdict, o["kind"], order, o["cl_ord_id"])
