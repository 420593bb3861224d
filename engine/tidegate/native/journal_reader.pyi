"""Reading a journal, also one that is being written: all of it, or only what is new.

A record counts when it and all before it are whole: in sequence, of this layout, with the right
checksum. A reader never writes and never locks.
"""

from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tidegate.native.records import LAYOUT_HASH as LAYOUT_HASH
from tidegate.native.records import RECORD as RECORD

BATCH_RECORDS: int
SEGMENT_RECORDS_MAX: int
SEQUENCE_MAX: int
HEADER: np.dtype[np.void]
MARK: np.dtype[np.void]

class JournalEnd(NamedTuple):
    """Where a journal ends: "clean" after a whole record, "torn" or "truncated" inside one.

    `cut` of the rows from there on hold something: what a writer that goes on here cuts off.
    """

    reason: str
    segment: int
    row: int
    next_sequence: int
    cut: int = 0

class JournalReader:
    """The segments of a journal, oldest first."""

    directory: Path
    segments: list[Path]
    end: JournalEnd | None
    def __init__(self, directory: str | PathLike[str]) -> None: ...
    @property
    def first_sequence(self) -> int:
        """The oldest record's sequence: 1, or more where old segments were taken away."""

    @property
    def synced(self) -> int | None:
        """Up to which sequence all is known to be on the disk; None where nothing waits for it."""

    def path_of(self, segment: int) -> Path:
        """The file of a segment."""

    def header(self, path: Path) -> np.void:
        """A segment's header, checked."""

    def batches(self, first_sequence: int = 0) -> Iterator[npt.NDArray[Any]]:
        """Copies of the records from first_sequence on; afterwards `end` says where it ends.

        0 = from the oldest there is. What lies below first_sequence is not looked at. JournalError
        where a record is damaged that others follow, or that is known to have been on the disk,
        where a segment is missing, or the journal begins above first_sequence.
        """

    def check(self, path: Path) -> JournalEnd:
        """Read one segment wholly; where it ends. JournalError where it is damaged."""

    def unused(self) -> list[Path]:
        """The segment that was made ahead and has no record yet, if there is one."""

    def follow(self, first_sequence: int = 1) -> JournalTail:
        """A reader of what is new, from first_sequence on."""

class JournalTail:
    """Follows a journal that grows: each take costs what it returns, however long the journal.

    Of the same process as the writer or of another; also of a journal that is yet to begin.
    """

    reader: JournalReader
    next_sequence: int
    segment: int
    def __init__(self, reader: JournalReader, first_sequence: int) -> None: ...
    def take(self) -> npt.NDArray[Any]:
        """The next records, at most BATCH_RECORDS; none while there are no new ones.

        JournalError where a record is damaged and another follows it, or what is asked for was
        taken away.
        """
