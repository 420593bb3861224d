"""A strategy under chaos: random orders, cancels and replaces, and what became of each."""

import random
import threading
import time
from collections import Counter, defaultdict

from tidegate import Client, NewOrder, Order
from tidegate.client.report import Report
from tidegate.errors import SessionError
from tidegate.native.records import ExecType, Kind, Reason, TimeInForce

INSTRUMENT = "GCZ3"
MIDDLE = 13230
SPREAD_TICKS = 60
BATCH_MAX = 4
PAUSE_S = 0.004
WORKING_MAX = 200


class Strategy(threading.Thread):
    """One session; it goes on through whatever happens to the stages until it is told to stop."""

    def __init__(self, front: str, session: str, accounts: tuple[str, ...], seed: str) -> None:
        super().__init__(name=session)
        self.client = Client(front, session=session, resume=True)
        self.accounts = accounts
        self.stopping = threading.Event()
        self.orders: list[Order] = []
        self.finals: Counter[int] = Counter()
        self.fills: dict[int, Report] = {}
        self.positions: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.problems: list[str] = []
        self.refused = 0
        self._cum_qty: dict[int, int] = defaultdict(int)
        self._random = random.Random(seed)

    def run(self) -> None:
        """Trade until stop."""
        try:
            while not self.stopping.wait(PAUSE_S):
                self.drain()
                self.act()
        except Exception as error:
            self.problems.append(f"{self.name}: died of {type(error).__name__}: {error}")

    def act(self) -> None:
        """One thing at random; while the gateway is away, nothing."""
        working = [order for order in self.orders[-WORKING_MAX:] if not order.is_final]
        draw = self._random.random()
        try:
            if working and (draw < 0.3 or len(working) > WORKING_MAX // 2):
                self.client.cancel(self._random.choice(working))
            elif working and draw < 0.4:
                order = self._random.choice(working)
                self.client.replace(order, order_qty=order.order_qty + 1)
            else:
                count = self._random.randint(1, BATCH_MAX)
                self.orders += self.client.submit_many([self.new_order() for _ in range(count)])
        except SessionError:
            self.refused += 1

    def new_order(self) -> NewOrder:
        """Around the recording's prices, so that some trade at once and some wait."""
        side = self._random.choice(("BUY", "SELL"))
        ticks = MIDDLE + self._random.randint(-SPREAD_TICKS, SPREAD_TICKS)
        is_immediate = self._random.random() < 0.2
        return NewOrder(
            account=self._random.choice(self.accounts),
            instrument=INSTRUMENT,
            side=side,
            order_qty=self._random.randint(1, 5),
            price=f"{ticks // 10}.{ticks % 10}",
            time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL if is_immediate else TimeInForce.DAY,
        )

    def drain(self) -> None:
        """Takes the reports that are there."""
        for report in self.client.reports(timeout=0):
            self.note(report)

    def note(self, report: Report) -> None:
        """Checks each report against those before it; a restated one says nothing new."""
        if report.reason is not None:
            self.reasons[report.reason.name] += 1
        if report.kind == Kind.CANCEL_REJECT or report.is_poss_resend:
            return
        key = report.order_id or -report.cl_ord_id
        if report.is_fill:
            self.note_fill(key, report)
        if report.is_final and report.reason != Reason.DUPLICATE_CL_ORD_ID:
            self.finals[key] += 1
            if self.finals[key] > 1:
                self.problems.append(f"{self.name}: two final reports: {report}")
        elif self.finals[key] and report.exec_type == ExecType.EXEC_NEW:
            self.problems.append(f"{self.name}: New after the end: {report}")

    def note_fill(self, key: int, report: Report) -> None:
        """Each exec_id once, and cum_qty is the sum of the fills."""
        if report.exec_id in self.fills:
            self.problems.append(f"{self.name}: fill {report.exec_id} came twice: {report}")
            return
        self.fills[report.exec_id] = report
        self._cum_qty[key] += report.last_qty
        if report.cum_qty != self._cum_qty[key]:
            self.problems.append(
                f"{self.name}: cum_qty {report.cum_qty}, but its fills are {self._cum_qty[key]}: "
                f"{report}"
            )
        sign = 1 if report.side is not None and report.side.name == "BUY" else -1
        self.positions[report.account or ""] += sign * report.last_qty

    def settle(self, deadline_s: float) -> None:
        """Cancels what works until every order has ended."""
        until = time.monotonic() + deadline_s
        asked_at: dict[int, float] = {}
        while working := [order for order in self.orders if not order.is_final]:
            self.drain()
            now = time.monotonic()
            if now > until:
                ids = ", ".join(str(order.cl_ord_id) for order in working[:5])
                self.problems.append(
                    f"{self.name}: {len(working)} orders without an end after {deadline_s:g} s: "
                    f"{ids}"
                )
                return
            for order in working:
                if now - asked_at.get(order.cl_ord_id, 0.0) > 1.0:
                    asked_at[order.cl_ord_id] = now
                    try:
                        self.client.cancel(order)
                    except SessionError:
                        self.refused += 1
            time.sleep(0.01)
        self.drain()
