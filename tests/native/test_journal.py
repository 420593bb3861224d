"""The journal: what is appended is read back, and what is not whole is never taken for whole."""

import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journal_rig import HEADER_SIZE, orders, overwrite, read, segment, written

from tidegate.errors import JournalError
from tidegate.native.checksum import checksum_portable
from tidegate.native.journal import NEXT_NAME, Journal
from tidegate.native.journal_reader import JournalEnd, JournalReader
from tidegate.native.records import LAYOUT_VERSION, RECORD_SIZE


def test_what_is_appended_is_read_back_with_checksum_and_version(tmp_path: Path) -> None:
    rows = written(tmp_path, 5)
    found, end = read(tmp_path)
    assert np.array_equal(found, rows)
    assert end == JournalEnd("clean", 1, 5, 6)
    assert set(rows["layout_version"]) == {LAYOUT_VERSION}
    for row in rows:
        assert int(row["checksum"]) == checksum_portable(row.tobytes()[4:])


@settings(deadline=None, max_examples=30)
@given(
    parts=st.lists(st.integers(0, 40), min_size=1, max_size=5),
    segment_records=st.integers(1, 20),
    start=st.integers(0, 200),
)
def test_any_parts_with_restarts_between_read_as_one(
    tmp_path_factory: pytest.TempPathFactory, parts: list[int], segment_records: int, start: int
) -> None:
    directory = tmp_path_factory.mktemp("journal")
    first = 1
    for part in parts:
        journal = Journal(directory, append=True, segment_records=segment_records)
        assert journal.next_sequence == first
        journal.append_rows(orders(first, part))
        first += part
        journal.close()
    found, end = read(directory, start)
    assert found["sequence"].tolist() == list(range(max(1, start), first))
    assert (end.reason, end.next_sequence) == ("clean", first)
    assert len(list(directory.iterdir())) == max(1, -(-(first - 1) // segment_records))
    shutil.rmtree(directory)


def test_a_prepared_segment_is_used_and_leaves_no_trace(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_records=4, durable=True)
    journal.append_rows(orders(1, 2))
    journal.prepare()
    journal.prepare()
    assert journal.counters["prepared"]
    assert segment(tmp_path, 2).exists()
    assert read(tmp_path)[1] == JournalEnd("clean", 1, 2, 3)
    journal.append_rows(orders(3, 4))
    journal.commit()
    assert journal.counters["segment"] == 2
    journal.prepare()
    journal.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "00000001.journal",
        "00000002.journal",
    ]
    assert read(tmp_path)[1] == JournalEnd("clean", 2, 2, 7)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("sequence", 2, "sequence 1 is the next, the record has another"),
        ("sequence", 0, "sequence 1 is the next, the record has another"),
        ("kind", 0, "the record has no kind"),
    ],
)
def test_a_record_out_of_sequence_or_without_kind_is_refused(
    tmp_path: Path, field: str, value: int, message: str
) -> None:
    journal = Journal(tmp_path, segment_records=4)
    bad = orders(1, 1)
    bad[field] = value
    with pytest.raises(JournalError, match=message):
        journal.append_rows(bad)
    journal.append_rows(orders(1, 1))
    journal.close()
    assert read(tmp_path)[1].next_sequence == 2
    for use in (lambda: journal.append_rows(orders(2, 1)), journal.prepare, journal.commit):
        with pytest.raises(JournalError, match="the journal is closed"):
            use()


def test_a_flip_of_any_byte_of_the_last_record_is_a_torn_tail(tmp_path: Path) -> None:
    rows = written(tmp_path, 3)
    path = segment(tmp_path)
    offset = HEADER_SIZE + 2 * RECORD_SIZE
    last = rows[2].tobytes()
    for index in range(RECORD_SIZE):
        overwrite(path, offset + index, bytes([last[index] ^ 0x10]))
        found, end = read(tmp_path)
        assert np.array_equal(found, rows[:2]), f"byte {index}"
        assert end == JournalEnd("torn", 1, 2, 3, 1), f"byte {index}"
        overwrite(path, offset + index, last[index : index + 1])
    assert read(tmp_path)[1].reason == "clean"


@pytest.mark.parametrize("kept", range(0, RECORD_SIZE, 7))
def test_a_tail_zeroed_from_any_byte_is_not_a_record(tmp_path: Path, kept: int) -> None:
    rows = written(tmp_path, 3)
    overwrite(segment(tmp_path), HEADER_SIZE + 2 * RECORD_SIZE + kept, bytes(RECORD_SIZE - kept))
    found, end = read(tmp_path)
    assert np.array_equal(found, rows[:2])
    # Zeroed wholly it cannot be told from one that was never written.
    assert end == JournalEnd("torn" if kept else "clean", 1, 2, 3, 1 if kept else 0)


@pytest.mark.parametrize("size", [0, 1, 127, 128, 129, 300, 384, 500])
def test_a_file_cut_short_ends_after_its_last_whole_record(tmp_path: Path, size: int) -> None:
    rows = written(tmp_path, 3)
    os.truncate(segment(tmp_path), HEADER_SIZE + size)
    whole = min(3, size // RECORD_SIZE)
    found, end = read(tmp_path)
    assert np.array_equal(found, rows[:whole])
    assert end == JournalEnd("truncated", 1, whole, whole + 1)


@pytest.mark.parametrize("damage", ["torn", "truncated"])
def test_appending_goes_on_after_the_last_whole_record(tmp_path: Path, damage: str) -> None:
    written(tmp_path, 3)
    if damage == "torn":
        overwrite(segment(tmp_path), HEADER_SIZE + 2 * RECORD_SIZE + 60, b"damage")
    else:
        os.truncate(segment(tmp_path), HEADER_SIZE + 2 * RECORD_SIZE + 60)
    assert read(tmp_path)[1].reason == damage
    journal = Journal(tmp_path, append=True)
    assert journal.next_sequence == 3
    assert read(tmp_path)[1] == JournalEnd("clean", 1, 2, 3)
    journal.append_rows(orders(3, 10))
    journal.close()
    found, end = read(tmp_path)
    assert found["sequence"].tolist() == list(range(1, 13))
    assert end == JournalEnd("clean", 2, 4, 13)


def test_damage_with_records_after_it_is_refused(tmp_path: Path) -> None:
    written(tmp_path, 5)
    overwrite(segment(tmp_path), HEADER_SIZE + RECORD_SIZE + 40, b"\xff")
    message = r"00000001.journal: row 1 \(sequence 2\) is damaged and records follow it"
    with pytest.raises(JournalError, match=message):
        read(tmp_path)
    with pytest.raises(JournalError, match=message):
        Journal(tmp_path, append=True)


def test_a_torn_segment_that_is_not_the_last_is_refused(tmp_path: Path) -> None:
    written(tmp_path, 12, segment_records=4)
    overwrite(segment(tmp_path, 2), HEADER_SIZE + 3 * RECORD_SIZE + 40, b"\xff")
    with pytest.raises(JournalError, match="segment 2 before it ends torn at 8"):
        read(tmp_path)


def test_a_missing_segment_is_refused_but_old_ones_may_be_taken_away(tmp_path: Path) -> None:
    written(tmp_path, 16, segment_records=4)
    segment(tmp_path, 1).unlink()
    assert read(tmp_path)[0]["sequence"].tolist() == list(range(5, 17))
    segment(tmp_path, 3).unlink()
    with pytest.raises(JournalError, match="begins with sequence 13, but segment 2"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("offset", "field"),
    [(0, "magic"), (8, "checksum"), (16, "checksum"), (24, "checksum"), (60, "checksum")],
)
def test_another_header_is_refused(tmp_path: Path, offset: int, field: str) -> None:
    written(tmp_path, 2)
    overwrite(segment(tmp_path), offset, b"\xee")
    with pytest.raises(JournalError, match=f"00000001.journal: {field} is"):
        read(tmp_path)


def test_a_segment_under_another_name_is_refused(tmp_path: Path) -> None:
    written(tmp_path, 2)
    segment(tmp_path, 1).rename(segment(tmp_path, 2))
    with pytest.raises(JournalError, match="segment_number is 1; expected 2"):
        read(tmp_path)
    segment(tmp_path, 2).write_bytes(b"short")
    with pytest.raises(JournalError, match="5 bytes are no segment header"):
        read(tmp_path)
    with pytest.raises(JournalError, match="no such directory"):
        JournalReader(tmp_path / "absent")


def test_two_writers_on_one_directory_are_refused(tmp_path: Path) -> None:
    program = f"""
import sys
from tidegate.native.journal import Journal
journal = Journal({str(tmp_path)!r}, segment_records=4)
print(flush=True)
sys.stdin.read()
"""
    other = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"\n"
        with pytest.raises(JournalError, match="another journal writes here"):
            Journal(tmp_path, append=True)
        other.kill()
    journal = Journal(tmp_path, append=True)
    with pytest.raises(JournalError, match="another journal writes here"):
        Journal(tmp_path, append=True)
    journal.close()


def test_an_existing_journal_is_never_begun_again(tmp_path: Path) -> None:
    written(tmp_path, 2)
    with pytest.raises(JournalError, match="holds a journal; expected to append to it"):
        Journal(tmp_path)
    with pytest.raises(JournalError, match="segment_records is 0; expected 1 to"):
        Journal(tmp_path / "other", segment_records=0)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(JournalError, match="cannot open: File exists"):
        Journal(tmp_path / "file")


def test_a_killed_writer_leaves_whole_records(tmp_path: Path) -> None:
    program = f"""
import numpy as np
from tidegate.native.journal import Journal
from tidegate.native.records import RECORD
journal = Journal({str(tmp_path)!r}, segment_records=1000)
rows = np.zeros(100, RECORD)
rows["kind"] = 1
print(flush=True)
while True:
    rows["sequence"] = journal.next_sequence + np.arange(100)
    journal.append_rows(rows)
    journal.prepare()
    if journal.next_sequence == 5001:
        print(flush=True)
"""
    other = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"\n"
        assert other.stdout.readline() == b"\n"
        live = list(JournalReader(tmp_path).batches())
        other.send_signal(signal.SIGKILL)
    assert sum(map(len, live)) >= 5000
    found, end = read(tmp_path)
    assert found["sequence"].tolist() == list(range(1, end.next_sequence))
    journal = Journal(tmp_path, append=True)
    assert journal.next_sequence == end.next_sequence
    assert not (tmp_path / NEXT_NAME).exists()
    journal.close()


def test_no_room_for_a_segment_is_an_answer_and_not_a_crash(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_records=64)
    journal.append_rows(orders(1, 64))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (HEADER_SIZE, before[1]))
    try:
        for _ in range(2):
            with pytest.raises(JournalError, match="cannot make a segment: File too large"):
                journal.append_rows(orders(65, 1))
            assert not (tmp_path / NEXT_NAME).exists()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    journal.append_rows(orders(65, 1))
    journal.close()
    assert read(tmp_path)[1] == JournalEnd("clean", 2, 1, 66)


def test_a_directory_taken_away_is_an_answer_and_not_a_crash(tmp_path: Path) -> None:
    directory = tmp_path / "journal"
    journal = Journal(directory, segment_records=2)
    journal.append_rows(orders(1, 2))
    shutil.rmtree(directory)
    with pytest.raises(JournalError, match="cannot make a segment: No such file or directory"):
        journal.append_rows(orders(3, 1))
    assert journal.next_sequence == 3
    journal.close()
