"""Replay and restart at sizes that show that their benches work; by hand: replay.py, restart.py."""

from pathlib import Path

import replay as replay_bench
import restart as restart_bench

from tidegate.run_dir import RunDir
from tidegate.snapshot import paths

RECORDS = 20_000


def bench_replay_of_a_day_s_flow(tmp_path: Path) -> None:
    """Nothing is denied, and every round ends in the same state."""
    journal = replay_bench.generated(tmp_path, RECORDS)
    kinds = replay_bench.kinds_of(journal)
    assert sum(kinds.values()) == RECORDS
    assert min(kinds.values()) > RECORDS // 50
    taken, _ = replay_bench.measure(journal, 2)
    assert set(taken) == {"read and verify", "step", "replay"}


def bench_downtime_of_risk_behind_a_snapshot(tmp_path: Path) -> None:
    """The real stage comes back from the snapshot and its tail, twice."""
    run_dir = RunDir(tmp_path / "run")
    content = restart_bench.universe_of(run_dir, 40, 1 << 16)
    restart_bench.build(run_dir, content, RECORDS, 1_000)
    assert len(paths(run_dir.snapshots)) == 1
    assert len(restart_bench.downtime(run_dir, 2)) == 2
