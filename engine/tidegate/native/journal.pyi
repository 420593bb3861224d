"""The journal: one writer (risk) appends, anyone reads; a segment is never changed when full.

A directory holds 00000001.journal, 00000002.journal ... of equal length, preallocated, so that
a full disk shows when the next segment is made and never when a record is stored. That next
segment waits as next.segment until it is needed. Stores go to the page cache: they survive a
killed process; sync() is for power loss.
"""

from enum import IntEnum
from os import PathLike
from typing import Any, Self, final

import numpy.typing as npt

from tidegate.native.journal_reader import JournalReader as JournalReader
from tidegate.native.records import LAYOUT_HASH as LAYOUT_HASH
from tidegate.native.records import RECORD as RECORD

NEXT_NAME: str
SEGMENT_RECORDS_MAX: int

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
    counters: dict[str, int]
    def __new__(
        cls,
        directory: str | PathLike[str],
        *,
        append: bool = False,
        segment_records: int = ...,
        first_sequence: int = 1,
        durable: bool = False,
    ) -> Self:
        """Begin a journal, or with append go on where one ends; a torn last record is cut off."""

    def append_rows(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Append records whose sequence is set; a copy of them as they were written."""

    def prepare(self) -> None:
        """Make the next segment now, so that no append has to."""

    def commit(self) -> None:
        """Put all that was appended on the disk."""

    def close(self) -> None:
        """Release the directory."""

def raise_for(code: int, journal: Journal) -> None:
    """Raise what a code of append, prepare_next or sync means; nothing for JOURNAL_OK."""
