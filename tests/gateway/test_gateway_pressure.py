"""A full lane, a client that does not read, and a gateway that is killed."""

import os
import signal
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import zmq
from gateway_rig import TIMEOUT_S, House, Risk, house, universe_of, until

from tidegate import Client, NewOrder, topology
from tidegate.codec import SESSION
from tidegate.native.records import ORDER_RECORD, RECORD, Kind, Reason
from tidegate.run_dir import RunDir
from tidegate.stage import READY_FD
from tidegate.universe import Lane, Universe

BATCH = 256


def order(number: int) -> NewOrder:
    return NewOrder(
        account="dev-1", instrument="GCZ3", side="BUY", order_qty=1, price="1300", cl_ord_id=number
    )


def test_a_full_lane_denies_new_orders_and_keeps_room_for_cancels(short_path: Path) -> None:
    run_dir = RunDir(short_path)
    run_dir.create()
    lanes: dict[str, Lane] = {
        name: msgspec.structs.replace(lane, hwm=1, retained=1024)
        for name, lane in universe_of(run_dir).lanes.items()
    }
    with (
        house(short_path, lanes=lanes, heartbeat_ns=60_000_000_000) as gateway,
        Client(gateway.front, "one") as client,
    ):
        first = client.submit_many([order(1)])[0]
        gateway.risk.take()
        number = jam(gateway, client)
        for _ in range(10):
            client.cancel(first)
        until(lambda: gateway.count("cancels_reserved") == 10, "reserving cancels")
        client.submit_many([order(number)])
        last = next(r for r in client.reports(timeout=5) if r.cl_ord_id == number)
        assert (last.kind, last.reason) == (Kind.DENIED, Reason.LANE_FULL)
        refused = gateway.count("refused", Reason.LANE_FULL)
        rows = gateway.risk.take(number - 2 - (refused - 1) + 10)
        assert list(rows["kind"][-10:]) == [Kind.CANCEL_REQUEST] * 10
        assert len(np.unique(rows["cl_ord_id"])) == len(rows)


def jam(gateway: House, client: Client) -> int:
    """Floods while risk takes nothing, until nothing gets through; the next free number.

    Socket buffers, then the lane, then its last frame fill up. Two batches of which every order
    is denied show that nothing is on its way into a buffer any more.
    """
    number, jammed = 2, 0
    while jammed < 2:
        before = gateway.count("refused", Reason.LANE_FULL)
        client.submit_many([order(number + index) for index in range(BATCH)])
        number += BATCH
        sent = number - 1
        until(
            lambda sent=sent: (
                gateway.count("forwarded") + gateway.count("refused", Reason.LANE_FULL) == sent
            ),
            "a verdict on each order",
        )
        is_jammed = gateway.count("refused", Reason.LANE_FULL) - before == BATCH
        jammed = jammed + 1 if is_jammed else 0
        assert number < 2_000_000
    return number


def test_a_client_that_does_not_read_costs_nobody_and_finds_its_reports_later(
    short_path: Path,
) -> None:
    # A heartbeat so long that slowness is all that is tried here.
    with house(short_path, heartbeat_ns=60_000_000_000) as gateway:
        read_slowly(gateway)


def read_slowly(gateway: House) -> None:
    context: zmq.Context[Any] = zmq.Context()
    slow = context.socket(zmq.DEALER)
    slow.rcvhwm = 1
    slow.connect(gateway.front)
    slow.send_multipart([SESSION.pack({"kind": Kind.LOGON}), b'{"session": "one"}'])
    assert slow.poll(5000)
    with Client(gateway.front, "two") as other:
        row = np.zeros(1, ORDER_RECORD)[0]
        row["session"] = 1
        sent = 0
        while not gateway.count("stalls"):
            assert sent < 4000
            gateway.risk.accept(row)
            sent += 1
            until(lambda count=sent: gateway.count("reports") == count, "taking a report")
        other.submit(account="dev-2", instrument="GCZ3", side="BUY", order_qty=1, price="1")
        assert gateway.risk.take()[0]["session"] == 2
    numbers: list[int] = []
    while len(numbers) < sent:
        assert slow.poll(5000)
        frame = slow.recv_multipart()[0]
        rows = np.frombuffer(frame, RECORD)
        numbers += rows["msg_seq_num"][rows["kind"] == Kind.EXECUTION_REPORT].tolist()
    assert numbers == list(range(1, sent + 1))
    slow.close(linger=0)
    context.term()


def test_reports_beyond_the_outbox_are_told_of(short_path: Path) -> None:
    run_dir = RunDir(short_path)
    run_dir.create()
    front = msgspec.structs.replace(universe_of(run_dir).gateway, outbox=8)
    with house(short_path, gateway=front) as gateway:
        with Client(gateway.front, "one") as client:
            client.submit_many([order(1)])
            row = gateway.risk.take()[0]
        assert gateway.risk.take()[0]["kind"] == Kind.MASS_CANCEL_REQUEST
        for _ in range(20):
            gateway.risk.accept(row)
        until(lambda: gateway.count("reports") == 20, "taking the reports")
        with Client(gateway.front, "one", resume=True) as client:
            numbers = [report.msg_seq_num for report in islice(client.reports(timeout=5), 8)]
            assert numbers == list(range(13, 21))
            assert client.counters["reports_missed"] == 12


class Killable:
    """The gateway as the process that `tidegate run` starts."""

    def __init__(self, path: Path) -> None:
        self.run_dir = RunDir(path)
        self.run_dir.create()
        # A third of what a loaded machine may keep a client from its turn: then it is given up.
        self.universe: Universe = universe_of(self.run_dir, heartbeat_ns=3_000_000_000)
        self.run_dir.write_universe(self.universe)
        self.context: zmq.Context[Any] = zmq.Context()
        self.risk = Risk(self.context, self.universe)
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        reader, writer = os.pipe()
        process = subprocess.Popen(
            [sys.executable, "-m", "tidegate.stage", "gateway", str(self.run_dir.path)],
            env={**os.environ, READY_FD: str(writer)},
            pass_fds=[writer],
        )
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            assert pipe.read() == b"ready\n"
        return process

    def close(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(TIMEOUT_S) == 0
        self.risk.close()
        self.context.term()


def test_a_killed_gateway_finds_sessions_and_outbox_again(short_path: Path) -> None:
    stage = Killable(short_path)
    with Client(topology.default_front(stage.run_dir), "one") as client:
        client.submit_many([order(1)])
        row = stage.risk.take()[0]
        stage.risk.accept(row)
        assert next(client.reports(timeout=TIMEOUT_S)).msg_seq_num == 1
        stage.process.kill()
        stage.process.wait()
        stage.process = stage.start()
        client.submit_many([order(2)])
        assert stage.risk.take()[0]["cl_ord_id"] == 2
        stage.risk.accept(row)
        assert next(client.reports(timeout=TIMEOUT_S)).msg_seq_num == 2
    assert stage.risk.take()[0]["kind"] == Kind.MASS_CANCEL_REQUEST
    stage.close()
