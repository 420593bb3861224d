"""Replay: a journal run through the step again, from the universe it was written under.

Same universe, same records, same state hash, on any machine. Risk starts this way after a
stop; `tidegate replay` shows it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tidegate import card as cards
from tidegate import recovery, snapshot, universe, universe_change
from tidegate.backend import NATIVE
from tidegate.errors import ReplayError, SnapshotError
from tidegate.native.journal import sync_path
from tidegate.native.journal_reader import JournalReader
from tidegate.native.pretrade import Pretrade
from tidegate.native.tables import Tables
from tidegate.snapshot import Snapshot

UNIVERSE_NAME = "universe.json"


class Replayed(NamedTuple):
    """Where a replay ended, and the state there; what a card was asked, where one decided."""

    tables: Tables
    sequence: int
    state_hash: str
    end: str
    taken: Snapshot | None
    refused: list[str]
    card: dict[str, int]


def keep_universe(journal: Path, content: universe.Universe, last_layout: str = "") -> None:
    """Put the universe beside the journal's first segment, unless refuse_other() does."""
    path = journal / UNIVERSE_NAME
    refuse_other(journal, content, last_layout)
    if path.exists():
        return
    partial = path.with_suffix(".partial")
    partial.write_bytes(universe.encode(content))
    sync_path(partial)
    partial.rename(path)
    sync_path(journal)


def refuse_other(journal: Path, content: universe.Universe, last_layout: str = "") -> None:
    """ReplayError when the journal was begun under a universe of another state.

    Replaying it under this one would give a state that never was. JournalError when it is of
    another layout, which is said first: its universe differs too. `last_layout` of [placement] is
    the last run's, which may be another than that of the first.
    """
    path = journal / UNIVERSE_NAME
    reader = JournalReader(journal)
    for segment in reader.segments[:1]:
        reader.header(segment)
    if not path.exists():
        return
    if found := universe_change.difference(universe.read(path), content, last_layout):
        raise ReplayError(
            f"{journal}: written under another config than this run's: {found}; put that back, or "
            "move the run directory away or give another one with --run-dir"
        )


def catch_up(
    tables: Tables, journal: Path, *, until: int | None = None, step: Pretrade | None = None
) -> str:
    """Run what the journal holds beyond the tables' sequence; why it ended there.

    `step` over the same tables, where the caller wants what it collects.
    """
    step = step or Pretrade(tables)
    risk = tables.arrays["risk"]
    reader = JournalReader(journal)
    for batch in reader.batches(int(risk["sequence"][0]) + 1):
        if until is not None:
            batch = batch[: max(0, until + 1 - int(batch["sequence"][0]))]
        step.replay(batch)
        if until is not None and int(risk["sequence"][0]) == until:
            return "as asked"
    return reader.end.reason if reader.end else "empty"


def replay(
    journal: Path,
    *,
    until: int | None = None,
    from_beginning: bool = True,
    decided_by: str = NATIVE,
) -> Replayed:
    """The state after a journal's last record, or after sequence `until`.

    `from_beginning`: from a snapshot only where the journal's first record has been removed;
    `decided_by`: any backend gives the same state, whichever the journal was written under.
    """
    content = read_universe(journal)
    found = recovery.in_memory(content, journal, until=until, from_beginning=from_beginning)
    tables = found.tables
    card = cards.attach(tables, decided_by)
    end = catch_up(tables, journal, until=until)
    sequence = int(tables.arrays["risk"]["sequence"][0])
    if until is not None and sequence != until:
        raise ReplayError(f"{journal}: ends at sequence {sequence}; expected {until}")
    card_counters = {} if card is None else card.counters
    return Replayed(
        tables, sequence, tables.state_hash(), end, found.taken, found.refused, card_counters
    )


def hashes(journal: Path, every: int, *, until: int | None = None) -> Iterator[tuple[int, str]]:
    """(sequence, state hash) after each `every` records, and at the end.

    Of a journal that is being written the end is where it was found to end first.
    """
    content = read_universe(journal)
    tables = recovery.in_memory(content, journal, until=until, from_beginning=True).tables
    risk = tables.arrays["risk"]
    sequence = int(risk["sequence"][0])
    if sequence:
        yield sequence, tables.state_hash()
    is_whole = True
    while is_whole and sequence != until:
        told = sequence
        stop = (sequence // every + 1) * every
        catch_up(tables, journal, until=stop if until is None else min(stop, until))
        sequence = int(risk["sequence"][0])
        is_whole = sequence == stop
        if sequence != told:
            yield sequence, tables.state_hash()


def check_snapshots(journal: Path) -> Iterator[tuple[Path, str]]:
    """Each snapshot, and what speaks against it: "" where the journal gives the same state."""
    content = read_universe(journal)
    digest = snapshot.universe_hash(content)
    paths = snapshot.paths(recovery.snapshots_of(journal))[::-1]
    oldest = int(paths[0].stem) if paths else 0
    tables = recovery.in_memory(content, journal, until=oldest, from_beginning=True).tables
    for path in paths:
        try:
            found = snapshot.look(path, digest)
            recovery.check_follows(found, journal)
            snapshot.load(found, recovery.zeroed(content))
        except SnapshotError as error:
            yield path, str(error)
            continue
        catch_up(tables, journal, until=found.sequence)
        given = tables.state_hash()
        yield path, "" if given == found.state_hash else f"the journal gives state {given}"


def read_universe(journal: Path) -> universe.Universe:
    """The universe under which a journal was begun."""
    path = journal / UNIVERSE_NAME
    if not path.exists():
        raise ReplayError(f"{journal}: no {UNIVERSE_NAME} there; expected a journal of risk's")
    return universe.read(path)
