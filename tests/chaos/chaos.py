"""`make chaos`: kill the real processes of a run at random while it trades, then check it all.

    python tests/chaos/chaos.py --seed 1 --kills 100

The seed fixes what the strategies do and what is done to whom; when it hits is the machine's.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aftermath
from faults import Victim
from load import Strategy

SESSIONS = {
    "one": ("sub-1", "sub-2"),
    "two": ("sub-3", "sub-4"),
    "three": ("sub-5", "sub-6"),
}
SETTLE_S = 60.0
DISK_SIZE = "600m"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--pause-ms", type=int, default=700, help="longest pause between two")
    options = parser.parse_args()
    with small_disk() as (place, may_fill):
        if not may_fill:
            print("no disk is filled: this user may not mount one")
        victim = Victim(place / "run", options.seed, may_fill=may_fill)
        try:
            found = wreck(victim, options)
        finally:
            victim.end()
        if found:
            sys.stderr.write((place / "run.log").read_text()[-4000:])
    for line in found:
        print(f"FAILED {line}")
    print("chaos: all checks hold" if not found else f"chaos: {len(found)} checks failed")
    return 1 if found else 0


@contextmanager
def small_disk() -> Iterator[tuple[Path, bool]]:
    """A directory, and whether it is a file system of its own that may be filled."""
    with tempfile.TemporaryDirectory(prefix="tidegate-chaos-") as name:
        options = ["-t", "tmpfs", "-o", f"size={DISK_SIZE},mode=0700", "none", name]
        try:
            is_mounted = not subprocess.run(["mount", *options], capture_output=True).returncode
        except FileNotFoundError:
            is_mounted = False
        try:
            yield Path(name), is_mounted
        finally:
            if is_mounted:
                subprocess.run(["umount", "-l", name], check=True)


def wreck(victim: Victim, options: argparse.Namespace) -> list[str]:
    """Trades under faults, then lets all end, and tells what does not hold."""
    strategies = [
        Strategy(victim.front, name, accounts, f"{options.seed} {name}")
        for name, accounts in SESSIONS.items()
    ]
    for strategy in strategies:
        strategy.client.connect()
        strategy.start()
    pauses = random.Random(f"{options.seed} pauses")
    while victim.done.total() < options.kills:
        time.sleep(pauses.uniform(0.02, options.pause_ms / 1000))
        victim.strike()
    victim.wait_ready()
    for strategy in strategies:
        strategy.stopping.set()
        strategy.join()
    for strategy in strategies:
        strategy.settle(SETTLE_S)
    found = aftermath.problems_of(strategies)
    found += aftermath.venue_differs(victim.run_dir, strategies)
    for strategy in strategies:
        strategy.client.close()
    if (status := victim.stop()) != 0:
        found.append(f"the run ended with {status}")
    found += aftermath.state_differs(victim.run_dir)
    for name, count in sorted(victim.done.items()):
        print(f"{name:24} {count:6}")
    for strategy in strategies:
        print(
            f"session {strategy.name:8} {len(strategy.orders):7} orders {len(strategy.fills):7} "
            f"fills {strategy.refused:6} not sent; {dict(strategy.reasons.most_common(6))}"
        )
    return found


if __name__ == "__main__":
    sys.exit(main())
