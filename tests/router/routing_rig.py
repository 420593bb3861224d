"""The routing steps over plain arrays: two channels, four instruments, three accounts."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tidegate.native import reports, resolving
from tidegate.native.order_map import ROUTE_ROW
from tidegate.native.records import (
    EXECUTION_RECORD,
    LAYOUT_VERSION,
    ORDER_RECORD,
    RECORD,
    ExecType,
    Kind,
    Side,
)
from tidegate.native.routing import CHANNEL_ROW, ROUTER_ROW, ChannelState, Routed, Routing
from tidegate.native.venue_codes import VenueCodes

MS = 10**6
SECOND = 10**9
CAPACITY = 8
# Instruments 1 and 2 trade on channel 1, 3 on channel 2, 4 on 1 where the venue lists it not.
INSTRUMENT_CHANNELS = [0, 1, 1, 2, 1]
SECURITIES = {1: {1: 901, 2: 17}, 2: {3: 901}}
ACCOUNTS = {1: {1: 5001, 2: 5001}, 2: {3: 77}}


class Tables:
    """A Routing with both channels up and the rows it writes."""

    def __init__(self, rate: int = 10, burst: int = 5, order_age_ms_max: int = 0) -> None:
        self.routes = np.zeros(CAPACITY, ROUTE_ROW)
        self.channels = np.zeros(3, CHANNEL_ROW)
        self.own = np.zeros(1, ROUTER_ROW)
        self.codes = VenueCodes(INSTRUMENT_CHANNELS, 3, 5)
        self.routing = Routing(self.routes, self.channels, self.own, self.codes, order_age_ms_max)
        for channel in (1, 2):
            self.routing.open_channel(channel, rate, burst)
            self.codes.learn(channel, SECURITIES[channel], ACCOUNTS[channel])
            self.routing.set_state(channel, ChannelState.CHANNEL_UP)

    def route(
        self, row: np.ndarray[Any, Any], now_ns: int, ahead_ns: int = 0
    ) -> tuple[int, np.ndarray[Any, Any]]:
        """The whole step, its answer put."""
        routed, out = self.routing.route(row, now_ns, ahead_ns=ahead_ns)
        if routed == Routed.ROUTED_REFUSED:
            self.routing.finished()
        return routed, out

    def report(
        self, channel: int, row: np.ndarray[Any, Any], now_ns: int
    ) -> tuple[bool, np.ndarray[Any, Any]]:
        passes, out = reports.report(self.routing, channel, row, now_ns)
        if passes:
            reports.finished(self.routing, channel, row, out)
        return passes, out

    def withdrawn(self, channel: int, sent: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        out = self.routing.withdrawn(channel, sent)
        self.routing.finished()
        return out

    def lost(self, channel: int, next_expected: int, count_max: int) -> np.ndarray[Any, Any]:
        """Up to count_max refusals, each put."""
        return self._finished(
            lambda: resolving.lost(self.routing, channel, next_expected), count_max
        )

    def missing(self, channel: int, known: list[int], count_max: int = 100) -> np.ndarray[Any, Any]:
        return self._finished(lambda: resolving.missing(self.routing, channel, known), count_max)

    def _finished(
        self, take: Callable[[], np.ndarray[Any, Any] | None], count_max: int
    ) -> np.ndarray[Any, Any]:
        found = [np.zeros(0, RECORD)]
        while len(found) <= count_max and (out := take()) is not None:
            self.routing.finished()
            found.append(out)
        return np.concatenate(found)


def request(kind: Kind = Kind.NEW_ORDER_SINGLE, **fields: Any) -> np.ndarray[Any, Any]:
    row = np.zeros(1, ORDER_RECORD)
    defaults = {"order_id": 1 << 32 | 3, "cl_ord_id": 100, "instrument": 1, "account": 1}
    defaults |= {"price": 50, "order_qty": 4, "side": Side.BUY, "received_ns": SECOND}
    for name, value in {**defaults, **fields}.items():
        row[name] = value
    row["kind"] = kind
    row["layout_version"] = LAYOUT_VERSION
    return row.view(RECORD)


def report(exec_type: ExecType, exec_id: int, **fields: Any) -> np.ndarray[Any, Any]:
    row = np.zeros(1, EXECUTION_RECORD)
    defaults = {"cl_ord_id": 1 << 32 | 3, "order_id": 7001, "instrument": 901, "account": 5001}
    defaults |= {"price": 50, "order_qty": 4, "side": Side.BUY, "kind": Kind.EXECUTION_REPORT}
    for name, value in {**defaults, **fields}.items():
        row[name] = value
    row["layout_version"] = LAYOUT_VERSION
    row["exec_type"] = exec_type
    row["exec_id"] = exec_id
    return row.view(RECORD)
