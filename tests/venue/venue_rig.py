"""A channel, a subscriber and a small tape for tests of the venue over real sockets."""

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from time import monotonic
from typing import TypeVar

import msgspec
import numpy as np
import zmq

from tidegate.native.records import (
    DENIAL_RECORD,
    EXECUTION_RECORD,
    LAYOUT_VERSION,
    NO_PRICE,
    ORDER_RECORD,
    QUOTE_RECORD,
    RECORD,
    SESSION_RECORD,
    Kind,
    OrdType,
    Reason,
    Side,
    TimeInForce,
)
from tidegate.tape.events import EVENT, Contract, Metadata, Source, TapeKind
from tidegate.tape.format import TapeWriter
from tidegate.venue import feed_of
from tidegate.venue.agent import VenueAgent
from tidegate.venue.ledger import Security
from tidegate.venue.memory import Memory
from tidegate.venue.order import Order
from tidegate.venue.settings import Settings

SECOND = 1_000_000_000
T = TypeVar("T")
DEADLINE_S = 20.0
BUY, SELL = int(Side.BUY), int(Side.SELL)


def contract(code: str, **fields: object) -> Contract:
    return msgspec.structs.replace(
        Contract(
            code=code,
            product="GC",
            venue="CME",
            currency="USD",
            tick_size=Decimal("0.1"),
            multiplier=Decimal(100),
            lot_size=Decimal(1),
            start_ns=0,
        ),
        **fields,
    )


def write_tape(
    path: Path,
    rows: Sequence[tuple[int, TapeKind, int, int, int]],
    *,
    span_ns: int,
    contracts: tuple[Contract, ...] = (contract("GCZ3"),),
) -> Path:
    """Rows are time_ns, kind, side, price, qty, all of the first contract."""
    events = np.zeros(len(rows), EVENT)
    for at, (time_ns, kind, side, price, qty) in enumerate(rows):
        events[at]["time_ns"], events[at]["kind"], events[at]["side"] = time_ns, kind, side
        events[at]["price"], events[at]["qty"] = price, qty
    source = Source(name="test", sha256="0" * 64, format="test", origin="test", licence="test")
    with TapeWriter(
        path, Metadata(contracts=contracts, sources=(source,), span_ns=span_ns)
    ) as tape:
        tape.append(events)
    return path


def two_sided(
    bid: int = 100, ask: int = 102, qty: int = 10
) -> list[tuple[int, TapeKind, int, int, int]]:
    return [(0, TapeKind.QUOTE, BUY, bid, qty), (0, TapeKind.QUOTE, SELL, ask, qty)]


class Wire:
    """A channel by hand: a DEALER, and what it was sent, by kind.

    `pump` is called while waiting: nothing for a venue in a process of its own, a duty cycle for
    an agent that the test steps.
    """

    def __init__(
        self, context: zmq.Context[zmq.Socket[bytes]], endpoint: str, pump: Callable[[], object]
    ) -> None:
        self.socket = context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.connect(endpoint)
        self.pump = pump
        self.sent = 0
        self.reports: list[np.void] = []
        self.sessions: list[tuple[np.void, dict[str, object]]] = []
        self.marks: list[np.void] = []

    def close(self) -> None:
        self.socket.close(0)

    def log_on(
        self, name: str = "router", accounts: Sequence[str] = ("M1",), **fields: int
    ) -> dict[str, object]:
        self.ask(Kind.LOGON, {"channel": name, "accounts": accounts}, **fields)
        seen = len(self.sessions)
        return self.until(lambda: self._answer(seen, Kind.LOGON, Kind.SESSION_REJECT))

    def request(self, name: str) -> dict[str, object]:
        self.ask(Kind.REQUEST, {"request": name}, request_id=7)
        seen = len(self.sessions)
        return self.until(lambda: self._answer(seen, Kind.RESPONSE))

    def ask(self, kind: Kind, body: object = None, **fields: int) -> None:
        record = np.zeros(1, SESSION_RECORD)
        record["kind"], record["layout_version"] = kind, LAYOUT_VERSION
        for name, value in fields.items():
            record[name] = value
        parts = [record.tobytes()]
        self.socket.send_multipart(parts if body is None else [*parts, json.dumps(body).encode()])

    def order(self, cl_ord_id: int, kind: Kind = Kind.NEW_ORDER_SINGLE, **fields: int) -> None:
        """Sends one request; unsaid: a limit order of account 1 for 1 lot, day."""
        record = np.zeros(1, ORDER_RECORD)
        self.sent += 1
        standard = {
            "kind": kind,
            "layout_version": LAYOUT_VERSION,
            "cl_ord_id": cl_ord_id,
            "account": 1,
            "instrument": 1,
            "side": BUY,
            "ord_type": OrdType.LIMIT,
            "time_in_force": TimeInForce.DAY,
            "price": NO_PRICE,
            "order_qty": 1,
            "msg_seq_num": self.sent,
        }
        for name, value in (standard | fields).items():
            record[name] = value
        self.socket.send(record.tobytes())

    def until_reports(self, count: int) -> list[np.void]:
        """Waits until so many reports have come in all."""
        self.until(lambda: len(self.reports) >= count or None)
        return self.reports

    def until(self, found: Callable[[], T | None]) -> T:
        """Waits for a condition, bounded."""
        end = monotonic() + DEADLINE_S
        while True:
            self.take()
            result = found()
            if result is not None:
                return result
            assert monotonic() < end, f"not seen in {DEADLINE_S} s"

    def take(self) -> None:
        self.pump()
        while self.socket.poll(1):
            frame, *rest = self.socket.recv_multipart()
            records = np.frombuffer(frame, RECORD)
            for at, kind in enumerate(records["kind"]):
                if kind == Kind.EXECUTION_REPORT:
                    self.reports.append(records.view(EXECUTION_RECORD)[at])
                elif kind == Kind.CANCEL_REJECT:
                    self.reports.append(records.view(DENIAL_RECORD)[at])
                elif kind == Kind.MARK:
                    self.marks.append(records.view(QUOTE_RECORD)[at])
                else:
                    body = json.loads(rest[0]) if rest else {}
                    view = DENIAL_RECORD if kind == Kind.SESSION_REJECT else SESSION_RECORD
                    self.sessions.append((records.view(view)[at], body))

    def _answer(self, seen: int, *kinds: Kind) -> dict[str, object] | None:
        for record, body in self.sessions[seen:]:
            if record["kind"] in kinds:
                return body
        return None


def limit(
    number: int,
    side: int,
    price: int,
    qty: int,
    *,
    time_in_force: int = TimeInForce.DAY,
    ord_type: int = OrdType.LIMIT,
) -> Order:
    """An order of ours that no book has seen."""
    return Order(
        account=1,
        cl_ord_id=number,
        order_id=number,
        security_id=1,
        side=side,
        price=price,
        order_qty=qty,
        ord_type=ord_type,
        time_in_force=time_in_force,
        is_post_only=False,
    )


GOLD = Security(
    security_id=1,
    code="GCZ3",
    currency="USD",
    tick_size=Decimal("0.1"),
    tick_value=100_000,
    fee_lot=15_000,
    fee_ppm=7,
)


class Stepped:
    """A venue agent on inproc sockets under virtual time, one duty cycle each STEP_NS."""

    STEP_NS = 100_000

    def __init__(self, tape: Path | None, memory: Path | None = None, **fields: object) -> None:
        self.now_ns = SECOND
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        standard = Settings(
            name="CME",
            endpoint="inproc://venue",
            md_endpoint="inproc://md",
            accounts={"M1": 1, "M2": 2},
            securities=(GOLD,),
            tape=str(tape) if tape else None,
            speed=1.0,
            seed=1,
            latency_us=(0, 0),
            reject_ppm=0,
            mark_interval_ms=1_000_000,
            start="immediately",
        )
        self.settings = msgspec.structs.replace(standard, **fields)
        self.wires: list[Wire] = []
        self.start(memory)

    def start(self, memory: Path | None = None) -> None:
        """A venue; with a memory it is the one before, started again."""
        kept = Memory(memory, self.settings, self.now_ns) if memory else None
        feed = feed_of(self.settings)
        self.agent = VenueAgent(self.settings, feed, self.context, self.now_ns, kept)

    def kill(self) -> None:
        """The venue is gone as it stands: what it has not written is lost."""
        for socket, name in ((self.agent.front.socket, "venue"), (self.agent._publisher, "md")):
            socket.unbind(f"inproc://{name}")
            socket.close(0)

    def wire(self) -> Wire:
        """A connection that steps the venue while it waits."""
        self.wires.append(Wire(self.context, "inproc://venue", self.step))
        return self.wires[-1]

    def channel(self, name: str = "router", *accounts: str) -> Wire:
        """A connection that has logged on."""
        wire = self.wire()
        wire.log_on(name, accounts or ("M1",))
        return wire

    def step(self) -> None:
        self.now_ns += self.STEP_NS
        self.agent.do_work(self.now_ns)

    def run(self, duration_ns: int) -> None:
        """Lets time pass, in steps."""
        for _ in range(duration_ns // self.STEP_NS):
            self.step()

    def close(self) -> None:
        for wire in self.wires:
            wire.close()
        self.agent.close()
        self.context.term()


Make = Callable[..., Stepped]


def assert_refused(wire: Wire, reason: Reason) -> None:
    def refusal() -> Reason | None:
        kinds = [record for record, _ in wire.sessions if record["kind"] == Kind.SESSION_REJECT]
        return Reason(int(kinds[-1]["reason"])) if kinds else None

    assert wire.until(refusal) == reason
