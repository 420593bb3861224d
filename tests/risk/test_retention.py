"""Old segments go only where a snapshot makes up for them, and what is left says so."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from snapshot_rig import AT, RECORDS, SEED, SEGMENT_RECORDS, write_day
from twin_world import world

from tidegate import replay, snapshot
from tidegate.errors import JournalError, ReplayError
from tidegate.explain import explanation
from tidegate.native.journal import Journal
from tidegate.native.journal_reader import JournalReader
from tidegate.retention import remove_below
from tidegate.run_dir import RunDir
from tidegate.snapshot_stage import SnapshotStage
from tidegate.universe import Journaling, Snapshots


@pytest.mark.parametrize(
    ("sequence", "first"), [(0, 1), (31, 1), (32, 33), (33, 33), (64, 65), (96, 97), (120, 97)]
)
def test_segments_with_nothing_above_a_sequence_go(
    tmp_path: Path, sequence: int, first: int
) -> None:
    run_dir, _ = write_day(tmp_path / "run")
    assert remove_below(run_dir.journal, sequence) == (first - 1) // SEGMENT_RECORDS
    assert JournalReader(run_dir.journal).first_sequence == first
    found = np.concatenate(list(JournalReader(run_dir.journal).batches()))
    assert found["sequence"].tolist() == list(range(first, RECORDS + 1))
    assert remove_below(run_dir.journal, sequence) == 0


def test_what_is_left_replays_and_is_explained_from_a_snapshot_to_the_same_end(
    tmp_path: Path,
) -> None:
    run_dir, hashes = write_day(tmp_path / "run")
    whole = explanation.explain(run_dir.journal, 100)
    assert remove_below(run_dir.journal, AT[-1]) == 2
    assert replay.replay(run_dir.journal).state_hash == hashes[RECORDS]
    assert explanation.explain(run_dir.journal, 100) == whole
    with pytest.raises(
        ReplayError, match="begins at sequence 65, what was before has been removed"
    ):
        explanation.explain(run_dir.journal, 20)
    with pytest.raises(
        JournalError, match="begins with sequence 65; to read from 20 on, a snapshot"
    ):
        next(JournalReader(run_dir.journal).batches(20))
    journal = Journal(run_dir.journal, append=True, first_sequence=RECORDS + 1)
    assert journal.next_sequence == RECORDS + 1
    journal.close()


@pytest.mark.parametrize(("keep", "first"), [("all", 1), ("snapshots", 97)])
def test_the_stage_removes_what_its_oldest_snapshot_makes_up_for(
    tmp_path: Path, keep: Literal["all", "snapshots"], first: int
) -> None:
    fields: dict[str, Any] = {
        "journaling": Journaling(keep=keep),
        "snapshots": Snapshots(every_records=1, keep=2),
    }
    run_dir, hashes = write_day(tmp_path / "run", **fields)
    stage = SnapshotStage(world(SEED, **fields), run_dir)
    stage.work(1.0)
    stage.close()
    assert [int(path.stem) for path in snapshot.paths(run_dir.snapshots)] == [RECORDS, 96]
    assert JournalReader(run_dir.journal).first_sequence == first
    assert replay.replay(run_dir.journal).state_hash == hashes[RECORDS]


def test_no_snapshot_is_written_of_what_power_loss_may_still_take(tmp_path: Path) -> None:
    day, _ = write_day(tmp_path / "day")
    rows = np.concatenate(list(JournalReader(day.journal).batches()))
    content = world(SEED, snapshots=Snapshots(every_records=1))
    run_dir = RunDir(tmp_path / "run")
    run_dir.create()
    replay.keep_universe(run_dir.journal, content)
    journal = Journal(run_dir.journal, segment_records=SEGMENT_RECORDS, durable=True)
    stage = SnapshotStage(content, run_dir)
    journal.append_rows(rows[:10])
    journal.commit()
    journal.append_rows(rows[10:20])
    stage.work(1.0)
    assert snapshot.paths(run_dir.snapshots) == []
    journal.commit()
    journal.append_rows(rows[20:21])
    stage.work(2.0)
    assert snapshot.paths(run_dir.snapshots) == []
    journal.commit()
    stage.work(100.0)
    assert [int(path.stem) for path in snapshot.paths(run_dir.snapshots)] == [21]
    stage.close()
    journal.close()
