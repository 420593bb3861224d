"""What a journal's file may look like when its writer has died in the middle of a record."""

from pathlib import Path
from random import Random

import numpy as np

from tidegate.native.journal_reader import JournalReader
from tidegate.native.records import RECORD, RECORD_SIZE


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
