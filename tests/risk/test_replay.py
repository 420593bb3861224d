"""A journal replays to the state that wrote it, on disk and by bytes."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from risk_rig import SUB, Step, changed, order, universe
from test_twin import Desk

from tidegate import replay, risk_state
from tidegate.errors import JournalError, ReplayError
from tidegate.native.journal import Journal, JournalReader
from tidegate.native.pretrade import Pretrade

RECORDS = 80


def run_and_journal(step: Step, desk: Desk, directory: Path, count: int) -> list[str]:
    """Journal what a desk sends, run it, and give the state hash after each record."""
    directory.mkdir(parents=True, exist_ok=True)
    replay.keep_universe(directory, universe())
    journal = Journal(directory, segment_records=32)
    hashes = [step.tables.state_hash()]
    makers = (desk.new, desk.new, desk.request, desk.answer, desk.control)
    for _ in range(count):
        row = desk.rng.choice(makers)()
        desk.pair.run(row.copy())
        row["sequence"] = len(hashes)
        journal.append_rows(row)
        step.pretrade.step(row)
        hashes.append(step.tables.state_hash())
    journal.close()
    return hashes


def fresh() -> Step:
    step = Step.__new__(Step)
    step.tables = risk_state.in_memory(universe())
    step.pretrade = Pretrade(step.tables)
    step.audited = True
    return step


@pytest.fixture
def written(tmp_path: Path) -> tuple[Path, list[str]]:
    return tmp_path, run_and_journal(fresh(), Desk(7), tmp_path, RECORDS)


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 1 << 32))
def test_random_records_replay_to_the_same_state_hash(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    directory = tmp_path_factory.mktemp("journal")
    hashes = run_and_journal(fresh(), Desk(seed), directory, 40)
    found = replay.replay(directory)
    assert (found.sequence, found.state_hash, found.end) == (40, hashes[-1], "clean")


@pytest.mark.parametrize("until", [1, 31, 32, 33, RECORDS - 1, RECORDS])
def test_replay_until_stops_at_that_record(written: tuple[Path, list[str]], until: int) -> None:
    directory, hashes = written
    found = replay.replay(directory, until=until)
    assert (found.sequence, found.state_hash) == (until, hashes[until])


def test_until_beyond_the_end_is_refused(written: tuple[Path, list[str]]) -> None:
    with pytest.raises(ReplayError, match=f"ends at sequence {RECORDS}; expected {RECORDS + 1}"):
        replay.replay(written[0], until=RECORDS + 1)


def test_another_universe_is_refused(written: tuple[Path, list[str]]) -> None:
    replay.keep_universe(written[0], universe())
    with pytest.raises(ReplayError, match="under another config"):
        replay.keep_universe(written[0], universe(accounts=changed(SUB, max_position=51)))


def test_a_directory_without_a_universe_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match=r"no universe\.json"):
        replay.replay(tmp_path)


def test_a_torn_last_record_is_left_out(written: tuple[Path, list[str]]) -> None:
    directory, hashes = written
    reader = JournalReader(directory)
    last = sum(1 for _ in reader.batches()) and reader.segments[-1]
    assert reader.end is not None
    with last.open("r+b") as file:
        file.seek(4096 + (reader.end.row - 1) * 128 + 40)
        file.write(b"\xff" * 8)
    found = replay.replay(directory)
    assert (found.sequence, found.state_hash) == (RECORDS - 1, hashes[RECORDS - 1])
    assert found.end == "torn"


def test_a_changed_record_in_the_middle_is_refused(written: tuple[Path, list[str]]) -> None:
    with JournalReader(written[0]).segments[0].open("r+b") as file:
        file.seek(4096 + 5 * 128 + 40)
        file.write(b"\xff" * 8)
    with pytest.raises(JournalError):
        replay.replay(written[0])


def test_a_gap_in_sequences_is_refused_by_the_step() -> None:
    step = fresh()
    row = order(1)
    row["sequence"] = 2
    with pytest.raises(ValueError, match="not consecutive"):
        step.pretrade.step(row)
    with pytest.raises(ValueError, match="not consecutive"):
        step.pretrade.replay(np.concatenate([row, row]))
