"""`tidegate inspect` against a risk stage that runs: what it holds, read from its regions alone."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pytest
import zmq

from tidegate import topology
from tidegate.config import load_universe
from tidegate.inspect import average
from tidegate.native import records
from tidegate.native.lane import LaneTarget
from tidegate.native.records import Kind, OrdType, Side, TimeInForce
from tidegate.native.tables import DTYPES
from tidegate.run_dir import RunDir
from tidegate.stage import READY_FD
from tidegate.universe import Universe

ROOT = Path(__file__).parent.parent
DEADLINE_SECONDS = 30.0
GOLD, DEV_1, USD = 1, 4, 1
SCREEN = {"TERM": "xterm", "COLUMNS": "150", "LINES": "50"}


def inspect(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tidegate", "inspect", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def rows(run_dir: RunDir, view: str) -> list[dict[str, Any]]:
    done = inspect(str(run_dir.path), view, "--json")
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)[view]
    return found


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited {DEADLINE_SECONDS} s for: {what}"


@pytest.fixture
def run_dir(tmp_path: Path) -> RunDir:
    made = RunDir(tmp_path / "run")
    made.create()
    made.write_universe(load_universe(ROOT / "configs/dev.toml", made))
    return made


@pytest.fixture
def universe(run_dir: RunDir) -> Universe:
    return run_dir.read_universe()


@pytest.fixture
def risk(run_dir: RunDir) -> Iterator[subprocess.Popen[bytes]]:
    """The risk stage, ready."""
    source, target = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "tidegate.stage", "risk", run_dir.path],
        env={**os.environ, READY_FD: str(target)},
        pass_fds=(target,),
    )
    os.close(target)
    try:
        with os.fdopen(source, "rb") as pipe:
            assert pipe.readline() == b"ready\n"
        yield process
    finally:
        process.terminate()
        process.wait(DEADLINE_SECONDS)


@pytest.fixture
def put(universe: Universe) -> Iterator[Callable[..., None]]:
    """Puts one record on a lane to risk."""
    context: zmq.Context[Any] = zmq.Context()
    lanes: dict[str, LaneTarget] = {}

    def send(lane: str, dtype: np.dtype[Any], **fields: Any) -> None:
        if lane not in lanes:
            lanes[lane] = LaneTarget(context, topology.endpoint(universe, lane), numbered=False)
        row: npt.NDArray[Any] = np.zeros(1, dtype)
        row["layout_version"] = records.LAYOUT_VERSION
        for name, value in fields.items():
            row[name] = value
        assert lanes[lane].put_rows(row.view(records.RECORD)) == 1
        until(lambda: lanes[lane].flush_rows() == 0, f"{lane} to take the record")

    yield send
    for target in lanes.values():
        target.close()
    context.term()


@pytest.mark.usefixtures("risk")
def test_accounts_are_as_the_config_says(run_dir: RunDir) -> None:
    found = {row["account"]: row for row in rows(run_dir, "accounts")}
    assert list(found) == ["sim-master", "dev-1", "dev-2"]
    assert found["dev-1"] == {
        "account": "dev-1",
        "level": "SUB_ACCOUNT",
        "state": "ACTIVE",
        "currency": "USD",
        "cash": "1000000.0000",
        "unrealised": "0.0000",
        "margin": "0.0000",
        "held": "0.0000",
        "excess": "1000000.0000",
        "fees": "0.0000",
    }


@pytest.mark.usefixtures("risk")
def test_an_order_shows_with_its_hold_while_it_works(
    run_dir: RunDir, put: Callable[..., None]
) -> None:
    put("executions", records.QUOTE_RECORD, kind=Kind.MARK, instrument=GOLD, price=13_251)
    until(lambda: rows(run_dir, "risk")[0]["value"] >= 1, "the mark")
    put(
        "orders",
        records.ORDER_RECORD,
        kind=Kind.NEW_ORDER_SINGLE,
        cl_ord_id=77,
        account=DEV_1,
        instrument=GOLD,
        session=1,
        side=Side.BUY,
        ord_type=OrdType.LIMIT,
        time_in_force=TimeInForce.DAY,
        price=13_250,
        order_qty=3,
        received_ns=time.time_ns(),
    )
    until(lambda: bool(rows(run_dir, "orders")), "the order")
    (order,) = rows(run_dir, "orders")
    order.pop("order_id")
    assert order == {
        "cl_ord_id": 77,
        "account": "dev-1",
        "instrument": "GCZ3",
        "side": "BUY",
        "price": "1325.0",
        "order_qty": 3,
        "cum_qty": 0,
        "ord_status": "PendingNew",
    }
    held = {row["account"]: row["margin"] for row in rows(run_dir, "positions")}
    # Held where there is money to back it: at the account, and at the master for all below it.
    backed, unbacked = ("dev-1", "sim-master"), ("dev-owner", "tidewater")
    assert held == dict.fromkeys(backed, "26400.0000") | dict.fromkeys(unbacked, "0.0000")
    taken = {(row["lane"], row["end"]): row["records"] for row in rows(run_dir, "lanes")}
    assert taken[("orders", "in")] == 1


@pytest.mark.usefixtures("risk")
def test_cash_moves_live(run_dir: RunDir, put: Callable[..., None]) -> None:
    put("control", records.CONTROL_RECORD, kind=Kind.CASH, account=DEV_1, currency=USD, amount=5)
    until(lambda: rows(run_dir, "accounts")[1]["cash"] == "1000000.0005", "the cash")


@pytest.mark.usefixtures("risk")
def test_differences_with_a_venue_show_what_is_undecided(
    run_dir: RunDir, put: Callable[..., None]
) -> None:
    put("control", records.CONTROL_RECORD, kind=Kind.BREAK, account=2, instrument=GOLD, amount=-3)
    until(lambda: len(rows(run_dir, "breaks")) == 1, "the first difference")
    put("control", records.CONTROL_RECORD, kind=Kind.BREAK, account=2, currency=USD, amount=25)
    until(lambda: len(rows(run_dir, "breaks")) == 2, "the second difference")
    found = rows(run_dir, "breaks")
    assert all(row.pop("age_ns") >= 0 for row in found)
    master = {"account": "sim-master", "order_id": "", "state": "open"}
    assert found == [
        {**master, "of": "GCZ3", "amount": -3},
        {**master, "of": "USD", "amount": "0.0025"},
    ]
    states = {row["account"]: row["state"] for row in rows(run_dir, "accounts")}
    assert states["sim-master"] == "REDUCING"


@pytest.mark.usefixtures("risk")
def test_tables_are_drawn_once_without_a_terminal(run_dir: RunDir) -> None:
    done = inspect(str(run_dir.path), "accounts")
    assert done.returncode == 0, done.stderr
    assert "dev-2" in done.stdout
    assert "1000000.0000" in done.stdout


@pytest.mark.usefixtures("risk")
def test_a_terminal_sees_it_live_until_ctrl_c(run_dir: RunDir) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "tidegate", "inspect", str(run_dir.path), "accounts"]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, **SCREEN},
        # A test runner in the background may have been told to ignore it, and hands that on.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    os.close(theirs)
    try:
        seen = b""
        while seen.count(b"dev-2") < 2:
            seen += os.read(ours, 65_536)
        process.send_signal(signal.SIGINT)
        assert process.wait(DEADLINE_SECONDS) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)


@pytest.mark.usefixtures("risk")
def test_overview_says_what_is_not_there(run_dir: RunDir) -> None:
    done = inspect(str(run_dir.path), "--once")
    assert done.returncode == 0, done.stderr
    assert "nothing runs here" in done.stdout
    assert "its stage has not started" in done.stdout


def test_a_directory_without_a_run_is_refused(tmp_path: Path) -> None:
    done = inspect(str(tmp_path), "--once")
    assert done.returncode == 1
    assert done.stderr.startswith(f"{tmp_path}/universe.json: not there; expected a directory")


def test_an_unknown_view_is_refused(run_dir: RunDir) -> None:
    done = inspect(str(run_dir.path), "acounts")
    assert done.returncode == 2
    assert "the views are stages, risk, accounts, positions, orders" in done.stderr


@pytest.mark.parametrize(
    ("net", "shorts", "open_cost", "short_cost", "said"),
    [
        (2, 0, 2 * 13_000, 0, "1300.000"),
        (-2, 2, 0, 2 * 13_005, "1300.500"),
        (-1, 3, 2 * 13_000, 3 * 13_005, ""),
        (0, 0, 0, 0, ""),
    ],
)
def test_lots_with_sides_have_the_average_of_their_own_side(
    universe: Universe, net: int, shorts: int, open_cost: int, short_cost: int, said: str
) -> None:
    gold = msgspec.structs.replace(universe.instruments[GOLD - 1], has_sides=True)
    pair, side = np.zeros(1, DTYPES["pairs"]), np.zeros(1, DTYPES["sides"])
    pair["net"], pair["open_cost"] = net, open_cost * gold.tick_value
    side["short_today"], side["short_cost"] = shorts, short_cost * gold.tick_value
    assert average(gold, pair[0], side[0]) == said
