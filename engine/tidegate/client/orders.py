"""A client's orders: requests into records, records into reports. No sockets, no clock.

Written by the client that owns it; names and decimals end here, records have handles and
ticks only.
"""

from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from tidegate.client.names import Names, whole
from tidegate.client.report import FINAL, PENDING_NEW, REJECTED, Order, Report, ord_status
from tidegate.codec import DENIAL, EXECUTION, ORDER, offset_of
from tidegate.errors import SessionError
from tidegate.native.records import (
    NO_PRICE,
    ExecType,
    Flag,
    Kind,
    Level,
    OrdType,
    PositionEffect,
    Reason,
    Scope,
    Side,
    TimeInForce,
)
from tidegate.prices import to_price, to_ticks

ORDERS_MAX = 200_000
LIST_ID_MAX = (1 << 16) - 1
LIST_ORDERS_MAX = 255
_E = EXECUTION.index
_D = DENIAL.index
_KIND = offset_of("kind")
# Given before anybody looked whether the order is known: it may work all the same.
_UNDECIDED = (Reason.LANE_FULL, Reason.JOURNAL_UNAVAILABLE)
_STAMPS = ("decided_delta", "routed_delta", "venue_delta", "back_delta")


class NewOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What to submit; `price` None = market order, `position_effect` None = not given.

    Where a venue keeps long and short lots apart, OPEN or a close must be given.
    """

    account: str | int
    instrument: str
    side: Side | str
    order_qty: int
    price: str | int | Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.DAY
    reduce_only: bool = False
    post_only: bool = False
    position_effect: PositionEffect | None = None
    cl_ord_id: int | None = None


class Place(NamedTuple):
    """Where an order stands in a list; all 0 = in none."""

    list_id: int
    list_seq_no: int
    tot_no_orders: int


NO_LIST = Place(0, 0, 0)


class Orders:
    """The orders of one session, by cl_ord_id of each of their requests and by order_id."""

    def __init__(self, first_cl_ord_id: int, names: Names, orders_max: int = ORDERS_MAX) -> None:
        self.names = names
        self._next_cl_ord_id = first_cl_ord_id
        self._next_list_id = 1 + first_cl_ord_id % LIST_ID_MAX
        self._orders_max = orders_max
        self._by_cl_ord_id: dict[int, Order] = {}
        self._by_order_id: dict[int, Order] = {}
        self._duplicates: dict[int, list[Order]] = {}
        self._unanswered: list[Order] = []

    def tick_size(self, instrument: str) -> Decimal:
        """The instrument's tick size."""
        return self.names.instrument(instrument)[1]

    def new_list(self, new_orders: list[NewOrder]) -> list[tuple[Order, bytes]]:
        """Orders of which risk lets all through, or none."""
        if not 1 <= len(new_orders) <= LIST_ORDERS_MAX:
            raise SessionError(f"a list of {len(new_orders)} orders; 1 to {LIST_ORDERS_MAX} are")
        places = [
            Place(self._next_list_id, number, len(new_orders))
            for number in range(1, len(new_orders) + 1)
        ]
        self._next_list_id = self._next_list_id % LIST_ID_MAX + 1
        return [self.new_order(new, place) for new, place in zip(new_orders, places, strict=True)]

    def new_order(self, new: NewOrder, place: Place = NO_LIST) -> tuple[Order, bytes]:
        """The order and the record that asks for it."""
        instrument, tick_size = self.names.instrument(new.instrument)
        side = _side(new.side)
        ticks = NO_PRICE if new.price is None else to_ticks(new.price, tick_size)
        time_in_force = whole("time_in_force", new.time_in_force, 0, 2**8)
        cl_ord_id = self.next_id() if new.cl_ord_id is None else new.cl_ord_id
        order = Order(
            cl_ord_id=whole("cl_ord_id", cl_ord_id, 1, 2**64),
            account=str(new.account),
            instrument=new.instrument,
            side=side,
            order_qty=_quantity(new.order_qty),
            price=None if new.price is None else to_price(ticks, tick_size),
            ord_type=OrdType.MARKET if new.price is None else OrdType.LIMIT,
            time_in_force=new.time_in_force,
        )
        order.request = ORDER.pack(
            {
                "kind": Kind.NEW_ORDER_SINGLE,
                "flags": Flag.REDUCE_ONLY * new.reduce_only | Flag.POST_ONLY * new.post_only,
                "cl_ord_id": order.cl_ord_id,
                "price": ticks,
                "order_qty": order.order_qty,
                "account": self.names.account(new.account),
                "instrument": instrument,
                "side": side,
                "ord_type": order.ord_type,
                "time_in_force": time_in_force,
                "position_effect": new.position_effect or 0,
                "list_id": place.list_id,
                "list_seq_no": place.list_seq_no,
                "tot_no_orders": place.tot_no_orders,
            }
        )
        if order.cl_ord_id in self._by_cl_ord_id:
            self._duplicates.setdefault(order.cl_ord_id, []).append(order)
        else:
            self._keep(order)
        return order, order.request

    def cancel(self, order: Order | int) -> bytes:
        """The record that asks to cancel an order of this client."""
        return self._change(Kind.CANCEL_REQUEST, self._order(order), None, None)

    def replace(
        self, order: Order | int, price: str | int | Decimal | None, order_qty: int | None
    ) -> bytes:
        """The record that asks for another price or total quantity, or both."""
        if price is None and order_qty is None:
            raise SessionError("replace needs a price or an order_qty")
        return self._change(
            Kind.CANCEL_REPLACE_REQUEST,
            self._order(order),
            price,
            None if order_qty is None else _quantity(order_qty),
        )

    def asked_again(self) -> list[bytes]:
        """Requests with POSS_RESEND for orders whose reports may be lost: risk restates them."""
        self._unanswered.clear()
        return [self._question(order) for order in self.working()]

    def asked_once_more(self) -> list[bytes]:
        """The same, for those orders alone whose question was refused for want of room."""
        orders = [order for order in dict.fromkeys(self._unanswered) if not order.is_final]
        self._unanswered.clear()
        return [self._question(order) for order in orders]

    @property
    def has_unanswered(self) -> bool:
        """Whether an order must be asked about once more."""
        return bool(self._unanswered)

    def working(self) -> list[Order]:
        """Orders that are not final."""
        return [o for o in dict.fromkeys(self._by_cl_ord_id.values()) if not o.is_final]

    def report(self, record: bytes, text: str | None) -> Report:
        """The record in words; its order follows."""
        kind = Kind(record[_KIND])
        if kind == Kind.EXECUTION_REPORT:
            report = self._execution(record)
            self._follow(report)
        else:
            report = self._denial(kind, record, text)
            asked = self._asked(report)
            if asked is None:
                self._follow_denial(report)
            else:
                # The question was refused, not the order.
                report = msgspec.structs.replace(report, ord_status=None)
                self._unanswered.append(asked)
        return report

    def _question(self, order: Order) -> bytes:
        order.asked_id = self._next_cl_ord_id
        values = dict(zip(ORDER.index, ORDER.unpack(order.request), strict=True))
        values["flags"] |= Flag.POSS_RESEND
        return ORDER.pack(values)

    def _asked(self, report: Report) -> Order | None:
        """The order that was asked about and of which this denial says nothing."""
        if report.ord_status != REJECTED or report.reason not in _UNDECIDED:
            return None
        order = self._by_cl_ord_id.get(report.cl_ord_id)
        return order if order is not None and order.asked_id else None

    def _change(
        self,
        kind: Kind,
        order: Order,
        price: str | int | Decimal | None,
        order_qty: int | None,
    ) -> bytes:
        instrument, tick_size = self.names.instrument(order.instrument)
        if price is None and order.ord_type == OrdType.LIMIT:
            price = order.price
        cl_ord_id = self.next_id()
        self._by_cl_ord_id[cl_ord_id] = order
        return ORDER.pack(
            {
                "kind": kind,
                "cl_ord_id": cl_ord_id,
                "orig_cl_ord_id": order.cl_ord_id,
                "order_id": order.order_id,
                "price": NO_PRICE if price is None else to_ticks(price, tick_size),
                "order_qty": order.order_qty if order_qty is None else order_qty,
                "account": ORDER.unpack(order.request)[ORDER.index["account"]],
                "instrument": instrument,
                "side": order.side,
                "ord_type": order.ord_type,
                "time_in_force": order.time_in_force,
                "position_effect": ORDER.unpack(order.request)[ORDER.index["position_effect"]],
            }
        )

    def _execution(self, record: bytes) -> Report:
        values = EXECUTION.unpack(record)
        exec_type = ExecType(values[_E["exec_type"]])
        order_qty, cum_qty = values[_E["order_qty"]], values[_E["cum_qty"]]
        status = ord_status(exec_type, order_qty, cum_qty)
        return Report(
            **self._common(values, _E),
            kind=Kind.EXECUTION_REPORT,
            exec_type=exec_type,
            ord_status=status,
            cum_qty=cum_qty,
            leaves_qty=0 if status in FINAL else order_qty - cum_qty,
            last_qty=values[_E["last_qty"]],
            last_px=self._price(values[_E["last_px"]], values[_E["instrument"]])
            if values[_E["last_qty"]]
            else None,
            exec_id=values[_E["exec_id"]],
            trd_match_id=values[_E["trd_match_id"]],
            limit=None,
            used=None,
            asked=None,
            level=None,
            scope=None,
            ref_kind=None,
            ref_seq_num=0,
        )

    def _denial(self, kind: Kind, record: bytes, text: str | None) -> Report:
        values = DENIAL.unpack(record)
        ref_kind = values[_D["ref_kind"]]
        is_new = ref_kind in (0, Kind.NEW_ORDER_SINGLE) and kind != Kind.CANCEL_REJECT
        level, scope = values[_D["level"]], values[_D["scope"]]
        return Report(
            **self._common(values, _D),
            kind=kind,
            exec_type=None,
            ord_status=REJECTED if is_new and values[_D["cl_ord_id"]] else None,
            cum_qty=0,
            leaves_qty=0,
            last_qty=0,
            last_px=None,
            exec_id=0,
            trd_match_id=0,
            limit=values[_D["limit_value"]],
            used=values[_D["used_value"]],
            asked=values[_D["asked_value"]],
            level=Level(level) if level else None,
            scope=Scope(scope) if scope else None,
            ref_kind=Kind(ref_kind) if ref_kind else None,
            ref_seq_num=values[_D["ref_seq_num"]],
            text=text,
        )

    def _common(self, values: tuple[Any, ...], at: dict[str, int]) -> dict[str, Any]:
        instrument = values[at["instrument"]]
        received_ns = values[at["received_ns"]]
        reason, side = values[at["reason"]], values[at["side"]]
        decided, routed, venue, back = (
            received_ns + values[at[stamp]] if values[at[stamp]] else 0 for stamp in _STAMPS
        )
        return {
            "cl_ord_id": values[at["cl_ord_id"]],
            "order_id": values[at["order_id"]],
            "account": self.names.account_name(values[at["account"]]),
            "instrument": self.names.symbol(instrument),
            "side": Side(side) if side in (Side.BUY, Side.SELL) else None,
            "order_qty": values[at["order_qty"]],
            "price": self._price(values[at["price"]], instrument),
            "reason": Reason(reason) if reason else None,
            "msg_seq_num": values[at["msg_seq_num"]],
            "is_poss_dup": bool(values[at["flags"]] & Flag.POSS_DUP),
            "is_poss_resend": bool(values[at["flags"]] & Flag.POSS_RESEND),
            "received_ns": received_ns,
            "decided_ns": decided,
            "routed_ns": routed,
            "venue_ns": venue,
            "back_ns": back,
        }

    def _follow(self, report: Report) -> None:
        order = self._by_order_id.get(report.order_id) or self._by_cl_ord_id.get(report.cl_ord_id)
        if order is None or order.is_final:
            return
        order.order_id = report.order_id
        if report.order_id:
            self._by_order_id[report.order_id] = order
        order.ord_status = report.ord_status or order.ord_status
        order.order_qty = report.order_qty
        order.cum_qty = report.cum_qty
        order.reason = report.reason
        if report.price is not None and order.ord_type == OrdType.LIMIT:
            order.price = report.price
        if order.is_final:
            self._by_order_id.pop(order.order_id, None)

    def _follow_denial(self, report: Report) -> None:
        # Risk has never heard of the order that was to be canceled: it was lost on the way. With an
        # order_id it is the router that has not, and risk will end it.
        is_unknown = report.reason == Reason.UNKNOWN_ORDER and not report.order_id
        is_lost = report.kind == Kind.CANCEL_REJECT and is_unknown
        if report.ord_status != REJECTED and not is_lost:
            return
        order = self._by_cl_ord_id.get(report.cl_ord_id)
        if report.reason == Reason.DUPLICATE_CL_ORD_ID and self._duplicates.get(report.cl_ord_id):
            order = self._duplicates[report.cl_ord_id].pop(0)
        if is_lost and order is not None and report.cl_ord_id < order.asked_id:
            # It may have come since: it was sent once more behind that cancel.
            return
        if order is not None and order.ord_status == PENDING_NEW:
            order.ord_status = REJECTED
            order.reason = report.reason

    def _keep(self, order: Order) -> None:
        """Forgets the oldest final orders when there are too many, never a working one."""
        self._by_cl_ord_id[order.cl_ord_id] = order
        if len(self._by_cl_ord_id) > self._orders_max:
            final = [key for key, held in self._by_cl_ord_id.items() if held.is_final]
            if not final:
                del self._by_cl_ord_id[order.cl_ord_id]
                raise SessionError(f"{self._orders_max} orders are working; no room for another")
            for key in final[: self._orders_max // 2]:
                del self._by_cl_ord_id[key]
                self._duplicates.pop(key, None)

    def _order(self, order: Order | int) -> Order:
        if isinstance(order, Order):
            return order
        found = self._by_cl_ord_id.get(order)
        if found is None:
            raise SessionError(f"cl_ord_id {order} is not of an order of this client")
        return found

    def next_id(self) -> int:
        """A number that no request of this session has had."""
        self._next_cl_ord_id += 1
        return self._next_cl_ord_id - 1

    def _price(self, ticks: int, instrument: int) -> Decimal | None:
        return None if ticks == NO_PRICE else self.names.price(instrument, ticks)


def _side(side: Side | str) -> Side:
    if isinstance(side, Side):
        return side
    if side not in ("BUY", "SELL"):
        raise SessionError(f"side {side!r} is neither BUY nor SELL")
    return Side[side]


def _quantity(order_qty: int) -> int:
    return whole("order_qty", order_qty, 1, 2**31)
