"""What a journal is made of: how many records of each kind, from when to when, how fast."""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tidegate.native.journal_reader import JournalReader
from tidegate.native.records import Kind

SECOND_NS = 1_000_000_000


class Stat(NamedTuple):
    """Counts of a journal; times are wall time in ns, 0 where no record has one."""

    segments: int
    records: int
    first_sequence: int
    last_sequence: int
    first_ns: int
    last_ns: int
    per_s: float
    per_s_max: int
    kinds: dict[str, int]
    synced: int | None
    end: str


def stat(journal: Path) -> Stat:
    """Read all of a journal and count; JournalError where it is damaged."""
    reader = JournalReader(journal)
    kinds: Counter[int] = Counter()
    seconds: Counter[int] = Counter()
    first = last = first_ns = last_ns = 0
    for rows in reader.batches():
        first = first or int(rows["sequence"][0])
        last = int(rows["sequence"][-1])
        kinds.update(_counted(rows["kind"]))
        times = rows["received_ns"][rows["received_ns"] > 0]
        if len(times):
            first_ns = min(first_ns or int(times.min()), int(times.min()))
            last_ns = max(last_ns, int(times.max()))
            seconds.update(_counted(times // SECOND_NS))
    count = sum(kinds.values())
    return Stat(
        segments=len(reader.segments),
        records=count,
        first_sequence=first,
        last_sequence=last,
        first_ns=first_ns,
        last_ns=last_ns,
        per_s=count * SECOND_NS / (last_ns - first_ns) if last_ns > first_ns else 0.0,
        per_s_max=max(seconds.values(), default=0),
        kinds={kind_name(kind): number for kind, number in kinds.most_common()},
        synced=reader.synced,
        end=reader.end.reason if reader.end else "",
    )


def kind_name(kind: int) -> str:
    """The name of a kind; of an unknown one its number."""
    return Kind(kind).name if kind in set(Kind) else f"KIND_{kind}"


def _counted(values: np.ndarray[tuple[int], np.dtype[np.integer]]) -> dict[int, int]:
    found, counts = np.unique(values, return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))
