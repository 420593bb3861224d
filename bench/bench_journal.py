"""A batch of 256 records appended to a journal in the page cache, and read back."""

from pathlib import Path

import numpy as np
from journal import time_steps, time_syncs
from pytest_benchmark.fixture import BenchmarkFixture

from tidegate.native.journal import Journal
from tidegate.native.journal_reader import JournalReader
from tidegate.native.records import RECORD, Kind

BATCH = 256


def bench_append(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """Times a batch with its rotations; all of it must be read back."""
    journal = Journal(tmp_path, segment_records=1 << 16)
    rows = np.zeros(BATCH, RECORD)
    rows["kind"] = Kind.NEW_ORDER_SINGLE

    def append() -> None:
        rows["sequence"] = np.arange(journal.next_sequence, journal.next_sequence + BATCH)
        journal.append_rows(rows)

    benchmark.pedantic(append, rounds=500, warmup_rounds=1)
    last = journal.next_sequence - 1
    journal.close()
    assert sum(map(len, JournalReader(tmp_path).batches())) == last


def bench_read(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """Times reading 65,536 records with all their checks."""
    journal = Journal(tmp_path, segment_records=1 << 16)
    rows = np.zeros(1 << 16, RECORD)
    rows["kind"] = Kind.NEW_ORDER_SINGLE
    rows["sequence"] = np.arange(1, len(rows) + 1)
    journal.append_rows(rows)
    journal.close()
    found = benchmark(lambda: sum(map(len, JournalReader(tmp_path).batches())))
    assert found == len(rows)


def bench_beside_a_step(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """bench/journal.py's first part, small: both tables end alike, or it exits."""
    benchmark.pedantic(time_steps, (tmp_path, 3_200, 7), {"accounts": 20}, rounds=1)


def bench_syncs(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """Its second part, small: a segment and a block are synced by turns."""
    bare, synced = benchmark.pedantic(time_syncs, (tmp_path, 20, 8), rounds=1)
    assert len(bare) == len(synced) == 18
