"""Regions: one writer, read-only readers, and no other layout."""

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tidegate.errors import RegionError
from tidegate.native import region as native
from tidegate.region import Region

ROW = np.dtype([("key", "<u8"), ("left", "<i8"), ("right", "<i8")])
OTHER = np.dtype([("key", "<u8"), ("right", "<i8"), ("left", "<i8")])
LARGER = np.dtype([("key", "<u8"), ("left", "<i8"), ("right", "<i8"), ("more", "<i8")])


def test_a_reader_sees_what_the_writer_writes_and_cannot_write(tmp_path: Path) -> None:
    writer = Region.create(tmp_path / "rows", ROW, 4)
    reader = Region.attach(tmp_path / "rows", ROW)
    writer.rows[2]["left"] = 7
    writer.count = 3
    assert reader.rows[2]["left"] == 7
    assert reader.count == 3
    assert reader.capacity == 4
    assert len(reader.read_rows()) == 3
    with pytest.raises(ValueError, match="read-only"):
        reader.rows[0]["left"] = 1
    with pytest.raises(RegionError, match=r"count 5 is not in 0\.\.4"):
        writer.count = 5
    reader.close()
    writer.close()


@pytest.mark.parametrize(
    ("dtype", "message"), [(OTHER, "layout_hash is"), (LARGER, "row_size is 0x18")]
)
def test_another_layout_is_refused(tmp_path: Path, dtype: np.dtype[Any], message: str) -> None:
    Region.create(tmp_path / "rows", ROW, 4).close()
    with pytest.raises(RegionError, match=message):
        Region.attach(tmp_path / "rows", dtype)
    with pytest.raises(RegionError, match=message):
        Region.resume(tmp_path / "rows", dtype)


def test_what_is_no_region_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RegionError, match="No such file"):
        Region.attach(tmp_path / "absent", ROW)
    (tmp_path / "short").write_bytes(b"short")
    with pytest.raises(RegionError, match="5 bytes are no region header"):
        Region.attach(tmp_path / "short", ROW)
    (tmp_path / "zeros").write_bytes(bytes(8192))
    with pytest.raises(RegionError, match="magic is 0x0"):
        Region.attach(tmp_path / "zeros", ROW)
    with pytest.raises(RegionError, match="capacity is 0"):
        Region.create(tmp_path / "none", ROW, 0)
    with pytest.raises(RegionError, match="cannot create the region"):
        Region.create(tmp_path / "no" / "directory", ROW, 1)


def test_a_region_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    Region.create(path, ROW, 4).close()
    with path.open("r+b") as file:
        file.truncate(native.HEADER_SIZE + 3 * ROW.itemsize)
    with pytest.raises(RegionError, match="4168 bytes; its header says 4192"):
        Region.attach(path, ROW)


def test_a_second_writer_is_refused_until_the_first_closes(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    program = f"""
import sys
import numpy as np
from tidegate.region import Region
region = Region.create({str(path)!r}, np.dtype({ROW.descr!r}), 4)
region.rows[1]["left"] = 5
region.count = 2
print(flush=True)
sys.stdin.read()
"""
    other = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"\n"
        for take_over in (lambda: Region.create(path, ROW, 4), lambda: Region.resume(path, ROW)):
            with pytest.raises(RegionError, match=f"process {other.pid} writes this region"):
                take_over()
        other.kill()
    region = Region.resume(path, ROW)
    assert region.read_rows()["left"].tolist() == [0, 5]
    region.close()


def test_creating_again_starts_from_zero_and_leaves_old_readers_alone(tmp_path: Path) -> None:
    first = Region.create(tmp_path / "rows", ROW, 2)
    first.rows["left"] = 1
    reader = Region.attach(tmp_path / "rows", ROW)
    first.close()
    second = Region.create(tmp_path / "rows", ROW, 3)
    assert reader.rows["left"].tolist() == [1, 1]
    assert second.rows["left"].tolist() == [0, 0, 0]
    reader.close()
    second.close()


def test_a_writer_that_died_in_a_change_is_noticed(tmp_path: Path) -> None:
    writer = Region.create(tmp_path / "rows", ROW, 2)
    reader = Region.attach(tmp_path / "rows", ROW)
    native.begin(writer)
    with pytest.raises(RegionError, match="in the middle of a change"):
        reader.read_rows()
    writer.close()
    with pytest.raises(RegionError, match="died in the middle of a change"):
        Region.resume(tmp_path / "rows", ROW)
    native.end(writer)
    assert len(reader.read_rows()) == 0
    Region.resume(tmp_path / "rows", ROW).close()
    reader.close()


def test_a_reader_waits_for_a_writer_in_the_middle_of_a_change_but_not_for_ever(
    tmp_path: Path,
) -> None:
    writer = Region.create(tmp_path / "rows", ROW, 2)
    reader = Region.attach(tmp_path / "rows", ROW)
    native.begin(writer)
    with pytest.raises(RegionError, match="rows: its writer was in the middle of a change"):
        reader.between_changes(lambda: int(reader.rows["left"][0]), 0.0)
    reading = threading.Event()
    found: list[int] = []

    def read() -> None:
        reading.set()
        found.append(reader.between_changes(lambda: int(reader.rows["left"][0]), 60.0))

    thread = threading.Thread(target=read)
    thread.start()
    reading.wait()
    writer.rows["left"][0] = 7
    native.end(writer)
    thread.join()
    assert found == [7]
    writer.close()
    reader.close()


def test_a_copy_is_never_half_of_a_change(tmp_path: Path) -> None:
    writer = Region.create(tmp_path / "rows", ROW, 8)
    reader = Region.attach(tmp_path / "rows", ROW)
    writer.count = 8
    done = threading.Event()

    def write() -> None:
        value = 0
        while not done.is_set():
            value += 1
            native.begin(writer)
            writer.rows["left"] = value
            writer.rows["right"] = -value
            native.end(writer)

    thread = threading.Thread(target=write)
    thread.start()
    copies = 0
    try:
        while copies < 200:
            try:
                rows = reader.read_rows()
            except RegionError:
                # The writing thread waits for the interpreter inside its change.
                continue
            copies += 1
            assert (rows["left"] + rows["right"] == 0).all()
            assert len(set(rows["left"].tolist())) == 1
    finally:
        done.set()
        thread.join()
    reader.close()
    writer.close()
