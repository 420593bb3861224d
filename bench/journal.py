"""What the journal costs: python bench/journal.py [--records N] [--syncs N] [--dir DIR] [--seed S].

First what appending adds to risk's step in process mode: the same day's flow runs over two sets of
tables, batch by batch and by turns, one of them journaled; the tables must end alike. Then power
mode: groups of records appended and synced, by turns with one block written to another file of the
same disk and synced. DIR says which disk; the default is the working directory's.
"""

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from flow import Flow, day
from verdict import machine

from tidegate import risk_state
from tidegate.native.build import PROFILE
from tidegate.native.journal import Journal
from tidegate.native.journal_bench import BATCH, measure, measure_syncs
from tidegate.native.records import RECORD, Kind

ACCOUNTS, INSTRUMENTS, EACH = 200, 20, 4
GROUPS = (1, 8, 64)
FILE_BLOCKS = 4096
WARM_PERCENT = 10


def tell(name: str, ns: npt.NDArray[Any], more: str = "") -> None:
    """One line of the table."""
    cells = "".join(f"{value:12,.1f}" for value in (*np.percentile(ns, (50, 99, 99.9)), ns.max()))
    print(f"{name:40}{cells}{more}")


def time_steps(place: Path, records: int, seed: int, accounts: int = ACCOUNTS) -> float:
    """Print the step with and without the journal; what it adds at the median, in ns."""
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
    added = float(np.median(with_journal - without))
    tell("step", without)
    tell("step, journaled", with_journal, f"   adds {added:.1f} at p50")
    print(f"state {plain.state_hash()[:16]}")
    return added


def time_syncs(place: Path, syncs: int, group: int) -> float:
    """Print groups synced and a block synced, in us; the ratio at p99."""
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
    bare, grouped = bare[warm:] / 1000, grouped[warm:] / 1000
    ratio = float(np.percentile(grouped, 99) / np.percentile(bare, 99))
    tell("one block, fdatasync", bare)
    tell(f"{group} appended, synced", grouped, f"   p99 {ratio:.2f} of bare")
    return ratio


def main() -> None:
    """Print the machine, the build, the seed, and the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--syncs", type=int, default=2_000)
    parser.add_argument("--dir", type=Path, default=Path())
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--core", type=int, help="Run on this core alone; default: the last.")
    options = parser.parse_args()
    if PROFILE != "release":
        parser.error(f"this is the {PROFILE} build; only release is worth timing")
    cores = os.sched_getaffinity(0)
    core = max(cores) if options.core is None else options.core
    os.sched_setaffinity(0, {core})
    print(f"machine {machine()}; build {PROFILE}; seed {options.seed}; core {core}")
    with tempfile.TemporaryDirectory(dir=options.dir, prefix="bench-journal-") as name:
        heads = "".join(f"{head:>12}" for head in ("p50", "p99", "p99.9", "max"))
        print(f"{'ns a record, means of ' + str(BATCH):40}{heads}")
        time_steps(Path(name), options.records, options.seed)
        print(f"{'us a sync, ' + str(options.syncs) + ' by turns':40}{heads}")
        for group in GROUPS:
            time_syncs(Path(name), options.syncs, group)


if __name__ == "__main__":
    main()
