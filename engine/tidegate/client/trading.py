"""A client without its waiting: session, orders and socket, shared by both clients.

Not safe for several threads: the clients see to that.
"""

import os
from collections import deque
from decimal import Decimal
from math import ceil
from typing import TypeVar

import msgspec

from tidegate import session_messages as messages
from tidegate.client import notices
from tidegate.client.connection import SHM, Connection
from tidegate.client.controls import Request, packed
from tidegate.client.core import SessionCore
from tidegate.client.names import Names
from tidegate.client.orders import NewOrder, Orders
from tidegate.client.report import Alert, ControlAnswer, Order, Report
from tidegate.codec import offset_of
from tidegate.errors import SessionError
from tidegate.native.clock import wall_ns
from tidegate.native.records import Kind
from tidegate.ring_pair import RETRY_S

T = TypeVar("T", bound=msgspec.Struct)
CONNECT_TIMEOUT = 5.0
REQUEST_TIMEOUT = 5.0
# The oldest go when nobody reads them.
ALERTS_MAX = 10_000
# How long the gateway may take to find room for a question that it has refused.
ASK_AGAIN_NS = 250_000_000
_KIND = offset_of("kind")


class Trading:
    """Everything of a client but how it waits."""

    def __init__(
        self, endpoint: str, session: str, key: str | None, server_key: str | None, resume: bool
    ) -> None:
        self._pid = os.getpid()
        # On tcp the key never leaves the host: CURVE proves it.
        shown = None if endpoint.startswith("tcp://") else key
        self.core = SessionCore(
            session, secret_key=shown, resume=resume, shares_memory=endpoint.startswith(SHM)
        )
        # Time-based, so that a restarted process never uses an id twice.
        self.names = Names()
        self.orders = Orders(first_cl_ord_id=wall_ns() // 1000, names=self.names)
        self.reports: deque[Report] = deque()
        self.alerts: deque[Alert] = deque(maxlen=ALERTS_MAX)
        self.connection = Connection(endpoint, session, key=key, server_key=server_key)
        self._losses = 0
        self._ask_ns = 0
        self._reply: messages.LogonReply | None = None
        self._request_id = 0
        # Requests of an operator: the kind that is to be answered, then the answer.
        self._awaited: dict[int, int] = {}
        self._answers: dict[int, ControlAnswer] = {}
        self.core.logon(wall_ns())

    @property
    def is_of_parent(self) -> bool:
        """Whether this process was forked by the one that has the session: it has none of it."""
        return os.getpid() != self._pid

    def refuse_child(self) -> None:
        """SessionError in a forked child: neither its sockets nor its threads are there."""
        if self.is_of_parent:
            raise SessionError(
                f"session {self.core.name!r} is of process {self._pid}, which has forked this one; "
                "expected a client that this process has connected"
            )

    @property
    def is_ready(self) -> bool:
        """Logged on and knowing its instruments; SessionError once it has been refused."""
        if self.core.refusal is not None:
            raise SessionError(self.core.refusal)
        return self.core.is_logged_on

    def work(self) -> bool:
        """Exchanges frames, and turns what came into reports; whether anything came."""
        has_taken = self.connection.exchange(self.core, wall_ns())
        self._learn()
        while self.core.delivered:
            self._deliver(*self.core.delivered.popleft())
        if self.core.is_logged_on:
            self._ask_again(wall_ns())
        return has_taken

    def pause_s(self, longest: float) -> float:
        """How long to wait for something to come before work() is due anyway."""
        return RETRY_S if self.connection.has_unsent else longest

    def submit_many(self, new_orders: list[NewOrder]) -> list[Order]:
        """Sends them in as few frames as they need; none when one of them is refused here."""
        self.require_logon()
        made = [self.orders.new_order(new) for new in new_orders]
        self._send([record for _, record in made])
        return [order for order, _ in made]

    def submit_list(self, new_orders: list[NewOrder]) -> list[Order]:
        """Sends orders of which risk lets all through, or none."""
        self.require_logon()
        made = self.orders.new_list(new_orders)
        self._send([record for _, record in made])
        return [order for order, _ in made]

    def operate(self, request: Request) -> int:
        """Sends an operator's request; its number, under which control_answer() has the answer."""
        self.require_logon()
        request_id = request.request_id or self.orders.next_id()
        records = packed(request, request_id)
        self._awaited[request_id] = int(request.controls[-1].values["kind"])
        self._send(records)
        return request_id

    def control_answer(self, request_id: int) -> ControlAnswer | None:
        """What became of an operator's request; None while nothing is known."""
        return self._answers.pop(request_id, None)

    def cancel(self, order: Order | int) -> None:
        """Asks to cancel an order."""
        self.require_logon()
        self._send([self.orders.cancel(order)])

    def replace(
        self, order: Order | int, price: str | int | Decimal | None, order_qty: int | None
    ) -> None:
        """Asks for another price or total quantity."""
        self.require_logon()
        self._send([self.orders.replace(order, price, order_qty)])

    def ask(self, request: str, account: str) -> int:
        """Sends a question; its id."""
        return self._request(messages.Request(request, account))

    def dead_man(self, timeout: float | None) -> int:
        """Sets or ends the session's dead-man timer; the request's id."""
        timeout_ms = 0 if timeout is None else ceil(timeout * 1000)
        return self._request(messages.Request("dead_man", timeout_ms=timeout_ms))

    def answer(self, request_id: int, kind: type[T]) -> T | None:
        """The answer, None while there is none; SessionError when it was refused."""
        refusal = self.core.refused_requests.pop(request_id, None)
        if refusal is not None:
            raise SessionError(refusal)
        frame = self.core.responses.pop(request_id, None)
        return None if frame is None else messages.decode(frame, kind)

    def forget(self, request_id: int) -> None:
        """Drops an answer that nobody waits for any more."""
        self.core.responses.pop(request_id, None)
        self.core.refused_requests.pop(request_id, None)
        self._awaited.pop(request_id, None)
        self._answers.pop(request_id, None)

    def close(self) -> None:
        """Logs out and frees the socket."""
        self.core.logout(wall_ns())
        self.connection.flush(self.core)
        self.connection.close()

    def require_logon(self) -> None:
        """SessionError unless logged on: an order is never kept to be sent late."""
        if not self.is_ready:
            raise SessionError(self.silence())

    def silence(self) -> str:
        """Why the session is not logged on, as far as this end can tell."""
        return f"session {self.core.name!r} is not logged on: {self.connection.silence()}"

    def _request(self, body: messages.Request) -> int:
        self._request_id += 1
        self.core.request(self._request_id, body, wall_ns())
        self.connection.flush(self.core)
        return self._request_id

    def _send(self, records: list[bytes]) -> None:
        self.core.send(records, wall_ns())
        self.connection.flush(self.core)

    def _ask_again(self, now_ns: int) -> None:
        """Asks about orders whose reports may be lost, until each question is answered."""
        if self.core.losses != self._losses:
            self._losses = self.core.losses
            again = self.orders.asked_again()
        elif self.orders.has_unanswered and now_ns >= self._ask_ns:
            again = self.orders.asked_once_more()
        else:
            return
        self._ask_ns = now_ns + ASK_AGAIN_NS
        self._send(again)

    def _learn(self) -> None:
        if self.core.reply is not None and self.core.reply is not self._reply:
            self._reply = self.core.reply
            self.names.learn(self._reply)

    def _deliver(self, record: bytes, text: str | None) -> None:
        """A report, an alert or an answer, each to where it is waited for."""
        kind = record[_KIND]
        if kind == Kind.ALERT:
            self.alerts.append(notices.alert(record, self.names))
            return
        answer = notices.control_answer(record) if kind in notices.ANSWERS else None
        if answer is not None and (kind == Kind.CONTROL_ANSWER or notices.is_control(answer)):
            if answer.ref_kind == self._awaited.get(answer.request_id):
                del self._awaited[answer.request_id]
                self._answers[answer.request_id] = answer
            return
        self.reports.append(self.orders.report(record, text))
