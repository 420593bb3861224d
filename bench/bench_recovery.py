"""Replay at a size that shows that its bench works; by hand: replay.py."""

from pathlib import Path

import replay as replay_bench

RECORDS = 20_000


def bench_replay_of_a_day_s_flow(tmp_path: Path) -> None:
    """Nothing is denied, and every round ends in the same state."""
    journal = replay_bench.generated(tmp_path, RECORDS)
    kinds = replay_bench.kinds_of(journal)
    assert sum(kinds.values()) == RECORDS
    assert min(kinds.values()) > RECORDS // 50
    taken, _ = replay_bench.measure(journal, 2)
    assert set(taken) == {"read and verify", "step", "replay"}
