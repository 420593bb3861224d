"""The snapshot stage: a replica of risk's state beside the path, which writes it down at times.

It follows the journal as anyone may, runs it through the step over tables of its own, and writes
RUN_DIR/snapshots/SEQUENCE.snapshot. Risk does not notice. A disk that takes no more, or a journal
that cannot be read, is said, counted and tried again; losing this stage costs a longer restart.
"""

import fcntl
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, NoReturn

from tidegate import recovery, snapshot
from tidegate.counters import Counters
from tidegate.errors import JournalError, ReplayError, SnapshotError
from tidegate.native.journal_reader import JournalReader, JournalTail
from tidegate.native.pretrade import Pretrade
from tidegate.native.tables import Tables
from tidegate.retention import remove_below
from tidegate.run_dir import RunDir
from tidegate.universe import Universe

LOOK_S = 1.0
RETRY_S = 10.0
# Behind every stage that an order passes.
NICENESS = 10
REFUSED = ".refused"


class Replica(NamedTuple):
    """Tables that stand where the journal has been read to."""

    tables: Tables
    step: Pretrade
    tail: JournalTail


class SnapshotStage:
    """Owns the directory of snapshots, and a replica of risk's state."""

    def __init__(self, universe: Universe, run_dir: RunDir) -> None:
        self.universe = universe
        self.settings = universe.snapshots
        self.journal = run_dir.journal
        self.directory = run_dir.snapshots
        self.digest = snapshot.universe_hash(universe)
        self.lock = take(self.directory)
        self.replica: Replica | None = None
        self.record_checksum = 0
        self.written_sequence = 0
        self.written_s = 0.0
        self.retry_s = 0.0
        self.said = ""
        self.counts = {
            "sequence": 0,
            "written": 0,
            "written_sequence": 0,
            "refused": 0,
            "failed_writes": 0,
            "failed_reads": 0,
            "segments_removed": 0,
        }
        self.counters = Counters(run_dir, "snapshot")

    def work(self, now_s: float) -> None:
        """Follow the journal to its end, writing snapshots when they are due."""
        if now_s < self.retry_s:
            return
        try:
            if self.replica is None:
                self.replica = self.begin(now_s)
            self.follow(self.replica, now_s)
        except (JournalError, ReplayError, ValueError) as error:
            # The tables may be half way through a record: they are made anew.
            self.replica = None
            self.fail("failed_reads", str(error), now_s)
        except OSError as error:
            self.fail("failed_writes", f"{error.filename or self.directory}: {error}", now_s)
        self.counters.publish("snapshot", self.counts)

    def begin(self, now_s: float) -> Replica:
        """A replica as of the newest good snapshot; what was refused is put aside, and said."""
        found = recovery.in_memory(self.universe, self.journal)
        sequence = found.taken.sequence if found.taken else 0
        for path in snapshot.paths(self.directory):
            if int(path.stem) > sequence:
                path.rename(path.with_suffix(REFUSED))
        self.counts["refused"] += found.report()["snapshots_refused"]
        self.record_checksum = found.taken.record_checksum if found.taken else 0
        self.written_sequence = self.counts["written_sequence"] = sequence
        self.counts["sequence"] = sequence
        self.written_s = now_s
        tail = JournalReader(self.journal).follow(sequence + 1)
        return Replica(found.tables, Pretrade(found.tables), tail)

    def follow(self, replica: Replica, now_s: float) -> None:
        """Run what is new, writing the tables down whenever it is time."""
        sequence = self.counts["sequence"]
        while len(batch := replica.tail.take()):
            replica.step.replay(batch)
            sequence = self.counts["sequence"] = int(batch["sequence"][-1])
            self.record_checksum = int(batch["checksum"][-1])
            if sequence - self.written_sequence >= self.settings.every_records:
                self.write_safe(replica, now_s)
        is_due = now_s - self.written_s >= self.settings.every_s
        if is_due and sequence > self.written_sequence:
            self.write_safe(replica, now_s)

    def write_safe(self, replica: Replica, now_s: float) -> None:
        """Write the tables down unless power loss may still take records that are in them."""
        synced = replica.tail.reader.synced
        if synced is None or synced >= self.counts["sequence"]:
            self.write(replica.tables, now_s)

    def write(self, tables: Tables, now_s: float) -> None:
        """Write the tables down, and remove what is no longer kept."""
        snapshot.write(
            self.directory,
            tables.arrays,
            universe_digest=self.digest,
            state_hash=tables.state_hash(),
            record_checksum=self.record_checksum,
        )
        self.written_sequence = int(tables.arrays["risk"]["sequence"][0])
        self.written_s = now_s
        self.said = ""
        self.counts["written"] += 1
        self.counts["written_sequence"] = self.written_sequence
        kept = snapshot.paths(self.directory)
        for path in kept[self.settings.keep :]:
            path.unlink()
        if self.universe.journaling.keep == "snapshots" and len(kept) >= self.settings.keep:
            oldest = int(kept[self.settings.keep - 1].stem)
            self.counts["segments_removed"] += remove_below(self.journal, oldest)

    def fail(self, name: str, reason: str, now_s: float) -> None:
        """Count it, say it once, and wait before the next try."""
        self.counts[name] += 1
        self.retry_s = now_s + RETRY_S
        if reason != self.said:
            self.said = reason
            say(f"{reason}; no snapshot until that is over, trying every {RETRY_S:g} s")

    def close(self) -> None:
        """Let another stage write here."""
        self.counters.region.close()
        os.close(self.lock)


def take(directory: Path) -> int:
    """Make the directory and become its only writer; the lock goes when the fd is closed."""
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise SnapshotError(f"{directory}: cannot be made: {error.strerror}") from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        raise SnapshotError(f"{directory}: another snapshot stage writes here") from None
    return fd


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(universe: Universe, run_dir: RunDir, ready: Callable[[], None]) -> NoReturn:
    """Run the snapshot stage until SIGTERM or SIGINT end it where it stands.

    What it writes counts only once it is renamed, so there is nothing to finish, and a stop never
    waits for a disk.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    stage = SnapshotStage(universe, run_dir)
    ready()
    os.nice(NICENESS)
    while True:
        time.sleep(LOOK_S)
        stage.work(time.monotonic())
