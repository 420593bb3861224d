"""A real `tidegate run`, and what a test asks of it from outside: clients, raw frames, regions."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import zmq

import tidegate
from tidegate import Client, counters
from tidegate.audit import audit_run
from tidegate.client.report import Order, Report
from tidegate.codec import DENIAL, ORDER, SESSION
from tidegate.demo.outcome import Outcome, Tally
from tidegate.inspect import Inspector
from tidegate.native.records import Kind, OrdType, Side, TimeInForce
from tidegate.native.tables import DTYPES
from tidegate.region import Region
from tidegate.run_dir import RunDir
from tidegate.working import working_lots

ROOT = Path(__file__).parents[2]
DEADLINE_S = 30.0
STOP_S = 10.0
# Commands run in other directories than ours: a relative PYTHONPATH must not get lost.
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(tidegate.__file__).parents[1])}


def until(condition: Callable[[], Any], what: str, seconds: float = DEADLINE_S) -> Any:
    """Wait until the condition holds; what it returned."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s for: {what}"
        time.sleep(0.01)
    return result


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "tidegate", *map(str, arguments)]


class Engine:
    """One run of the command, with its stages as processes."""

    def __init__(
        self, config: Path | str, *, cwd: Path | None = None, run_dir: Path | None = None
    ) -> None:
        self.config, self.cwd = config, cwd
        self.run_dir = RunDir(run_dir or (cwd or Path.cwd()) / "run" / Path(config).stem)
        place = ["--run-dir", run_dir] if run_dir else []
        self.process = subprocess.Popen(
            command("run", config, *place),
            cwd=cwd,
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def front(self) -> str:
        return self.run_dir.ipc("front")

    def wait_ready(self) -> None:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line == f"ready: {self.front}\n", line + self.finish()[1]

    def finish(self) -> tuple[int, str]:
        """Exit status and what it said, once it has ended."""
        _, errors = self.process.communicate(timeout=STOP_S)
        return self.process.returncode, errors

    def terminate(self) -> tuple[int, str]:
        self.process.terminate()
        return self.finish()

    def stop(self) -> None:
        """Stop it; nothing fails but that a stage on a loaded machine had no turn to stop in.

        How soon they stop is test_stop.py's.
        """
        code, errors = self.terminate()
        assert code == ("did not stop in time and was killed" in errors), errors

    def pids(self) -> dict[str, int]:
        """Process of each stage."""
        stages = json.loads(self.run_dir.stages.read_text())
        return {name: stage["pid"] for name, stage in stages.items()}

    def restarts(self) -> dict[str, int]:
        stages = json.loads(self.run_dir.stages.read_text())
        return {name: stage["restarts"] for name, stage in stages.items()}

    @contextmanager
    def frozen(self, stage: str) -> Iterator[None]:
        """The stage does nothing meanwhile, without being dead."""
        pid = self.pids()[stage]
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def count(self, stage: str, name: str) -> int:
        """A counter as the stage published it last."""
        return counters.read(self.run_dir).get(stage, {}).get(name, 0)

    def risk(self, name: str) -> int:
        """A number of risk's own, such as "denied ORDER_SIZE"."""
        rows = {row["count of"]: int(row["value"]) for row in Inspector(self.run_dir).view("risk")}
        return rows.get(name, 0)

    def held(self) -> dict[str, int]:
        """What is held by working orders over all levels."""
        pairs, sides = (
            Region.attach(self.run_dir.region(name), DTYPES[name]) for name in ("pairs", "sides")
        )
        buys, sells = working_lots(pairs.rows, sides.rows)
        sums = {"open_buy": int(buys.sum()), "open_sell": int(sells.sum())}
        pairs.close()
        sides.close()
        return sums

    def nets(self) -> set[int]:
        """Lots of every account that has any."""
        region = Region.attach(self.run_dir.region("pairs"), DTYPES["pairs"])
        found = {int(net) for net in region.rows["net"] if net}
        region.close()
        return found

    def is_consistent(self) -> bool:
        """Risk's tables add up; a mark between two tables read may need another look."""
        return not audit_run(self.run_dir)

    def kill(self) -> None:
        """Ends it whatever state it is in; the stages end with it."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.communicate(timeout=STOP_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.communicate()


@contextmanager
def engine(
    config: Path | str, *, cwd: Path | None = None, run_dir: Path | None = None
) -> Iterator[Engine]:
    """A run that is ready."""
    opened = Engine(config, cwd=cwd, run_dir=run_dir)
    try:
        opened.wait_ready()
        yield opened
    finally:
        opened.kill()


class Desk:
    """A client and a tally of what became of each order it sent."""

    def __init__(self, client: Client, session: str) -> None:
        self.client = client
        self.tally = Tally(session)
        self.reports: list[Report] = []

    def submit(self, orders: list[Any]) -> list[Order]:
        sent = self.client.submit_many(orders)
        self.tally.sent(sent)
        return sent

    def drain(self) -> None:
        """Takes the reports that are there."""
        for report in self.client.reports(timeout=0):
            self.reports.append(report)
            self.tally.note(report)

    def take_until(self, condition: Callable[[], Any], what: str) -> Any:
        """Takes reports until the condition holds."""

        def done() -> Any:
            self.drain()
            return condition()

        return until(done, what)

    def reasons(self) -> dict[str, int]:
        """How often each reason came."""
        found: dict[str, int] = {}
        for report in self.reports:
            if report.reason is not None:
                found[report.reason.name] = found.get(report.reason.name, 0) + 1
        return found

    def settle(self) -> Outcome:
        """Waits for a final state of each order; the outcome, with nothing lost or doubled."""
        self.take_until(lambda: not self.tally.unfinished(), "a final state of every order")
        outcome = self.tally.close()
        assert (outcome.final, outcome.doubled) == (outcome.sent, 0)
        return outcome


class Raw:
    """A DEALER that sends whatever it is told to."""

    def __init__(self, endpoint: str) -> None:
        self.context: zmq.Context[Any] = zmq.Context()
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.connect(endpoint)
        self.expected = 0

    def send(self, *frames: bytes) -> None:
        self.socket.send_multipart(frames)

    def receive(self, kind: Kind) -> bytes:
        """The next record of this kind; heartbeats and others before it are skipped."""
        while True:
            assert self.socket.poll(int(DEADLINE_S * 1000)), f"no {kind.name} came"
            record: bytes = self.socket.recv_multipart()[0]
            if record[4] == kind:
                return record

    def refusal(self, kind: Kind = Kind.SESSION_REJECT) -> dict[str, Any]:
        """The next refusal."""
        return dict(zip(DENIAL.index, DENIAL.unpack(self.receive(kind)), strict=True))

    def logon(self, session: str) -> None:
        """Logs on; `expected` is the number that the gateway waits for."""
        self.send(SESSION.pack({"kind": Kind.LOGON}), json.dumps({"session": session}).encode())
        reply = SESSION.unpack(self.receive(Kind.LOGON))
        self.expected = reply[SESSION.index["next_expected"]]

    def close(self) -> None:
        self.socket.close()
        self.context.term()


def raw_order(**fields: int) -> bytes:
    """A record that asks to buy one lot."""
    return ORDER.pack(
        {
            "kind": Kind.NEW_ORDER_SINGLE,
            "side": Side.BUY,
            "ord_type": OrdType.LIMIT,
            "time_in_force": TimeInForce.DAY,
            "order_qty": 1,
            **fields,
        }
    )
