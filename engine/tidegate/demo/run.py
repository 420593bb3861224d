"""The demo from start to end: the engine and six strategies as processes, then the proofs."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import Any, NamedTuple

import msgspec

from tidegate import counters, shipped
from tidegate.backend import NATIVE
from tidegate.config import load_universe
from tidegate.demo import proofs, venues
from tidegate.demo.outcome import Outcome
from tidegate.demo.proofs import Proof
from tidegate.errors import StageError
from tidegate.inspect import Inspector, Row
from tidegate.reconciliation.report import Line, report
from tidegate.run_dir import RunDir
from tidegate.stage import die_with_parent

CONFIG = shipped.configs() / "demo" / "demo.toml"
# What the venues said at the end, for the proofs.
STATEMENTS = "statements.json"
RECONCILED = "reconciled.json"
START_S = 30.0
# Beyond the tapes' own length: the strategies flatten, the reports come home.
AFTER_S = 90.0
STOP_S = 5.0
# Stages publish their counters four times a second.
LOOK_S = 0.6


class Result(NamedTuple):
    """All that the demo found out."""

    seconds: float
    outcomes: list[Outcome]
    risk: list[Row]
    latency: list[Row]
    # What risk's card was asked; nothing where none was.
    card: dict[str, int]
    proofs: list[Proof]

    def as_json(self) -> bytes:
        """Everything, for --json."""
        named = self._asdict() | {"proofs": [proof._asdict() for proof in self.proofs]}
        return msgspec.json.format(msgspec.json.encode(named))


def run(
    run_dir: RunDir, progress: Callable[[float, RunDir], None], backend: str = NATIVE
) -> Result:
    """Play the tapes; `progress` is called with 0 to 1 while they play."""
    load_universe(CONFIG, run_dir)
    began = monotonic()
    with engine(run_dir, backend), strategies(run_dir) as children:
        universe = run_dir.read_universe()
        venues.ask(universe, "start")
        wait_for_end(run_dir, children, progress)
        quiesce(run_dir)
        said = venues.ask(universe, "statement")
        (run_dir.path / STATEMENTS).write_bytes(msgspec.json.encode(said))
        (run_dir.path / RECONCILED).write_bytes(msgspec.json.encode(report(run_dir)))
    return prove(run_dir, monotonic() - began)


def prove(run_dir: RunDir, seconds: float) -> Result:
    """Every proof, from what a run that has stopped has left in its directory."""
    outcomes = [
        msgspec.json.decode(result_path(run_dir, session.name).read_bytes(), type=Outcome)
        for session in run_dir.read_universe().sessions
        if session.role == "strategy"
    ]
    statements = msgspec.json.decode((run_dir.path / STATEMENTS).read_bytes())
    lines = msgspec.json.decode((run_dir.path / RECONCILED).read_bytes(), type=list[Line])
    inspector = Inspector(run_dir)
    return Result(
        seconds=seconds,
        outcomes=outcomes,
        risk=inspector.view("risk"),
        latency=inspector.view("latency"),
        card=counters.group(run_dir, "risk", "card"),
        proofs=[*proofs.prove(run_dir, outcomes, statements, lines), proofs.replays(run_dir)],
    )


@contextmanager
def engine(run_dir: RunDir, backend: str) -> Iterator[None]:
    """`tidegate run` of the demo's config, ready to trade; stopped at the end."""
    command = [sys.executable, "-m", "tidegate", "run", str(CONFIG), "--run-dir", str(run_dir.path)]
    child = subprocess.Popen(
        [*command, "--backend", backend],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=partial(die_with_parent, signal.SIGTERM),
    )
    try:
        await_line(child, "the engine", "ready")
        yield
    finally:
        stop(child)


@contextmanager
def strategies(run_dir: RunDir) -> Iterator[dict[str, "subprocess.Popen[str]"]]:
    """One process a session, all logged on."""
    children: dict[str, subprocess.Popen[str]] = {}
    try:
        for session in run_dir.read_universe().sessions:
            if session.role == "operator":
                continue
            name = session.name
            command = [sys.executable, "-m", "tidegate.demo.strategy", name, str(run_dir.path)]
            children[name] = subprocess.Popen(
                [*command, str(result_path(run_dir, name))],
                stdout=subprocess.PIPE,
                text=True,
                # A terminal's SIGINT is for the demo, which stops them.
                process_group=0,
            )
        for name, child in children.items():
            await_line(child, f"strategy {name}", "ready")
        yield children
    finally:
        for child in children.values():
            stop(child)


def result_path(run_dir: RunDir, session: str) -> Path:
    return run_dir.path / f"outcome-{session}.json"


def await_line(child: "subprocess.Popen[str]", who: str, word: str) -> None:
    """Read the child's output up to a line that begins with `word`."""
    assert child.stdout is not None
    for line in child.stdout:
        if line.startswith(word):
            return
    raise StageError(f"{who} ended with status {child.wait()} before it was ready")


def wait_for_end(
    run_dir: RunDir,
    children: dict[str, "subprocess.Popen[str]"],
    progress: Callable[[float, RunDir], None],
) -> None:
    """Until every strategy is done, the tapes' length and a while; StageError otherwise."""
    universe = run_dir.read_universe()
    deadline = monotonic() + START_S + AFTER_S
    waiting = dict(children)
    while waiting:
        status = venues.ask(universe, "status")
        progress(played(status), run_dir)
        for name, child in list(waiting.items()):
            try:
                code = child.wait(0.5 / len(waiting))
            except subprocess.TimeoutExpired:
                continue
            if code != 0:
                raise StageError(f"strategy {name} ended with status {code}")
            del waiting[name]
        if monotonic() > deadline:
            raise StageError(f"strategies {', '.join(waiting)} did not end in time")
    progress(1.0, run_dir)


def played(status: dict[str, Any]) -> float:
    """How much of the longest-lasting tape has been played, 0 to 1."""
    return min(
        (each["tape_ns"] / each["span_ns"] for each in status.values() if each["span_ns"]),
        default=1.0,
    )


def quiesce(run_dir: RunDir) -> None:
    """Wait, within STOP_S, until nothing is held and each lane has given all that it took.

    Two looks in a row must agree: counters at two ends are published at different moments.
    """
    inspector = Inspector(run_dir)
    deadline = monotonic() + STOP_S
    before: object = None
    while monotonic() < deadline:
        now = [
            (row["lane"], row["end"], row["records"])
            for row in inspector.view("lanes")
            if row["lane"] in proofs.COUNTED_LANES
        ]
        if now == before and not proofs.idle(run_dir) and not proofs.lanes(run_dir):
            return
        before = now
        sleep(LOOK_S)


def stop(child: "subprocess.Popen[str]") -> None:
    """SIGTERM, then SIGKILL for what does not listen."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(STOP_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    if child.stdout is not None:
        child.stdout.close()
