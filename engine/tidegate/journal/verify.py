"""Whether a journal is whole: each segment by itself, and as one piece with its neighbours."""

from pathlib import Path
from typing import NamedTuple

from tidegate.errors import JournalError
from tidegate.native.journal_reader import JournalReader


class Segment(NamedTuple):
    """One segment: its records, how it ends, and what is wrong with it ("" = nothing)."""

    name: str
    first_sequence: int
    record_count: int
    segment_records: int
    durability: str
    end: str
    cut: int
    damage: str


def verify(journal: Path) -> list[Segment]:
    """Every segment with records, oldest first; after a damaged one the check goes on."""
    reader = JournalReader(journal)
    if not reader.segments:
        raise JournalError(f"{journal}: no segment there; expected a journal")
    found = []
    expected: int | None = None
    for path in reader.segments:
        one = _check(reader, path)
        if not one.damage and expected not in (None, one.first_sequence):
            one = one._replace(
                damage=f"{path}: begins with sequence {one.first_sequence}; expected {expected}"
            )
        expected = one.first_sequence + one.segment_records if one.segment_records else None
        found.append(one)
    return found


def _check(reader: JournalReader, path: Path) -> Segment:
    empty = Segment(path.name, 0, 0, 0, "", "", 0, "")
    try:
        header = reader.header(path)
    except JournalError as error:
        return empty._replace(damage=str(error))
    known = empty._replace(
        first_sequence=int(header["first_sequence"]),
        segment_records=int(header["segment_records"]),
        durability="power" if header["is_durable"] else "process",
    )
    try:
        end = reader.check(path)
    except JournalError as error:
        return known._replace(damage=str(error))
    return known._replace(record_count=end.row, end=end.reason, cut=end.cut)
