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
        "account", "asked_id", "cl_ord_id", "cum_qty", "day", "ends", "fills", "instrument",
        "is_acknowledged", "is_asked", "is_refused", "is_stale", "is_unsent", "is_unsure",
        "last_exec_id", "order_id", "order_qty", "price", "record", "side", "times_sent",
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
        # How many days had ended when it was sent.
        self.day = 0
        self.price: int = ORDER.unpack(record)[ORDER.index["price"]]
        self.last_exec_id = 0
        self.ends = 0
        # exec_id -> (lots, price)
        self.fills: dict[int, tuple[int, int]] = {}
        self.is_acknowledged = False
        # Reports were lost for good (the outbox has wrapped): fills may lack.
        self.is_unsure = False
        # The same, and risk has not said yet how it stands; asked = it was asked since.
        self.is_stale = self.is_asked = False
        # The first cl_ord_id that could be given after it was last sent once more; 0 = never was.
        self.asked_id = 0
        self.times_sent = 1
        # Ended because the gateway had no room for it: risk has never heard of it.
        self.is_refused = False
        # Its owner died and the gateway has never taken it.
        self.is_unsent = False

    def unlearnt(self) -> "Known":
        """As it was when it was sent, to be learnt about anew."""
        order_qty = ORDER.unpack(self.record)[ORDER.index["order_qty"]]
        args = self.cl_ord_id, self.account, self.instrument, self.side, order_qty, self.record
        fresh = Known(*args)
        fresh.asked_id = self.asked_id
        fresh.times_sent = self.times_sent
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
        # Those that risk must be asked about: reports were lost, or a question was refused.
        self.unanswered: dict[int, Known] = {}
        # Those that were sent once more and that nothing has been said of since.
        self.asked: set[int] = set()
        self.replaced: list[Known] = []
        self.reasons: Counter[int] = Counter()
        self.problems: list[str] = []

    def enter(self, order: Known, day: int) -> None:
        """A new order was sent."""
        order.day = day
        self.by_cl_ord_id[order.cl_ord_id] = order
        self.working[order.cl_ord_id] = order

    def ask_about(self, order: Known, next_id: int) -> None:
        """It is sent once more; `next_id` comes behind that."""
        order.asked_id = next_id
        order.times_sent += 1
        self.asked.add(order.cl_ord_id)

    def revive(self, order: Known) -> None:
        """An order that the gateway had refused was sent once more."""
        order.is_refused, order.ends = False, 0
        self.working[order.cl_ord_id] = order

    def ask(self, cl_ord_id: int, order: Known) -> None:
        """A request on an order was sent."""
        self.by_cl_ord_id[cl_ord_id] = order

    @property
    def is_asking(self) -> bool:
        """An order was sent once more, or must be, and nothing has been said of it since."""
        return bool(self.asked or self.unanswered)

    @property
    def is_waiting(self) -> bool:
        """Something works, or risk must be asked about it."""
        return bool(self.working or self.unanswered)

    def take(self, record: bytes) -> None:
        """A report or denial was delivered."""
        kind = record[_KIND]
        if kind == Kind.EXECUTION_REPORT:
            self._execution(EXECUTION.unpack(record))
        else:
            self._denial(kind, DENIAL.unpack(record))

    def lose(self) -> None:
        """Reports were lost for good: what is known may be old, or lack late fills."""
        for cl_ord_id, order in self.by_cl_ord_id.items():
            if order.cl_ord_id == cl_ord_id and (order.order_id or not order.is_over):
                order.is_unsure = order.is_stale = True
                order.is_asked = False
                self.unanswered[cl_ord_id] = order

    def unlearnt(self) -> "OrderBook":
        """The same orders, of which nothing has been heard; problems and reasons stay."""
        fresh = OrderBook(self.name, self.accounts)
        fresh.reasons, fresh.problems, fresh.asked = self.reasons, self.problems, self.asked
        for cl_ord_id, order in self.by_cl_ord_id.items():
            if order.cl_ord_id == cl_ord_id:
                fresh.enter(order.unlearnt(), order.day)
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
        self.unanswered.pop(cl_ord_id, None)
        self.asked.discard(cl_ord_id)

    def _execution(self, row: tuple[int, ...]) -> None:
        order = self.by_order_id.get(row[_ID]) or self.by_cl_ord_id.get(row[_CL])
        self.reasons[row[_REASON]] += 1
        if order is None:
            self._problem(f"report of order_id {row[_ID]}, cl_ord_id {row[_CL]}: not ours")
            return
        if order.order_id not in (0, row[_ID]):
            self._problem(f"order {order.cl_ord_id} was {order.order_id}, is now {row[_ID]}")
        order.order_id = row[_ID]
        self.asked.discard(order.cl_ord_id)
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
            return
        if row[_CUM] != order.cum_qty and not order.is_stale:
            self._problem(f"order {order.cl_ord_id}: cum_qty {row[_CUM]} after {order.cum_qty}")
        order.cum_qty = row[_CUM]
        if exec_type == _NEW:
            if order.is_acknowledged or order.is_over:
                self._problem(f"order {order.cl_ord_id} is acknowledged again, or too late")
            order.is_acknowledged = True
        elif exec_type == _REPLACED:
            order.order_qty, order.price = row[_QTY], row[_PX]
            self.replaced.append(order)
            self._end_if_filled(order)
        elif exec_type in _ENDS:
            self._end(order)

    def _fill(self, order: Known, row: tuple[int, ...]) -> None:
        if row[_EXEC] in order.fills:
            self._problem(f"order {order.cl_ord_id}: fill {row[_EXEC]} came twice")
            return
        order.fills[row[_EXEC]] = row[_LAST], row[_LAST_PX]
        if row[_CUM] != order.cum_qty + row[_LAST] and not order.is_stale:
            self._problem(
                f"order {order.cl_ord_id}: cum_qty {row[_CUM]} after {order.cum_qty} and a fill "
                f"of {row[_LAST]}"
            )
        order.cum_qty = row[_CUM]
        if not order.is_over:
            self._end_if_filled(order)

    def _restated(self, order: Known, exec_type: int, row: tuple[int, ...]) -> None:
        """An answer to what was asked again: the state, not an event."""
        told = row[_CUM], row[_QTY], row[_PX]
        # The price of an order that is over is no longer known everywhere.
        known = order.cum_qty, order.order_qty, row[_PX] if order.is_over else order.price
        if told != known and not order.is_stale:
            self._problem(f"order {order.cl_ord_id} is told as {told}, its reports say {known}")
        order.is_stale = order.is_stale and not order.is_asked
        order.cum_qty, order.order_qty, order.price = told
        if not order.is_over and (exec_type in _ENDS or order.cum_qty >= order.order_qty):
            self._end(order)

    def _end_if_filled(self, order: Known) -> None:
        if order.cum_qty >= order.order_qty:
            self._end(order)

    def _end(self, order: Known) -> None:
        order.ends += 1
        self.working.pop(order.cl_ord_id, None)
        self.unanswered.pop(order.cl_ord_id, None)
        if order.ends > 1:
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
            is_last = order is not None and row[_D["cl_ord_id"]] >= order.asked_id
            is_risks = row[_D["order_id"]] == 0
            if order is not None and is_last and is_risks and reason == Reason.UNKNOWN_ORDER:
                self._never_came(order)
            return
        if order is None:
            return
        self.asked.discard(order.cl_ord_id)
        if reason == Reason.DUPLICATE_CL_ORD_ID:
            if not order.asked_id:
                self._problem(f"order {order.cl_ord_id} was sent once and taken twice")
            return
        if order.asked_id and reason == Reason.LANE_FULL:
            # The question was refused, which says nothing of the order.
            self.unanswered[order.cl_ord_id] = order
        elif order.asked_id and order.is_over and not order.order_id:
            # It was denied, and so is what asked about it.
            return
        elif order.is_acknowledged:
            self._problem(f"order {order.cl_ord_id} was acknowledged and is denied")
        else:
            order.is_refused = reason == Reason.LANE_FULL
            self._end(order)

    def _never_came(self, order: Known) -> None:
        """Risk knew nothing of it when it took a cancel that was sent behind it.

        A refusal with an order_id is the router's: risk knows the order, and will end it.
        """
        if order.is_over:
            # Of its end risk has told, and perhaps forgotten it since.
            return
        if order.order_id:
            self._problem(f"order {order.cl_ord_id} is {order.order_id}, and unknown to a cancel")
        else:
            order.is_refused = True
            self._end(order)

    def _problem(self, what: str) -> None:
        self.problems.append(f"session {self.name}: {what}")
