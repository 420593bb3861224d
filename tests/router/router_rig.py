"""A router stepped by the test, with real sockets at both ends: risk's lanes and a venue's peer."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec
import numpy as np
import zmq
from lane_rig import FarLink

from tidegate.channel import Channel
from tidegate.config import load_universe
from tidegate.native.clock import wall_ns
from tidegate.native.records import (
    CONTROL_RECORD,
    DENIAL_RECORD,
    EXECUTION_RECORD,
    LAYOUT_VERSION,
    ORDER_RECORD,
    QUOTE_RECORD,
    RECORD,
    SESSION_RECORD,
    ExecType,
    Kind,
    OrdType,
    Reason,
    Side,
    TimeInForce,
)
from tidegate.router import Router
from tidegate.run_dir import RunDir
from tidegate.universe import Universe

CONFIG = Path(__file__).parents[2] / "configs" / "dev.toml"
DEADLINE_S = 30.0
DEV_1 = 4
Rows = np.ndarray[Any, Any]


def dev_universe(run_dir: RunDir, *, retained: int = 16_384, **venue: object) -> Universe:
    """configs/dev.toml in this run directory, with other lanes and some other keys of its venue."""
    run_dir.create()
    universe = load_universe(CONFIG, run_dir)
    changed = tuple(msgspec.structs.replace(each, **venue) for each in universe.venues)
    lanes = {
        name: msgspec.structs.replace(lane, retained=retained)
        for name, lane in universe.lanes.items()
    }
    universe = msgspec.structs.replace(universe, venues=changed, lanes=lanes)
    run_dir.write_universe(universe)
    return universe


def request(order_id: int, kind: Kind = Kind.NEW_ORDER_SINGLE, **fields: int) -> Rows:
    """A request as risk routes it: a limit order of dev-1 to buy 2 lots, unless said."""
    row = np.zeros(1, ORDER_RECORD)
    standard = {
        "kind": kind,
        "layout_version": LAYOUT_VERSION,
        "order_id": order_id,
        "cl_ord_id": 1000 + order_id,
        "account": DEV_1,
        "instrument": 1,
        "session": 1,
        "side": Side.BUY,
        "ord_type": OrdType.LIMIT,
        "time_in_force": TimeInForce.DAY,
        "price": 13250,
        "order_qty": 2,
        "received_ns": wall_ns(),
    }
    for name, value in (standard | fields).items():
        row[name] = value
    return row.view(RECORD)


class Risk:
    """Risk's ends of the router's two lanes, and what came, by kind."""

    def __init__(self, context: zmq.Context[Any], universe: Universe) -> None:
        self.link = FarLink(context, universe, targets=("routes",), sources=("executions",))
        self.executions: list[Any] = []
        self.rejects: list[Any] = []
        self.marks: list[Any] = []
        self.states: list[int] = []
        self.is_stuck = False

    def put(self, *rows: Rows) -> None:
        for row in rows:
            assert self.link.put("routes", row) == 1

    def take(self) -> None:
        if self.is_stuck:
            return
        rows = self.link.take("executions")
        for at, kind in enumerate(rows["kind"]):
            if kind == Kind.EXECUTION_REPORT:
                self.executions.append(rows.view(EXECUTION_RECORD)[at])
            elif kind == Kind.CANCEL_REJECT:
                self.rejects.append(rows.view(DENIAL_RECORD)[at])
            elif kind == Kind.MARK:
                self.marks.append(rows.view(QUOTE_RECORD)[at])
            elif kind == Kind.CHANNEL_STATE:
                self.states.append(int(rows.view(CONTROL_RECORD)["trading_state"][at]))

    def close(self) -> None:
        self.link.close()


class Peer:
    """A venue's side of the protocol by hand: it answers logons, the test says all else."""

    def __init__(self, context: zmq.Context[Any], universe: Universe, **listing: Any) -> None:
        self.socket = context.socket(zmq.ROUTER)
        self.socket.linger = 0
        self.socket.set_hwm(0)
        self.socket.bind(universe.venues[0].endpoint)
        self.listing = {
            "venue": "SIM",
            "incarnation": 1,
            "accounts": {"sim-master": 77},
            "securities": [{"code": "GCZ3", "security_id": 901, "tick_size": "0.1"}],
        } | listing
        self.identity = b""
        self.requests: list[Any] = []
        self.sessions: list[Any] = []
        self.kept: list[Rows] = []
        self.next_expected = 1
        self.is_silent = False
        self.is_deaf = False
        self.unheard_count = 0

    def pump(self) -> None:
        while self.socket.poll(0):
            identity, frame, *rest = self.socket.recv_multipart()
            rows = np.frombuffer(frame, ORDER_RECORD)
            if rest:
                self.identity = identity
                self.sessions.append(rows.view(SESSION_RECORD)[0])
                self.log_on(int(self.sessions[-1]["next_expected"]))
            elif rows["kind"][0] >= Kind.LOGON:
                self.sessions.append(rows.view(SESSION_RECORD)[0])
                if rows["kind"][0] == Kind.RESEND_REQUEST:
                    self.resend(int(self.sessions[-1]["begin_seq_no"]))
            elif self.is_deaf:
                self.unheard_count += len(rows)
            else:
                self.requests.extend(rows)
                self.next_expected = int(rows["msg_seq_num"][-1]) + 1

    def log_on(self, begin_seq_no: int) -> None:
        answer = session(
            Kind.LOGON, next_expected=self.next_expected, next_sending=len(self.kept) + 1
        )
        self.send(answer, json.dumps(self.listing).encode())
        self.resend(begin_seq_no)

    def resend(self, begin_seq_no: int) -> None:
        for row in self.kept[begin_seq_no - 1 :]:
            self.send(row)

    def beat(self) -> None:
        self.send(session(Kind.HEARTBEAT, next_sending=len(self.kept) + 1))

    def report(self, asked: Any, exec_type: ExecType, exec_id: int, **fields: int) -> Rows:
        """The next report about a request; kept, and sent unless the peer is silent."""
        row = np.zeros(1, EXECUTION_RECORD)
        for name in ("cl_ord_id", "account", "instrument", "side", "price", "order_qty"):
            row[name] = asked[name]
        row["kind"], row["layout_version"] = Kind.EXECUTION_REPORT, LAYOUT_VERSION
        row["exec_type"], row["exec_id"], row["order_id"] = exec_type, exec_id, 5000 + exec_id
        row["msg_seq_num"] = len(self.kept) + 1
        for name, value in fields.items():
            row[name] = value
        self.kept.append(row)
        self.send(row)
        return row

    def report_many(self, asked: Any, exec_ids: range) -> None:
        """As many fills of one lot, in frames of 250."""
        first = self.report(asked, ExecType.EXEC_TRADE, exec_ids[0], last_qty=1)
        rows = np.repeat(first, len(exec_ids) - 1)
        rows["exec_id"] = exec_ids[1:]
        rows["msg_seq_num"] += np.arange(1, len(exec_ids), dtype=np.uint32)
        self.kept += [rows[at : at + 1] for at in range(len(rows))]
        for at in range(0, len(rows), 250):
            self.send(rows[at : at + 250])

    def send(self, row: Rows, *attachment: bytes) -> None:
        if self.identity and not self.is_silent:
            self.socket.send_multipart([self.identity, row.tobytes(), *attachment])

    def close(self) -> None:
        self.socket.close(0)


def session(kind: Kind, **fields: int) -> Rows:
    row = np.zeros(1, SESSION_RECORD)
    row["kind"], row["layout_version"] = kind, LAYOUT_VERSION
    for name, value in fields.items():
        row[name] = value
    return row


class Rig:
    """A Router between Risk and, if there is one, a Peer."""

    def __init__(
        self,
        path: Path,
        *,
        channels: Mapping[str, Channel] | None = None,
        has_peer: bool = True,
        **venue: object,
    ) -> None:
        self.run_dir = RunDir(path)
        self.universe = dev_universe(self.run_dir, **venue)
        self.context: zmq.Context[Any] = zmq.Context()
        self.risk = Risk(self.context, self.universe)
        self.router = Router(self.universe, self.run_dir, self.context, channels)
        self.peer = Peer(self.context, self.universe) if has_peer else None

    def __enter__(self) -> "Rig":
        return self

    def __exit__(self, *_: object) -> None:
        self.router.close()
        self.risk.close()
        if self.peer is not None:
            self.peer.close()
        self.context.term()

    @property
    def row(self) -> Any:
        """The channel's row."""
        return self.router.channels.rows[1]

    @property
    def venue(self) -> Peer:
        assert self.peer is not None
        return self.peer

    def step(self) -> None:
        self.router.agent.work()
        self.router.tend()
        if self.peer is not None:
            self.peer.pump()
        self.risk.take()

    def until(self, found: Callable[[], object]) -> None:
        """Steps until a condition holds, bounded."""
        end = monotonic() + DEADLINE_S
        while not found():
            self.step()
            assert monotonic() < end, f"not seen in {DEADLINE_S} s"

    def log_on(self) -> "Rig":
        self.until(lambda: self.risk.states)
        assert self.risk.states == [1]
        return self

    def accept(self, order_id: int) -> Any:
        """A new order through to the venue and its acceptance back; the request as it came."""
        seen, told = len(self.venue.requests), len(self.risk.executions)
        self.risk.put(request(order_id))
        self.until(lambda: len(self.venue.requests) > seen)
        self.venue.report(self.venue.requests[-1], ExecType.EXEC_NEW, len(self.venue.kept) + 1)
        self.until(lambda: len(self.risk.executions) > told)
        return self.venue.requests[-1]


def reasons(rows: list[Any]) -> list[Reason]:
    return [Reason(row["reason"]) for row in rows]
