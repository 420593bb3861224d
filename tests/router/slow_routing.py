"""Routing again, in plain Python with dicts and exact fractions: slow, and easy to believe."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from tidegate.native.order_map import RouteState
from tidegate.native.records import (
    DENIAL_RECORD,
    EXECUTION_RECORD,
    NO_PRICE,
    ORDER_RECORD,
    RECORD,
    ExecType,
    Kind,
    Reason,
)

REQUESTS = (Kind.NEW_ORDER_SINGLE, Kind.CANCEL_REQUEST, Kind.CANCEL_REPLACE_REQUEST)
STAMPS = ("received_ns", "sequenced_delta", "decided_delta", "routed_delta")
KEPT = ("layout_version", "order_id", "account", "instrument", "session")
KEPT += ("side", "ord_type", "time_in_force", "position_effect", *STAMPS)
FINAL = (ExecType.EXEC_CANCELED, ExecType.EXEC_REJECTED, ExecType.EXEC_EXPIRED)
ASKED = {
    ExecType.EXEC_CANCELED: (Kind.CANCEL_REQUEST, Kind.CANCEL_REPLACE_REQUEST),
    ExecType.EXEC_REPLACED: (Kind.CANCEL_REPLACE_REQUEST,),
}
Row = np.ndarray[Any, Any]


@dataclass
class SlowChannel:
    """A channel: whether it is up, its numbers and its bucket of whole messages."""

    rate: int
    burst: int
    is_up: bool = False
    next_sending: int = 1
    exec_id_max: int = 0
    tokens: Fraction = Fraction(0)
    filled_ns: int = 0
    codes: dict[int, int] = field(default_factory=dict)
    accounts: dict[int, int] = field(default_factory=dict)

    def level(self, now_ns: int) -> Fraction:
        elapsed = max(0, now_ns - self.filled_ns)
        return min(self.tokens + Fraction(elapsed * self.rate, 10**9), Fraction(self.burst))


@dataclass
class SlowOrder:
    """The last request's head, the ids, and the number under which each kind is pending."""

    order_id: int
    channel: int
    head: Row
    cl_ord_id: int
    price: int = 0
    order_qty: int = 0
    cum_qty: int = 0
    exec_id: int = 0
    state: RouteState = RouteState.ROUTE_WORKING
    venue_order_id: int = 0
    ids: dict[int, int] = field(default_factory=dict)
    pending: dict[int, int] = field(default_factory=dict)
    stamped: int = 0


class SlowRouting:
    """The same inputs and outputs as native.routing.Routing."""

    def __init__(
        self, capacity: int, instrument_channels: list[int], *, order_age_ms_max: int = 0
    ) -> None:
        self.capacity = capacity
        self.order_age_ns_max = order_age_ms_max * 10**6
        self.instrument_channels = instrument_channels
        self.channels: dict[int, SlowChannel] = {}
        self.orders: dict[int, SlowOrder] = {}

    def route(self, request: Row, now_ns: int) -> tuple[int, Row | None]:
        kind = int(request["kind"][0])
        order_id = int(request["order_id"][0])
        if kind not in REQUESTS or order_id == 0 or self.is_repeated(request):
            return -1, None
        reason = self.verdict(request, now_ns)
        if reason:
            return 0, refusal(request, reason)
        index = self.instrument_channels[request["instrument"][0]]
        channel = self.channels[index]
        channel.tokens = max(channel.level(now_ns) - 1, Fraction(-channel.burst))
        channel.filled_ns = max(channel.filled_ns, now_ns)
        out = request.copy()
        out["checksum"] = out["sequence"] = out["session"] = 0
        out["routed_delta"] = delta(request, now_ns)
        out["msg_seq_num"] = channel.next_sending
        order = self.noted(out, request, index)
        out["order_id"] = order.venue_order_id
        out["cl_ord_id"] = order_id
        out["instrument"] = channel.codes[int(request["instrument"][0])]
        out["account"] = channel.accounts[int(request["account"][0])]
        out.view(ORDER_RECORD)["orig_cl_ord_id"] = 0
        channel.next_sending += 1
        return index, out

    def noted(self, out: Row, request: Row, index: int) -> SlowOrder:
        kind = int(request["kind"][0])
        order_id = int(request["order_id"][0])
        place = order_id & 0xFFFFFFFF
        order = self.orders.get(place)
        if kind != Kind.NEW_ORDER_SINGLE and not self.has_place(order_id):
            return SlowOrder(order_id, index, out, 0)
        if kind == Kind.NEW_ORDER_SINGLE or order is None or order.order_id != order_id:
            own = int(request.view(ORDER_RECORD)["orig_cl_ord_id"][0])
            order = self.orders[place] = SlowOrder(order_id, index, out, own)
        head = request.copy()
        head["routed_delta"] = out["routed_delta"]
        if order.stamped == kind or not any(order.pending.values()):
            order.stamped = kind
        else:
            for name in STAMPS:
                head[name] = order.head[name]
        order.head = head
        order.channel = index
        order.ids[kind] = int(request["cl_ord_id"][0])
        order.pending[kind] = int(out["msg_seq_num"][0])
        if kind == Kind.NEW_ORDER_SINGLE:
            order.cl_ord_id = order.ids[kind]
            order.state = RouteState.ROUTE_PENDING_NEW
            order.price = int(request["price"][0])
            order.order_qty = int(request["order_qty"][0])
        return order

    def is_repeated(self, request: Row) -> bool:
        order_id = int(request["order_id"][0])
        kind = int(request["kind"][0])
        order = self.orders.get(order_id & 0xFFFFFFFF)
        if order is None:
            return False
        if kind == Kind.NEW_ORDER_SINGLE:
            is_later = request["received_ns"][0] > order.head["received_ns"][0]
            return order_id <= order.order_id and not is_later
        same = order.ids.get(kind) == request["cl_ord_id"][0]
        return order_id == order.order_id and kind in order.pending and same

    def verdict(self, request: Row, now_ns: int) -> Reason:
        order_id = int(request["order_id"][0])
        instrument = int(request["instrument"][0])
        if order_id & 0xFFFFFFFF >= self.capacity:
            return Reason.TABLE_FULL
        is_new = request["kind"][0] == Kind.NEW_ORDER_SINGLE
        # A cancel that no client sent may be of an order that only the venue has.
        is_strange = request["kind"][0] == Kind.CANCEL_REQUEST and request["cl_ord_id"][0] == 0
        if not (is_new or is_strange or self.has_place(order_id)):
            return Reason.UNKNOWN_ORDER
        known = instrument < len(self.instrument_channels)
        channel = self.channels.get(self.instrument_channels[instrument] if known else 0)
        if channel is None:
            return Reason.VENUE_CODE_MISSING
        if not channel.is_up:
            return Reason.VENUE_DOWN
        if instrument not in channel.codes or int(request["account"][0]) not in channel.accounts:
            return Reason.VENUE_CODE_MISSING
        if request["kind"][0] == Kind.CANCEL_REQUEST:
            return Reason.REASON_NONE
        if 0 < self.order_age_ns_max < now_ns - int(request["received_ns"][0]):
            return Reason.STALE_ORDER
        if channel.level(now_ns) < 1:
            return Reason.VENUE_THROTTLE
        return Reason.REASON_NONE

    def has_place(self, order_id: int) -> bool:
        order = self.orders.get(order_id & 0xFFFFFFFF)
        if order is None or order.order_id == order_id:
            return True
        is_live = order.state in (RouteState.ROUTE_PENDING_NEW, RouteState.ROUTE_WORKING)
        return order_id > order.order_id and not is_live

    def lost(self, index: int, next_expected: int) -> list[Row]:
        refusals = []
        for _, order in sorted(self.orders.items()):
            for kind in REQUESTS:
                if order.channel == index and order.pending.get(kind, 0) >= next_expected:
                    request = np.zeros(1, RECORD)
                    for name in KEPT:
                        request[name] = order.head[name]
                    request["kind"] = kind
                    request["cl_ord_id"] = order.ids[kind]
                    request["price"] = order.price
                    request["order_qty"] = order.order_qty
                    refusals.append(refusal(request, Reason.VENUE_DOWN))
                    del order.pending[kind]
                    if kind == Kind.NEW_ORDER_SINGLE:
                        order.state = RouteState.ROUTE_DONE
        return refusals

    def forgotten(self, index: int) -> list[Row]:
        reports = []
        for place in range(self.capacity):
            order = self.orders.get(place)
            if order is None or order.channel != index or order.state != RouteState.ROUTE_WORKING:
                continue
            out = np.zeros(1, EXECUTION_RECORD)
            for name in KEPT:
                out[name] = order.head[name]
            out["kind"], out["exec_type"] = Kind.EXECUTION_REPORT, ExecType.EXEC_CANCELED
            out["reason"], out["last_px"] = Reason.VENUE_DOWN, NO_PRICE
            out["price"], out["order_qty"] = order.price, order.order_qty
            out["cum_qty"], out["cl_ord_id"] = order.cum_qty, order.cl_ord_id
            for kind in (Kind.CANCEL_REPLACE_REQUEST, Kind.CANCEL_REQUEST):
                if order.pending.pop(kind, 0):
                    out["cl_ord_id"] = order.ids[kind]
            order.state = RouteState.ROUTE_DONE
            reports.append(out.view(RECORD))
        return reports

    def report(self, index: int, report: Row, now_ns: int) -> Row | None:
        channel = self.channels[index]
        out = report.copy()
        out["checksum"] = out["sequence"] = 0
        code = int(report["instrument"][0])
        ours = next((ours for ours, theirs in channel.codes.items() if theirs == code), 0)
        if report["kind"][0] == Kind.MARK:
            out["instrument"] = ours
            stamp(out, now_ns)
            return out if ours else None
        if report["kind"][0] == Kind.EXECUTION_REPORT:
            exec_id = int(report.view(EXECUTION_RECORD)["exec_id"][0])
            if exec_id <= channel.exec_id_max:
                return None
            channel.exec_id_max = exec_id
        elif report["kind"][0] != Kind.CANCEL_REJECT:
            return None
        order = self.orders.get(int(report["cl_ord_id"][0]) & 0xFFFFFFFF)
        if order is not None and order.order_id != report["cl_ord_id"][0]:
            order = None
        if order is not None and report["kind"][0] == Kind.CANCEL_REJECT:
            denial = report.view(DENIAL_RECORD)[0]
            if 0 < denial["ref_seq_num"] < order.pending.get(int(denial["ref_kind"]), 0):
                return None
        out["order_id"] = report["cl_ord_id"]
        if order is None:
            out["cl_ord_id"] = out["account"] = out["session"] = 0
            out["instrument"] = ours
        else:
            self.answer(order, report, out)
        stamp(out, now_ns)
        return out

    def answer(self, order: SlowOrder, report: Row, out: Row) -> None:
        order.venue_order_id = int(report["order_id"][0]) or order.venue_order_id
        for name in ("account", "instrument", "session"):
            out[name] = order.head[name]
        answers = self.answered_kind(order, report)
        if report["received_ns"][0] == 0 and answers == order.stamped:
            for name in STAMPS:
                out[name] = order.head[name]
        if report["kind"][0] == Kind.CANCEL_REJECT:
            kind = int(report.view(DENIAL_RECORD)["ref_kind"][0])
            out["cl_ord_id"] = order.ids.get(kind, 0)
            order.pending.pop(kind, None)
            return
        exec_id = int(report.view(EXECUTION_RECORD)["exec_id"][0])
        out["cl_ord_id"] = self.answered(order, int(report["exec_type"][0]))
        if exec_id > order.exec_id:
            order.exec_id = exec_id
            self.note(order, report)

    def answered_kind(self, order: SlowOrder, report: Row) -> int:
        if report["kind"][0] == Kind.CANCEL_REJECT:
            kinds: tuple[int, ...] = (int(report.view(DENIAL_RECORD)["ref_kind"][0]),)
        else:
            kinds = (Kind.NEW_ORDER_SINGLE, *ASKED.get(int(report["exec_type"][0]), ()))
        return next((kind for kind in kinds if order.pending.get(kind)), -1)

    def answered(self, order: SlowOrder, exec_type: int) -> int:
        for kind in ASKED.get(exec_type, ()):
            if order.pending.get(kind):
                return order.ids[kind]
        return order.cl_ord_id

    def note(self, order: SlowOrder, report: Row) -> None:
        order.pending.pop(Kind.NEW_ORDER_SINGLE, None)
        if report["exec_type"][0] == ExecType.EXEC_CANCELED:
            for kind in (Kind.CANCEL_REQUEST, Kind.CANCEL_REPLACE_REQUEST):
                if order.pending.pop(kind, 0):
                    break
        elif report["exec_type"][0] == ExecType.EXEC_REPLACED:
            if order.pending.pop(Kind.CANCEL_REPLACE_REQUEST, 0):
                order.cl_ord_id = order.ids[Kind.CANCEL_REPLACE_REQUEST]
            order.price = int(report["price"][0])
            order.order_qty = int(report["order_qty"][0])
        order.cum_qty = max(order.cum_qty, int(report.view(EXECUTION_RECORD)["cum_qty"][0]))
        if report["exec_type"][0] in FINAL or order.cum_qty >= order.order_qty > 0:
            order.state = RouteState.ROUTE_DONE
        elif order.state == RouteState.ROUTE_PENDING_NEW:
            order.state = RouteState.ROUTE_WORKING


def refusal(request: Row, reason: Reason) -> Row:
    out = request.copy()
    out["checksum"] = out["sequence"] = 0
    out["reason"] = reason
    out["body"] = 0
    if request["kind"][0] == Kind.NEW_ORDER_SINGLE:
        out["kind"] = Kind.EXECUTION_REPORT
        out["exec_type"] = ExecType.EXEC_REJECTED
        out.view(EXECUTION_RECORD)["last_px"] = NO_PRICE
    else:
        out["kind"] = Kind.CANCEL_REJECT
        out.view(DENIAL_RECORD)["ref_kind"] = request["kind"]
    return out


def stamp(out: Row, now_ns: int) -> None:
    if out["received_ns"][0] == 0:
        out["received_ns"] = now_ns
    out["venue_delta"] = delta(out, now_ns)


def delta(row: Row, now_ns: int) -> int:
    return min(max(now_ns - int(row["received_ns"][0]), 1), 2**32 - 1)
