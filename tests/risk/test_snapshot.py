"""A snapshot gives back exactly the tables that were written, or says why it cannot."""

import errno
import os
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from snapshot_rig import AT, RECORDS, SEED, drop_segments, flip, write_day
from twin_world import world

from tidegate import recovery, replay, snapshot
from tidegate.errors import JournalError, ReplayError, SnapshotError
from tidegate.native.tables import DTYPES
from tidegate.run_dir import RunDir
from tidegate.snapshot import ENTRY, HEADER, PAGE

DIGEST = snapshot.universe_hash(world(SEED))


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunDir, list[str]]:
    return write_day(tmp_path_factory.mktemp("day") / "run")


@pytest.fixture
def copied(day: tuple[RunDir, list[str]], tmp_path: Path) -> tuple[RunDir, list[str]]:
    shutil.copytree(day[0].path, tmp_path / "run")
    return RunDir(tmp_path / "run"), day[1]


def begin(run_dir: RunDir, until: int | None = None) -> recovery.Start:
    return recovery.in_memory(world(SEED), run_dir.journal, until=until)


def end_hash(run_dir: RunDir) -> str:
    return replay.replay(run_dir.journal, from_beginning=False).state_hash


@pytest.mark.parametrize("at", AT)
def test_a_snapshot_has_the_state_after_its_record(day: tuple[RunDir, list[str]], at: int) -> None:
    run_dir, hashes = day
    found = begin(run_dir, until=at)
    assert found.taken is not None
    assert (found.taken.sequence, found.taken.state_hash) == (at, hashes[at])
    assert found.tables.state_hash() == hashes[at]
    assert found.refused == []


def test_the_newest_is_taken_and_the_journal_run_from_there(
    day: tuple[RunDir, list[str]],
) -> None:
    run_dir, hashes = day
    done = replay.replay(run_dir.journal, from_beginning=False)
    assert done.taken is not None
    assert (done.taken.sequence, done.sequence) == (AT[-1], RECORDS)
    assert done.state_hash == hashes[RECORDS]


@pytest.mark.parametrize("until", [1, 29, 30, 31, 89, 90, 91, RECORDS])
def test_replay_until_a_record_goes_from_the_snapshot_before_it(
    day: tuple[RunDir, list[str]], until: int
) -> None:
    run_dir, hashes = day
    done = replay.replay(run_dir.journal, until=until, from_beginning=False)
    taken = max((at for at in AT if at <= until), default=0)
    assert (done.taken.sequence if done.taken else 0) == taken
    assert (done.sequence, done.state_hash) == (until, hashes[until])


def table_places(path: Path) -> dict[str, int]:
    """Where the middle of each table's rows is in the file."""
    entries = np.frombuffer(path.read_bytes()[:PAGE], ENTRY, len(DTYPES), HEADER.itemsize)
    return {
        entry["name"].decode(): int(entry["offset"] + entry["used"] * entry["row_size"] // 2)
        for entry in entries
        if entry["used"]
    }


def test_a_byte_changed_in_any_table_sends_recovery_to_the_one_before(
    copied: tuple[RunDir, list[str]],
) -> None:
    run_dir, hashes = copied
    path = snapshot.path_of(run_dir.snapshots, AT[-1])
    places = table_places(path)
    assert len(places) > 15
    for name, at in places.items():
        flip(path, at)
        found = begin(run_dir)
        assert found.taken is not None
        assert found.taken.sequence == AT[-2]
        assert found.refused == [f"{path}: table {name} is damaged"]
        assert found.tables.state_hash() == hashes[AT[-2]]
        flip(path, at)
    assert begin(run_dir).refused == []


def test_a_byte_changed_anywhere_in_the_header_is_seen(copied: tuple[RunDir, list[str]]) -> None:
    path = snapshot.path_of(copied[0].snapshots, AT[-1])
    for at in range(HEADER.itemsize + len(DTYPES) * ENTRY.itemsize):
        flip(path, at)
        with pytest.raises(SnapshotError):
            snapshot.look(path, DIGEST)
        flip(path, at)
    snapshot.look(path, DIGEST)


@pytest.mark.parametrize("size", [0, 1, 100, PAGE - 1, PAGE, PAGE + 1, -1])
def test_a_cut_snapshot_is_refused(copied: tuple[RunDir, list[str]], size: int) -> None:
    path = snapshot.path_of(copied[0].snapshots, AT[-1])
    os.truncate(path, size if size >= 0 else path.stat().st_size + size)
    with pytest.raises(SnapshotError, match="bytes"):
        snapshot.look(path, DIGEST)
    assert end_hash(copied[0]) == copied[1][RECORDS]


def rewrite_header(path: Path, field: str, value: int) -> None:
    data = bytearray(path.read_bytes())
    header = np.frombuffer(data, HEADER, 1)
    header[field] = value
    entries = np.frombuffer(data, ENTRY, len(DTYPES), HEADER.itemsize)
    header["checksum"] = snapshot._header_checksum(header, entries)
    path.write_bytes(data)


def test_another_layout_version_is_named_and_refused(copied: tuple[RunDir, list[str]]) -> None:
    path = snapshot.path_of(copied[0].snapshots, AT[-1])
    rewrite_header(path, "layout_version", 2)
    with pytest.raises(SnapshotError, match="layout_version is 2; expected 3"):
        snapshot.look(path, DIGEST)
    assert end_hash(copied[0]) == copied[1][RECORDS]


def test_tables_of_another_layout_are_refused(copied: tuple[RunDir, list[str]]) -> None:
    path = snapshot.path_of(copied[0].snapshots, AT[-1])
    rewrite_header(path, "layout_hash", 12345)
    with pytest.raises(
        SnapshotError, match=f"layout_hash is 12345; expected {snapshot.tables_hash()}"
    ):
        snapshot.look(path, DIGEST)


def test_a_snapshot_of_another_universe_is_refused(copied: tuple[RunDir, list[str]]) -> None:
    path = snapshot.path_of(copied[0].snapshots, AT[-1])
    with pytest.raises(SnapshotError, match="another universe"):
        snapshot.look(path, snapshot.universe_hash(world(SEED + 1)))


def test_a_snapshot_under_another_number_is_refused(copied: tuple[RunDir, list[str]]) -> None:
    run_dir, _ = copied
    path = snapshot.path_of(run_dir.snapshots, AT[-1])
    path.rename(snapshot.path_of(run_dir.snapshots, AT[-1] + 1))
    found = begin(run_dir)
    assert found.taken is not None
    assert found.taken.sequence == AT[-2]
    assert "its name says another" in found.refused[0]


def test_a_snapshot_later_than_the_journal_is_passed_over(
    copied: tuple[RunDir, list[str]],
) -> None:
    run_dir, hashes = copied
    last = sorted(run_dir.journal.glob("*.journal"))
    # Records 65 to 96 are in the third segment: what is left ends at 84.
    last[-1].unlink()
    os.truncate(last[-2], 4096 + 20 * 128)
    found = begin(run_dir)
    assert found.taken is not None
    assert found.taken.sequence == AT[1]
    assert "sequence 90; the journal ends before it" in found.refused[0]
    assert end_hash(run_dir) == hashes[84]


def test_a_snapshot_of_a_journal_that_went_another_way_is_passed_over(
    copied: tuple[RunDir, list[str]], tmp_path: Path
) -> None:
    """As after a lost tail, when the journal has grown past the snapshot with other records."""
    run_dir, _ = copied
    other, hashes = write_day(tmp_path / "other", count=95)
    shutil.rmtree(other.snapshots)
    shutil.copytree(run_dir.snapshots, other.snapshots)
    path = snapshot.path_of(other.snapshots, AT[-1])
    rewrite_header(path, "record_checksum", 99)
    found = begin(other)
    assert found.taken is not None
    assert found.taken.sequence == AT[1]
    assert "after another record 90" in found.refused[0]
    assert end_hash(other) == hashes[95]


def test_without_the_first_segments_replay_begins_at_a_snapshot(
    copied: tuple[RunDir, list[str]],
) -> None:
    run_dir, hashes = copied
    drop_segments(run_dir, 1)
    done = replay.replay(run_dir.journal)
    assert done.taken is not None
    assert (done.sequence, done.state_hash) == (RECORDS, hashes[RECORDS])
    done = replay.replay(run_dir.journal, until=70)
    assert done.taken is not None
    assert (done.taken.sequence, done.state_hash) == (60, hashes[70])


def test_until_before_the_oldest_snapshot_without_the_first_segments_is_refused(
    copied: tuple[RunDir, list[str]],
) -> None:
    drop_segments(copied[0], 1)
    expected = r"begins at sequence 33, what was before has been removed; expected a good snapshot "
    with pytest.raises(ReplayError, match=expected + "of sequence 59 or before"):
        replay.replay(copied[0].journal, until=59)


def test_a_removed_beginning_and_no_good_snapshot_is_an_error_that_says_why(
    copied: tuple[RunDir, list[str]],
) -> None:
    run_dir, _ = copied
    drop_segments(run_dir, 2)
    for path in snapshot.paths(run_dir.snapshots)[:1]:
        flip(path, PAGE)
    expected = r"begins at sequence 65.*expected a good snapshot.*is damaged.*begins at 65"
    with pytest.raises(ReplayError, match=expected):
        begin(run_dir)


def test_an_empty_journal_beside_snapshots_is_an_error(copied: tuple[RunDir, list[str]]) -> None:
    drop_segments(copied[0], 99)
    with pytest.raises(ReplayError, match="no segment there, but"):
        begin(copied[0])


def test_a_damaged_journal_is_not_taken_for_a_bad_snapshot(
    copied: tuple[RunDir, list[str]],
) -> None:
    # Sequence 92: after the newest snapshot.
    flip(sorted(copied[0].journal.glob("*.journal"))[2], 4096 + 27 * 128 + 40)
    with pytest.raises(JournalError, match=r"sequence 92\) is damaged"):
        end_hash(copied[0])


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """What a full disk does to a writer, EFBIG instead of ENOSPC."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_snapshot_that_does_not_fit_leaves_nothing(
    copied: tuple[RunDir, list[str]],
) -> None:
    run_dir, _ = copied
    tables = begin(run_dir).tables
    before = sorted(run_dir.snapshots.iterdir())
    with files_no_larger_than(64 << 10), pytest.raises(OSError, match="File too large") as caught:
        snapshot.write(
            run_dir.snapshots,
            tables.arrays,
            universe_digest=DIGEST,
            state_hash="00" * 16,
            record_checksum=0,
        )
    assert caught.value.errno == errno.EFBIG
    assert sorted(run_dir.snapshots.iterdir()) == before


def test_a_moment_that_the_stage_cannot_go_on_from_is_passed_over(
    copied: tuple[RunDir, list[str]],
) -> None:
    run_dir, hashes = copied
    found, regions = recovery.in_regions(
        world(SEED), run_dir, lambda risk: int(risk["sequence"]) < AT[-1]
    )
    assert found.taken is not None
    assert found.taken.sequence == AT[1]
    assert found.tables.state_hash() == hashes[AT[1]]
    assert int(regions["risk"].header["version"]) % 2 == 1, "nobody reads what is not whole yet"
    for region in regions.values():
        region.close()
