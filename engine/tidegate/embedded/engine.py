"""`tidegate.Engine`: risk on the caller's own thread, as one session of a config.

It is the risk stage without its lanes from and to a gateway: the same tables, journal, regions and
recovery, so that every tool reads its run directory. `native` is what a strategy in Cython calls
without the GIL; `entry` has submit, cancel and replace without a frame of Python between. One
process has the engine of a run directory, and one thread at a time is in it; calls from Python are
one at a time anyway. Who does not poll does not hear of fills, and time, as risk knows it, goes on
with what is submitted and polled.
"""

import os
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from decimal import Decimal
from math import ceil
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec
import zmq

from tidegate import logon_reply, topology
from tidegate import session_messages as messages
from tidegate.client import notices
from tidegate.client.controls import Request
from tidegate.client.names import Names
from tidegate.client.operator import Operator
from tidegate.client.orders import Orders
from tidegate.client.report import Alert, ControlAnswer, Report
from tidegate.codec import offset_of
from tidegate.config import load_universe
from tidegate.embedded.channels import Channels, settle
from tidegate.embedded.look import ChannelStates, has_cancels, has_orders, mark_of, session_of
from tidegate.embedded.operating import carry_out
from tidegate.embedded.router_thread import RouterThread
from tidegate.errors import ConfigError, SessionError
from tidegate.gateway_requests import Requests
from tidegate.native.clock import elapsed_ns, wall_ns
from tidegate.native.embedded import Embedded
from tidegate.native.histogram import HISTOGRAM
from tidegate.native.intake import account_words
from tidegate.native.legs import NAMES
from tidegate.native.order_entry import OrderEntry, Verdict
from tidegate.native.records import Kind, PositionEffect, Reason, Side, TimeInForce
from tidegate.placing import ask_huge_pages
from tidegate.region import Region
from tidegate.risk import Risk
from tidegate.run_dir import RunDir, default_path
from tidegate.universe import Session, Universe

T = TypeVar("T", bound=msgspec.Struct)
ALERTS_MAX = 10_000
POLL_RECORDS = 256
WAIT_MS = 20
TEND_NS = 100_000_000
# How long close() waits for cancels that it has asked for.
CANCEL_S = 1.0
LINGER_MS = 200
_KIND = offset_of("kind")


class Engine:
    """A session's engine. Use it in a `with` block, or close() it."""

    def __init__(
        self,
        universe: Universe,
        run_dir: RunDir,
        *,
        session: str,
        operator: str | None = None,
        flush_every: int = 1,
        starts_channels: bool = True,
    ) -> None:
        """Recover what is in the run directory, and start what is to run beside it.

        `flush_every`: after so many requests, 1 to 64, what they gave is handed to the router; in
        poll() at any rate. RunDirError when another process has the engine of this directory.
        """
        if not topology.is_embedded(universe):
            raise ConfigError('placement.layout is not "embedded"; expected it for an Engine')
        own = session_of(universe, session, "strategy")
        desk = None if operator is None else session_of(universe, operator, "operator")
        run_dir.create()
        self.universe = universe
        self.run_dir = run_dir
        self.alerts: deque[Alert] = deque(maxlen=ALERTS_MAX)
        self._session = own
        self._pid = os.getpid()
        self._waiting: deque[Report] = deque()
        self._tend_ns = 0
        # Closed in reverse, also what a start that fails has opened.
        self._opened = ExitStack()
        try:
            self._opened.callback(os.close, run_dir.lock_stage("risk"))
            self._channel_states = ChannelStates(run_dir)
            self._opened.callback(self._channel_states.close)
            starts = settle(universe, run_dir, starts=starts_channels)
            self._open(own, desk, flush_every)
            self._beside: list[Channels | RouterThread] = []
            self._keep(Channels(run_dir, starts=starts))
            if topology.has_router_thread(universe):
                self._keep(RouterThread(universe, run_dir))
            ask_huge_pages(universe.placement, run_dir)
        except BaseException:
            self._opened.close()
            raise

    @classmethod
    def from_config(
        cls,
        config: Path | str,
        *,
        session: str,
        operator: str | None = None,
        run_dir: Path | str | None = None,
        flush_every: int = 1,
        starts_channels: bool = True,
    ) -> Self:
        """The engine of a config file; run_dir None = run/NAME, as `tidegate run` has it."""
        place = RunDir(run_dir or default_path(Path(config)))
        return cls(
            load_universe(Path(config), place),
            place,
            session=session,
            operator=operator,
            flush_every=flush_every,
            starts_channels=starts_channels,
        )

    def _open(self, own: Session, desk: Session | None, flush_every: int) -> None:
        universe = self.universe
        terms = logon_reply.terms(universe)
        names = Names()
        names.learn(logon_reply.reply(universe, own, terms, wall_ns()))
        self._desk_names = Names()
        if desk is not None:
            self._desk_names.learn(logon_reply.reply(universe, desk, terms, wall_ns()))
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._opened.callback(context.destroy, linger=LINGER_MS)
        self._risk = Risk(universe, self.run_dir, context)
        self._opened.callback(self._risk.close)
        self._latency = Region.keep(self.run_dir.region("latency"), HISTOGRAM, len(NAMES))
        self._opened.callback(self._latency.close)
        self.native = Embedded(
            agent=self._risk.agent,
            routes=self._risk.targets["routes"],
            reports=self._risk.targets["reports"],
            words=account_words(own.accounts, len(universe.accounts)),
            account_count=len(universe.accounts),
            session=own.handle,
            operator_session=0 if desk is None else desk.handle,
            latency=self._latency.rows,
            flush_every=flush_every,
        )
        self._opened.callback(self.native.close)
        # Time-based, so that a restarted process never uses an id twice.
        first = wall_ns() // 1000
        self._words = Orders(first_cl_ord_id=first, names=names)
        self.entry = OrderEntry(
            self.native,
            self._risk.tables,
            names,
            {universe.accounts[handle - 1].name: handle for handle in own.accounts},
            [(row.handle, row.symbol, row.tick_size) for row in universe.instruments],
            first_cl_ord_id=first,
        )
        self._requests = Requests(universe, self.run_dir)
        self._opened.callback(self._requests.close)
        self._risk.journal.assist()
        if has_orders(self._risk.tables, own.handle):
            # The process before this one was lost with them: as a session that is.
            self.entry.mass_cancel(is_disconnect=True)

    def _keep(self, part: Channels | RouterThread) -> None:
        self._opened.callback(part.close)
        self._beside.append(part)

    def submit(
        self,
        *,
        account: str | int,
        instrument: str,
        side: Side | str,
        order_qty: int,
        price: str | int | Decimal | None = None,
        time_in_force: TimeInForce = TimeInForce.DAY,
        reduce_only: bool = False,
        post_only: bool = False,
        position_effect: PositionEffect | None = None,
        cl_ord_id: int | None = None,
        poss_resend: bool = False,
    ) -> Verdict:
        """Check, hold and route an order: limit at `price`, market without one.

        With poss_resend an order that risk knows by its cl_ord_id is not traded twice: a report
        says how it stands.
        """
        return self.entry.submit(
            account=account,
            instrument=instrument,
            side=side,
            order_qty=order_qty,
            price=price,
            time_in_force=time_in_force,
            reduce_only=reduce_only,
            post_only=post_only,
            position_effect=position_effect,
            cl_ord_id=cl_ord_id,
            poss_resend=poss_resend,
        )

    def cancel(
        self, orig_cl_ord_id: int, *, cl_ord_id: int | None = None, poss_resend: bool = False
    ) -> Verdict:
        """Ask to cancel an order; the reports say what became of it."""
        return self.entry.cancel(orig_cl_ord_id, cl_ord_id=cl_ord_id, poss_resend=poss_resend)

    def replace(
        self,
        orig_cl_ord_id: int,
        *,
        price: str | int | Decimal | None = None,
        order_qty: int | None = None,
        cl_ord_id: int | None = None,
        poss_resend: bool = False,
    ) -> Verdict:
        """Ask for another price or total quantity; the reports say what became of it."""
        return self.entry.replace(
            orig_cl_ord_id,
            price=price,
            order_qty=order_qty,
            cl_ord_id=cl_ord_id,
            poss_resend=poss_resend,
        )

    def mass_cancel(self, *, account: str | None = None, instrument: str | None = None) -> Verdict:
        """Cancel all orders of the session, of one account or instrument if given."""
        return self.entry.mass_cancel(account=account, instrument=instrument)

    def flush(self) -> bool:
        """Hand on what was decided; False while router or poll() leave no room for all of it."""
        return self.native.flush_all()

    def poll(self, timeout: float = 0.0) -> list[Report]:
        """Work, and give the reports; waits up to `timeout` seconds for the first.

        What is given now counts as taken with the next call. What a process was given and had not
        so acknowledged when it ended comes again to the next one, with is_poss_dup.
        """
        self._fill(timeout)
        found = list(self._waiting)
        self._waiting.clear()
        return found

    def deliver(self, callback: Callable[[Report], object], timeout: float = 0.0) -> int:
        """As poll(), but calls `callback` with each report; how many.

        An exception of it comes out of here; its report counts as delivered, those behind it wait
        for the next call.
        """
        self._fill(timeout)
        count = 0
        while self._waiting:
            count += 1
            callback(self._waiting.popleft())
        return count

    def until(self, condition: Callable[[], Any], timeout: float) -> bool:
        """Work until the condition holds, at most `timeout` seconds; reports wait for poll()."""
        end_ns = elapsed_ns() + int(timeout * 1e9)
        while not condition():
            worked = self.native.work()
            self.tend()
            if elapsed_ns() >= end_ns:
                return bool(condition())
            if not worked:
                self.native.wait(1)
        return True

    def mark(self, instrument: str) -> Decimal | None:
        """The instrument's mark; None before the first, and when it is too old to trade on.

        And while its channel is not up, for an order would be refused VENUE_DOWN: so the last
        mark of the run before this one does not look like a venue that is there.
        """
        handle, tick_size = self._words.names.instrument(instrument)
        if self._channel_states.is_down(self.universe.instruments[handle - 1].venue):
            return None
        return mark_of(self._risk.tables, handle, tick_size, wall_ns())

    def account(self, account: str) -> messages.AccountReply:
        """Trading state and money of an account."""
        return self._ask("account", account, messages.AccountReply)

    def positions(self, account: str) -> list[messages.Position]:
        """Positions and working quantities of an account."""
        return self._ask("positions", account, messages.PositionsReply).positions

    def orders(self, account: str) -> list[messages.WorkingOrder]:
        """Working orders of an account as risk knows them."""
        return self._ask("orders", account, messages.OrdersReply).orders

    @property
    def operator(self) -> Operator[ControlAnswer]:
        """An operator's words, answered at once; SessionError unless opened with `operator`."""
        if not self.native.operator_session:
            raise SessionError("the engine was opened without an operator's session")
        return Operator(lambda: self._desk_names, self._operate)

    def tend(self) -> None:
        """Counters for `inspect`, the journal's mark on the disk; poll() does it too.

        A strategy that polls in Cython calls it every tenth of a second or so. StageError when what
        this engine started beside itself has ended by itself.
        """
        now = elapsed_ns()
        if now < self._tend_ns:
            return
        self._tend_ns = now + TEND_NS
        self._publish()
        for part in self._beside:
            part.check()

    def close(self) -> None:
        """End the session: risk cancels what its accounts say; then stop what was started."""
        if not self.native.is_usable:
            # Closed, or in a child that was forked: the engine is its parent's.
            return
        try:
            if has_orders(self._risk.tables, self._session.handle):
                self.entry.mass_cancel(is_disconnect=True)
                self.flush()
                self.until(self._has_no_cancels, CANCEL_S)
            self._publish()
        finally:
            self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _fill(self, timeout: float) -> None:
        """Have reports waiting, if there are any; those that were not delivered come first."""
        if self._waiting:
            self.native.work()
            return
        end_ns = elapsed_ns() + int(timeout * 1e9)
        while True:
            rows = self.native.poll_rows(POLL_RECORDS)
            for row in rows:
                self._sort(row.tobytes())
            self.tend()
            left_ns = end_ns - elapsed_ns()
            if self._waiting or left_ns <= 0:
                return
            if not len(rows):
                self.native.wait(min(ceil(left_ns / 1e6), WAIT_MS))

    def _sort(self, record: bytes) -> None:
        kind = record[_KIND]
        if kind == Kind.ALERT:
            self.alerts.append(notices.alert(record, self._words.names))
        elif kind != Kind.CONTROL_ANSWER:
            # Who operates has had his answer at once.
            self._waiting.append(self._words.report(record, None))

    def _operate(self, request: Request) -> ControlAnswer:
        return carry_out(self.native, request, request.request_id or self._words.next_id())

    def _ask(self, request: str, account: str, kind: type[T]) -> T:
        self._refuse_closed()
        found = self._requests.answer(self._session, messages.Request(request, account))
        return messages.decode(found, kind)

    def _refuse_closed(self) -> None:
        if os.getpid() != self._pid:
            raise SessionError(f"the engine is of process {self._pid}, which has forked this one")
        if not self.native.is_usable:
            raise SessionError("the engine is closed")

    def _has_no_cancels(self) -> bool:
        return not has_cancels(self._risk.tables, self._session.handle)

    def _publish(self) -> None:
        self._risk.journal.settle()
        self._risk.publish()
        refused = {Reason(code).name: count for code, count in self.native.refusals.items()}
        self._risk.counters.publish("refused", refused)
