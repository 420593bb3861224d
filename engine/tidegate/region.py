"""Regions: tables of fixed capacity in memory-mapped files of a run directory.

One process writes a region (it holds a lock on the file); any other attaches it read-only
and sees the live rows. A region of another layout is refused, never reinterpreted.
"""

import contextlib
import fcntl
import mmap
import os
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
import numpy.typing as npt

from tidegate.errors import RegionError, RegionInUseError
from tidegate.native import region as native
from tidegate.native.records import layout_hash

T = TypeVar("T")
# A writer that has lost its processor in the middle of a change needs it back first.
NAP_S = 0.0002
# linux/mman.h; Python has no name for it.
MADV_POPULATE_WRITE = 23


class Region:
    """A header and `capacity` rows of one dtype, mapped into this process."""

    rows: npt.NDArray[Any]
    header: np.void
    header_bytes: npt.NDArray[np.uint8]

    def __init__(self, path: Path, fd: int, dtype: np.dtype[Any], *, writable: bool) -> None:
        self.path = path
        self.writable = writable
        access = mmap.ACCESS_WRITE if writable else mmap.ACCESS_READ
        self._map = mmap.mmap(fd, 0, access=access)
        header = np.frombuffer(self._map, native.HEADER, count=1)
        self.header = header[0]
        self.header_bytes = np.frombuffer(self._map, np.uint8, count=native.HEADER_SIZE)
        self.rows = np.frombuffer(
            self._map, dtype, count=int(header["capacity"][0]), offset=native.HEADER_SIZE
        )
        self._release = weakref.finalize(self, _give_up, fd, os.getpid())

    @classmethod
    def create(cls, path: str | Path, dtype: np.dtype[Any], capacity: int) -> Self:
        """Make a region of zeroed rows and become its writer; an old one is replaced."""
        path = Path(path)
        if capacity < 1:
            raise RegionError(f"{path}: capacity is {capacity}; expected at least 1")
        _refuse_other_writer(path)
        fresh = path.with_name(path.name + ".new")
        try:
            fd = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise RegionError(f"{path}: cannot create the region: {error.strerror}") from error
        try:
            _lock(fd, path)
            os.posix_fallocate(fd, 0, native.HEADER_SIZE + capacity * dtype.itemsize)
            os.pwrite(fd, _header(dtype, capacity).tobytes(), 0)
            os.rename(fresh, path)
        except OSError as error:
            os.close(fd)
            fresh.unlink(missing_ok=True)
            raise RegionError(f"{path}: cannot create the region: {error.strerror}") from error
        return cls(path, fd, dtype, writable=True)

    @classmethod
    def attach(cls, path: str | Path, dtype: np.dtype[Any]) -> Self:
        """Map an existing region read-only."""
        path = Path(path)
        fd = _open(path, os.O_RDONLY)
        try:
            _check(path, fd, dtype)
        except RegionError:
            os.close(fd)
            raise
        return cls(path, fd, dtype, writable=False)

    @classmethod
    def resume(cls, path: str | Path, dtype: np.dtype[Any], *, repairs: bool = False) -> Self:
        """Become the writer of an existing region and keep its rows.

        One whose last writer died in the middle of a change is refused, unless the caller
        `repairs` it: readers wait until its next native.region.end().
        """
        path = Path(path)
        fd = _open(path, os.O_RDWR)
        try:
            _lock(fd, path)
            _check(path, fd, dtype)
        except (RegionError, OSError):
            os.close(fd)
            raise
        region = cls(path, fd, dtype, writable=True)
        region.header["writer_pid"] = os.getpid()
        if int(region.header["version"]) % 2 and not repairs:
            region.close()
            raise RegionError(f"{path}: its last writer died in the middle of a change")
        return region

    @classmethod
    def keep(cls, path: Path, dtype: np.dtype[Any], capacity: int) -> Self:
        """Resume the region with its rows, or create it, all of them in use.

        RegionError when it has another capacity, as under another config.
        """
        if not path.exists():
            region = cls.create(path, dtype, capacity)
        else:
            region = cls.resume(path, dtype)
            if region.capacity != capacity:
                region.close()
                raise RegionError(
                    f"{path}: {region.capacity} rows, expected {capacity}; it is of another "
                    "config, give another run directory"
                )
        region.header["count"] = capacity
        return region

    @property
    def capacity(self) -> int:
        """How many rows there are."""
        return len(self.rows)

    @property
    def count(self) -> int:
        """How many rows the writer says are in use."""
        return int(self.header["count"])

    @count.setter
    def count(self, count: int) -> None:
        if not 0 <= count <= self.capacity:
            raise RegionError(f"{self.path}: count {count} is not in 0..{self.capacity}")
        self.header["count"] = count

    def read_rows(self) -> npt.NDArray[Any]:
        """A copy of the rows in use as they stood between two changes by the writer."""
        copy = np.empty_like(self.rows)
        count = native.read_consistent(self, self.rows.view(np.uint8), copy.view(np.uint8))
        return copy[:count]

    def undisturbed(self, read: Callable[[], T | None]) -> T | None:
        """What `read` gives; None when it gives None, or the writer was at work meanwhile."""
        version = int(self.header["version"])
        if version % 2:
            return None
        found = read()
        return found if int(self.header["version"]) == version else None

    def between_changes(self, read: Callable[[], T | None], patience_s: float) -> T:
        """What `read` gives when nothing changed meanwhile, None = it is to be asked again;
        RegionError after `patience_s`."""
        until = time.monotonic() + patience_s  # nondeterministic: a reader's patience
        while True:
            found = self.undisturbed(read)
            if found is not None:
                return found
            if time.monotonic() > until:  # nondeterministic: a reader's patience
                raise RegionError(
                    f"{self.path}: its writer was in the middle of a change, or changed it during "
                    f"each try to read, for {patience_s:g} s"
                )
            time.sleep(NAP_S)  # nondeterministic: waits for the writer

    def populate(self, count: int) -> None:
        """Have memory for the first `count` rows at once: page by page it takes far longer."""
        size = native.HEADER_SIZE + count * self.rows.itemsize
        # EINVAL from a kernel before 5.14: then it is page by page.
        with contextlib.suppress(OSError):
            self._map.madvise(MADV_POPULATE_WRITE, 0, size)

    def close(self) -> None:
        """Give up the region; arrays taken from it stay valid as long as they are held."""
        self._release()


def _header(dtype: np.dtype[Any], capacity: int) -> npt.NDArray[Any]:
    header = np.zeros(1, native.HEADER)
    header["magic"] = native.MAGIC
    header["header_size"] = native.HEADER_SIZE
    header["row_size"] = dtype.itemsize
    header["layout_hash"] = layout_hash(dtype)
    header["capacity"] = capacity
    header["writer_pid"] = os.getpid()
    return header


def _open(path: Path, flags: int) -> int:
    try:
        return os.open(path, flags | os.O_CLOEXEC)
    except OSError as error:
        raise RegionError(f"{path}: cannot open the region: {error.strerror}") from error


def _lock(fd: int, path: Path) -> None:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = int(np.frombuffer(_header_of(path, fd), native.HEADER)["writer_pid"][0])
        raise RegionInUseError(f"{path}: process {pid} writes this region") from None


def _give_up(fd: int, pid: int) -> None:
    # The mapping has its own copy of the file descriptor, which would keep the lock. A forked
    # child has copies too, and the lock is its parent's.
    if os.getpid() == pid:
        fcntl.flock(fd, fcntl.LOCK_UN)
    os.close(fd)


def _refuse_other_writer(path: Path) -> None:
    if not path.exists():
        return
    fd = _open(path, os.O_RDONLY)
    try:
        _lock(fd, path)
    finally:
        os.close(fd)


def _header_of(path: Path, fd: int) -> bytes:
    data = os.pread(fd, native.HEADER.itemsize, 0)
    if len(data) < native.HEADER.itemsize:
        raise RegionError(f"{path}: {len(data)} bytes are no region header")
    return data


def _check(path: Path, fd: int, dtype: np.dtype[Any]) -> None:
    header = np.frombuffer(_header_of(path, fd), native.HEADER)[0]
    expected = {
        "magic": native.MAGIC,
        "header_size": native.HEADER_SIZE,
        "row_size": dtype.itemsize,
        "layout_hash": layout_hash(dtype),
    }
    for field, value in expected.items():
        if int(header[field]) != value:
            raise RegionError(
                f"{path}: {field} is {int(header[field]):#x}; this program expects {value:#x}"
            )
    size = native.HEADER_SIZE + int(header["capacity"]) * dtype.itemsize
    if os.fstat(fd).st_size != size:
        raise RegionError(f"{path}: {os.fstat(fd).st_size} bytes; its header says {size}")
