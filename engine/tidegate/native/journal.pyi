"""The journal: one writer (risk) appends, anyone reads; a segment is never changed when full.

A directory holds 00000001.journal, 00000002.journal ... of equal length. The next one is made
ahead, by a thread of the journal's own when assist() was called. Stores go to the page cache:
they survive a killed process. A durable journal survives power loss too: sync() puts on the disk
what was appended, and the marks in a segment's header say how far that is.
"""

from enum import IntEnum
from os import PathLike
from typing import Any, Self, final

import numpy.typing as npt

from tidegate.native.journal_reader import SEGMENT_RECORDS_MAX as SEGMENT_RECORDS_MAX
from tidegate.native.journal_reader import JournalEnd
from tidegate.native.journal_reader import JournalReader as JournalReader
from tidegate.native.records import RECORD as RECORD
from tidegate.native.segments import NEXT_NAME as NEXT_NAME

SLOW_MS: int

class JournalCode(IntEnum):
    """What append, prepare_next and sync answer in native code."""

    JOURNAL_OK = 0
    JOURNAL_SEQUENCE = 1
    JOURNAL_KIND = 2
    JOURNAL_NO_SEGMENT = 3
    JOURNAL_CLOSED = 4
    JOURNAL_SYNC = 5

@final
class Journal:
    """The writing end; a lock on the directory keeps a second one out."""

    directory: str
    next_sequence: int
    is_durable: bool
    is_failed: bool
    is_slow: bool
    synced: int
    recovered: JournalEnd | None
    counters: dict[str, int]
    def __new__(
        cls,
        directory: str | PathLike[str],
        *,
        append: bool = False,
        segment_records: int = ...,
        first_sequence: int = 1,
        durable: bool = False,
        reserve_records: int = 0,
        slow_ms: int = ...,
    ) -> Self:
        """Begin a journal, or with append go on where one ends; `recovered` says where that was.

        What is not whole at the end is cut off. What lies below first_sequence is not read again;
        a journal that ends before it is refused. reserve_records (0 = a quarter of a segment) are
        kept for what may not be refused while no next segment can be made.
        """

    def append_rows(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Append records whose sequence is set; a copy of them as they were written."""

    def prepare(self) -> None:
        """Make the next segment now, so that no append has to."""

    def assist(self) -> None:
        """Make segments ahead in a thread from now on: then append waits for no disk."""

    def serve(self) -> None:
        """What that thread does."""

    def commit(self) -> None:
        """Put all that was appended on the disk."""

    def settle(self) -> None:
        """Put the newest mark on the disk too, so that at rest it speaks of all."""

    def close(self) -> None:
        """Release the directory."""

def sync_path(path: str | PathLike[str]) -> None:
    """fsync a file or a directory."""

def raise_for(code: int, journal: Journal) -> None:
    """Raise what a code of append, prepare_next or sync means; nothing for JOURNAL_OK."""
