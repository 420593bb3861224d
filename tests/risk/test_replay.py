"""A journal replays to the state that wrote it, on disk and by bytes."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from risk_rig import order
from twin_desk import Desk
from twin_rig import Both
from twin_world import world

from tidegate import replay, risk_state
from tidegate.errors import JournalError, ReplayError
from tidegate.native.journal import Journal
from tidegate.native.journal_reader import JournalReader
from tidegate.native.pretrade import Pretrade

RECORDS = 80
SEED = 7


def run_and_journal(seed: int, directory: Path, count: int) -> list[str]:
    """Journal what a desk sends, run it, and give the state hash after each record."""
    directory.mkdir(parents=True, exist_ok=True)
    replay.keep_universe(directory, world(seed))
    journal = Journal(directory, segment_records=32)
    both = Both(seed)
    desk = Desk(seed, both.twin)
    waiting = desk.opening()
    hashes = [both.tables.state_hash()]
    for _ in range(count):
        row = waiting.pop(0) if waiting else desk.next()
        both.run(row)
        journal.append_rows(row)
        hashes.append(both.tables.state_hash())
    journal.close()
    return hashes


@pytest.fixture
def written(tmp_path: Path) -> tuple[Path, list[str]]:
    return tmp_path, run_and_journal(SEED, tmp_path, RECORDS)


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 1 << 32))
def test_random_records_replay_to_the_same_state_hash(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    directory = tmp_path_factory.mktemp("journal")
    hashes = run_and_journal(seed, directory, 40)
    found = replay.replay(directory)
    assert (found.sequence, found.state_hash, found.end) == (40, hashes[-1], "clean")


@pytest.mark.parametrize("until", [1, 31, 32, 33, RECORDS - 1, RECORDS])
def test_replay_until_stops_at_that_record(written: tuple[Path, list[str]], until: int) -> None:
    directory, hashes = written
    found = replay.replay(directory, until=until)
    assert (found.sequence, found.state_hash) == (until, hashes[until])


def test_hashes_end_where_a_journal_that_is_being_written_ended_first(
    written: tuple[Path, list[str]],
) -> None:
    directory, expected = written
    found = []
    journal = Journal(directory, append=True, segment_records=32)
    for each in replay.hashes(directory, 30):
        found.append(each)
        if each[0] == RECORDS:
            row = order(1)
            row["sequence"] = RECORDS + 1
            journal.append_rows(row)
    journal.close()
    assert found == [(at, expected[at]) for at in (30, 60, RECORDS)]


def test_until_beyond_the_end_is_refused(written: tuple[Path, list[str]]) -> None:
    with pytest.raises(ReplayError, match=f"ends at sequence {RECORDS}; expected {RECORDS + 1}"):
        replay.replay(written[0], until=RECORDS + 1)


def test_another_universe_is_refused(written: tuple[Path, list[str]]) -> None:
    replay.keep_universe(written[0], world(SEED))
    with pytest.raises(ReplayError, match="under another config"):
        replay.keep_universe(written[0], world(SEED, segment_records=7))


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
    pretrade = Pretrade(risk_state.in_memory(world(SEED)))
    row = order(1)
    row["sequence"] = 2
    with pytest.raises(ValueError, match="not consecutive"):
        pretrade.step(row)
    with pytest.raises(ValueError, match="not consecutive"):
        pretrade.replay(np.concatenate([row, row]))
