"""A client's own view of its orders, made of the reports that it was given and of nothing else.

Whatever cannot be is a problem at once: an order that ends twice, a fill that comes twice, reports
of an order out of order, a cancel refused for a reason that no cancel may be refused for.
"""

from collections import Counter
from collections.abc import Collection

from tidegate.codec import DENIAL, EXECUTION, ORDER, offset_of
from tidegate.native.records import ExecType, Flag, Kind, Reason

_E, _D = EXECUTION.index, DENIAL.index
_KIND = offset_of("kind")
_ENDS = frozenset(map(int, (ExecType.EXEC_CANCELED, ExecType.EXEC_REJECTED, ExecType.EXEC_EXPIRED)))
_NEW, _TRADE = int(ExecType.EXEC_NEW), int(ExecType.EXEC_TRADE)
_REPLACED, _RESTATED = int(ExecType.EXEC_REPLACED), int(ExecType.EXEC_RESTATED)
_FLAGS, _TYPE, _CL, _ID = (_E[n] for n in ("flags", "exec_type", "cl_ord_id", "order_id"))
_QTY, _PX, _EXEC, _REASON = (_E[n] for n in ("order_qty", "price", "exec_id", "reason"))
_LAST, _LAST_PX, _CUM = (_E[n] for n in ("last_qty", "last_px", "cum_qty"))
_REF_KIND = _D["ref_kind"]
_RESEND = int(Flag.POSS_RESEND)
# What a cancel may be answered: it came too late, of nothing, twice, or no venue can be reached.
CANCEL_REASONS = frozenset(
    map(
        int,
        (
            Reason.UNKNOWN_ORDER,
            Reason.TOO_LATE,
            Reason.REQUEST_PENDING,
            Reason.LANE_FULL,
            Reason.VENUE_DOWN,
            Reason.VENUE_TOO_LATE,
            Reason.VENUE_UNKNOWN_ORDER,
        ),
    )
)


class Known:
    """An order as its owner knows it."""

    __slots__ = (
        "account", "asked_again", "cl_ord_id", "cum_qty", "ends", "fills", "instrument",
        "is_acknowledged", "is_doubtful", "is_unsent", "is_unsure", "last_exec_id", "order_id",
        "order_qty", "price", "record", "side",
    )  # fmt: skip

    def __init__(
        self,
        cl_ord_id: int,
        account: int,
        instrument: int,
        side: int,
        order_qty: int,
        record: bytes,
    ) -> None:
        self.cl_ord_id = cl_ord_id
        self.account = account
        self.instrument = instrument
        self.side = side
        self.order_qty = order_qty
        self.record = record
        self.order_id = 0
        self.cum_qty = 0
        self.price = 0
        self.last_exec_id = 0
        self.ends = 0
        # exec_id -> (lots, price)
        self.fills: dict[int, tuple[int, int]] = {}
        self.is_acknowledged = False
        # Reports were lost for good (the outbox has wrapped): cum_qty is right, fills may lack.
        self.is_unsure = False
        self.asked_again = False
        # A copy of it was refused for want of room: risk may know it or not.
        self.is_doubtful = False
        # Its owner died and the gateway has never taken it.
        self.is_unsent = False

    def unlearnt(self) -> "Known":
        """As it was when it was sent, to be learnt about anew."""
        order_qty = ORDER.unpack(self.record)[ORDER.index["order_qty"]]
        args = self.cl_ord_id, self.account, self.instrument, self.side, order_qty, self.record
        fresh = Known(*args)
        fresh.asked_again = self.asked_again
        fresh.is_unsent = self.is_unsent
        return fresh

    @property
    def is_over(self) -> bool:
        """No report that changes it is expected."""
        return self.ends > 0


class OrderBook:
    """All orders of one session; working ones apart, oldest first."""

    def __init__(self, name: str, accounts: Collection[int]) -> None:
        self.name = name
        self.accounts = accounts
        self.by_cl_ord_id: dict[int, Known] = {}
        self.by_order_id: dict[int, Known] = {}
        self.working: dict[int, Known] = {}
        self.reasons: Counter[int] = Counter()
        self.problems: list[str] = []

    def enter(self, order: Known) -> None:
        """A new order was sent."""
        self.by_cl_ord_id[order.cl_ord_id] = order
        self.working[order.cl_ord_id] = order

    def ask(self, cl_ord_id: int, order: Known) -> None:
        """A request on an order was sent."""
        self.by_cl_ord_id[cl_ord_id] = order

    def take(self, record: bytes) -> None:
        """A report or denial was delivered."""
        kind = record[_KIND]
        if kind == Kind.EXECUTION_REPORT:
            self._execution(EXECUTION.unpack(record))
        else:
            self._denial(kind, DENIAL.unpack(record))

    def lose(self) -> None:
        """Reports were lost for good: what is known of working orders may be old."""
        for order in self.working.values():
            order.is_unsure = True

    def unlearnt(self) -> "OrderBook":
        """The same orders, of which nothing has been heard; problems and reasons stay."""
        fresh = OrderBook(self.name, self.accounts)
        fresh.reasons, fresh.problems = self.reasons, self.problems
        for cl_ord_id, order in self.by_cl_ord_id.items():
            if order.cl_ord_id == cl_ord_id:
                fresh.enter(order.unlearnt())
                if order.is_unsent:
                    fresh.never_sent(cl_ord_id)
            else:
                fresh.ask(cl_ord_id, fresh.by_cl_ord_id[order.cl_ord_id])
        return fresh

    def never_sent(self, cl_ord_id: int) -> None:
        """The gateway has not taken the order and never will: whatever comes of it is wrong."""
        order = self.by_cl_ord_id[cl_ord_id]
        order.is_unsent = True
        order.ends = 1
        self.working.pop(cl_ord_id, None)

    def _execution(self, row: tuple[int, ...]) -> None:
        order = self.by_order_id.get(row[_ID]) or self.by_cl_ord_id.get(row[_CL])
        self.reasons[row[_REASON]] += 1
        if order is None:
            self._problem(f"report of order_id {row[_ID]}, cl_ord_id {row[_CL]}: not ours")
            return
        if order.order_id not in (0, row[_ID]):
            self._problem(f"order {order.cl_ord_id} was {order.order_id}, is now {row[_ID]}")
        order.order_id = row[_ID]
        if order.is_doubtful and order.is_over:
            # One more copy was under way when the others were refused.
            order.ends = 0
            self.working[order.cl_ord_id] = order
        order.is_doubtful = False
        self.by_order_id[row[_ID]] = order
        exec_type = row[_TYPE]
        if row[_FLAGS] & _RESEND:
            self._restated(order, exec_type, row)
            return
        if row[_EXEC]:
            if row[_EXEC] <= order.last_exec_id:
                self._problem(
                    f"order {order.cl_ord_id}: exec_id {row[_EXEC]} after {order.last_exec_id}"
                )
            order.last_exec_id = row[_EXEC]
        if exec_type == _TRADE:
            self._fill(order, row)
        elif exec_type == _NEW:
            if order.is_acknowledged or order.is_over:
                self._problem(f"order {order.cl_ord_id} is acknowledged again, or too late")
            order.is_acknowledged = True
        elif exec_type == _REPLACED:
            order.order_qty, order.price = row[_QTY], row[_PX]
            self._end_if_filled(order)
        elif exec_type in _ENDS:
            self._end(order)

    def _fill(self, order: Known, row: tuple[int, ...]) -> None:
        if row[_EXEC] in order.fills:
            self._problem(f"order {order.cl_ord_id}: fill {row[_EXEC]} came twice")
            return
        order.fills[row[_EXEC]] = row[_LAST], row[_LAST_PX]
        if row[_CUM] != order.cum_qty + row[_LAST] and not order.is_unsure:
            self._problem(
                f"order {order.cl_ord_id}: cum_qty {row[_CUM]} after {order.cum_qty} and a fill "
                f"of {row[_LAST]}"
            )
        order.cum_qty = row[_CUM]
        if not order.is_over:
            self._end_if_filled(order)

    def _restated(self, order: Known, exec_type: int, row: tuple[int, ...]) -> None:
        """An answer to what was asked again: the state, not an event."""
        order.cum_qty = max(order.cum_qty, row[_CUM])
        order.order_qty = row[_QTY]
        if (exec_type in _ENDS or order.cum_qty >= order.order_qty) and not order.is_over:
            order.ends = 1
            self.working.pop(order.cl_ord_id, None)

    def _end_if_filled(self, order: Known) -> None:
        if order.cum_qty >= order.order_qty:
            self._end(order)

    def _end(self, order: Known) -> None:
        order.ends += 1
        self.working.pop(order.cl_ord_id, None)
        if order.ends > 1 and not order.is_unsure and not order.asked_again:
            self._problem(f"order {order.cl_ord_id} ended {order.ends} times")

    def _denial(self, kind: int, row: tuple[int, ...]) -> None:
        reason, ref_kind = row[_D["reason"]], row[_REF_KIND]
        self.reasons[reason] += 1
        order = self.by_cl_ord_id.get(row[_D["cl_ord_id"]])
        if kind == Kind.CANCEL_REJECT or ref_kind in (
            Kind.CANCEL_REQUEST,
            Kind.CANCEL_REPLACE_REQUEST,
        ):
            is_ours = order is None or order.account in self.accounts
            is_cancel = ref_kind == Kind.CANCEL_REQUEST
            if is_cancel and is_ours and reason not in CANCEL_REASONS:
                self._problem(f"a cancel was refused: {Reason(reason).name}")
            if order is not None and order.is_doubtful:
                self._learn(order, reason)
            return
        if order is not None and reason == Reason.DUPLICATE_CL_ORD_ID and not order.asked_again:
            self._problem(f"order {order.cl_ord_id} was sent once and taken twice")
        if order is None or reason == Reason.DUPLICATE_CL_ORD_ID:
            return
        if order.asked_again and (order.is_over or reason == Reason.LANE_FULL):
            # The question was refused, which says nothing of the order.
            order.is_doubtful = order.order_id == 0
            return
        if order.is_acknowledged:
            self._problem(f"order {order.cl_ord_id} was acknowledged and is denied")
        self._end(order)

    def _learn(self, order: Known, reason: int) -> None:
        """What the answer to a cancel says of an order that risk may know or not."""
        if order.is_over:
            return
        if reason == Reason.UNKNOWN_ORDER:
            self._end(order)
        elif reason in (Reason.TOO_LATE, Reason.REQUEST_PENDING):
            order.is_doubtful = False

    def _problem(self, what: str) -> None:
        self.problems.append(f"session {self.name}: {what}")
