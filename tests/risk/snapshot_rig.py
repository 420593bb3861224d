"""A journal of a desk's day with snapshots beside it, and the state hash after each record."""

from pathlib import Path
from typing import Any

from twin_desk import Desk
from twin_rig import Both
from twin_world import world

from tidegate import replay, snapshot
from tidegate.native.journal import Journal
from tidegate.run_dir import RunDir

RECORDS = 120
SEED = 7
AT = (30, 60, 90)
SEGMENT_RECORDS = 32


def write_day(
    path: Path, *, seed: int = SEED, count: int = RECORDS, **fields: Any
) -> tuple[RunDir, list[str]]:
    """The run directory, and the hashes; hashes[n] is after record n. `fields` of the universe."""
    content = world(seed, **fields)
    run_dir = RunDir(path)
    run_dir.create()
    run_dir.write_universe(content)
    run_dir.snapshots.mkdir()
    replay.keep_universe(run_dir.journal, content)
    journal = Journal(run_dir.journal, segment_records=SEGMENT_RECORDS)
    both = Both(seed)
    desk = Desk(seed, both.twin)
    waiting = desk.opening()
    hashes = [both.tables.state_hash()]
    for sequence in range(1, count + 1):
        row = waiting.pop(0) if waiting else desk.next()
        both.run(row)
        written = journal.append_rows(row)
        hashes.append(both.tables.state_hash())
        if sequence in AT:
            snapshot.write(
                run_dir.snapshots,
                both.tables.arrays,
                universe_digest=snapshot.universe_hash(content),
                state_hash=hashes[-1],
                record_checksum=int(written["checksum"][0]),
            )
    journal.close()
    return run_dir, hashes


def drop_segments(run_dir: RunDir, count: int) -> None:
    """What retention does: the oldest segments go."""
    for path in sorted(run_dir.journal.glob("*.journal"))[:count]:
        path.unlink()


def flip(path: Path, at: int) -> None:
    """Change one byte of a file."""
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes([byte[0] ^ 0x10]))
