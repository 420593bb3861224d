"""Which segments of a journal may go, and taking them away.

What lies below the oldest snapshot that is kept is needed no more to restart. Whoever reads from a
journal's beginning then gets what is left, or an error that says from where on there is something.
"""

from pathlib import Path

from tidegate.native.journal import sync_path
from tidegate.native.journal_reader import JournalReader


def remove_below(journal: Path, sequence: int) -> int:
    """Remove the segments with nothing above `sequence`, oldest first; how many.

    The segment that is written, or was last, stays. Each is gone from the disk before the next
    goes, so that what is left is always one piece.
    """
    reader = JournalReader(journal)
    count = 0
    for path, following in zip(reader.segments[:-1], reader.segments[1:], strict=True):
        if int(reader.header(following)["first_sequence"]) > sequence + 1:
            break
        path.unlink()
        sync_path(journal)
        count += 1
    return count
