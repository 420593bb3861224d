"""A durable journal: what was synced is there or missed loudly; what was not ends at a hole."""

import os
import random
from pathlib import Path

import numpy as np
import pytest
from journal_rig import HEADER_SIZE, orders, overwrite, read, segment

from tidegate.errors import JournalError
from tidegate.native.journal import Journal
from tidegate.native.journal_reader import HEADER, JournalEnd, JournalReader
from tidegate.native.records import RECORD_SIZE

SEED = 20_261_122
MARKS = (512, 1024)
PAGE_ROWS = 4096 // RECORD_SIZE


def left_by_power(directory: Path, synced: int, count: int, segment_records: int = 512) -> Path:
    """A durable journal with a sync after record `synced`, cut off by power after `count`.

    What stays is a copy of its files while it was open: close() would have synced the rest.
    """
    directory.mkdir()
    live = directory / "live"
    journal = Journal(live, segment_records=segment_records, durable=True)
    journal.append_rows(orders(1, synced))
    journal.commit()
    journal.append_rows(orders(synced + 1, count - synced))
    left = directory / "left"
    left.mkdir()
    for path in live.iterdir():
        (left / path.name).write_bytes(path.read_bytes())
    journal.close()
    return left


def zero_row(directory: Path, row: int) -> None:
    overwrite(segment(directory), HEADER_SIZE + row * RECORD_SIZE, bytes(RECORD_SIZE))


def test_a_hole_above_what_was_synced_ends_the_journal_there(tmp_path: Path) -> None:
    left = left_by_power(tmp_path / "a", 100, 200)
    for row in range(128, 160):
        zero_row(left, row)
    assert JournalReader(left).synced == 100
    found, end = read(left)
    assert found["sequence"].tolist() == list(range(1, 129))
    assert end == JournalEnd("torn", 1, 128, 129, 40)
    journal = Journal(left, append=True, durable=True)
    assert journal.recovered == end
    assert (journal.counters["cut"], journal.synced, journal.next_sequence) == (40, 128, 129)
    assert read(left)[1] == JournalEnd("clean", 1, 128, 129)
    journal.append_rows(orders(129, 10))
    journal.close()
    assert read(left)[0]["sequence"].tolist() == list(range(1, 139))


@pytest.mark.parametrize("row", [0, 57, 99])
@pytest.mark.parametrize("is_last", [True, False])
def test_damage_of_what_was_synced_is_an_error_and_never_a_torn_tail(
    tmp_path: Path, row: int, is_last: bool
) -> None:
    left = left_by_power(tmp_path / "a", 100, 100 if is_last else 200)
    zero_row(left, row)
    message = rf"row {row} \(sequence {row + 1}\) is damaged or missing, and all up to 100 was on"
    for use in (lambda: read(left), lambda: Journal(left, append=True, durable=True)):
        with pytest.raises(JournalError, match=message):
            use()


def test_a_synced_journal_that_lost_all_its_records_is_an_error(tmp_path: Path) -> None:
    left = left_by_power(tmp_path / "a", 100, 100)
    os.truncate(segment(left), HEADER_SIZE)
    with pytest.raises(JournalError, match=r"row 0 \(sequence 1\) is damaged or missing"):
        read(left)


def test_pages_lost_at_random_above_the_mark_never_lose_what_was_synced(tmp_path: Path) -> None:
    """Power loss keeps any of the pages that were not synced, each as it was then or is now."""
    draw = random.Random(SEED)
    for number in range(40):
        synced, count = sorted(draw.randint(1, 1000) for _ in range(2))
        left = left_by_power(tmp_path / str(number), synced, count, segment_records=1024)
        kept = np.frombuffer(segment(left).read_bytes(), "V4096").copy()
        first = 1 + synced // PAGE_ROWS
        lost = [page for page in range(first, len(kept)) if draw.random() < 0.3]
        for page in lost:
            whole = max(0, synced - (page - 1) * PAGE_ROWS) * RECORD_SIZE
            data = kept[page].tobytes()[:whole]
            kept[page] = np.void(data + bytes(4096 - len(data)))
        segment(left).write_bytes(kept.tobytes())
        journal = Journal(left, append=True, durable=True)
        journal.close()
        found = read(left)[0]["sequence"].tolist()
        assert found == list(range(1, len(found) + 1)), (SEED, number)
        assert synced <= len(found) <= count, (SEED, number)
        holes = [page for page in lost if page - 1 < -(-count // PAGE_ROWS)]
        if not holes:
            assert len(found) == count, (SEED, number)


def test_the_mark_speaks_of_nothing_that_is_not_synced(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_records=8, durable=True)
    seen = []
    for first in range(1, 41, 4):
        journal.append_rows(orders(first, 4))
        seen.append(JournalReader(tmp_path).synced)
        journal.commit()
        assert JournalReader(tmp_path).synced == journal.synced == first + 3
    assert seen == [0, 4, 8, 12, 16, 20, 24, 28, 32, 36]
    journal.close()


def test_one_torn_mark_leaves_the_other_and_two_are_an_error(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_records=64, durable=True)
    for first in (1, 11, 21):
        journal.append_rows(orders(first, 10))
        journal.commit()
    marks = {}
    for offset in MARKS:
        data = segment(tmp_path).read_bytes()[offset : offset + 8]
        marks[int.from_bytes(data, "little")] = offset
    assert sorted(marks) == [20, 30]
    overwrite(segment(tmp_path), marks[30] + 3, b"\xee")
    assert JournalReader(tmp_path).synced == 20
    overwrite(segment(tmp_path), marks[20] + 3, b"\xee")
    with pytest.raises(JournalError, match="both marks of what was on the disk are damaged"):
        assert JournalReader(tmp_path).synced
    journal.close()


def test_a_process_journal_has_no_mark_and_may_become_a_durable_one_and_back(
    tmp_path: Path,
) -> None:
    expected: int | None
    first = 1
    for durable in (False, True, False, True):
        journal = Journal(tmp_path, append=True, segment_records=64, durable=durable)
        expected = first - 1 if durable else None
        assert JournalReader(tmp_path).synced == expected
        journal.append_rows(orders(first, 10))
        first += 10
        journal.close()
        assert JournalReader(tmp_path).synced == (first - 1 if durable else None)
        header = JournalReader(tmp_path).header(segment(tmp_path))
        assert (int(header["is_durable"]), header.dtype) == (durable, HEADER)
    assert read(tmp_path)[1] == JournalEnd("clean", 1, 40, 41)


def test_at_rest_the_mark_itself_is_synced_and_then_nothing_more(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_records=64, durable=True)
    journal.append_rows(orders(1, 10))
    journal.commit()
    count = journal.counters["syncs"]
    for _ in range(3):
        journal.settle()
        journal.commit()
    assert (journal.counters["syncs"], journal.synced) == (count, 10)
    assert journal.counters["sync_ns_max"] > 0
    journal.close()


def test_a_segment_made_ahead_is_no_end_and_is_taken_away_at_the_next_start(tmp_path: Path) -> None:
    for durable in (False, True):
        left = tmp_path / str(durable)
        live = tmp_path / f"{durable}-live"
        journal = Journal(live, segment_records=8, durable=durable)
        journal.append_rows(orders(1, 8))
        journal.prepare()
        left.mkdir()
        for path in live.iterdir():
            (left / path.name).write_bytes(path.read_bytes())
        journal.close()
        reader = JournalReader(left)
        assert reader.segments == [segment(left, 1)]
        assert reader.unused() == [segment(left, 2)]
        assert read(left)[1] == JournalEnd("clean", 1, 8, 9)
        journal = Journal(left, append=True, durable=durable)
        assert sorted(path.name for path in left.iterdir()) == ["00000001.journal"]
        journal.append_rows(orders(9, 2))
        journal.close()
        assert read(left)[1] == JournalEnd("clean", 2, 2, 11)


def test_a_journal_that_ends_before_what_is_known_is_refused(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_records=8)
    journal.append_rows(orders(1, 5))
    journal.close()
    with pytest.raises(JournalError, match="ends before sequence 6; expected it to reach 9"):
        Journal(tmp_path, append=True, first_sequence=9)
    journal = Journal(tmp_path, append=True, first_sequence=6)
    assert journal.next_sequence == 6
    journal.close()
