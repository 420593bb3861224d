"""Snapshots that are not what they seem: damaged on the disk, or of another journal.

Never all of them, for without any the journal's beginning may be gone too.
"""

from pathlib import Path
from random import Random

from tidegate import recovery, replay, snapshot
from tidegate.native.journal_reader import JournalReader
from tidegate.native.tables import Tables

DAMAGES = ("torn", "turned", "foreign")


class Spoiled:
    """Which files of a directory of snapshots are no longer good: the very files, by inode."""

    def __init__(self, journal: Path, draw: Random) -> None:
        self._journal = journal
        self._draw = draw
        self._inodes: set[int] = set()

    def has(self, path: Path) -> bool:
        """Whether this snapshot must not be taken; False for one that is not there any more."""
        return path.exists() and path.stat().st_ino in self._inodes

    def spoil(self, damage: str) -> bool:
        """Do it to the newest good snapshot; False where too few would be left."""
        directory = recovery.snapshots_of(self._journal)
        good = [path for path in snapshot.paths(directory) if not self.has(path)]
        first = JournalReader(self._journal).first_sequence
        # The next one may be of a moment that risk cannot go on from.
        least = 2 if first == 1 else 3
        if len(good) < least or int(good[0].stem) < first:
            return False
        if damage == "foreign":
            made_foreign(good[0], self._journal)
        else:
            damaged(good[0], damage, self._draw)
        self._inodes.add(good[0].stat().st_ino)
        return True


def damaged(path: Path, damage: str, draw: Random) -> None:
    """Cut the file, or turn one bit of what is in it."""
    content = bytearray(path.read_bytes())
    if damage == "torn":
        del content[draw.randrange(len(content)) :]
    else:
        used = [place for place in range(0, len(content), 8) if any(content[place : place + 8])]
        place = draw.choice(used)
        content[place] ^= 1 << draw.randrange(8)
    path.write_bytes(content)


def made_foreign(path: Path, journal: Path) -> None:
    """Whole and of the same sequence, from a journal in which somebody has got money."""
    content = replay.read_universe(journal)
    digest = snapshot.universe_hash(content)
    found = snapshot.look(path, digest)
    arrays = recovery.zeroed(content)
    snapshot.load(found, arrays)
    arrays["balances"]["cash"][len(content.currencies) + 2] += 10_000
    snapshot.write(
        path.parent,
        arrays,
        universe_digest=digest,
        state_hash=Tables(arrays).state_hash(),
        record_checksum=found.record_checksum ^ 1,
    )
