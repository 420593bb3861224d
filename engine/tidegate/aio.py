"""The asyncio client; under uvloop too."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
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
from tidegate.native.records import PositionEffect, Side, TimeInForce

T = TypeVar("T", bound=msgspec.Struct)
TICK_S = 0.05


class Client:
    """One session at a gateway. Use it in an `async with` block, or connect() and close() it."""

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
        self._trading: Trading | None = None
        self._changed = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._failure: BaseException | None = None

    async def connect(self, timeout: float = CONNECT_TIMEOUT) -> Self:
        """Logs on; SessionError when refused or when nobody answers in time."""
        if self._trading is not None:
            raise SessionError("the client is connected already")
        self._trading = trading = Trading(*self._arguments)
        self._watch(trading)
        self._keeper = asyncio.get_running_loop().create_task(self._keep())
        try:
            if not await self._wait(lambda: trading.is_ready, timeout):
                raise SessionError(f"{trading.silence()} (waited for {timeout} s)")
            # A gateway that came up meanwhile has made its rings.
            self._watch(trading)
        except BaseException:
            await self.close()
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
        """Sends an order, without waiting: limit at `price`, market without one."""
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
        try:
            return self._open().submit_many(new_orders)
        finally:
            self._look_again()

    def submit_list(self, new_orders: list[NewOrder]) -> list[Order]:
        """Sends orders of which risk lets all through, or none."""
        try:
            return self._open().submit_list(new_orders)
        finally:
            self._look_again()

    def cancel(self, order: Order | int) -> None:
        """Asks to cancel an order; the reports say what became of it."""
        self._open().cancel(order)
        self._look_again()

    def replace(
        self,
        order: Order | int,
        *,
        price: str | int | Decimal | None = None,
        order_qty: int | None = None,
    ) -> None:
        """Asks for another price or total quantity; the reports say what became of it."""
        self._open().replace(order, price, order_qty)
        self._look_again()

    async def reports(self, timeout: float | None = None) -> AsyncIterator[Report]:
        """Reports as they come; ends when none has come for `timeout` seconds."""
        while await self._wait(lambda: bool(self._open().reports), timeout):
            waiting = self._open().reports
            if waiting:
                yield waiting.popleft()

    async def alerts(self, timeout: float | None = 0) -> AsyncIterator[Alert]:
        """What risk has told of its own accord; ends when nothing more came for `timeout`."""
        while await self._wait(lambda: bool(self._open().alerts), timeout):
            waiting = self._open().alerts
            if waiting:
                yield waiting.popleft()

    @property
    def operator(self) -> Operator[Awaitable[ControlAnswer]]:
        """An operator's words; each is awaited for what becomes of it."""
        return Operator(lambda: self._open().names, self._operate)

    async def account(self, account: str) -> messages.AccountReply:
        """Trading state and money of an account."""
        return await self._ask("account", account, messages.AccountReply)

    async def positions(self, account: str) -> list[messages.Position]:
        """Positions and working quantities of an account."""
        return (await self._ask("positions", account, messages.PositionsReply)).positions

    async def orders(self, account: str) -> list[messages.WorkingOrder]:
        """Working orders of an account as risk knows them, from any session."""
        return (await self._ask("orders", account, messages.OrdersReply)).orders

    async def dead_man(self, timeout: float | None) -> None:
        """Cancel all orders of the session unless this is called again within `timeout` seconds.

        None = no timer. The client's own heartbeats do not count: a strategy that hangs is caught.
        """
        trading = self._open()
        trading.require_logon()
        request_id = trading.dead_man(timeout)
        await self._answered(
            "dead_man", lambda: trading.answer(request_id, messages.DeadManReply), request_id
        )

    @property
    def is_logged_on(self) -> bool:
        """Whether the gateway is there: False once it is silent, until it answers again."""
        return self._open().core.is_logged_on

    @property
    def counters(self) -> dict[str, int]:
        """What the session has met: gaps, duplicates, silences, resends."""
        return dict(self._open().core.counters)

    async def close(self) -> None:
        """Logs out; the gateway then cancels what the accounts say.

        In a forked child it does nothing: the session is its parent's.
        """
        if self._trading is not None and self._trading.is_of_parent:
            return
        trading, self._trading = self._trading, None
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
            self._keeper = None
        if trading is not None:
            for fd in trading.connection.fds:
                asyncio.get_running_loop().remove_reader(fd)
            trading.close()
        self._changed.set()

    async def __aenter__(self) -> Self:
        return self if self._trading is not None else await self.connect()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _keep(self) -> None:
        """Heartbeats and logons: what no arriving message would start."""
        while True:
            await asyncio.sleep(TICK_S if self._trading is None else self._trading.pause_s(TICK_S))
            self._work()

    def _work(self) -> None:
        if self._trading is None:
            return
        try:
            self._trading.work()
        except Exception as error:
            # Raised again where somebody waits; a callback has nobody to tell.
            self._failure = error
        self._changed.set()

    def _watch(self, trading: Trading) -> None:
        for fd in trading.connection.fds:
            asyncio.get_running_loop().add_reader(fd, self._work)

    def _look_again(self) -> None:
        """Sending may have eaten the socket's edge for what came meanwhile."""
        if self._trading is not None and self._trading.connection.has_input():
            asyncio.get_running_loop().call_soon(self._work)

    async def _wait(self, is_done: Callable[[], bool], timeout: float | None) -> bool:
        """Until is_done; False when the time is up first."""
        loop = asyncio.get_running_loop()
        end = None if timeout is None else loop.time() + timeout
        self._open()
        self._work()
        while True:
            self._changed.clear()
            if self._failure is not None:
                failure, self._failure = self._failure, None
                raise failure
            trading = self._open()
            if is_done():
                return True
            if not trading.core.is_wanted:
                trading.require_logon()
            left = None if end is None else end - loop.time()
            if left is not None and left <= 0:
                return False
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._changed.wait()

    async def _ask(self, request: str, account: str, kind: type[T]) -> T:
        trading = self._open()
        trading.require_logon()
        request_id = trading.ask(request, account)
        return await self._answered(request, lambda: trading.answer(request_id, kind), request_id)

    async def _operate(self, request: Request) -> ControlAnswer:
        trading = self._open()
        request_id = trading.operate(request)
        return await self._answered(
            "the request", lambda: trading.control_answer(request_id), request_id
        )

    async def _answered(self, what: str, take: Callable[[], T | None], request_id: int) -> T:
        """The answer that `take` finds; SessionError when none comes in time."""
        found: list[T] = []

        def is_answered() -> bool:
            answer = take()
            if answer is not None:
                found.append(answer)
            return bool(found)

        if not await self._wait(is_answered, REQUEST_TIMEOUT):
            self._open().forget(request_id)
            raise SessionError(f"{what!r} was not answered within {REQUEST_TIMEOUT} s")
        return found[0]

    def _open(self) -> Trading:
        if self._trading is None:
            raise SessionError("the client is not connected")
        self._trading.refuse_child()
        return self._trading
