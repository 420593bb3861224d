"""Two journals side by side: the first record in which they differ, and the states around it.

Both are only read. Records are compared byte by byte, from the first that both still have.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tidegate import replay
from tidegate.explain.explanation import as_dict
from tidegate.native.journal_reader import JournalReader
from tidegate.native.records import RECORD, RECORD_SIZE, Kind


class Side(NamedTuple):
    """One journal at the difference: its record there, None = it has ended, and its states."""

    journal: Path
    kind: str | None
    record: dict[str, Any] | None
    before: str
    after: str | None


class Difference(NamedTuple):
    """Where two journals part, and in which fields where both have a record."""

    sequence: int
    fields: list[str]
    sides: tuple[Side, Side]


def same_universe(left: Path, right: Path) -> bool:
    """Both were begun under one universe; only then do equal records mean equal states."""
    return replay.read_universe(left) == replay.read_universe(right)


def compare(left: Path, right: Path) -> tuple[int, Difference | None]:
    """The last sequence up to which two journals are the same, and what follows, None = nothing."""
    begin = max(JournalReader(journal).first_sequence for journal in (left, right))
    sequence = begin - 1
    for a, b in _side_by_side(left, right, begin):
        unequal = np.flatnonzero((_bytes(a) != _bytes(b)).any(axis=1)) if len(a) == len(b) else [0]
        if len(unequal):
            at = int(unequal[0])
            return sequence + at, _difference(
                sequence + at + 1, (left, a[at : at + 1]), (right, b[at : at + 1])
            )
        sequence += len(a)
    return sequence, None


def _side_by_side(
    left: Path, right: Path, begin: int
) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
    """Runs of records with the same sequences; of unequal length only where one has ended."""
    sources = [JournalReader(journal).batches(begin) for journal in (left, right)]
    empty = np.empty(0, RECORD)
    a, b = empty, empty
    while True:
        a = a if len(a) else next(sources[0], empty)
        b = b if len(b) else next(sources[1], empty)
        count = min(len(a), len(b))
        if count == 0:
            if len(a) or len(b):
                yield a[:1], b[:1]
            return
        yield a[:count], b[:count]
        a, b = a[count:], b[count:]


def _bytes(rows: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    return np.ascontiguousarray(rows).view(np.uint8).reshape(-1, RECORD_SIZE)


def _difference(sequence: int, *found: tuple[Path, npt.NDArray[Any]]) -> Difference:
    left, right = (_side(journal, row, sequence) for journal, row in found)
    fields: list[str] = []
    if left.record is not None and right.record is not None:
        fields = sorted(
            name
            for name in left.record.keys() | right.record.keys()
            if left.record.get(name) != right.record.get(name)
        )
    return Difference(sequence, fields, (left, right))


def _side(journal: Path, row: npt.NDArray[Any], sequence: int) -> Side:
    before = replay.replay(journal, until=sequence - 1)
    if len(row) == 0:
        return Side(journal, None, None, before.state_hash, None)
    replay.catch_up(before.tables, journal, until=sequence)
    kind = int(row["kind"][0])
    return Side(
        journal=journal,
        kind=Kind(kind).name if kind in set(Kind) else f"kind {kind}",
        record=as_dict(row.copy()),
        before=before.state_hash,
        after=before.tables.state_hash(),
    )
