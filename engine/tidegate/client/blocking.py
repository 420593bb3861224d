"""The blocking client: for strategies that wait for their reports in a loop.

A thread of its own keeps the session alive while the strategy thinks; both use the socket
under one lock.
"""

import os
import select
from collections.abc import Callable, Iterator
from decimal import Decimal
from threading import Event, RLock, Thread
from types import TracebackType
from typing import Self, TypeVar

import msgspec

from tidegate import session_messages as messages
from tidegate.client.controls import Request
from tidegate.client.operator import Operator
from tidegate.client.orders import NewOrder
from tidegate.client.report import Alert, ControlAnswer, Order, Report
from tidegate.client.trading import CONNECT_TIMEOUT, REQUEST_TIMEOUT, Trading
from tidegate.errors import SessionError
from tidegate.native.clock import elapsed_ns
from tidegate.native.records import PositionEffect, Side, TimeInForce

T = TypeVar("T", bound=msgspec.Struct)
TICK_S = 0.05


class Client:
    """One session at a gateway. Use it in a `with` block, or connect() and close() it."""

    def __init__(
        self,
        endpoint: str,
        session: str,
        key: str | None = None,
        server_key: str | None = None,
        *,
        resume: bool = False,
    ) -> None:
        """`key` is the session's secret key; `server_key` the gateway's public one, for tcp.

        `resume` asks for all reports that the gateway has kept, not only for new ones.
        """
        self._arguments = (endpoint, session, key, server_key, resume)
        self._lock = RLock()
        self._closing = Event()
        self._trading: Trading | None = None
        self._wake = -1
        self._keeper: Thread | None = None

    def connect(self, timeout: float = CONNECT_TIMEOUT) -> Self:
        """Logs on; SessionError when refused or when nobody answers in time."""
        if self._trading is not None:
            raise SessionError("the client is connected already")
        self._trading = Trading(*self._arguments)
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._closing.clear()
        self._keeper = Thread(target=self._keep, name="tidegate-client", daemon=True)
        self._keeper.start()
        try:
            if not self._wait(lambda trading: trading.is_ready, timeout):
                raise SessionError(f"{self._trading.silence()} (waited for {timeout} s)")
        except SessionError:
            self.close()
            raise
        return self

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
    ) -> Order:
        """Sends an order: limit at `price`, market without one."""
        new = NewOrder(
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
        )
        return self.submit_many([new])[0]

    def submit_many(self, new_orders: list[NewOrder]) -> list[Order]:
        """Sends several orders in one frame."""
        with self._held():
            return self._open().submit_many(new_orders)

    def submit_list(self, new_orders: list[NewOrder]) -> list[Order]:
        """Sends orders of which risk lets all through, or none."""
        with self._held():
            return self._open().submit_list(new_orders)

    def cancel(self, order: Order | int) -> None:
        """Asks to cancel an order; the reports say what became of it."""
        with self._held():
            self._open().cancel(order)

    def replace(
        self,
        order: Order | int,
        *,
        price: str | int | Decimal | None = None,
        order_qty: int | None = None,
    ) -> None:
        """Asks for another price or total quantity; the reports say what became of it."""
        with self._held():
            self._open().replace(order, price, order_qty)

    def reports(self, timeout: float | None = None) -> Iterator[Report]:
        """Reports as they come; ends when none has come for `timeout` seconds."""
        while self._wait(lambda trading: bool(trading.reports), timeout):
            with self._held():
                waiting = self._open().reports
                if not waiting:
                    continue
                report = waiting.popleft()
            yield report

    def alerts(self, timeout: float | None = 0) -> Iterator[Alert]:
        """What risk has told of its own accord; ends when nothing more came for `timeout`."""
        while self._wait(lambda trading: bool(trading.alerts), timeout):
            with self._held():
                waiting = self._open().alerts
                if not waiting:
                    continue
                alert = waiting.popleft()
            yield alert

    @property
    def operator(self) -> Operator[ControlAnswer]:
        """An operator's words; each waits for what becomes of it."""
        return Operator(lambda: self._open().names, self._operate)

    def account(self, account: str) -> messages.AccountReply:
        """Trading state and money of an account."""
        return self._ask("account", account, messages.AccountReply)

    def positions(self, account: str) -> list[messages.Position]:
        """Positions and working quantities of an account."""
        return self._ask("positions", account, messages.PositionsReply).positions

    def orders(self, account: str) -> list[messages.WorkingOrder]:
        """Working orders of an account as risk knows them, from any session."""
        return self._ask("orders", account, messages.OrdersReply).orders

    def dead_man(self, timeout: float | None) -> None:
        """Cancel all orders of the session unless this is called again within `timeout` seconds.

        None = no timer. The client's own heartbeats do not count: a strategy that hangs is caught.
        """
        with self._held():
            trading = self._open()
            trading.require_logon()
            request_id = trading.dead_man(timeout)
        self._answered(
            "dead_man",
            lambda trading: trading.answer(request_id, messages.DeadManReply),
            request_id,
        )

    @property
    def is_logged_on(self) -> bool:
        """Whether the gateway is there: False once it is silent, until it answers again."""
        with self._held():
            return self._open().core.is_logged_on

    @property
    def counters(self) -> dict[str, int]:
        """What the session has met: gaps, duplicates, silences, resends."""
        with self._held():
            return dict(self._open().core.counters)

    def close(self) -> None:
        """Logs out; the gateway then cancels what the accounts say.

        In a forked child it does nothing: the session is its parent's.
        """
        if self._trading is not None and self._trading.is_of_parent:
            return
        self._closing.set()
        if self._keeper is not None:
            self._keeper.join()
            self._keeper = None
        with self._held():
            if self._trading is not None:
                self._trading.close()
                self._trading = None
                os.close(self._wake)

    def __enter__(self) -> Self:
        return self if self._trading is not None else self.connect()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _keep(self) -> None:
        pause_s = TICK_S
        while not self._closing.wait(pause_s):
            with self._held():
                trading = self._open()
                # Who waits has lost the sign of what came here, and of what sending has met.
                if trading.work() or trading.connection.has_input():
                    os.eventfd_write(self._wake, 1)
                pause_s = trading.pause_s(TICK_S)

    def _wait(self, is_done: Callable[[Trading], bool], timeout: float | None) -> bool:
        """Works until is_done; False when the time is up first."""
        end_ns = None if timeout is None else elapsed_ns() + int(timeout * 1e9)
        while True:
            with self._held():
                trading = self._open()
                trading.work()
                if is_done(trading):
                    return True
                if not trading.core.is_wanted:
                    trading.require_logon()
                # Sending may have eaten the edge of what came meanwhile.
                if trading.connection.has_input():
                    continue
                fds = trading.connection.fds
                # The logon is tried again by the clock, so never sleep longer than that.
                left_s = trading.pause_s(0.2)
            if end_ns is not None:
                left_s = min(left_s, (end_ns - elapsed_ns()) / 1e9)
            if left_s <= 0:
                return False
            self._sleep(fds, left_s)

    def _sleep(self, fds: list[int], seconds: float) -> None:
        readable, _, _ = select.select([*fds, self._wake], [], [], seconds)
        if self._wake in readable:
            try:
                os.eventfd_read(self._wake)
            except BlockingIOError:
                return

    def _ask(self, request: str, account: str, kind: type[T]) -> T:
        with self._held():
            trading = self._open()
            trading.require_logon()
            request_id = trading.ask(request, account)
        return self._answered(request, lambda trading: trading.answer(request_id, kind), request_id)

    def _operate(self, request: Request) -> ControlAnswer:
        with self._held():
            request_id = self._open().operate(request)
        return self._answered(
            "the request", lambda trading: trading.control_answer(request_id), request_id
        )

    def _answered(self, what: str, take: Callable[[Trading], T | None], request_id: int) -> T:
        """The answer that `take` finds; SessionError when none comes in time."""
        found: list[T] = []

        def is_answered(trading: Trading) -> bool:
            answer = take(trading)
            if answer is not None:
                found.append(answer)
            return bool(found)

        if not self._wait(is_answered, REQUEST_TIMEOUT):
            with self._held():
                self._open().forget(request_id)
            raise SessionError(f"{what!r} was not answered within {REQUEST_TIMEOUT} s")
        return found[0]

    def _held(self) -> RLock:
        """The lock. A forked child is refused before: who holds it there may be nobody."""
        if self._trading is not None:
            self._trading.refuse_child()
        return self._lock

    def _open(self) -> Trading:
        if self._trading is None:
            raise SessionError("the client is not connected")
        return self._trading
