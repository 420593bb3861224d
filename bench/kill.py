"""From a kill to the last cancel leaving: python bench/kill.py [--orders N ...] [--rounds R].

A real run of four processes; N orders of one strategy rest at the venue, then an operator kills
its account. Timed from the gateway's receipt of the KILL (received_ns in the journal) to the
moment at which the router hands the last cancel to the venue's channel (routed_ns of the reports),
beside the same for a kill of one order in the same run, which is what the hand-offs alone cost.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from rig import host

from tidegate import Client, NewOrder
from tidegate.native.build import PROFILE
from tidegate.native.journal_reader import JournalReader
from tidegate.native.records import Kind
from tidegate.run_dir import RunDir

CONFIG = Path(__file__).parent.parent / "tests" / "e2e" / "kill.toml"
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


def main() -> None:
    """Print the machine, the build and a line for each number of orders."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, nargs="+", default=[1, 100, 1000, 10_000])
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    if PROFILE != "release":
        raise SystemExit(f"the build is {PROFILE}; expected release")
    print(f"{host.line()}; release build; stages unpinned")
    print(
        f"{'working orders':>14} {'median us':>10} {'least':>10} {'most':>10} {'us an order':>12}"
    )
    with tempfile.TemporaryDirectory(prefix="tg") as place:
        run_dir = RunDir(Path(place) / "run")
        engine = subprocess.Popen(
            [sys.executable, "-m", "tidegate", "run", CONFIG, "--run-dir", run_dir.path],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert engine.stdout is not None
        engine.stdout.readline()
        try:
            for count in options.orders:
                taken = [measure(run_dir, count) / 1000 for _ in range(options.rounds)]
                print(
                    f"{count:14} {median(taken):10.0f} {min(taken):10.0f} {max(taken):10.0f} "
                    f"{median(taken) / count:12.2f}"
                )
        finally:
            engine.terminate()
            engine.wait()


if __name__ == "__main__":
    main()
