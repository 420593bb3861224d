"""What the journal costs, beside a step and beside the disk: python bench/journal.py [--dir DIR].

First what appending adds to risk's step in process mode: the same day's flow runs over two sets of
tables, batch by batch and by turns, one of them journaled; the tables must end alike. Then power
mode: groups of records appended and synced, by turns with one block written to another file of the
same disk and synced. DIR says which disk; the default is the working directory's.
"""

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from flow import Flow, day
from rig.bench import PERCENTILES, Bench
from rig.samples import percentiles

from tidegate import risk_state
from tidegate.native.journal import Journal
from tidegate.native.journal_bench import BATCH, measure, measure_syncs
from tidegate.native.records import RECORD, Kind

ACCOUNTS, INSTRUMENTS, EACH = 200, 20, 4
GROUPS = (1, 8, 64)
FILE_BLOCKS = 4096
WARM_PERCENT = 10
Samples = npt.NDArray[Any]


def time_steps(
    place: Path, records: int, seed: int, accounts: int = ACCOUNTS
) -> tuple[Samples, Samples, str]:
    """ns a record of the step without and with the journal, in batches, and the state's hash."""
    content = day(accounts, INSTRUMENTS, cl_ord_ids=1 << 21)
    # Marks revalue whole positions: a hundred steps in one, in whose noise the journal is lost.
    rows = Flow(content, each=EACH, seed=seed, marks=0).chunk(records)
    plain, journaled = risk_state.in_memory(content), risk_state.in_memory(content)
    journal = Journal(place / "process", segment_records=1 << 18)
    journal.assist()
    found = measure(plain, journaled, journal, rows)
    journal.close()
    if plain.state_hash() != journaled.state_hash():
        raise SystemExit("the journaled tables ended otherwise")
    warm = records // BATCH * WARM_PERCENT // 100
    without, with_journal = (ns[warm:] / BATCH for ns in found)
    return without, with_journal, plain.state_hash()[:16]


def time_syncs(place: Path, syncs: int, group: int) -> tuple[Samples, Samples]:
    """ns of a block synced, and of a group appended and synced, by turns."""
    path = place / f"block-{group}"
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    os.write(fd, bytes(4096 * FILE_BLOCKS))
    os.fsync(fd)
    journal = Journal(place / f"power-{group}", segment_records=1 << 18, durable=True)
    rows = np.zeros(syncs * group, RECORD)
    rows["kind"] = Kind.TICK
    rows["sequence"] = np.arange(1, len(rows) + 1)
    bare, grouped = measure_syncs(journal, rows, group, fd)
    journal.close()
    os.close(fd)
    warm = syncs * WARM_PERCENT // 100
    return bare[warm:], grouped[warm:]


def main() -> None:
    """Both tables."""
    bench = Bench("journal", __doc__)
    bench.parser.add_argument("--records", type=int, default=1_000_000)
    bench.parser.add_argument("--syncs", type=int, default=2_000)
    bench.parser.add_argument("--dir", type=Path, default=Path(), help="on the disk to be synced")
    bench.parser.add_argument("--core", type=int, help="run on this core alone; default: the last")
    options = bench.begin()
    if options.small:
        options.records, options.syncs = 32_000, 100
    core = max(os.sched_getaffinity(0)) if options.core is None else options.core
    os.sched_setaffinity(0, {core})
    bench.line("pinning", f"core {core}")
    with tempfile.TemporaryDirectory(dir=options.dir, prefix="bench-journal-") as name:
        plain, journaled, state = time_steps(Path(name), options.records, options.seed)
        bench.table(f"a record, means of {BATCH}", "ns", PERCENTILES | {"adds": ".1f"})
        added = float(np.median(journaled - plain))
        bench.row("step", percentiles(plain, "ns"))
        bench.row("step, journaled", percentiles(journaled, "ns") | {"adds": added})
        bench.line("result", state)
        title = f"a sync, {options.syncs} by turns"
        bench.table(title, "us", PERCENTILES | {"p99 over block": ".2f"})
        for group in GROUPS:
            bare, synced = time_syncs(Path(name), options.syncs, group)
            over = float(np.percentile(synced, 99) / np.percentile(bare, 99))
            bench.row(f"one block, beside {group}", percentiles(bare))
            bench.row(f"{group} appended, synced", percentiles(synced) | {"p99 over block": over})
    bench.end()


if __name__ == "__main__":
    main()
