"""`make chaos`: kill the real processes of a run while it trades, then check it all.

    python tests/chaos/chaos.py --seed 1 --kills 100 [--fused] [--keep DIRECTORY]

The seed fixes what the strategies do and what is done to whom; when it hits is the machine's.
"""

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aftermath
from faults import Faults
from load import Strategy
from victim import StuckError, Victim

SESSIONS = {
    "one": ("sub-1", "sub-2"),
    "two": ("sub-3", "sub-4"),
    "three": ("sub-5", "sub-6"),
}
SETTLE_S = 60.0
PAUSE_S_MAX = 0.3
DISK_SIZE = "600m"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=100, help="of processes under load")
    parser.add_argument(
        "--fused", action="store_true", help="the path is one stage, without sockets"
    )
    parser.add_argument("--keep", type=Path, help="where the run is copied to when a check fails")
    options = parser.parse_args()
    began = time.monotonic()
    with small_disk() as (place, may_fill):
        victim = Victim(place / "run", fused=options.fused)
        faults = Faults(victim, options.seed, may_fill=may_fill)
        try:
            found = wreck(victim, faults, options)
        except StuckError as error:
            found = [str(error)]
        finally:
            victim.end()
        found += aftermath.logs_differ(victim, was_full=faults.others["fill the disk"] > 0)
        if found:
            sys.stderr.write(victim.log.read_text()[-4000:])
            if options.keep:
                shutil.copytree(place, options.keep, ignore=shutil.ignore_patterns("lanes"))
    for line in found:
        print(f"FAILED {line}")
    seconds = time.monotonic() - began
    verdict = f"{len(found)} checks failed" if found else "all checks hold"
    if not may_fill:
        verdict += "; no disk was filled: this user may not mount one"
    print(f"chaos: seed {options.seed}, {faults.kills.total()} kills, {seconds:.0f} s: {verdict}")
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


def wreck(victim: Victim, faults: Faults, options: argparse.Namespace) -> list[str]:
    """Trades under faults, then lets all end, and tells what does not hold."""
    strategies = [
        Strategy(victim.front, name, accounts, f"{options.seed} {name}")
        for name, accounts in SESSIONS.items()
    ]
    for strategy in strategies:
        strategy.client.connect()
        strategy.start()
    pauses = random.Random(f"{options.seed} pauses")
    try:
        while faults.kills.total() < options.kills:
            time.sleep(pauses.uniform(0.0, PAUSE_S_MAX))
            faults.strike()
    finally:
        for strategy in strategies:
            strategy.stopping.set()
            strategy.join()
        show(faults, strategies)
    victim.wait_ready()
    for strategy in strategies:
        strategy.settle(SETTLE_S)
    found = aftermath.problems_of(strategies)
    found += aftermath.venue_differs(victim.run_dir, strategies)
    for strategy in strategies:
        strategy.client.close()
    if (status := victim.stop()) != 0:
        found.append(f"the run ended with {status}")
    return found + aftermath.state_differs(victim.run_dir)


def show(faults: Faults, strategies: list[Strategy]) -> None:
    """What was done, and what was traded meanwhile."""
    for title, counts in (("kill under load", faults.kills), ("", faults.others)):
        for name, count in sorted(counts.items()):
            print(f"{title} {name:24} {count:6}".strip())
    for strategy in strategies:
        print(
            f"session {strategy.name:8} {len(strategy.orders):7} orders {len(strategy.fills):7} "
            f"fills {strategy.refused:6} not sent; {dict(strategy.reasons.most_common(6))}"
        )


if __name__ == "__main__":
    sys.exit(main())
