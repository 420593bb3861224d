"""What a client gets and holds: typed reports, alerts, answers, and the handle of an order."""

from decimal import Decimal

import msgspec

from tidegate.native.records import (
    ExecType,
    Grade,
    Kind,
    Level,
    OrdType,
    Reason,
    Scope,
    Side,
    TimeInForce,
)

# FIX 39. ord_status follows from exec_type and cum_qty, see RECORDS.md.
NEW, PARTIALLY_FILLED, FILLED = "New", "PartiallyFilled", "Filled"
CANCELED, REJECTED, EXPIRED = "Canceled", "Rejected", "Expired"
PENDING_NEW = "PendingNew"
FINAL = frozenset({FILLED, CANCELED, REJECTED, EXPIRED})
_ENDED: dict[int, str] = {
    ExecType.EXEC_CANCELED: CANCELED,
    ExecType.EXEC_REJECTED: REJECTED,
    ExecType.EXEC_EXPIRED: EXPIRED,
}


def ord_status(exec_type: int, order_qty: int, cum_qty: int) -> str:
    """FIX 39 as it follows from FIX 150 and the quantities."""
    ended = _ENDED.get(exec_type)
    if ended is not None:
        return ended
    if cum_qty >= order_qty:
        return FILLED
    return PARTIALLY_FILLED if cum_qty else NEW


class Report(msgspec.Struct, frozen=True):
    """One record from the gateway, in words and decimals. None = not given."""

    kind: Kind
    exec_type: ExecType | None
    ord_status: str | None
    cl_ord_id: int
    order_id: int
    account: str | None
    instrument: str | None
    side: Side | None
    order_qty: int
    price: Decimal | None
    cum_qty: int
    leaves_qty: int
    last_qty: int
    last_px: Decimal | None
    exec_id: int
    trd_match_id: int
    reason: Reason | None
    limit: int | None
    used: int | None
    asked: int | None
    level: Level | None
    scope: Scope | None
    ref_kind: Kind | None
    ref_seq_num: int
    msg_seq_num: int
    is_poss_dup: bool
    is_poss_resend: bool
    received_ns: int
    decided_ns: int
    routed_ns: int
    venue_ns: int
    back_ns: int
    text: str | None = None

    @property
    def is_fill(self) -> bool:
        """A trade of the order."""
        return self.exec_type == ExecType.EXEC_TRADE

    @property
    def is_final(self) -> bool:
        """The order will change no more."""
        return self.ord_status in FINAL

    def __str__(self) -> str:
        what = self.exec_type.name if self.exec_type else self.kind.name
        order = f"{self.cl_ord_id} {self.account or '-'} {self.instrument or '-'}"
        line = f"{what} {order} {self.side.name if self.side else '-'} {self.order_qty}"
        if self.price is not None:
            line += f" at {self.price}"
        if self.is_fill:
            line += f", filled {self.last_qty} at {self.last_px}, {self.leaves_qty} left"
        if self.reason is not None:
            line += f": {self.reason.name}"
            line += compared(self.limit, self.used, self.asked, self.level, self.scope)
        return line + (f": {self.text}" if self.text else "")


class Alert(msgspec.Struct, frozen=True):
    """What risk has seen or done by itself. grade None = back to normal, or not graded."""

    reason: Reason | None
    grade: Grade | None
    account: str | None
    instrument: str | None
    limit: int
    used: int
    asked: int
    level: Level | None
    scope: Scope | None
    msg_seq_num: int
    is_poss_dup: bool

    def __str__(self) -> str:
        line = f"ALERT {self.reason.name if self.reason else '-'}"
        if self.grade is not None:
            line += f" {self.grade.name.removeprefix('GRADE_')}"
        line += f" {self.account or '-'} {self.instrument or '-'}"
        return line + compared(self.limit, self.used, self.asked, self.level, self.scope)


class ControlAnswer(msgspec.Struct, frozen=True):
    """What became of an operator's request; reason None = it was done."""

    request_id: int
    ref_kind: Kind | None
    reason: Reason | None
    limit: int
    used: int
    asked: int
    level: Level | None
    scope: Scope | None
    msg_seq_num: int

    @property
    def is_done(self) -> bool:
        """Risk has done it."""
        return self.reason is None

    def __str__(self) -> str:
        what = self.ref_kind.name if self.ref_kind else "CONTROL"
        line = f"{what} {self.request_id}: {self.reason.name if self.reason else 'done'}"
        return line + compared(self.limit, self.used, self.asked, self.level, self.scope)


def compared(
    limit: int | None,
    used: int | None,
    asked: int | None,
    level: Level | None,
    scope: Scope | None,
) -> str:
    """Numbers of a decision and where they stand, in words; empty when there are none."""
    words = []
    if limit or used or asked:
        words += [f"limit {limit}", f"used {used}", f"asked {asked}"]
    if level is not None:
        words.append(f"at {level.name}")
    if scope is not None:
        words.append(
            f"of the {scope.name.removeprefix('SCOPE_').lower()}".replace("the all", "all")
        )
    return f" ({', '.join(words)})" if words else ""


class Order:
    """An order of this client; its fields follow the reports."""

    __slots__ = (
        "account",
        "asked_id",
        "cl_ord_id",
        "cum_qty",
        "instrument",
        "ord_status",
        "ord_type",
        "order_id",
        "order_qty",
        "price",
        "reason",
        "request",
        "side",
        "time_in_force",
    )

    def __init__(
        self,
        *,
        cl_ord_id: int,
        account: str,
        instrument: str,
        side: Side,
        order_qty: int,
        price: Decimal | None,
        ord_type: OrdType,
        time_in_force: TimeInForce,
    ) -> None:
        self.cl_ord_id = cl_ord_id
        self.account = account
        self.instrument = instrument
        self.side = side
        self.order_qty = order_qty
        self.price = price
        self.ord_type = ord_type
        self.time_in_force = time_in_force
        self.ord_status = PENDING_NEW
        self.cum_qty = 0
        self.order_id = 0
        self.reason: Reason | None = None
        # The order's own record: sent again with POSS_RESEND when a gateway came back.
        self.request = b""
        # The first cl_ord_id that could be given after it was asked about; 0 = it never was.
        self.asked_id = 0

    @property
    def leaves_qty(self) -> int:
        """Quantity that can still be filled."""
        return 0 if self.is_final else self.order_qty - self.cum_qty

    @property
    def is_final(self) -> bool:
        """No more report will change this order."""
        return self.ord_status in FINAL

    def __repr__(self) -> str:
        return (
            f"<Order {self.cl_ord_id} {self.account} {self.side.name} {self.order_qty} "
            f"{self.instrument} at {self.price} {self.ord_status}>"
        )
