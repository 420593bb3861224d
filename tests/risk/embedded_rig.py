"""An engine whose router is played by the test: the other ends of its lanes, in this process."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec
import numpy as np
import zmq
from lane_rig import FarLink
from risk_rig import GOLD, SECOND, accounts, mark, universe

from tidegate import Engine, Report, Verdict
from tidegate.native.records import RECORD
from tidegate.run_dir import RunDir
from tidegate.universe import Lane, Placement, Reconciliation, Session, Universe, Venue

DEADLINE_S = 20.0
LANES = ("orders", "executions", "control", "routes", "reports", "drop_copy")
VENUE = Venue(
    handle=1,
    name="SIM",
    kind="simulated",
    endpoint="ipc:///none",
    md_endpoint="ipc:///none",
    tape=None,
    speed=1,
    seed=1,
    latency_us=(0, 0),
    reject_ppm=0,
    message_rate=1000,
    message_burst=1000,
    mark_interval_ms=100,
    start="immediately",
)
STRATEGY, DESK = "session-1", "desk"
Rows = np.ndarray[Any, Any]


def until(condition: Callable[[], Any], what: str) -> Any:
    deadline = monotonic() + DEADLINE_S
    while not (found := condition()):
        assert monotonic() < deadline, f"not within {DEADLINE_S} s: {what}"
    return found


def content(run_dir: RunDir, *, retained: int = 1024, **fields: Any) -> Universe:
    """The universe of the risk stage's tests with an operator, embedded."""
    lanes = {name: Lane(endpoint=run_dir.ipc(name), hwm=100, retained=retained) for name in LANES}
    sessions = universe().sessions
    desk = Session(
        handle=len(sessions) + 1,
        name=DESK,
        accounts=(),
        public_key=None,
        heartbeat_ns=SECOND,
        role="operator",
    )
    return universe(
        **{
            "lanes": lanes,
            "venues": (VENUE,),
            "sessions": (*sessions, desk),
            "placement": Placement(layout="embedded"),
            "reconciliation": Reconciliation(every_seconds=0),
            **fields,
        }
    )


class FarRouter:
    """Takes routes and gives reports, as a router would."""

    def __init__(self, made: Universe) -> None:
        self.context: zmq.Context[Any] = zmq.Context()
        self.link = FarLink(self.context, made, targets=("executions",), sources=("routes",))
        self.routes: list[Any] = []

    def give(self, *rows: Rows) -> None:
        for row in rows:
            until(lambda row=row: self.link.put("executions", row) == 1, "room")  # type: ignore[misc]

    def take(self) -> list[Any]:
        self.routes.extend(self.link.take("routes"))
        return self.routes

    def close(self) -> None:
        self.link.close()
        self.context.destroy(linger=0)


class Rig:
    """An engine on a directory, opened anew as often as a test likes."""

    def __init__(self, path: Path, **fields: Any) -> None:
        self.run_dir = RunDir(path)
        self.content = content(self.run_dir, **fields)
        self.run_dir.create()
        self.router = FarRouter(self.content)
        try:
            self.engine = self.open()
        except BaseException:
            self.router.close()
            raise

    def open(self, **options: Any) -> Engine:
        options = {"session": STRATEGY, "operator": DESK, "starts_channels": False} | options
        self.engine = Engine(self.content, self.run_dir, **options)
        return self.engine

    def mark(self, instrument: int = GOLD, price: int = 13_000) -> None:
        """As a venue's first mark comes."""
        self.router.give(mark(instrument, price))
        symbol = self.content.instruments[instrument - 1].symbol
        self.work_until(lambda: self.engine.mark(symbol) is not None, "a mark")

    def work_until(self, condition: Callable[[], Any], what: str) -> Any:
        def done() -> Any:
            self.router.link.tend()
            self.engine.native.work()
            return condition()

        return until(done, what)

    def routes(self, count: int) -> list[Any]:
        """All routes so far, once there are so many."""
        self.work_until(lambda: len(self.router.take()) >= count, f"{count} routes")
        return self.router.routes

    def reports(self, count: int) -> list[Report]:
        """So many reports."""
        found: list[Report] = []

        def enough() -> bool:
            self.router.link.tend()
            found.extend(self.engine.poll())
            return len(found) >= count

        until(enough, f"{count} reports")
        return found

    def close(self) -> None:
        self.engine.close()
        self.router.close()


def buy(engine: Engine, **fields: Any) -> Verdict:
    filled = {"account": "account-6", "instrument": "GC", "side": "BUY", "order_qty": 1} | fields
    return engine.submit(**{"price": "1300.0"} | filled)


@contextmanager
def rig(path: Path, **fields: Any) -> Iterator[Rig]:
    opened = Rig(path, **fields)
    try:
        opened.mark()
        yield opened
    finally:
        opened.close()


def wide(**fields: Any) -> dict[str, Any]:
    """Accounts whose limits nothing here reaches, and room for their orders."""
    rows = tuple(
        msgspec.structs.replace(row, **({"max_position": 10_000, "max_order_qty": None} | fields))
        if row.level >= 4
        else row
        for row in accounts()
    )
    return {"accounts": rows}


def one(row: Any) -> Rows:
    """A row taken out of an array, as an array again."""
    return np.array([row], RECORD)
