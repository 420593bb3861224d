"""Business days in a journal: where each began and ended."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tidegate import recovery, snapshot
from tidegate.errors import StatementError
from tidegate.native.journal_reader import JournalReader
from tidegate.native.pretrade import Pretrade
from tidegate.native.records import Kind
from tidegate.native.tables import Tables
from tidegate.universe import Universe

OPEN = "open"


class Day(NamedTuple):
    """After record `first`, up to record `last`; number YYYYMMDD, 0 = the day that is open."""

    number: int
    first: int
    last: int

    @property
    def name(self) -> str:
        """As people write it."""
        if not self.number:
            return OPEN
        return f"{self.number // 10_000:04}-{self.number // 100 % 100:02}-{self.number % 100:02}"


def find(journal: Path, content: Universe, number: int) -> Day:
    """The day that ended as `number`, or 0: the one that has not; StatementError where none did."""
    known = []
    for day, is_whole in days(journal, content):
        if day.number != number:
            known.append(day.name)
        elif is_whole:
            return day
        else:
            raise StatementError(
                f"{journal}: the opening of day {day.name} has been removed; the oldest state that "
                f"can be rebuilt is of sequence {day.first}, inside it"
            )
    ended = ", ".join(name for name in known if name != OPEN) or "none"
    raise StatementError(
        f"{journal}: day {Day(number, 0, 0).name} never ended with a DAY_ROLL; ended are {ended}"
    )


def days(journal: Path, content: Universe) -> Iterator[tuple[Day, bool]]:
    """Every day of the journal, and whether its opening is there; the open one last."""
    tables, is_whole = _oldest(journal, content)
    step, risk = Pretrade(tables), tables.arrays["risk"]
    first = int(risk["sequence"][0])
    for batch in JournalReader(journal).batches(first + 1):
        begin = 0
        for index in (batch["kind"] == Kind.DAY_ROLL).nonzero()[0].tolist():
            before = int(risk["business_day"][0])
            step.replay(batch[begin : index + 1])
            begin = index + 1
            number, last = int(risk["business_day"][0]), int(risk["sequence"][0])
            if number != before:
                yield Day(number, first, last), is_whole
                first, is_whole = last, True
        step.replay(batch[begin:])
    yield Day(0, first, int(risk["sequence"][0])), is_whole


def _oldest(journal: Path, content: Universe) -> tuple[Tables, bool]:
    """The oldest state that can be rebuilt, and whether it is the run's beginning."""
    if JournalReader(journal).first_sequence <= 1:
        return recovery.in_memory(content, journal, from_beginning=True).tables, True
    kept = [int(path.stem) for path in snapshot.paths(recovery.snapshots_of(journal))]
    for sequence in sorted(kept):
        found = recovery.in_memory(content, journal, until=sequence)
        return found.tables, False
    return recovery.in_memory(content, journal).tables, False
