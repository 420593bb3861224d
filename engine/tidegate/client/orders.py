"""A client's orders: requests into records, records into reports. No sockets, no clock.

Written by the client that owns it; names and decimals end here, records have handles and
ticks only.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec

from tidegate import session_messages as messages
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
    Reason,
    Side,
    TimeInForce,
)
from tidegate.prices import to_price, to_ticks

ORDERS_MAX = 200_000
_E = EXECUTION.index
_D = DENIAL.index
_KIND = offset_of("kind")
_STAMPS = ("decided_delta", "routed_delta", "venue_delta", "back_delta")


class NewOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What to submit; `price` None = market order."""

    account: str | int
    instrument: str
    side: Side | str
    order_qty: int
    price: str | int | Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.DAY
    reduce_only: bool = False
    post_only: bool = False
    cl_ord_id: int | None = None


class Orders:
    """The orders of one session, by cl_ord_id of each of their requests and by order_id."""

    def __init__(self, first_cl_ord_id: int, orders_max: int = ORDERS_MAX) -> None:
        self._next_cl_ord_id = first_cl_ord_id
        self._orders_max = orders_max
        self._by_cl_ord_id: dict[int, Order] = {}
        self._by_order_id: dict[int, Order] = {}
        self._duplicates: dict[int, list[Order]] = {}
        self._accounts: dict[str, int] = {}
        self._account_names: dict[int, str] = {}
        self._ticks: dict[str, tuple[int, Decimal]] = {}
        self._instruments: dict[int, tuple[str, Decimal]] = {}

    def learn(self, reply: messages.LogonReply) -> None:
        """Takes the handles and tick sizes that the gateway gave at logon."""
        self._accounts = dict(reply.accounts)
        self._account_names = {handle: name for name, handle in reply.accounts.items()}
        for terms in reply.instruments:
            tick_size = Decimal(terms.tick_size)
            self._ticks[terms.symbol] = (terms.handle, tick_size)
            self._instruments[terms.handle] = (terms.symbol, tick_size)

    def tick_size(self, instrument: str) -> Decimal:
        """The instrument's tick size."""
        return self._instrument(instrument)[1]

    def new_order(self, new: NewOrder) -> tuple[Order, bytes]:
        """The order and the record that asks for it."""
        instrument, tick_size = self._instrument(new.instrument)
        side = _side(new.side)
        ticks = NO_PRICE if new.price is None else to_ticks(new.price, tick_size)
        time_in_force = _whole("time_in_force", new.time_in_force, 0, 2**8)
        cl_ord_id = self._next_id() if new.cl_ord_id is None else new.cl_ord_id
        order = Order(
            cl_ord_id=_whole("cl_ord_id", cl_ord_id, 0, 2**64),
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
                "account": self._account(new.account),
                "instrument": instrument,
                "side": side,
                "ord_type": order.ord_type,
                "time_in_force": time_in_force,
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
        flags_at = ORDER.index["flags"]
        again = []
        for order in dict.fromkeys(self._by_cl_ord_id.values()):
            if not order.is_final and order.request:
                values = dict(zip(ORDER.index, ORDER.unpack(order.request), strict=True))
                values["flags"] = ORDER.unpack(order.request)[flags_at] | Flag.POSS_RESEND
                again.append(ORDER.pack(values))
        return again

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
            self._follow_denial(report)
        return report

    def _change(
        self,
        kind: Kind,
        order: Order,
        price: str | int | Decimal | None,
        order_qty: int | None,
    ) -> bytes:
        instrument, tick_size = self._instrument(order.instrument)
        price = order.price if price is None else price
        cl_ord_id = self._next_id()
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
            limit=None,
            used=None,
            asked=None,
            level=None,
            ref_kind=None,
            ref_seq_num=0,
        )

    def _denial(self, kind: Kind, record: bytes, text: str | None) -> Report:
        values = DENIAL.unpack(record)
        ref_kind = values[_D["ref_kind"]]
        is_new = ref_kind in (0, Kind.NEW_ORDER_SINGLE) and kind != Kind.CANCEL_REJECT
        level = values[_D["level"]]
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
            limit=values[_D["limit_value"]],
            used=values[_D["used_value"]],
            asked=values[_D["asked_value"]],
            level=Level(level) if level else None,
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
            "account": self._account_names.get(values[at["account"]]),
            "instrument": self._instruments.get(instrument, (None,))[0],
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
        if report.price is not None:
            order.price = report.price
        if order.is_final:
            self._by_order_id.pop(order.order_id, None)

    def _follow_denial(self, report: Report) -> None:
        # Risk has never heard of the order that was to be canceled: it was lost on the way.
        is_lost = report.kind == Kind.CANCEL_REJECT and report.reason == Reason.UNKNOWN_ORDER
        if report.ord_status != REJECTED and not is_lost:
            return
        order = self._by_cl_ord_id.get(report.cl_ord_id)
        if report.reason == Reason.DUPLICATE_CL_ORD_ID and self._duplicates.get(report.cl_ord_id):
            order = self._duplicates[report.cl_ord_id].pop(0)
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

    def _next_id(self) -> int:
        self._next_cl_ord_id += 1
        return self._next_cl_ord_id - 1

    def _account(self, account: str | int) -> int:
        if isinstance(account, int):
            return _whole("account", account, 0, 2**32)
        if account not in self._accounts:
            raise SessionError(
                f"account {account!r} is not of this session; it has {_names(self._accounts)}"
            )
        return self._accounts[account]

    def _instrument(self, symbol: str) -> tuple[int, Decimal]:
        if symbol not in self._ticks:
            raise SessionError(f"instrument {symbol!r} is unknown; there are {_names(self._ticks)}")
        return self._ticks[symbol]

    def _price(self, ticks: int, instrument: int) -> Decimal | None:
        if ticks == NO_PRICE or instrument not in self._instruments:
            return None
        return to_price(ticks, self._instruments[instrument][1])


def _side(side: Side | str) -> Side:
    if isinstance(side, Side):
        return side
    if side not in ("BUY", "SELL"):
        raise SessionError(f"side {side!r} is neither BUY nor SELL")
    return Side[side]


def _quantity(order_qty: int) -> int:
    return _whole("order_qty", order_qty, -(2**63), 2**63)


def _whole(name: str, value: int, least: int, end: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} {value!r} is a {type(value).__name__}, not an int")
    if not least <= value < end:
        raise SessionError(f"{name} {value} does not fit {(end - least).bit_length() - 1} bits")
    return value


def _names(names: Iterable[str]) -> str:
    listed = sorted(names)
    return ", ".join(listed[:8]) + (" ..." if len(listed) > 8 else "")
