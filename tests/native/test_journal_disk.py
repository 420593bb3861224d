"""A journal on a disk that is full, or takes no writes, or is slow: an answer, never a crash."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

import pytest
from journal_rig import orders, read, segment, written

from tidegate.errors import JournalError
from tidegate.native.journal import NEXT_NAME, Journal
from tidegate.native.journal_reader import JournalEnd

DEADLINE_S = 20.0


def mount(*options: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    done = subprocess.run(["mount", *options], capture_output=True)
    if done.returncode:
        pytest.skip(f"cannot mount: {done.stderr.decode().strip()}")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with room for a journal's first segment of 256 records and not for two."""
    place = tmp_path / "disk"
    place.mkdir()
    mount("-t", "tmpfs", "-o", "size=64k", "tidegate", str(place))
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = monotonic() + DEADLINE_S
    while not condition():
        assert monotonic() < deadline, f"not within {DEADLINE_S} s: {what}"


def test_a_full_disk_is_an_answer_and_goes_on_when_there_is_room(small_disk: Path) -> None:
    journal = Journal(small_disk, segment_records=256)
    journal.append_rows(orders(1, 256))
    with pytest.raises(JournalError, match="cannot make a segment: No space left on device"):
        journal.append_rows(orders(257, 1))
    assert sorted(path.name for path in small_disk.iterdir()) == ["00000001.journal"]
    assert read(small_disk)[1] == JournalEnd("clean", 1, 256, 257)
    subprocess.run(["mount", "-o", "remount,size=256k", str(small_disk)], check=True)
    journal.append_rows(orders(257, 1))
    journal.close()
    assert read(small_disk)[1] == JournalEnd("clean", 2, 1, 258)


def test_a_journal_cannot_begin_on_a_full_disk(small_disk: Path) -> None:
    with pytest.raises(JournalError, match="cannot make a segment: No space left on device"):
        Journal(small_disk, segment_records=1024)
    assert list(small_disk.iterdir()) == []


def test_a_directory_that_takes_no_new_files_is_an_answer(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_records=4)
    journal.append_rows(orders(1, 4))
    done = subprocess.run(["chattr", "+i", str(tmp_path)], capture_output=True)
    if done.returncode:
        pytest.skip(f"cannot make a directory immutable: {done.stderr.decode().strip()}")
    try:
        with pytest.raises(JournalError, match="cannot make a segment: Operation not permitted"):
            journal.append_rows(orders(5, 1))
    finally:
        subprocess.run(["chattr", "-i", str(tmp_path)], check=True)
    journal.append_rows(orders(5, 1))
    journal.close()
    assert read(tmp_path)[1] == JournalEnd("clean", 2, 1, 6)


def test_a_journal_cannot_be_opened_on_a_read_only_disk(tmp_path: Path) -> None:
    written(tmp_path / "journal", 4)
    (tmp_path / "empty").mkdir()
    mount("--bind", str(tmp_path), str(tmp_path))
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(tmp_path)], check=True)
        with pytest.raises(JournalError, match="cannot write here: Read-only file system"):
            Journal(tmp_path / "journal", append=True)
        with pytest.raises(JournalError, match=r"empty: .*: Read-only file system"):
            Journal(tmp_path / "empty")
        assert read(tmp_path / "journal")[1] == JournalEnd("clean", 1, 4, 5)
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def test_a_thread_makes_each_next_segment_before_it_is_needed(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_records=64)
    journal.assist()
    journal.assist()
    for first in range(1, 6401, 64):
        until(lambda: bool(journal.counters["prepared"]), "a segment made ahead")
        journal.append_rows(orders(first, 64))
    journal.close()
    found, end = read(tmp_path)
    assert found["sequence"].tolist() == list(range(1, 6401))
    assert end == JournalEnd("clean", 100, 64, 6401)
    assert not (tmp_path / NEXT_NAME).exists()


def test_with_a_thread_no_append_ever_waits_for_the_disk(small_disk: Path) -> None:
    journal = Journal(small_disk, segment_records=256)
    journal.assist()
    until(lambda: journal.counters["error"] != 0, "a segment that cannot be made")
    journal.append_rows(orders(1, 256))
    with pytest.raises(JournalError, match="cannot make a segment: No space left on device"):
        journal.append_rows(orders(257, 1))
    assert not segment(small_disk, 2).exists()
    subprocess.run(["mount", "-o", "remount,size=256k", str(small_disk)], check=True)
    until(lambda: bool(journal.counters["prepared"]), "a segment made when there was room again")
    assert journal.counters["error"] == 0
    journal.append_rows(orders(257, 1))
    journal.close()
    assert read(small_disk)[1] == JournalEnd("clean", 2, 1, 258)


def test_a_thread_that_is_forgotten_ends_with_its_process(tmp_path: Path) -> None:
    program = f"""
from tidegate.native.journal import Journal
journal = Journal({str(tmp_path)!r}, segment_records=64)
journal.assist()
"""
    done = subprocess.run([sys.executable, "-c", program], timeout=DEADLINE_S)
    assert done.returncode == 0
