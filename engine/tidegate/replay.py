"""Replay: a journal run through the step again, from the universe it was written under.

Same universe, same records, same state hash, on any machine. Risk starts this way after a
stop; `tidegate replay` shows it.
"""

from pathlib import Path
from typing import NamedTuple

from tidegate import recovery, universe
from tidegate.errors import ReplayError
from tidegate.native.journal import sync_path
from tidegate.native.journal_reader import JournalReader
from tidegate.native.pretrade import Pretrade
from tidegate.native.tables import Tables
from tidegate.snapshot import Snapshot

UNIVERSE_NAME = "universe.json"


class Replayed(NamedTuple):
    """Where a replay ended, and the state there."""

    tables: Tables
    sequence: int
    state_hash: str
    end: str
    taken: Snapshot | None
    refused: list[str]


def keep_universe(journal: Path, content: universe.Universe) -> None:
    """Put the universe beside the journal's first segment, or check that it is the same.

    ReplayError when the journal there was begun under another one: replaying it under this
    one would give a state that never was. JournalError when it is of another layout, which is
    said first: its universe differs too.
    """
    path = journal / UNIVERSE_NAME
    reader = JournalReader(journal)
    for segment in reader.segments[:1]:
        reader.header(segment)
    if not path.exists():
        partial = path.with_suffix(".partial")
        partial.write_bytes(universe.encode(content))
        sync_path(partial)
        partial.rename(path)
        sync_path(journal)
    elif path.read_bytes() != universe.encode(content):
        raise ReplayError(
            f"{journal}: written under another config than this run's; move the run directory "
            "away or give another one with --run-dir"
        )


def catch_up(tables: Tables, journal: Path, *, until: int | None = None) -> str:
    """Run what the journal holds beyond the tables' sequence; why it ended there."""
    step = Pretrade(tables)
    risk = tables.arrays["risk"]
    reader = JournalReader(journal)
    for batch in reader.batches(int(risk["sequence"][0]) + 1):
        if until is not None:
            batch = batch[batch["sequence"] <= until]
        step.replay(batch)
        if until is not None and int(risk["sequence"][0]) == until:
            return "as asked"
    return reader.end.reason if reader.end else "empty"


def replay(journal: Path, *, until: int | None = None, from_beginning: bool = True) -> Replayed:
    """The state after a journal's last record, or after sequence `until`.

    `from_beginning`: from a snapshot only where the journal's first record has been removed.
    """
    content = read_universe(journal)
    found = recovery.in_memory(content, journal, until=until, from_beginning=from_beginning)
    tables = found.tables
    end = catch_up(tables, journal, until=until)
    sequence = int(tables.arrays["risk"]["sequence"][0])
    if until is not None and sequence != until:
        raise ReplayError(f"{journal}: ends at sequence {sequence}; expected {until}")
    return Replayed(tables, sequence, tables.state_hash(), end, found.taken, found.refused)


def read_universe(journal: Path) -> universe.Universe:
    """The universe under which a journal was begun."""
    path = journal / UNIVERSE_NAME
    if not path.exists():
        raise ReplayError(f"{journal}: no {UNIVERSE_NAME} there; expected a journal of risk's")
    return universe.read(path)
