"""The two ends of a ring in shared memory: one process puts records, one takes them."""

from collections.abc import Iterable
from typing import Self, final

from tidegate.native.bell import Bell

SHM: str
RECORDS_MIN: int
RECORDS_MAX: int
MAKER: int
PRODUCER: int
CONSUMER: int
MADV_POPULATE_WRITE: int

def ring_path(endpoint: str) -> str | None:
    """The file of an endpoint in shared memory; None for another one."""

def ring_records(hwm: int) -> int:
    """How many records a ring holds where so many frames may wait: four each, a power of two."""

def lock_of(byte: int, kind: int) -> bytes:
    """A struct flock of one byte."""

def has_owner(fd: int, byte: int) -> bool:
    """Whether an open file other than this one holds the lock."""

class Opened:
    """A ring's file: mapped, with the lock of one of its ends."""

    path: str
    mine: int
    other: int
    fd: int
    is_alone: bool
    def __init__(self, path: str, capacity: int, mine: int) -> None: ...
    def finish(self) -> None:
        """The other end may open it now."""

    def has_peer(self) -> bool:
        """Whether the other end is open; False once its process is dead."""

    def is_removed(self) -> bool:
        """Whether its file is no longer that at its path: who comes now finds another, or none."""

    def close(self) -> None:
        """Gives the lock up. The mapping goes with the last who uses it."""

@final
class RingTarget:
    """The end that puts."""

    path: str
    has_peer: bool
    waiting: int
    rings: int
    bells_missing: int
    def __new__(cls, path: str, capacity: int) -> Self:
        """LaneError when it has a sender already, or its receiver another capacity."""

    def put_bytes(self, rows: bytes) -> bool:
        """Put whole records as they are; False = there is no room for all."""

    def close(self) -> None:
        """What was put stays there for the receiver that has the ring open."""

@final
class RingSource:
    """The end that takes, of one ring or of several in turn."""

    paths: list[str]
    has_peer: bool
    waiting: int
    def __new__(cls, paths: Iterable[str | None], capacity: int) -> Self:
        """LaneError when one has a receiver already, or its sender another capacity."""

    def take_bytes(self, limit: int) -> bytes:
        """Up to `limit` (of 256) records of one ring, as they are."""

    def hang(self, bell: Bell) -> None:
        """Have this bell rung for each record; before its process first sleeps on it."""

    def close(self) -> None:
        """What was not taken is forgotten once both ends are closed."""
