"""A gateway that is killed between any two stores: nothing is lost, nothing comes twice."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zmq
from gateway_rig import Risk, universe_of, until

from tidegate import topology
from tidegate.client.core import SessionCore
from tidegate.gateway import Gateway
from tidegate.native import crash_point
from tidegate.native.clock import wall_ns
from tidegate.native.records import ORDER_RECORD, RECORD, Kind, OrdType, Side, TimeInForce
from tidegate.run_dir import RunDir
from tidegate.universe import Universe

ORDERS = 3
# Longer than the test, so that no session is given up meanwhile.
HEARTBEAT_NS = 60_000_000_000


class Strategy:
    """A client's core over a socket of its own: what it was told, in order."""

    def __init__(self, context: zmq.Context[Any], front: str) -> None:
        self.core = SessionCore("one")
        self.socket = context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.immediate = 1
        self.socket.reconnect_ivl = 5
        self.socket.connect(front)
        self.told: list[tuple[int, int, int]] = []

    def exchange(self) -> None:
        while self.socket.poll(0):
            self.core.receive(self.socket.recv_multipart(), wall_ns())
        self.core.tick(wall_ns())
        while self.core.outgoing:
            try:
                self.socket.send_multipart(self.core.outgoing.popleft(), flags=zmq.DONTWAIT)
            except zmq.Again:
                break
        while self.core.delivered:
            row = np.frombuffer(self.core.delivered.popleft()[0], RECORD)[0]
            self.told.append((int(row["kind"]), int(row["cl_ord_id"]), int(row["msg_seq_num"])))


class World:
    """Risk's and a strategy's ends here; the gateway in a forked child that may die."""

    def __init__(self, path: Path) -> None:
        self.run_dir = RunDir(path)
        self.run_dir.create()
        self.universe: Universe = universe_of(self.run_dir, heartbeat_ns=HEARTBEAT_NS)
        self.context: zmq.Context[Any] = zmq.Context()
        self.risk = Risk(self.context, self.universe)
        self.strategy = Strategy(self.context, topology.default_front(self.run_dir))
        self.forwarded: list[tuple[int, int]] = []
        self.child = 0
        self.deaths = 0

    def fork(self, die_at: int) -> None:
        """A gateway that dies at this crash point; the strategy logs on to it."""
        self.child = os.fork()
        if self.child == 0:
            try:
                gateway = Gateway(self.universe, self.run_dir)
                crash_point.die_at(die_at)
                while True:
                    gateway.work()
            finally:
                os._exit(1)
        self.strategy.core.logon(wall_ns())

    def step(self) -> None:
        """Both ends' work; a gateway that has died is followed by one that lives."""
        self.strategy.exchange()
        for row in self.risk.take_some():
            self.forwarded.append((int(row["kind"]), int(row["cl_ord_id"])))
            if row["kind"] == Kind.NEW_ORDER_SINGLE:
                self.risk.accept(row)
        ended, status = os.waitpid(self.child, os.WNOHANG)
        if ended:
            assert os.WTERMSIG(status) == signal.SIGKILL
            self.deaths += 1
            self.fork(0)

    def until(self, found: Callable[[], object], what: str) -> None:
        def is_found() -> object:
            self.step()
            return found()

        until(is_found, what)

    def close(self) -> None:
        os.kill(self.child, signal.SIGKILL)
        os.waitpid(self.child, 0)
        self.risk.close()
        self.strategy.socket.close(0)
        self.context.term()


def order(number: int) -> bytes:
    row = np.zeros(1, ORDER_RECORD)
    for name, value in {
        "kind": Kind.NEW_ORDER_SINGLE,
        "layout_version": 3,
        "cl_ord_id": number,
        "account": 4 if number != ORDERS else 5,
        "instrument": 1,
        "side": Side.BUY,
        "ord_type": OrdType.LIMIT,
        "time_in_force": TimeInForce.DAY,
        "price": 1300,
        "order_qty": 1,
    }.items():
        row[name] = value
    return row.tobytes()


def live(path: Path, die_at: int) -> int:
    """Three orders and their answers, then a logout; how often the gateway died."""
    world = World(path)
    try:
        world.fork(die_at)
        core = world.strategy.core
        world.until(lambda: core.is_logged_on, "a logon")
        core.send([order(number) for number in range(1, ORDERS + 1)], wall_ns())
        world.until(lambda: len(world.strategy.told) >= ORDERS, "an answer to each order")
        world.until(lambda: core.is_logged_on, "a logon")
        core.logout(wall_ns())
        world.until(
            lambda: (
                any(kind == Kind.MASS_CANCEL_REQUEST for kind, _ in world.forwarded)
                or (world.deaths and core.is_logged_on and core.logout(wall_ns()))
            ),
            "the mass cancel of the session's end",
        )
        orders = [number for kind, number in world.forwarded if kind == Kind.NEW_ORDER_SINGLE]
        assert orders == [1, 2]
        assert {number: kind for kind, number, _ in world.strategy.told} == {
            1: Kind.EXECUTION_REPORT,
            2: Kind.EXECUTION_REPORT,
            3: Kind.SESSION_REJECT,
        }
        assert [number for _, _, number in world.strategy.told] == [1, 2, 3]
    finally:
        world.close()
    return world.deaths


@pytest.mark.skipif(
    not crash_point.HAS_CRASH_POINTS, reason="only the debug build has crash points"
)
def test_a_gateway_that_dies_at_any_point_loses_nothing_and_doubles_nothing(
    short_path: Path,
) -> None:
    number = 1
    while live(short_path / str(number), number):
        number += 1
    # Each record, report and mass cancel has several.
    assert number > 30
