"""2,000 sub-accounts on 2,000 connections: python bench/subaccounts.py [--rate N] [--seconds S].

Each sub-account is a session of its own, with a connection of its own to the gateway. First a
steady rate whose gaps are drawn (Poisson), then bursts: as many orders in all, each burst at once.
Every order is immediate-or-cancel and must end once. Time counts from the planned send. The share
of the machine is that of the stages' threads over the wall time, the clients and the venue shown
apart.
"""

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
from rig import pinning, processes
from rig.bench import PERCENTILES, Bench
from rig.client import Driven, Rows
from rig.crowd import Crowd
from rig.orders import passing
from rig.samples import percentiles
from rig.world import sub_accounts, universe_in

from tidegate.native.load_bench import FINAL_STATE
from tidegate.native.records import Kind
from tidegate.run_dir import RunDir
from tidegate.universe import Universe

INSTRUMENTS = 20
ENGINE = ("gateway", "risk", "router")
WARM_SHARE = 10


class Times:
    """Processor time of each process and of the bench since it was made."""

    def __init__(self, running: processes.Processes) -> None:
        self.pids = {"clients": os.getpid(), **running.pids}
        self.began = time.perf_counter()
        self.before = self.now()

    def now(self) -> dict[str, dict[str, float]]:
        return {name: processes.cpu_seconds(pid) for name, pid in self.pids.items()}

    def shares(self) -> dict[str, dict[str, float]]:
        """Per cent of the machine, by process and by thread."""
        whole = (time.perf_counter() - self.began) * len(pinning.CORES) / 100
        return {
            name: {
                thread: (seconds - self.before[name].get(thread, 0.0)) / whole
                for thread, seconds in threads.items()
            }
            for name, threads in self.now().items()
        }


def orders_of(content: Universe, count: int, seed: int) -> tuple[Rows, Rows]:
    """(rows, owners): each row of the one account of its owner's session."""
    draw = np.random.Generator(np.random.PCG64(seed))
    owners = draw.integers(0, len(content.sessions), count)
    rows = passing(count, [1], INSTRUMENTS, seed)
    accounts = np.array([row.accounts[0] for row in content.sessions], np.uint32)
    rows["account"] = accounts[owners]
    return rows, owners


def steady(rate: int, count: int, seed: int) -> Rows:
    draw = np.random.Generator(np.random.PCG64(seed))
    return np.cumsum(draw.exponential(1e9 / rate, count)).astype(np.int64)


def bursts(rate: int, count: int, size: int) -> Rows:
    """`size` orders at one moment, as many moments as make the rate."""
    return (np.arange(count) // size * (size * 1e9 / rate)).astype(np.int64)


def check(found: Driven, count: int) -> None:
    """Nothing lost, every order one final state."""
    lost = count - int((found.states == FINAL_STATE).sum())
    if lost or found.counts["repeated"] or found.counts["foreign"] or found.counts["rejected"]:
        raise SystemExit(f"{lost} of {count} orders have no final state: {found.counts}")


def tell_shares(bench: Bench, shares: dict[str, dict[str, float]]) -> float:
    """A line a thread that did anything; the engine's sum."""
    bench.table("share of the machine", "per cent", {"share": ".2f"})
    for name, threads in shares.items():
        for thread, share in threads.items():
            if share >= 0.05:
                bench.row(f"{name}: {thread.rpartition(' ')[0]}", {"share": share})
    whole = sum(sum(shares[name].values()) for name in ENGINE)
    bench.row("the three stages", {"share": whole})
    return whole


def measure(
    bench: Bench,
    options: argparse.Namespace,
    content: Universe,
    crowd: Crowd,
    running: processes.Processes,
) -> None:
    count = int(options.rate * options.seconds)
    told: list[tuple[str, Driven, dict[str, dict[str, float]]]] = []
    for name, due in (
        ("steady", steady(options.rate, count, options.seed)),
        *((f"bursts of {size}", bursts(options.rate, count, size)) for size in options.bursts),
    ):
        rows, owners = orders_of(content, count, options.seed)
        times = Times(running)
        found = crowd.drive(rows, owners, due)
        told.append((name, found, times.shares()))
        running.check()
        check(found, count)
    bench.table(f"{options.rate:,} orders/s", "us from the planned time", PERCENTILES)
    for name, found, _ in told:
        ns = found.ns[count // WARM_SHARE :]
        bench.row(name, percentiles(ns))
        bench.curve("sub-accounts", name, ns)
    for name, found, _ in told:
        denied = int((found.ends == Kind.DENIED).sum())
        bench.line(
            f"result {name}",
            f"{found.result}; {count} orders, 0 lost, {denied} denied, {found.counts['stalls']} "
            "stalls of the clients",
        )
    share = tell_shares(bench, told[0][2])
    steady_ns = told[0][1].ns[count // WARM_SHARE :]
    bench.goal("steady p99, us", percentiles(steady_ns)["p99"], at_most=1000)
    bench.goal("processor of the three stages, per cent", share, at_most=40)


def allow_files(count: int) -> None:
    """Room for a connection each, here and in the gateway that we start."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + 256
    if most != resource.RLIM_INFINITY and most < wanted:
        raise SystemExit(f"{most} open files are allowed; expected {wanted} (ulimit -n)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def main() -> None:
    """Start the engine, log all on, measure."""
    bench = Bench("subaccounts", __doc__)
    bench.parser.add_argument("--accounts", type=int, default=2_000)
    bench.parser.add_argument("--rate", type=int, default=20_000)
    bench.parser.add_argument("--seconds", type=float, default=10.0)
    bench.parser.add_argument("--bursts", type=int, nargs="+", default=[100, 1_000])
    bench.parser.add_argument("--pin", default="none")
    bench.parser.add_argument("--dir", help="of the run directory")
    options = bench.begin()
    if options.small:
        options.accounts, options.rate, options.seconds, options.bursts = 50, 1_000, 0.3, [20]
    allow_files(options.accounts)
    with tempfile.TemporaryDirectory(dir=options.dir, prefix="tg") as place:
        run_dir = RunDir(Path(place) / "run")
        count = int(options.rate * options.seconds) * (1 + len(options.bursts))
        content = universe_in(
            run_dir,
            accounts=options.accounts,
            instruments=INSTRUMENTS,
            cl_ord_ids=1 << (4 * count).bit_length(),
            sessions=options.accounts,
            outbox=1 << 10,
        )
        assert len(sub_accounts(content)) == len(content.sessions)
        running = processes.engine(run_dir)
        try:
            crowd = Crowd(run_dir.ipc("front"), [row.name for row in content.sessions])
            bench.line("pinning", running.place(options.pin))
            wait_up(crowd, content, options.seed)
            measure(bench, options, content, crowd, running)
            crowd.close()
        finally:
            running.end()
    bench.end()


def wait_up(crowd: Crowd, content: Universe, seed: int) -> None:
    """Until the venue answers."""

    def is_up() -> bool:
        rows, owners = orders_of(content, 1, seed)
        return bool(crowd.drive(rows, owners, np.zeros(1, np.int64)).ends[0] != Kind.DENIED)

    processes.wait_until(is_up, "the venue")


if __name__ == "__main__":
    main()
