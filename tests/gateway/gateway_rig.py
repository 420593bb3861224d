"""A real gateway over real sockets; the test plays risk at the far ends of its lanes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import zmq
from lane_rig import FarLink

from tidegate import Client, Order, aio, topology
from tidegate.config import load_universe
from tidegate.gateway import Gateway
from tidegate.native.clock import elapsed_ns
from tidegate.native.records import (
    DENIAL_RECORD,
    EXECUTION_RECORD,
    LAYOUT_VERSION,
    ORDER_RECORD,
    RECORD,
    ExecType,
    Kind,
)
from tidegate.native.sessions import GATEWAY_ROW, SESSION_ROW
from tidegate.region import Region
from tidegate.run_dir import RunDir
from tidegate.universe import Session, Universe

DEV = Path(__file__).parents[2] / "configs" / "dev.toml"
TIMEOUT_S = 10.0
HEARTBEAT_NS = 100_000_000


def until(is_done: Callable[[], Any], what: str, timeout_s: float = TIMEOUT_S) -> Any:
    """Waits for a condition, at most `timeout_s`; what it returned."""
    end_ns = elapsed_ns() + int(timeout_s * 1e9)
    pause = Event()
    while not (result := is_done()):
        assert elapsed_ns() < end_ns, f"{what} has not happened within {timeout_s} s"
        pause.wait(0.002)
    return result


def universe_of(run_dir: RunDir, heartbeat_ns: int = HEARTBEAT_NS, **changes: Any) -> Universe:
    """configs/dev.toml with two sessions of one account each, an operator, and a test's changes."""
    universe = load_universe(DEV, run_dir)
    handles = {account.name: account.handle for account in universe.accounts}
    sessions = tuple(
        Session(
            handle=index,
            name=name,
            accounts=(handles[account],),
            public_key=None,
            heartbeat_ns=heartbeat_ns,
        )
        for index, (name, account) in enumerate((("one", "dev-1"), ("two", "dev-2")), start=1)
    )
    operator = Session(
        handle=3,
        name="ops",
        accounts=(),
        public_key=None,
        heartbeat_ns=heartbeat_ns,
        role="operator",
    )
    sessions += (operator,)
    return msgspec.structs.replace(universe, **{"sessions": sessions, **changes})


class Risk:
    """Risk's side of the lanes, played by the test."""

    def __init__(self, context: zmq.Context[Any], universe: Universe) -> None:
        self._link = FarLink(context, universe, targets=("reports",), sources=("orders", "control"))
        self._order_id = 0

    def take(self, count: int = 1) -> npt.NDArray[Any]:
        """The next records that the gateway forwards, exactly `count` of them."""
        return self._take("orders", count).view(ORDER_RECORD)

    def take_some(self) -> npt.NDArray[Any]:
        """What the gateway has forwarded and is here now."""
        return self._link.take("orders").view(ORDER_RECORD)

    def take_controls(self, count: int = 1) -> npt.NDArray[Any]:
        """The next records of operators, exactly `count` of them."""
        return self._take("control", count)

    def _take(self, lane: str, count: int) -> npt.NDArray[Any]:
        rows: list[npt.NDArray[Any]] = []

        def is_enough() -> bool:
            rows.append(self._link.take(lane, count - sum(map(len, rows))))
            return sum(map(len, rows)) == count

        until(is_enough, f"taking {count} records from the lane")
        return np.concatenate(rows)

    def nothing(self) -> bool:
        """Whether the lane is empty now."""
        return not len(self._link.take("orders", 1)) and not len(self._link.take("control", 1))

    def put(self, rows: npt.NDArray[Any]) -> None:
        """Sends reports."""
        assert self._link.put("reports", rows) == len(rows)
        until(lambda: self._link.targets["reports"].flush_rows() == 0, "flushing reports")

    def accept(self, order: np.void) -> int:
        """Reports an order as New; its order_id."""
        self._order_id += 1
        report = np.zeros(1, EXECUTION_RECORD)
        names = ("cl_ord_id", "price", "order_qty", "account", "instrument", "session", "side")
        for name in (*names, "ord_type", "time_in_force", "received_ns", "flags"):
            report[name] = order[name]
        report["kind"] = Kind.EXECUTION_REPORT
        report["exec_type"] = ExecType.EXEC_NEW
        report["order_id"] = self._order_id
        stamps = ("sequenced_delta", "decided_delta", "routed_delta", "venue_delta")
        for index, name in enumerate(stamps, start=1):
            report[name] = index * 1000
        self.put(report)
        return self._order_id

    def fill(self, order: np.void, order_id: int, last_qty: int, cum_qty: int) -> None:
        """Reports a trade of an order at its own price."""
        report = np.zeros(1, EXECUTION_RECORD)
        for name in ("cl_ord_id", "price", "order_qty", "account", "instrument", "session", "side"):
            report[name] = order[name]
        report["kind"] = Kind.EXECUTION_REPORT
        report["exec_type"] = ExecType.EXEC_TRADE
        report["order_id"] = order_id
        report["exec_id"] = cum_qty
        report["received_ns"], report["venue_delta"] = order["received_ns"], 1
        report["last_px"] = order["price"]
        report["last_qty"] = last_qty
        report["cum_qty"] = cum_qty
        self.put(report)

    def deny(self, order: np.void, reason: int) -> None:
        """Denies an order."""
        report = np.zeros(1, DENIAL_RECORD)
        for name in ("cl_ord_id", "price", "order_qty", "account", "instrument", "session", "side"):
            report[name] = order[name]
        report["kind"] = Kind.DENIED
        report["reason"] = reason
        report["ref_kind"] = order["kind"]
        report["limit_value"], report["used_value"], report["asked_value"] = 20, 0, 21
        self.put(report)

    def answer(self, request: np.void, reason: int = 0, **numbers: int) -> None:
        """Answers an operator's record."""
        report = np.zeros(1, DENIAL_RECORD)
        report["kind"] = Kind.CONTROL_ANSWER
        report["cl_ord_id"], report["ref_kind"] = request["cl_ord_id"], request["kind"]
        report["session"], report["reason"] = request["actor"], reason
        for name, value in numbers.items():
            report[name] = value
        self.put(report)

    def alert(self, session: int, **fields: int) -> None:
        """Tells a session something of its own accord."""
        report = np.zeros(1, DENIAL_RECORD)
        report["kind"], report["session"] = Kind.ALERT, session
        for name, value in fields.items():
            report[name] = value
        self.put(report)

    def close(self) -> None:
        self._link.close()


class House:
    """One gateway on a thread, with its run directory; it can be stopped and started again."""

    def __init__(self, path: Path, **changes: Any) -> None:
        self.run_dir = RunDir(path)
        self.run_dir.create()
        self.universe = universe_of(self.run_dir, **changes)
        self.front = topology.default_front(self.run_dir)
        self._context: zmq.Context[Any] = zmq.Context()
        self.risk = Risk(self._context, self.universe)
        self._gateway: Gateway | None = None
        self._thread: Thread | None = None

    def start(self) -> None:
        """Returns when clients are heard."""
        is_ready = Event()
        self._gateway = Gateway(self.universe, self.run_dir)
        self._thread = Thread(target=self._gateway.run, args=(is_ready.set,))
        self._thread.start()
        assert is_ready.wait(TIMEOUT_S)

    def stop(self) -> None:
        if self._gateway is not None and self._thread is not None:
            self._gateway.stop()
            self._thread.join(TIMEOUT_S)
            assert not self._thread.is_alive()
        self._gateway = None

    def close(self) -> None:
        self.stop()
        self.risk.close()
        self._context.term()

    def session(self, handle: int) -> np.void:
        """The session's row, live."""
        region = Region.attach(self.run_dir.region("gateway_sessions"), SESSION_ROW)
        row: np.void = region.read_rows()[handle]
        region.close()
        return row

    def count(self, name: str, reason: int | None = None) -> int:
        """One of the gateway's counters, live."""
        region = Region.attach(self.run_dir.region("gateway"), GATEWAY_ROW)
        row = region.read_rows()[0]
        region.close()
        return int(row[name] if reason is None else row[name][reason])


@contextmanager
def house(path: Path, **changes: Any) -> Iterator[House]:
    """A running gateway."""
    opened = House(path, **changes)
    try:
        opened.start()
        yield opened
    finally:
        opened.close()


def blank(count: int = 1) -> npt.NDArray[Any]:
    """Records of our layout with nothing in them."""
    rows = np.zeros(count, RECORD)
    rows["layout_version"] = LAYOUT_VERSION
    return rows


def sharing(house: House) -> Iterator[House]:
    """Has it run, and share memory with each of its sessions."""
    share(house)
    house.start()
    yield house
    house.close()


def share(house: House) -> None:
    """Its sessions may share memory once it is started."""
    sessions = tuple(msgspec.structs.replace(row, shm=True) for row in house.universe.sessions)
    house.universe = msgspec.structs.replace(house.universe, sessions=sessions)


def shared(house: House) -> str:
    """Where a client logs on that shares memory."""
    return house.front.replace("ipc://", "shm://")


def submit(client: Client | aio.Client) -> Order:
    """An order of the account of session one."""
    return client.submit(
        account="dev-1", instrument="GCZ3", side="BUY", order_qty=2, price="1313.5"
    )


def next_order(house: House) -> np.void:
    """The next new order that the gateway forwards, behind cancels for a silence if there were."""
    while (row := house.risk.take()[0])["kind"] != Kind.NEW_ORDER_SINGLE:
        assert row["kind"] == Kind.MASS_CANCEL_REQUEST
    return row
