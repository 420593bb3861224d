"""A reader that follows a growing journal sees each record once, and starts anywhere."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journal_rig import HEADER_SIZE, orders, overwrite, segment, written

from tidegate.errors import JournalError
from tidegate.native.journal import Journal
from tidegate.native.journal_reader import JournalReader, JournalTail
from tidegate.native.records import RECORD_SIZE


def drained(tail: JournalTail) -> list[int]:
    found: list[int] = []
    while len(batch := tail.take()):
        found += batch["sequence"].tolist()
    return found


def test_batches_go_on_where_the_last_ones_ended(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_records=16)
    reader = JournalReader(tmp_path)
    found: list[int] = []
    for first in range(1, 100, 7):
        journal.append_rows(orders(first, 7))
        for batch in reader.batches(len(found) + 1):
            found += batch["sequence"].tolist()
        assert found == list(range(1, first + 7))
    journal.close()


@settings(deadline=None, max_examples=30)
@given(
    parts=st.lists(st.integers(0, 40), min_size=1, max_size=6),
    segment_records=st.integers(1, 20),
    start=st.integers(1, 60),
)
def test_a_tail_takes_each_record_once_whatever_comes_when(
    tmp_path_factory: pytest.TempPathFactory, parts: list[int], segment_records: int, start: int
) -> None:
    directory = tmp_path_factory.mktemp("journal")
    tail = JournalReader(directory).follow(start)
    assert drained(tail) == []
    found: list[int] = []
    first = 1
    for part in parts:
        journal = Journal(directory, append=True, segment_records=segment_records)
        journal.append_rows(orders(first, part))
        first += part
        found += drained(tail)
        assert found == list(range(start, first))
        journal.close()


def test_a_tail_of_another_process_s_journal_misses_nothing(tmp_path: Path) -> None:
    program = f"""
import numpy as np
from tidegate.native.journal import Journal
from tidegate.native.records import RECORD
journal = Journal({str(tmp_path)!r}, segment_records=1000)
rows = np.zeros(1, RECORD)
rows["kind"] = 1
print(flush=True)
for sequence in range(1, 50_001):
    rows["sequence"] = sequence
    journal.append_rows(rows)
journal.close()
"""
    found: list[int] = []
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"\n"
        tail = JournalReader(tmp_path).follow()
        while len(found) < 50_000:
            found += tail.take()["sequence"].tolist()
            assert found or other.poll() in (None, 0)
    assert found == list(range(1, 50_001))


def test_a_tail_that_begins_below_the_journal_says_what_is_needed(tmp_path: Path) -> None:
    written(tmp_path, 20)
    segment(tmp_path, 1).unlink()
    message = r"begins with sequence 9; to read from 8 on, a snapshot of sequence 8 or later"
    with pytest.raises(JournalError, match=message):
        JournalReader(tmp_path).follow(8).take()
    with pytest.raises(JournalError, match=message):
        next(JournalReader(tmp_path).batches(8))
    assert drained(JournalReader(tmp_path).follow(9)) == list(range(9, 21))
    assert JournalReader(tmp_path).first_sequence == 9


def test_a_tail_refuses_damage_that_records_follow(tmp_path: Path) -> None:
    written(tmp_path, 5)
    tail = JournalReader(tmp_path).follow()
    overwrite(segment(tmp_path), HEADER_SIZE + 2 * RECORD_SIZE + 60, b"damage")
    assert tail.take()["sequence"].tolist() == [1, 2]
    with pytest.raises(JournalError, match=r"row 2 \(sequence 3\) is damaged and records follow"):
        tail.take()


def test_reading_from_a_sequence_on_looks_at_nothing_below_it(tmp_path: Path) -> None:
    rows = written(tmp_path, 30)
    overwrite(segment(tmp_path, 2), HEADER_SIZE + RECORD_SIZE + 60, b"damage")
    found = list(JournalReader(tmp_path).batches(12))
    assert np.array_equal(np.concatenate(found), rows[11:])
    with pytest.raises(JournalError, match=r"row 1 \(sequence 10\) is damaged"):
        list(JournalReader(tmp_path).batches(10))
