"""An order from client to venue and back through three processes: python bench/pipeline.py.

Gateway, risk and router run as they do in a run, with every control on and the journal written;
the venue answers at once. Beside them stands a raw libzmq chain of as many processes, the same
sockets, hops, frame size and pinning, whose nodes do nothing but pass frames on. Both are driven by
the same client, by turns in one run, and whichever does not run is stopped. With --lanes shm every
hop of ours is a ring in shared memory, with --layout fused its three stages are one process.

1. One order at a time, by placement: percentiles of both and their ratio.
2. Stepped rates, until the middle order takes 10 ms: planned send times, the flow's own gaps.
3. Throughput: frames of 256 orders beside the raw chain with messages of 64 bytes.
"""

import argparse
import os
import tempfile
from pathlib import Path

import numpy as np
import zmq
from rig import processes
from rig.bench import PERCENTILES, Bench, hashed
from rig.client import Client, Driven, Rows
from rig.orders import Flow, due, flow, passing, rows_of
from rig.pinning import real_time
from rig.samples import percentiles, ratio
from rig.world import sub_accounts, universe_in

from tidegate.native.chain_bench import stream
from tidegate.native.load_bench import FINAL_STATE
from tidegate.native.records import Kind
from tidegate.run_dir import RunDir
from tidegate.topology import FUSED
from tidegate.universe import Placement

ACCOUNTS, INSTRUMENTS = 200, 20
RATES = (1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 400_000, 800_000)
P50_MAX_MS = 10.0
RATE_QUANTILES = {"p50": 50, "p90": 90, "p95": 95, "p99": 99, "p99.9": 99.9, "worst": 100}
RATE_COLUMNS = {"rate": ",d"} | dict.fromkeys(RATE_QUANTILES, ".1f")
FRAME_RECORDS = 256
WINDOW = 8 * FRAME_RECORDS
RAW_SIZE, RAW_WINDOW = 64, 4_096


class Side:
    """One of the two systems, and the client on it."""

    def __init__(
        self,
        name: str,
        running: processes.Processes,
        client: Client,
        accounts: list[int],
        *,
        spins: bool = False,
    ) -> None:
        self.name, self.running, self.client = name, running, client
        self.accounts, self.spins = accounts, spins

    def drive(self, rows: Rows, due_ns: Rows | None = None, **how: int) -> Driven:
        """Let it run alone; every row must be answered."""
        self.running.go()
        found = self.client.drive(rows.copy(), due_ns, **how, spins=self.spins)
        self.running.pause()
        self.running.check()
        if found.counts["answered"] != len(rows) or found.counts["rejected"]:
            raise SystemExit(f"{self.name}: {found.counts}; expected {len(rows)} answered")
        return found


def one_at_a_time(
    bench: Bench,
    sides: list[Side],
    kind: str,
    rows: Rows,
    pairs: int,
    warm: int,
    seed: int,
    *,
    raw_kind: str,
    priority: int,
    is_shm: bool,
) -> None:
    """Alternate the two, each in its own placement, and print the ratio."""
    kinds = (kind, raw_kind)
    for side, own in zip(sides, kinds, strict=True):
        bench.line(f"pinning {side.name}", side.running.place(own))
    found: list[list[Rows]] = []
    ends: list[list[bytes]] = [[], []]
    for turn in range(pairs + 1):
        pair: list[Rows] = [rows, rows]
        # The order of a pair is turned each time: what drifts hits both alike.
        for at in (0, 1) if turn % 2 == 0 else (1, 0):
            # The client goes with the system that it drives.
            sides[at].running.place(kinds[at])
            pids = (os.getpid(), *sides[at].running.pids.values())
            with real_time(pids, priority):
                taken = sides[at].drive(rows, window=1)
            pair[at] = taken.ns[warm:]
            ends[at].append(taken.ends.tobytes())
        if turn:
            found.append(pair)
    bench.table(f"one at a time, {kind}", "us", PERCENTILES)
    for at, side in enumerate(sides):
        samples = np.concatenate([pair[at] for pair in found])
        bench.row(side.name, percentiles(samples))
        bench.curve(f"one at a time, {kind}", side.name, samples)
    bench.line("result", f"{hashed(*ends[0])} of {len(rows) * len(ends[0])} orders")
    if is_shm:
        p99_us = percentiles(np.concatenate([pair[0] for pair in found]))["p99"]
        bench.goal(f"{kind}: p99 over shared memory, us", p99_us, at_most=80)
    for quantile, limit in ((50, 0.10),) if is_shm else ((50, 1.10), (99, 1.15)):
        value, low, high = ratio([(a, b) for a, b in found], quantile, seed)
        bench.goal(
            f"{kind}: pipeline over raw chain ({raw_kind}) at p{quantile}",
            value,
            at_most=limit,
            interval=(low, high),
        )


def stepped(
    bench: Bench, side: Side, events: Flow, seconds: float, rates: tuple[int, ...], seed: int
) -> None:
    """Latency by rate, from planned times; ends where the middle one takes 10 ms."""
    bench.table(f"{side.name} by rate", "us from the planned time", RATE_COLUMNS)
    for rate in rates:
        wanted = int(min(len(events.order), max(rate * seconds, 200)))
        part = Flow(events.source, *(column[:wanted] for column in events[1:]))
        rows, count = rows_of(part, side.accounts, INSTRUMENTS, seed)
        side.drive(passing(FRAME_RECORDS, side.accounts, INSTRUMENTS, seed), window=1)
        taken = side.drive(rows, due(part, rate, len(rows)), frame_records=FRAME_RECORDS)
        values = np.percentile(
            taken.ns[:count], list(RATE_QUANTILES.values()), method="inverted_cdf"
        )
        told = {name: float(ns) / 1e3 for name, ns in zip(RATE_QUANTILES, values, strict=True)}
        bench.row(f"{count} events, {refused(taken)} refused", {"rate": rate} | told)
        if told["p50"] > P50_MAX_MS * 1000:
            break


def refused(taken: Driven) -> int:
    """Rows that were not done: denied orders and cancels that came too early or too late."""
    return int(np.isin(taken.ends, (Kind.DENIED, Kind.CANCEL_REJECT)).sum())


def throughput(bench: Bench, ours: Side, raw: Side, count: int, turns: int, seed: int) -> None:
    """Orders a second in frames, and messages of one order each over the raw chain."""
    rows = passing(count, ours.accounts, INSTRUMENTS, seed)
    rates: dict[str, list[float]] = {"ours": [], "raw": [], "same": []}
    for _ in range(turns + 1):
        for name, side in (("ours", ours), ("same", raw)):
            taken = side.drive(rows, window=WINDOW, frame_records=FRAME_RECORDS)
            if (taken.states != FINAL_STATE).any():
                raise SystemExit(f"{side.name}: {taken.counts}; expected every order final")
            rates[name].append(count / taken.seconds / 1e6)
        raw.running.go()
        ns = stream(raw.client.socket, count, RAW_SIZE, RAW_WINDOW)
        raw.running.pause()
        rates["raw"].append(count / ns * 1e3)
    bench.table("throughput there and back", "M/s", {"median": ".3f", "least": ".3f"})
    for name, label in (
        ("ours", f"{ours.name}, frames of {FRAME_RECORDS}"),
        ("raw", f"raw chain, single messages of {RAW_SIZE} B"),
        ("same", f"raw chain, frames of {FRAME_RECORDS}"),
    ):
        kept = rates[name][1:]
        bench.row(label, {"median": float(np.median(kept)), "least": min(kept)})
    bench.goal(
        "orders through three processes, M/s", float(np.median(rates["ours"][1:])), at_least=1.5
    )


def measure(bench: Bench, options: argparse.Namespace, ours: Side, raw: Side) -> None:
    rounds, pairs = (60, 2) if options.small else (options.rounds, options.pairs)
    rows = passing(rounds, ours.accounts, INSTRUMENTS, options.seed)
    for kind in options.pin:
        one_at_a_time(
            bench,
            [ours, raw],
            kind,
            rows,
            pairs,
            rounds // 10,
            options.seed,
            raw_kind=options.raw_pin or kind,
            priority=options.real_time,
            is_shm=options.lanes == "shm",
        )
    events = flow(options.seed, 2_000 if options.small else 200_000)
    bench.line("flow", events.source)
    for side in (ours, raw):
        bench.line(f"pinning {side.name}", side.running.place(options.rate_pin))
    rates = RATES[:1] if options.small else RATES
    for side in (ours, raw):
        stepped(bench, side, events, 0.2 if options.small else 2.0, rates, options.seed)
    count, turns = (2_560, 1) if options.small else (256_000, 5)
    throughput(bench, ours, raw, count, turns, options.seed)


def main() -> None:
    """Start both, measure, end both."""
    bench = Bench("pipeline", __doc__)
    bench.parser.add_argument("--rounds", type=int, default=2_000, help="orders a turn")
    bench.parser.add_argument("--pairs", type=int, default=15)
    bench.parser.add_argument("--pin", nargs="+", default=["one", "two", "none"])
    bench.parser.add_argument("--raw-pin", help="of the raw chain, where it is another")
    bench.parser.add_argument(
        "--real-time", type=int, default=0, help="SCHED_FIFO priority of both, one at a time"
    )
    bench.parser.add_argument("--rate-pin", default="none")
    bench.parser.add_argument("--dir", help="of the run directory")
    bench.parser.add_argument("--lanes", choices=("ipc", "shm"), default="ipc")
    bench.parser.add_argument("--layout", choices=("processes", "fused"), default="processes")
    bench.parser.add_argument("--spin-us", type=int, default=0, help="with --lanes shm")
    bench.parser.add_argument("--yields", type=int, default=0, help="with --lanes shm")
    options = bench.begin()
    with (
        tempfile.TemporaryDirectory(dir=options.dir, prefix="tg") as place,
        zmq.Context() as context,
    ):
        run_dir = RunDir(Path(place) / "run")
        content = universe_in(
            run_dir,
            accounts=ACCOUNTS,
            instruments=INSTRUMENTS,
            cl_ord_ids=1 << 18 if options.small else 1 << 23,
            lanes=options.lanes,
            placement=Placement(
                layout=options.layout, spin_us=options.spin_us, yields=options.yields
            ),
        )
        is_shm = options.lanes == "shm"
        accounts = sub_accounts(content)
        floor = Path(place) / "raw"
        floor.mkdir()
        both: list[processes.Processes] = []
        try:
            stages = (FUSED,) if options.layout == "fused" else processes.STAGES
            both.append(processes.engine(run_dir, stages))
            both.append(processes.chain(floor))
            ours = Side(
                "tidegate",
                both[0],
                Client(context, run_dir.ipc("front"), content.sessions[0].name, shares=is_shm),
                accounts,
                spins=options.spin_us > 0 or options.yields > 0,
            )
            raw = Side(
                "raw libzmq chain", both[1], Client(context, f"ipc://{floor}/front"), accounts
            )
            ours.client.wait_up(passing(1, accounts, INSTRUMENTS, options.seed))
            for running in both:
                running.pause()
            measure(bench, options, ours, raw)
        finally:
            for running in both:
                running.end()
            context.destroy(linger=0)
    bench.end()


if __name__ == "__main__":
    main()
