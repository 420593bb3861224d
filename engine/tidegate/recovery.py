"""Recovery: risk's tables as the newest good snapshot has them, to run the journal on from there.

The journal is the truth, and a snapshot only saves running it from its beginning: one that is
broken, of another layout, universe or journal, or later than the journal's end is passed over, and
said. Without any good one the whole journal is run; where its beginning has been removed that
cannot be, and the error says so.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tidegate import risk_state, snapshot
from tidegate.errors import ReplayError, SnapshotError
from tidegate.native.journal_reader import JournalReader
from tidegate.native.tables import DTYPES, Tables
from tidegate.region import Region
from tidegate.run_dir import RunDir
from tidegate.snapshot import Arrays, Snapshot
from tidegate.universe import Universe

SNAPSHOTS = "snapshots"


class Start(NamedTuple):
    """Tables from which the journal is run on, and where they are from.

    `taken` is the snapshot, None = the state before the first record; `refused` says why newer
    ones were not.
    """

    tables: Tables
    taken: Snapshot | None
    refused: list[str]

    def report(self) -> dict[str, int]:
        """Say on stderr what was refused; the counters of it."""
        instead = "an older one is taken" if self.taken else "the whole journal is run"
        for reason in self.refused:
            print(f"{reason}; {instead}", file=sys.stderr, flush=True)
        return {
            "snapshot_sequence": self.taken.sequence if self.taken else 0,
            "snapshots_refused": len(self.refused),
        }


def snapshots_of(journal: Path) -> Path:
    """The directory with a journal's snapshots: beside its own."""
    return journal.parent / SNAPSHOTS


def in_memory(
    content: Universe,
    journal: Path,
    *,
    until: int | None = None,
    from_beginning: bool = False,
) -> Start:
    """Tables of this process alone, no later than record `until`.

    `from_beginning`: of no snapshot, as long as the journal's first record is there.
    """
    arrays = zeroed(content)
    if from_beginning and JournalReader(journal).first_sequence == 1:
        return Start(risk_state.fill(Tables(arrays), content), None, [])
    return start(content, journal, arrays, until=until)


def zeroed(content: Universe) -> Arrays:
    """A table of zeros for each name, of the universe's size."""
    counts = risk_state.row_counts(content)
    return {name: risk_state.zeros(counts[name], DTYPES[name]) for name in DTYPES}


def in_regions(
    content: Universe, run_dir: RunDir, is_usable: Callable[[Any], bool] | None = None
) -> tuple[Start, dict[str, Region]]:
    """Tables that others may read live; the regions must be kept as long as they are.

    `is_usable` is asked with the `risk` row of each snapshot: False = an older one is needed.
    """
    regions = risk_state.make_regions(content, run_dir)
    arrays = {name: region.rows for name, region in regions.items()}

    def populate(found: Snapshot) -> None:
        for entry in found.directory:
            regions[entry["name"].decode()].populate(int(entry["used"]))

    begun = start(content, run_dir.journal, arrays, is_usable=is_usable, before_load=populate)
    return begun, regions


def start(
    content: Universe,
    journal: Path,
    arrays: Arrays,
    *,
    until: int | None = None,
    is_usable: Callable[[Any], bool] | None = None,
    before_load: Callable[[Snapshot], None] | None = None,
) -> Start:
    """Fill zeroed `arrays` from the newest good snapshot, or with the day's beginning."""
    digest = snapshot.universe_hash(content)
    refused: list[str] = []
    paths = snapshot.paths(snapshots_of(journal))
    for path in paths:
        if until is not None and int(path.stem) > until:
            continue
        try:
            found = snapshot.look(path, digest)
            check_follows(found, journal)
            if before_load is not None:
                before_load(found)
            snapshot.load(found, arrays)
            if is_usable is None or is_usable(arrays["risk"][0]):
                return Start(Tables(arrays), found, refused)
            reason = f"{path}: of a moment that this stage cannot go on from"
        except SnapshotError as error:
            reason = str(error)
        refused.append(reason)
        for rows in arrays.values():
            rows.view(np.uint8)[:] = 0
    reader = JournalReader(journal)
    if paths and not reader.segments:
        raise ReplayError(
            f"{journal}: no segment there, but {paths[0]} is; put the journal back, or remove the "
            "snapshots to begin anew"
        )
    if reader.first_sequence > 1:
        raise ReplayError(without_beginning(journal, reader.first_sequence, until, refused))
    return Start(risk_state.fill(Tables(arrays), content), None, refused)


def without_beginning(journal: Path, first: int, until: int | None, refused: list[str]) -> str:
    """Why nothing can be rebuilt from a journal that lacks its first records."""
    wanted = "" if until is None else f" of sequence {until} or before"
    said = "".join(f"; {reason}" for reason in refused)
    return (
        f"{journal}: begins at sequence {first}, what was before has been removed; expected a "
        f"good snapshot{wanted} in {snapshots_of(journal)}{said}"
    )


def check_follows(found: Snapshot, journal: Path) -> None:
    """SnapshotError unless the journal holds the snapshot's record and can be run on from it."""
    reader = JournalReader(journal)
    first = reader.first_sequence
    if first > found.sequence + 1:
        raise SnapshotError(
            f"{found.path}: of sequence {found.sequence}; the journal begins at {first}"
        )
    if first == found.sequence + 1 and reader.segments:
        # Its own record was in the last segment that was removed.
        return
    for batch in reader.batches(found.sequence):
        if int(batch["checksum"][0]) == found.record_checksum:
            return
        raise SnapshotError(
            f"{found.path}: taken after another record {found.sequence} than the journal's"
        )
    raise SnapshotError(f"{found.path}: of sequence {found.sequence}; the journal ends before it")
