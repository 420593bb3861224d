"""From a kill to the last cancel leaving: python bench/kill.py [--orders N ...] [--turns N].

A real run of four processes; N orders of one strategy rest at the venue, then an operator kills
its account. Timed from the gateway's receipt of the KILL (received_ns in the journal) to the
moment at which the router hands the last cancel to the venue's channel (routed_ns of the reports).
Each turn kills every number of orders once, beginning with one order, which is what the hand-offs
alone cost; a ratio over that is taken within the turns. The first turn is not counted.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from rig.bench import Bench, hashed
from rig.samples import Samples, ratio

from tidegate import Client, NewOrder
from tidegate.native.journal_reader import JournalReader
from tidegate.native.records import EXECUTION_RECORD, ExecType, Kind
from tidegate.run_dir import RunDir

CONFIG = Path(__file__).parent.parent / "tests" / "e2e" / "kill.toml"
ORDERS = (1, 100, 1_000, 10_000)
COLUMNS = {"p50": ".0f", "least": ".0f", "most": ".0f", "an order": ".2f", "over one": ".2f"}
RESTS = "1305.0"
BATCH = 250
REPORTS_S = 60.0


def rest(client: Client, count: int) -> None:
    """`count` orders that work at the venue."""
    left = count
    while left:
        size = min(left, BATCH)
        client.submit_many(
            [
                NewOrder(
                    account="strategy-a", instrument="GCZ3", side="BUY", order_qty=1, price=RESTS
                )
                for _ in range(size)
            ]
        )
        left -= size
        for _, report in zip(range(size), client.reports(REPORTS_S), strict=False):
            if report.ord_status != "New":
                raise SystemExit(f"expected that the order rests: {report}")


def last_leaving(client: Client, count: int) -> int:
    """When the last of `count` cancels was routed, in ns of the wall clock."""
    last = 0
    for _, report in zip(range(count), client.reports(REPORTS_S), strict=False):
        if report.ord_status != "Canceled":
            raise SystemExit(f"expected a canceled order: {report}")
        last = max(last, report.routed_ns)
    return last


def killed_at(run_dir: RunDir) -> int:
    """received_ns of the journal's last KILL."""
    found = 0
    for batch in JournalReader(run_dir.journal).batches():
        kills = batch[batch["kind"] == Kind.KILL]
        if len(kills):
            found = int(kills["received_ns"][-1])
    return found


def canceled(run_dir: RunDir) -> Samples:
    """The order ids of the journal's Canceled reports, in its order."""
    found = [np.zeros(0, np.uint64)]
    for batch in JournalReader(run_dir.journal).batches():
        is_end = (batch["kind"] == Kind.EXECUTION_REPORT) & (
            batch["exec_type"] == ExecType.EXEC_CANCELED
        )
        found.append(batch[is_end].view(EXECUTION_RECORD)["order_id"])
    return np.concatenate(found)


def measure(run_dir: RunDir, count: int) -> int:
    """One kill of an account with `count` working orders, in ns."""
    front = run_dir.ipc("front")
    with Client(front, "a") as client, Client(front, "desk") as desk:
        rest(client, count)
        desk.operator.kill(account="strategy-a", why="a bench")
        last = last_leaving(client, count)
        taken = last - killed_at(run_dir)
        desk.operator.resume(account="strategy-a", why="a bench")
    return taken


@contextmanager
def running(run_dir: RunDir) -> Iterator[None]:
    """`tidegate run`, from its being ready."""
    engine = subprocess.Popen(
        [sys.executable, "-m", "tidegate", "run", CONFIG, "--run-dir", run_dir.path],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert engine.stdout is not None
    try:
        if not engine.stdout.readline().startswith("ready: "):
            raise SystemExit(f"{CONFIG}: did not start")
        yield
    finally:
        engine.terminate()
        engine.wait()


def main() -> None:
    """A line for each number of orders."""
    bench = Bench("kill", __doc__)
    bench.parser.add_argument("--orders", type=int, nargs="+", default=ORDERS)
    bench.parser.add_argument("--turns", type=int, default=7)
    options = bench.begin()
    counts = sorted({1, *options.orders})
    if options.small:
        counts, options.turns = [1, 100], 2
    bench.line("pinning", "none")
    bench.line("flow", f"resting orders in batches of {BATCH}; nothing is drawn, no seed is used")
    taken: dict[int, list[int]] = {count: [] for count in counts}
    with (
        tempfile.TemporaryDirectory(prefix="tg") as place,
        running(run_dir := RunDir(f"{place}/run")),
    ):
        for turn in range(options.turns + 1):
            for count in counts:
                ns = measure(run_dir, count)
                if turn:
                    taken[count].append(ns)
        ends = canceled(run_dir)
    if len(ends) != (options.turns + 1) * sum(counts):
        raise SystemExit(f"{len(ends)} orders were canceled")
    bench.table("from the kill to its last cancel", "us", COLUMNS)
    for count, samples in taken.items():
        us = np.array(samples) / 1000
        pairs = [
            (us[turn : turn + 1], np.array(taken[1][turn : turn + 1]) / 1000)
            for turn in range(len(us))
        ]
        middle = float(np.median(us))
        over, _, _ = ratio(pairs, 50, options.seed)
        values = (middle, us.min(), us.max(), middle / count, over)
        bench.row(f"{count:,} working", dict(zip(COLUMNS, map(float, values), strict=True)))
    bench.line("result", f"{hashed(np.sort(ends).tobytes())} of {len(ends)} canceled orders")
    bench.end()


if __name__ == "__main__":
    main()
