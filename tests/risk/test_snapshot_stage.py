"""The snapshot stage: when it writes, what it keeps, and what it does where it cannot."""

import errno
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from snapshot_rig import RECORDS, SEED, flip, write_day
from twin_world import world

from tidegate import counters, snapshot
from tidegate.errors import SnapshotError
from tidegate.native.journal import Journal
from tidegate.native.journal_reader import JournalReader
from tidegate.run_dir import RunDir
from tidegate.snapshot_stage import RETRY_S, SnapshotStage
from tidegate.universe import Snapshots, Universe


def universe(**fields: int) -> Universe:
    return msgspec.structs.replace(world(SEED), snapshots=Snapshots(**fields))


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunDir, list[str]]:
    return write_day(tmp_path_factory.mktemp("day") / "run")


@pytest.fixture
def run_dir(day: tuple[RunDir, list[str]], tmp_path: Path) -> RunDir:
    """The day's records in a journal of its own, and no snapshot yet."""
    fresh = RunDir(tmp_path / "run")
    fresh.create()
    journal = Journal(fresh.journal, segment_records=32)
    for batch in JournalReader(day[0].journal).batches():
        journal.append_rows(batch)
    journal.close()
    return fresh


@pytest.fixture
def states(day: tuple[RunDir, list[str]]) -> list[str]:
    return day[1]


@contextmanager
def stage_of(run_dir: RunDir, content: Universe) -> Iterator[SnapshotStage]:
    stage = SnapshotStage(content, run_dir)
    try:
        yield stage
    finally:
        stage.close()


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """A writer is refused as on a full disk, with EFBIG instead of ENOSPC."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def kept(run_dir: RunDir) -> list[int]:
    return sorted(int(path.stem) for path in snapshot.paths(run_dir.snapshots))


def test_nothing_is_written_before_it_is_time(run_dir: RunDir) -> None:
    with stage_of(run_dir, universe(every_records=1000, every_s=60)) as stage:
        stage.work(0.0)
        stage.work(59.9)
        assert kept(run_dir) == []
        stage.work(60.0)
        assert kept(run_dir) == [RECORDS]


def test_an_idle_journal_is_not_written_down_again(run_dir: RunDir) -> None:
    with stage_of(run_dir, universe(every_s=1)) as stage:
        for second in range(5):
            stage.work(float(second))
        assert stage.counts["written"] == 1


def test_what_it_writes_is_the_state_of_its_sequence(run_dir: RunDir, states: list[str]) -> None:
    content = universe(every_s=1)
    with stage_of(run_dir, content) as stage:
        stage.work(0.0)
        stage.work(1.0)
    found = snapshot.look(
        snapshot.path_of(run_dir.snapshots, RECORDS), snapshot.universe_hash(content)
    )
    assert found.state_hash == states[RECORDS]


def test_only_the_newest_are_kept(run_dir: RunDir, states: list[str]) -> None:
    """A look takes records segment by segment: 32 at a time here."""
    with stage_of(run_dir, universe(every_records=20, keep=2)) as stage:
        stage.work(0.0)
        assert stage.counts["written"] > 2
        assert len(kept(run_dir)) == 2
        assert kept(run_dir)[-1] == stage.counts["written_sequence"]


def test_it_goes_on_from_its_own_snapshot(run_dir: RunDir) -> None:
    content = universe(every_s=1)
    with stage_of(run_dir, content) as stage:
        stage.work(0.0)
        stage.work(1.0)
    with stage_of(run_dir, content) as again:
        again.work(0.0)
        assert again.written_sequence == RECORDS
        assert again.counts["refused"] == 0


def test_a_second_stage_is_refused(run_dir: RunDir) -> None:
    with (
        stage_of(run_dir, universe()),
        pytest.raises(SnapshotError, match="another snapshot stage writes here"),
    ):
        SnapshotStage(universe(), run_dir)


def test_a_second_process_is_refused(run_dir: RunDir) -> None:
    run_dir.write_universe(universe())
    with stage_of(run_dir, universe()):
        command = [sys.executable, "-m", "tidegate.stage", "snapshot", str(run_dir.path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "another snapshot stage writes here" in done.stderr


def test_a_full_disk_is_said_counted_and_tried_again(
    run_dir: RunDir, capsys: pytest.CaptureFixture[str]
) -> None:
    with stage_of(run_dir, universe(every_s=1)) as stage:
        stage.work(0.0)
        with files_no_larger_than(64 << 10):
            stage.work(1.0)
            stage.work(1.5)
            stage.work(1.5 + RETRY_S)
        assert (stage.counts["failed_writes"], kept(run_dir)) == (2, [])
        assert list(run_dir.snapshots.iterdir()) == []
        said = capsys.readouterr().err
        assert said.count(os.strerror(errno.EFBIG)) == 1, "said once"
        assert counters.read(run_dir)["snapshot"]["snapshot.failed_writes"] == 2
        stage.work(2 + 2 * RETRY_S)
        assert kept(run_dir) == [RECORDS]


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes where nobody else may")
def test_a_read_only_directory_is_said_and_tried_again(run_dir: RunDir) -> None:
    with stage_of(run_dir, universe(every_s=1)) as stage:
        stage.work(0.0)
        run_dir.snapshots.chmod(0o500)
        stage.work(1.0)
        assert (stage.counts["failed_writes"], kept(run_dir)) == (1, [])
        run_dir.snapshots.chmod(0o700)
        stage.work(1.0 + RETRY_S)
        assert kept(run_dir) == [RECORDS]


def test_a_damaged_journal_is_said_and_writes_nothing(
    run_dir: RunDir, capsys: pytest.CaptureFixture[str]
) -> None:
    first = sorted(run_dir.journal.glob("*.journal"))[0]
    flip(first, 4096 + 5 * 128 + 40)
    with stage_of(run_dir, universe(every_s=1)) as stage:
        stage.work(0.0)
        stage.work(1.0)
        assert (stage.counts["failed_reads"], kept(run_dir)) == (1, [])
        assert "sequence 6) is damaged" in capsys.readouterr().err
        flip(first, 4096 + 5 * 128 + 40)
        stage.work(1.0 + RETRY_S)
        stage.work(2.0 + RETRY_S)
        assert kept(run_dir) == [RECORDS]


def test_a_refused_snapshot_is_put_aside(run_dir: RunDir) -> None:
    content = universe(every_records=50)
    with stage_of(run_dir, content) as stage:
        stage.work(0.0)
    newest = snapshot.paths(run_dir.snapshots)[0]
    os.truncate(newest, 100)
    with stage_of(run_dir, content) as again:
        again.work(0.0)
        assert again.counts["refused"] == 1
    assert newest.with_suffix(".refused").exists()
    assert not newest.exists() or newest.stat().st_size > 100, "written anew"
