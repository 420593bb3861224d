"""One snapshot file: risk's tables as they stood after one record, each with its checksum.

    header, directory (one entry a table)    page 0
    rows of the first table, of the second ...    each from a page of its own on

A table is kept up to its last row that is not zero, and pages of zeros are left out as holes. The
snapshot stage writes it under another name, puts it on the disk and renames it, so that a file of
this name is whole or damaged since. Reading never gives a table of another layout, universe or
checksum: SnapshotError says what was found.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from tidegate import universe_change
from tidegate.errors import SnapshotError
from tidegate.native.checksum import checksum
from tidegate.native.records import LAYOUT_VERSION, layout_hash
from tidegate.native.tables import DTYPES
from tidegate.universe import Universe

MAGIC = int.from_bytes(b"TGSNAP02", "little")
PAGE = 4096
SUFFIX = ".snapshot"
PARTIAL = "next.partial"
HASH_SIZE = 16
HEADER = np.dtype(
    [
        ("magic", "<u8"),
        ("layout_version", "<u4"),
        ("table_count", "<u4"),
        ("layout_hash", "<u8"),
        ("sequence", "<u8"),
        ("universe_hash", f"V{HASH_SIZE}"),
        ("state_hash", f"V{HASH_SIZE}"),
        ("record_checksum", "<u4"),
        ("checksum", "<u4"),
    ]
)
ENTRY = np.dtype(
    [
        ("name", "S20"),
        ("checksum", "<u4"),
        ("row_size", "<u8"),
        ("row_count", "<u8"),
        ("used", "<u8"),
        ("offset", "<u8"),
    ]
)
Arrays = dict[str, npt.NDArray[Any]]


class Snapshot(NamedTuple):
    """A snapshot whose header is good: after which record it was taken, and the state there.

    `record_checksum` is that record's own, which binds the snapshot to one journal.
    """

    path: Path
    sequence: int
    record_checksum: int
    state_hash: str
    directory: npt.NDArray[Any]


def path_of(directory: Path, sequence: int) -> Path:
    """Where the snapshot after record `sequence` is kept."""
    return directory / f"{sequence:020d}{SUFFIX}"


def paths(directory: Path) -> list[Path]:
    """The snapshots of a directory, the newest first; none where there is no such directory."""
    return sorted(directory.glob(f"[0-9]*{SUFFIX}"), reverse=True)


def tables_hash() -> int:
    """Of the layouts of all tables."""
    return layout_hash(*(DTYPES[name] for name in sorted(DTYPES)))


def universe_hash(content: Universe) -> bytes:
    """Of everything in a universe that risk's state follows from."""
    state = msgspec.to_builtins(universe_change.state_of(content))
    # It never matters, and snapshots from before there was one stay good.
    del state["backend"]
    return hashlib.blake2b(msgspec.json.encode(state), digest_size=HASH_SIZE).digest()


def write(
    directory: Path,
    arrays: Arrays,
    *,
    universe_digest: bytes,
    state_hash: str,
    record_checksum: int,
) -> Path:
    """Write the tables as they stand; where. OSError when the disk takes no more: then nothing is
    left of it."""
    sequence = int(arrays["risk"]["sequence"][0])
    entries = np.zeros(len(DTYPES), ENTRY)
    header = np.zeros(1, HEADER)
    header["magic"] = MAGIC
    header["layout_version"] = LAYOUT_VERSION
    header["table_count"] = len(entries)
    header["layout_hash"] = tables_hash()
    header["sequence"] = sequence
    header["universe_hash"] = np.void(universe_digest)
    header["state_hash"] = np.void(bytes.fromhex(state_hash))
    header["record_checksum"] = record_checksum
    partial = directory / PARTIAL
    fd = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        offset = PAGE
        for entry, name in zip(entries, sorted(DTYPES), strict=True):
            entry["name"] = name.encode()
            entry["row_size"] = DTYPES[name].itemsize
            entry["row_count"] = len(arrays[name])
            entry["offset"] = offset
            offset += _write_table(fd, offset, arrays[name], entry)
        os.ftruncate(fd, offset)
        header["checksum"] = _header_checksum(header, entries)
        _put(fd, np.frombuffer(header.tobytes() + entries.tobytes(), np.uint8), 0)
        os.fsync(fd)
        target = path_of(directory, sequence)
        os.rename(partial, target)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
    finally:
        os.close(fd)
    sync_directory(directory)
    return target


def sync_directory(directory: Path) -> None:
    """Put the names in it on the disk."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _write_table(fd: int, offset: int, rows: npt.NDArray[Any], entry: np.void) -> int:
    """Write the pages that are not zero; how many bytes of the file are the table's."""
    data = rows.view(np.uint8).reshape(-1)
    pages = _pages_in_use(data)
    last = int(pages[-1]) * PAGE if len(pages) else 0
    inner = np.flatnonzero(data[last : last + PAGE])
    used = -(-(last + int(inner[-1]) + 1) // rows.itemsize) if len(inner) else 0
    kept = data[: used * rows.itemsize]
    entry["used"] = used
    entry["checksum"] = checksum(kept.data)
    for first, end in _runs(pages):
        _put(fd, kept[first * PAGE : end * PAGE], offset + first * PAGE)
    return -(-len(kept) // PAGE) * PAGE


def _pages_in_use(data: npt.NDArray[np.uint8]) -> npt.NDArray[np.intp]:
    """Which pages of a table are not all zero."""
    whole = len(data) // PAGE * PAGE
    found = data[:whole].view(np.uint64).reshape(-1, PAGE // 8).any(axis=1)
    if whole < len(data):
        found = np.append(found, data[whole:].any())
    return np.flatnonzero(found)


def _runs(pages: npt.NDArray[np.intp]) -> Iterator[tuple[int, int]]:
    """(first, end) of each run of pages that follow each other."""
    if len(pages) == 0:
        return
    breaks = np.flatnonzero(np.diff(pages) > 1) + 1
    firsts = pages[np.concatenate([[0], breaks])]
    ends = pages[np.concatenate([breaks - 1, [len(pages) - 1]])] + 1
    yield from zip(firsts.tolist(), ends.tolist(), strict=True)


def _put(fd: int, data: npt.NDArray[np.uint8], offset: int) -> None:
    view = data.data
    while view:
        done = os.pwrite(fd, view, offset)
        view, offset = view[done:], offset + done


def _header_checksum(header: npt.NDArray[Any], entries: npt.NDArray[Any]) -> int:
    blank = header.copy()
    blank["checksum"] = 0
    return checksum(blank.tobytes() + entries.tobytes())


def look(path: Path, universe_digest: bytes) -> Snapshot:
    """A snapshot's header, checked whole; SnapshotError when it cannot be one of ours."""
    try:
        with path.open("rb") as file:
            data, size = file.read(PAGE), os.fstat(file.fileno()).st_size
    except OSError as error:
        raise SnapshotError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) < PAGE:
        raise SnapshotError(f"{path}: {size} bytes are no snapshot")
    header = np.frombuffer(data, HEADER, 1)
    expected = {
        "magic": MAGIC,
        "layout_version": LAYOUT_VERSION,
        "layout_hash": tables_hash(),
        "table_count": len(DTYPES),
    }
    for field, value in expected.items():
        if int(header[field][0]) != value:
            raise SnapshotError(f"{path}: {field} is {int(header[field][0])}; expected {value}")
    entries = np.frombuffer(data, ENTRY, len(DTYPES), HEADER.itemsize)
    if int(header["checksum"][0]) != _header_checksum(header, entries):
        raise SnapshotError(f"{path}: its header is damaged")
    if header["universe_hash"][0].tobytes() != universe_digest:
        raise SnapshotError(f"{path}: of another universe than this one")
    sequence = int(header["sequence"][0])
    if path.name != path_of(path.parent, sequence).name:
        raise SnapshotError(f"{path}: of sequence {sequence}; its name says another")
    last = entries[-1]
    end = int(last["offset"] + -(-int(last["used"] * last["row_size"]) // PAGE) * PAGE)
    if size != end:
        raise SnapshotError(f"{path}: {size} bytes; its header says {end}")
    return Snapshot(
        path=path,
        sequence=sequence,
        record_checksum=int(header["record_checksum"][0]),
        state_hash=header["state_hash"][0].tobytes().hex(),
        directory=entries,
    )


def load(snapshot: Snapshot, arrays: Arrays) -> None:
    """Read all tables into zeroed `arrays`; SnapshotError when one is damaged or of another size.

    What it has read by then stays there: the arrays are of no use afterwards.
    """
    try:
        fd = os.open(snapshot.path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise SnapshotError(f"{snapshot.path}: cannot be read: {error.strerror}") from error
    try:
        for entry in snapshot.directory:
            name = entry["name"].decode()
            _load_table(fd, entry, arrays[name], f"{snapshot.path}: table {name}")
    finally:
        os.close(fd)
    if int(arrays["risk"]["sequence"][0]) != snapshot.sequence:
        raise SnapshotError(f"{snapshot.path}: its tables are of another sequence than its header")


def _load_table(fd: int, entry: np.void, rows: npt.NDArray[Any], where: str) -> None:
    if (int(entry["row_size"]), int(entry["row_count"])) != (rows.itemsize, len(rows)):
        raise SnapshotError(
            f"{where} has {int(entry['row_count'])} rows of {int(entry['row_size'])} bytes; "
            f"expected {len(rows)} of {rows.itemsize}"
        )
    kept = rows.view(np.uint8).reshape(-1)[: int(entry["used"]) * rows.itemsize]
    first = int(entry["offset"])
    try:
        for start, end in _extents(fd, first, first + len(kept)):
            _take(fd, kept[start - first : end - first], start)
    except OSError as error:
        raise SnapshotError(f"{where} cannot be read: {error.strerror}") from error
    if checksum(kept.data) != int(entry["checksum"]):
        raise SnapshotError(f"{where} is damaged")


def _extents(fd: int, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The parts of a file between two places that are no holes."""
    while start < end:
        try:
            start = os.lseek(fd, start, os.SEEK_DATA)
        except OSError:
            # ENXIO: nothing but a hole is left.
            return
        if start >= end:
            return
        hole = min(os.lseek(fd, start, os.SEEK_HOLE), end)
        yield start, hole
        start = hole


def _take(fd: int, into: npt.NDArray[np.uint8], offset: int) -> None:
    view = into.data
    while view:
        done = os.preadv(fd, [view], offset)
        if done == 0:
            return
        view, offset = view[done:], offset + done
