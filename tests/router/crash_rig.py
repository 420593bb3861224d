"""A router, a lane to risk and a venue in memory that outlives a process: kills at each place.

Ticks of the router run in this process, but one: that runs in a child that is killed at its n-th
crash point. What is in the shared memory then is all that the next router has.
"""

import mmap
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from routing_rig import ACCOUNTS, CAPACITY, INSTRUMENT_CHANNELS, SECOND, SECURITIES

from tidegate.native import reports, resolving
from tidegate.native.crash_point import die_at
from tidegate.native.order_map import ROUTE_ROW
from tidegate.native.records import (
    DENIAL_RECORD,
    EXECUTION_RECORD,
    LAYOUT_VERSION,
    RECORD,
    ExecType,
    Kind,
    Reason,
)
from tidegate.native.routing import CHANNEL_ROW, ROUTER_ROW, ChannelState, Routed, Routing
from tidegate.native.venue_codes import VenueCodes

Rows = np.ndarray[Any, Any]
RING = 128
INSTANT = 10 * SECOND


def shared(dtype: Any, count: int) -> Rows:
    dtype = np.dtype(dtype)
    return np.frombuffer(mmap.mmap(-1, dtype.itemsize * count), dtype, count)


@dataclass
class Working:
    """An order at the venue."""

    order_qty: int
    cum_qty: int = 0
    is_over: bool = False


@dataclass
class Venue:
    """Answers what was sent, in order; its reports are numbered from 1 and never forgotten."""

    orders: dict[int, Working] = field(default_factory=dict)
    reports: list[Rows] = field(default_factory=list)
    served: int = 0

    def serve(self, sent: Rows) -> None:
        for request in sent[self.served :]:
            self.served += 1
            self.answer(request)

    def answer(self, request: Any) -> None:
        order_id, kind = int(request["cl_ord_id"]), request["kind"]
        order = self.orders.get(order_id)
        if kind == Kind.NEW_ORDER_SINGLE:
            assert order is None, "sent twice"
            self.orders[order_id] = Working(int(request["order_qty"]))
            self.report(request, ExecType.EXEC_NEW)
        elif order is None or order.is_over:
            row = np.zeros(1, DENIAL_RECORD)
            row["kind"], row["ref_kind"] = Kind.CANCEL_REJECT, kind
            row["ref_seq_num"], row["reason"] = request["msg_seq_num"], Reason.VENUE_TOO_LATE
            self.give(row, order_id)
        elif kind == Kind.CANCEL_REQUEST:
            order.is_over = True
            self.report(request, ExecType.EXEC_CANCELED)
        else:
            order.order_qty = int(request["order_qty"])
            self.report(request, ExecType.EXEC_REPLACED)

    def fill(self, order_id: int, qty: int) -> None:
        order = self.orders[order_id]
        order.cum_qty += qty
        order.is_over = order.cum_qty >= order.order_qty
        request = np.zeros(1, RECORD)[0]
        request["cl_ord_id"] = order_id
        self.report(request, ExecType.EXEC_TRADE)

    def report(self, request: Any, exec_type: ExecType) -> None:
        order_id = int(request["cl_ord_id"])
        order = self.orders[order_id]
        row = np.zeros(1, EXECUTION_RECORD)
        row["kind"], row["exec_type"] = Kind.EXECUTION_REPORT, exec_type
        row["exec_id"] = 1000 + len(self.reports)
        row["order_qty"], row["cum_qty"] = order.order_qty, order.cum_qty
        self.give(row, order_id)

    def give(self, row: Rows, order_id: int) -> None:
        row["layout_version"] = LAYOUT_VERSION
        row["cl_ord_id"], row["order_id"] = order_id, 70_000 + order_id
        row["msg_seq_num"] = len(self.reports) + 1
        self.reports.append(row.view(RECORD))

    def working(self) -> list[int]:
        return [order_id for order_id, order in self.orders.items() if not order.is_over]


class World:
    """Requests that risk keeps, the router's regions, its lane to risk, and the venue's wire."""

    def __init__(self, requests: list[Rows]) -> None:
        self.requests = requests
        for number, row in enumerate(requests, 1):
            row["msg_seq_num"] = number
        self.routes, self.channels = shared(ROUTE_ROW, CAPACITY), shared(CHANNEL_ROW, 3)
        self.own = shared(ROUTER_ROW, 1)
        self.ring, self.ring_next = shared(RECORD, RING), shared(np.uint32, 1)
        self.wire, self.wire_count = shared(RECORD, RING), shared(np.uint32, 1)
        self.ring_next[0] = 1
        self.venue = Venue()
        self.is_deaf = self.is_shut = False
        self.start()
        self.log_on()

    def start(self) -> None:
        """A router over what the one before has left."""
        codes = VenueCodes(INSTRUMENT_CHANNELS, 3, 5)
        self.routing = Routing(self.routes, self.channels, self.own, codes)
        self.routing.recover(int(self.ring_next[0]))
        for channel in (1, 2):
            codes.learn(channel, SECURITIES[channel], ACCOUNTS[channel])
            self.routing.open_channel(channel, 1000, 1000)

    def put(self, out: Rows) -> None:
        """As a retained lane does: the row, then its number."""
        number = int(self.ring_next[0])
        self.ring[number] = out[0]
        self.ring_next[0] = number + 1

    def take_request(self) -> None:
        row = self.requests[self.routing.taken]
        routed, out = self.routing.route(row, INSTANT, int(self.ring_next[0]))
        if routed == Routed.ROUTED_REFUSED:
            self.put(out)
            self.routing.finished()
        elif routed == 1 and self.is_shut:
            refusal = self.routing.withdrawn(1, out, int(self.ring_next[0]))
            self.put(refusal)
            self.routing.finished()
        elif routed == 1 and not self.is_deaf:
            self.wire[self.wire_count[0]] = out[0]
            self.wire_count[0] += 1

    def take_report(self) -> None:
        row = self.venue.reports[int(self.channels["next_report"][1]) - 1]
        passes, out = reports.report(self.routing, 1, row, INSTANT, int(self.ring_next[0]))
        if passes:
            self.put(out)
            reports.finished(self.routing, 1, row, out)

    def log_on(self) -> None:
        """Requests that never came are refused; what is missing there is ended."""
        next_expected = int(self.wire_count[0]) + 1
        while True:
            out = resolving.lost(self.routing, 1, next_expected, int(self.ring_next[0]))
            if out is None:
                break
            self.put(out)
            self.routing.finished()
        self.routing.set_next_sending(1, next_expected)
        self.routing.set_state(1, ChannelState.CHANNEL_UP)

    def resolve(self) -> None:
        while True:
            out = resolving.missing(self.routing, 1, self.venue.working(), int(self.ring_next[0]))
            if out is None:
                return
            self.put(out)
            self.routing.finished()

    def has_report(self) -> bool:
        return int(self.channels["next_report"][1]) <= len(self.venue.reports)

    def serve(self) -> None:
        self.venue.serve(self.wire[: self.wire_count[0]])

    def settle(self) -> None:
        """A router that was started anew: it logs on, takes all reports, then all requests."""
        self.is_deaf = self.is_shut = False
        self.log_on()
        self.drain()
        self.resolve()
        while self.routing.taken < len(self.requests):
            self.take_request()
            self.drain()

    def drain(self) -> None:
        self.serve()
        while self.has_report():
            self.take_report()

    def given(self) -> list[Any]:
        return list(self.ring[1 : self.ring_next[0]])


def is_killed(tick: Callable[[], None], number: int) -> bool:
    """Whether a child that runs the tick died at its crash point of that number."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            die_at(number)
            tick()
            status = 0
        finally:
            os._exit(status)
    _, code = os.waitpid(child, 0)
    if os.WIFSIGNALED(code):
        assert os.WTERMSIG(code) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(code) == 0, "the tick itself failed"
    return False
