"""Records for a journal, and what is in one."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegate.native.journal import Journal
from tidegate.native.journal_reader import JournalEnd, JournalReader
from tidegate.native.records import RECORD, Kind

Rows = npt.NDArray[Any]
HEADER_SIZE = 4096


def orders(first: int, count: int) -> Rows:
    rows = np.zeros(count, RECORD)
    rows["kind"] = Kind.NEW_ORDER_SINGLE
    rows["sequence"] = np.arange(first, first + count)
    rows["cl_ord_id"] = rows["sequence"] * 31
    rows["body"] = 2**64 - 1
    return rows


def read(directory: Path, first_sequence: int = 0) -> tuple[Rows, JournalEnd]:
    reader = JournalReader(directory)
    batches = list(reader.batches(first_sequence))
    assert reader.end is not None
    return np.concatenate([np.zeros(0, RECORD), *batches]), reader.end


def segment(directory: Path, number: int = 1) -> Path:
    return directory / f"{number:08d}.journal"


def written(directory: Path, count: int, segment_records: int = 8) -> Rows:
    journal = Journal(directory, segment_records=segment_records)
    rows = journal.append_rows(orders(1, count))
    journal.close()
    return rows


def overwrite(path: Path, offset: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)
