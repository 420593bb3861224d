"""`tidegate run configs/dev.toml` with its real stages: ready, one killed and back, stopped."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tidegate import Client
from tidegate.audit import audit_run
from tidegate.client.report import Report
from tidegate.inspect import Inspector
from tidegate.native.records import Reason
from tidegate.run_dir import RunDir

ROOT = Path(__file__).parent.parent
DEADLINE_SECONDS = 60.0


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited {DEADLINE_SECONDS} s for: {what}"
        time.sleep(0.02)


@pytest.fixture
def run_dir(tmp_path: Path) -> RunDir:
    return RunDir(tmp_path / "run")


@pytest.fixture
def engine(run_dir: RunDir) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tidegate", "run", "configs/dev.toml", "--run-dir", run_dir.path],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == f"ready: {run_dir.ipc('front')}\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def stages(run_dir: RunDir) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run_dir.stages.read_text())
    return found


def buy_until_position(run_dir: RunDir, position: int) -> None:
    """Buy one lot of what stands there, and wait for the position that it makes."""
    with Client(run_dir.ipc("front"), session="dev") as client:

        def is_bought() -> bool:
            order = client.submit(
                account="dev-1", instrument="GCZ3", side="BUY", order_qty=1, price="1330.0"
            )
            while order.leaves_qty:
                next_report(client)
            # A venue that is back has said what became of its orders before it takes others.
            assert order.cum_qty == 1 or order.reason == Reason.VENUE_DOWN
            return order.cum_qty == 1

        until(is_bought, "a lot to be bought")
        until(
            lambda: [int(each.position) for each in client.positions("dev-1")] == [position],
            f"a position of {position}",
        )


def counted(run_dir: RunDir, counter: str) -> int:
    """A counter of some stage as inspect shows it; 0 = it has not happened."""
    inspector = Inspector(run_dir)
    rows = [row for row in inspector.view("counters") if row["counter"] == counter]
    inspector.close()
    return sum(row["value"] for row in rows)


def next_report(client: Client) -> Report:
    return next(client.reports(DEADLINE_SECONDS))


def test_orders_of_a_killed_venue_end_and_trading_goes_on(
    engine: subprocess.Popen[str], run_dir: RunDir
) -> None:
    with Client(run_dir.ipc("front"), session="dev") as client:
        far = {"account": "dev-1", "instrument": "GCZ3", "side": "BUY", "order_qty": 2}
        order = client.submit(**far, price="1320.0")
        assert next_report(client).ord_status == "New"
        os.kill(stages(run_dir)["venue:SIM"]["pid"], signal.SIGKILL)
        canceled = next_report(client)
        assert (canceled.cl_ord_id, canceled.ord_status) == (order.cl_ord_id, "Canceled")
        assert (canceled.reason, canceled.leaves_qty) == (None, 0)
        assert client.orders("dev-1") == []
        assert client.positions("dev-1") == []
        assert audit_run(run_dir) == []
    buy_until_position(run_dir, 1)


def test_killed_risk_comes_back_with_its_positions_and_the_run_stops_cleanly(
    engine: subprocess.Popen[str], run_dir: RunDir
) -> None:
    buy_until_position(run_dir, 1)
    os.kill(stages(run_dir)["risk"]["pid"], signal.SIGKILL)
    until(lambda: bool(stages(run_dir)["risk"]["restarts"]), "the restart")
    until(lambda: bool(stages(run_dir)["risk"]["is_ready"]), "risk to be ready")
    buy_until_position(run_dir, 2)
    pids = [stage["pid"] for stage in stages(run_dir).values()]
    engine.terminate()
    _, errors = engine.communicate(timeout=DEADLINE_SECONDS)
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
    said = [line for line in errors.splitlines() if line.startswith("[supervisor]")]
    assert said[0] == "[supervisor] stage risk was ended by SIGKILL; restart 1"
    # On a loaded machine one may have had no turn to stop in.
    assert all(line.endswith("did not stop in time and was killed") for line in said[1:]), errors
    assert engine.returncode == bool(said[1:]), errors
