"""What a journal's files may look like when their writer has died: torn, or not all on the disk."""

from pathlib import Path
from random import Random

import numpy as np

from tidegate.native.journal_reader import JournalReader
from tidegate.native.records import RECORD, RECORD_SIZE

PAGE = 4096


def contents(directory: Path) -> dict[str, bytes]:
    """All files of a directory."""
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir()) if path.is_file()}


def lose_pages(directory: Path, before: dict[str, bytes], draw: Random) -> int:
    """Put pages that were written since `before` back as they were, each or not; how many.

    Files that were made since stay: a journal that survives power loss has made them for good.
    """
    lost = 0
    if {path.name for path in directory.iterdir() if path.suffix == ".journal"} - before.keys():
        # A segment is on the disk before the next one begins.
        return 0
    for name, old in before.items():
        path = directory / name
        if not path.exists():
            continue
        content = bytearray(path.read_bytes())
        for start in range(0, min(len(old), len(content)), PAGE):
            page = old[start : start + PAGE]
            # The marks in the first page say what was put on the disk: they come after it.
            is_lost = start == 0 or draw.random() < 0.6
            if content[start : start + PAGE] != page and is_lost:
                content[start : start + PAGE] = page
                lost += 1
        path.write_bytes(content) if lost else None
    return lost


def tear(journal: Path, draw: Random) -> bool:
    """Store a part of one more record behind the last, as an append that was cut short does.

    False = the journal has no room for one in its last segment, or no record yet.
    """
    reader = JournalReader(journal)
    last = np.zeros(0, RECORD)
    for batch in reader.batches():
        last = batch[-1:]
    end = reader.end
    if end is None or not len(last) or end.segment == 0:
        return False
    path = reader.path_of(end.segment)
    header = reader.header(path)
    if end.row >= int(header["segment_records"]):
        return False
    torn = last.copy()
    torn["sequence"] += 1
    torn["received_ns"] += draw.randrange(1, 1 << 30)
    content = bytearray(torn.tobytes())
    # Stores of a copy may reach memory in any order: some eight bytes do, others do not.
    for start in range(0, RECORD_SIZE, 8):
        if draw.random() < 0.4:
            content[start : start + 8] = bytes(8)
    with path.open("r+b") as file:
        file.seek(int(header["header_size"]) + end.row * RECORD_SIZE)
        file.write(content)
    return True
