"""`tidegate replay`: hashes on the way, snapshots against the journal, and two journals."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from snapshot_rig import AT, RECORDS, SEED, SEGMENT_RECORDS, drop_segments, flip, write_day
from twin_world import world

from tidegate import replay, snapshot
from tidegate.cli import main
from tidegate.explain.comparison import compare
from tidegate.native.journal import Journal
from tidegate.native.journal_reader import JournalReader
from tidegate.run_dir import RunDir


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunDir, list[str]]:
    return write_day(tmp_path_factory.mktemp("day") / "run")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["replay", *map(str, arguments)])


def changed(run_dir: RunDir, place: Path, *, at: int, count: int = RECORDS) -> RunDir:
    """The same day with another quantity in record `at`, ended after `count` records."""
    other = RunDir(place / "other")
    other.create()
    replay.keep_universe(other.journal, world(SEED))
    journal = Journal(other.journal, segment_records=SEGMENT_RECORDS)
    rows = np.concatenate(list(JournalReader(run_dir.journal).batches()))[:count]
    if at:
        rows["price"][at - 1] += 1
    journal.append_rows(rows)
    journal.close()
    return other


def test_the_hash_alone_is_printed(day: tuple[RunDir, list[str]]) -> None:
    run_dir, states = day
    assert run(run_dir.path, "--hash").output == f"{states[RECORDS]}\n"
    assert run(run_dir.path, "--hash", "--until", 77).output == f"{states[77]}\n"
    assert run(run_dir.path, "--hash", "--from-snapshot").output == f"{states[RECORDS]}\n"


def test_the_hash_is_printed_each_so_many_records_and_at_the_end(
    day: tuple[RunDir, list[str]],
) -> None:
    run_dir, states = day
    lines = run(run_dir.path, "--every", 50).output.splitlines()
    assert lines == [f"{at} {states[at]}" for at in (50, 100, RECORDS)]
    lines = run(run_dir.path, "--every", 50, "--until", 60).output.splitlines()
    assert lines == [f"{at} {states[at]}" for at in (50, 60)]


def test_snapshots_are_compared_with_the_journal(
    day: tuple[RunDir, list[str]], tmp_path: Path
) -> None:
    shutil.copytree(day[0].path, tmp_path / "run")
    run_dir = RunDir(tmp_path / "run")
    done = run(run_dir.path, "--check-snapshots")
    assert done.exit_code == 0
    assert done.output.count("as the journal gives it") == len(AT)
    flip(snapshot.path_of(run_dir.snapshots, AT[1]), snapshot.PAGE)
    done = run(run_dir.path, "--check-snapshots")
    assert done.exit_code == 1
    assert done.output.count("is damaged") == 1
    drop_segments(run_dir, 1)
    assert run(run_dir.path, "--check-snapshots").exit_code == 1, "30 has no journal behind it"


def test_equal_journals_are_said_to_be_the_same(
    day: tuple[RunDir, list[str]], tmp_path: Path
) -> None:
    other = changed(day[0], tmp_path, at=0)
    done = run(day[0].path, "--compare", other.path)
    assert (done.exit_code, done.output) == (
        0,
        f"the same up to sequence {RECORDS}, where both end\n",
    )


@pytest.mark.parametrize("at", [1, 31, 32, 33, 64, RECORDS])
def test_the_first_difference_is_found_with_the_states_around_it(
    day: tuple[RunDir, list[str]], tmp_path: Path, at: int
) -> None:
    run_dir, states = day
    other = changed(run_dir, tmp_path, at=at)
    same_until, found = compare(run_dir.journal, other.journal)
    assert found is not None
    assert (same_until, found.sequence, found.fields) == (at - 1, at, ["price"])
    left, right = found.sides
    assert left.before == right.before == states[at - 1]
    assert left.after == states[at]
    assert left.record is not None
    assert right.record is not None
    assert left.kind == right.kind


def test_a_record_that_one_journal_lacks_is_a_difference(
    day: tuple[RunDir, list[str]], tmp_path: Path
) -> None:
    run_dir, states = day
    other = changed(run_dir, tmp_path, at=0, count=50)
    done = run(run_dir.path, "--compare", other.path)
    assert done.exit_code == 1
    assert "first difference at sequence 51" in done.output
    assert f"state before  {states[50]}" in done.output
    assert f"state after   {states[51]}" in done.output
    assert "none: this journal has ended" in done.output


def test_different_universes_are_said(day: tuple[RunDir, list[str]], tmp_path: Path) -> None:
    other = RunDir(tmp_path / "other")
    other.create()
    replay.keep_universe(other.journal, world(SEED + 1))
    Journal(other.journal).close()
    done = run(day[0].path, "--compare", other.path)
    assert done.exit_code == 1
    assert "under different universes" in done.output
