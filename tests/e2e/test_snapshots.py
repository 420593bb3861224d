"""Snapshots in a real run: a replica that equals risk, a restart from it, disks that refuse."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from e2e_rig import Desk, Engine, engine, until

from tidegate import Client, NewOrder, snapshot
from tidegate.native.tables import DTYPES
from tidegate.native.tables import state_hash as hash_of
from tidegate.region import Region
from tidegate.replay import replay
from tidegate.snapshot import Snapshot

CONFIG = Path(__file__).with_name("small.toml")
ORDER = NewOrder(account="sub-2", instrument="GCZ3", side="BUY", order_qty=1, price="1315.0")


@pytest.fixture
def often(place: Path) -> Path:
    """The config with a snapshot a second, in a directory of its own."""
    text = CONFIG.read_text().replace("../../configs", str(CONFIG.parents[2] / "configs"))
    path = place / "often.toml"
    path.write_text(text + "\n[snapshots]\nevery_s = 1\nkeep = 3\n")
    return path


@pytest.fixture
def run(often: Path, place: Path) -> Iterator[Engine]:
    with engine(often, run_dir=Path(tempfile.mkdtemp(dir=place)) / "run") as opened:
        yield opened


def live(run: Engine) -> tuple[int, str]:
    """Sequence and state hash of risk's regions; nobody writes them meanwhile."""
    regions = {name: Region.attach(run.run_dir.region(name), DTYPES[name]) for name in DTYPES}
    try:
        arrays = {name: region.rows for name, region in regions.items()}
        return int(arrays["risk"]["sequence"][0]), hash_of(arrays)
    finally:
        for region in regions.values():
            region.close()


def newest(run: Engine) -> Snapshot | None:
    found = snapshot.paths(run.run_dir.snapshots)
    digest = snapshot.universe_hash(run.run_dir.read_universe())
    return snapshot.look(found[0], digest) if found else None


def snapshot_of(run: Engine, sequence: int) -> Snapshot:
    def reached() -> Any:
        found = newest(run)
        return found if found is not None and found.sequence >= sequence else None

    found: Snapshot = until(reached, f"a snapshot of sequence {sequence}")
    return found


def trade(run: Engine, rounds: int = 5) -> None:
    with Client(run.front, "client") as client:
        desk = Desk(client, "client")
        for _ in range(rounds):
            for order in desk.submit([ORDER] * 20):
                client.cancel(order)
        desk.settle()


def test_the_replica_s_state_is_risk_s_own_while_it_trades(run: Engine) -> None:
    """Risk stands still in the middle of its work; the snapshot of that moment has its state."""
    for _ in range(3):
        trade(run)
        with run.frozen("risk"):
            sequence, state = live(run)
            found = snapshot_of(run, sequence)
            if found.sequence == sequence:
                assert found.state_hash == state
                break
            # Journaled and not yet stepped: the replica is one record ahead.
            assert found.sequence == sequence + 1
    else:
        pytest.fail("risk never stood between two records")
    assert run.count("snapshot", "snapshot.failed_writes") == 0


def test_a_killed_risk_comes_back_from_the_newest_snapshot(run: Engine) -> None:
    trade(run)
    found = snapshot_of(run, 1)
    pid = run.pids()["risk"]
    os.kill(pid, signal.SIGKILL)
    until(lambda: run.restarts()["risk"] == 1, "the restart")
    until(lambda: run.count("risk", "recovery.snapshot_sequence") >= found.sequence, "recovery")
    assert run.count("risk", "recovery.snapshots_refused") == 0
    trade(run)
    until(run.is_consistent, "tables that add up")
    status, _ = run.terminate()
    assert status == 0
    done = replay(run.run_dir.journal)
    assert done.taken is None
    assert (done.sequence, done.state_hash) == live(run)


def test_a_broken_snapshot_is_said_counted_and_passed_over(run: Engine, often: Path) -> None:
    trade(run)
    first = snapshot_of(run, 1)
    trade(run)
    second = snapshot_of(run, first.sequence + 1)
    run.terminate()
    for path in snapshot.paths(run.run_dir.snapshots):
        if path >= second.path:
            os.truncate(path, 5000)
    with engine(often, run_dir=run.run_dir.path) as again:
        until(lambda: again.count("snapshot", "snapshot.refused"), "the replica to begin")
        assert again.count("risk", "recovery.snapshots_refused") >= 1
        assert again.count("risk", "recovery.snapshot_sequence") >= first.sequence
        trade(again)
        until(again.is_consistent, "tables that add up")
        _, said = again.terminate()
        assert said.count("5000 bytes; its header says") >= 2, "risk and the replica say it"
        assert list(run.run_dir.snapshots.glob("*.refused"))


def test_losing_the_snapshot_stage_costs_no_order(run: Engine) -> None:
    trade(run)
    os.kill(run.pids()["snapshot"], signal.SIGKILL)
    trade(run)
    until(lambda: run.restarts()["snapshot"] == 1, "its restart")
    sequence = live(run)[0]
    snapshot_of(run, sequence)


def test_a_directory_that_refuses_snapshots_is_said_and_orders_go_on(run: Engine) -> None:
    trade(run)
    snapshot_of(run, 1)
    shutil.rmtree(run.run_dir.snapshots)
    run.run_dir.snapshots.write_text("in the way")
    trade(run)
    until(lambda: run.count("snapshot", "snapshot.failed_writes"), "a failure to be counted")
    trade(run)
    _, said = run.terminate()
    assert "no snapshot until that is over" in said
