"""Replay of a journal, records a second: python bench/replay.py [RUN_DIR].

Without a run directory a day's flow is generated: 200 sub-accounts that trade 3 of 50 instruments
each, 2,000 orders at work, every control of RISK.md on; the table says how many records there are
of each kind. The whole is what `tidegate replay` does: read, verify, step. Its parts are timed
alone too. Time is the processor's own, of the best of the rounds; every round must end with the
same state hash.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from flow import day, write_journal
from rig.bench import Bench

from tidegate import recovery, replay
from tidegate.native.journal_reader import JournalReader
from tidegate.native.pretrade import Pretrade
from tidegate.native.records import Kind
from tidegate.run_dir import RunDir

ACCOUNTS, INSTRUMENTS, EACH = 200, 50, 3
SEED = 7


def seconds(work: Callable[[], Any]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def generated(place: Path, records: int, seed: int = SEED) -> Path:
    """A journal of the day's flow."""
    ids = 1 << max(16, (records // 2).bit_length())
    content = day(ACCOUNTS, INSTRUMENTS, cl_ord_ids=ids)
    write_journal(place, content, each=EACH, count=records, seed=seed)
    return place


def kinds_of(journal: Path) -> dict[str, int]:
    """How many records there are of each kind."""
    counts = np.zeros(256, np.int64)
    for batch in JournalReader(journal).batches():
        counts += np.bincount(batch["kind"], minlength=256)
    return {Kind(int(kind)).name: int(counts[kind]) for kind in np.flatnonzero(counts)}


def measure(journal: Path, rounds: int) -> tuple[dict[str, float], str]:
    """Seconds of the whole and of its parts, the best of some rounds each; the state's hash."""
    content = replay.read_universe(journal)
    rows = list(JournalReader(journal).batches())
    found: dict[str, list[float]] = {"read and verify": [], "step": [], "replay": []}
    hashes = set()
    for _ in range(rounds):
        found["read and verify"].append(seconds(lambda: sum(map(len, _read(journal)))))
        tables = recovery.in_memory(content, journal, from_beginning=True).tables
        step = Pretrade(tables)
        found["step"].append(seconds(lambda step=step: [step.replay(batch) for batch in rows]))
        hashes.add(tables.state_hash())
        tables = recovery.in_memory(content, journal, from_beginning=True).tables
        found["replay"].append(seconds(lambda to=tables: replay.catch_up(to, journal)))
        hashes.add(tables.state_hash())
    if len(hashes) != 1:
        raise SystemExit(f"{journal}: {len(hashes)} different states; expected one")
    return {name: min(taken) for name, taken in found.items()}, hashes.pop()


def _read(journal: Path) -> Any:
    return JournalReader(journal).batches()


def main() -> None:
    """The mix, and records a second of the whole and its parts."""
    bench = Bench("replay", __doc__, seed=SEED)
    bench.parser.add_argument("run_dir", type=Path, nargs="?")
    bench.parser.add_argument("--records", type=int, default=1_000_000)
    bench.parser.add_argument("--rounds", type=int, default=5)
    options = bench.begin()
    if options.small:
        options.records, options.rounds = 20_000, 2
    with tempfile.TemporaryDirectory(prefix="tg") as place:
        if options.run_dir:
            journal = RunDir(options.run_dir).journal
        else:
            journal = generated(Path(place), options.records, options.seed)
        kinds = kinds_of(journal)
        count = sum(kinds.values())
        bench.table("the journal", "records", {"count": ",", "percent": ".1f"})
        for kind, number in kinds.items():
            bench.row(kind, {"count": number, "percent": 100 * number / count})
        taken, state = measure(journal, options.rounds)
        bench.table("a record", "of processor", {"M/s": ".2f", "ns": ".0f"})
        for name, each in taken.items():
            bench.row(name, {"M/s": count / each / 1e6, "ns": each / count * 1e9})
        bench.line("result", state)
    bench.end()


if __name__ == "__main__":
    main()
