"""Each kind of lane beside raw libzmq and a raw spinning ring: python bench/lanes.py [--turns N].

Ping-pong: one record there and back between two processes (threads for inproc), so two hops.
Throughput: records one way, in the lane's own batches; raw libzmq with a record a message and with
frames of 256. All kinds take turns in one run; the raw ring spins and needs two cores.
"""

import argparse
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import numpy as np
import zmq
from rig import pinning
from rig.bench import PERCENTILES, Bench
from rig.ends import FLOORS, KINDS, SPINNING, THREADS, End, Samples
from rig.processes import HERE, Processes
from rig.samples import percentiles, ratio


class Far:
    """The far ends: a process that is told what to do, and threads for inproc."""

    def __init__(self, context: zmq.Context, place: Path) -> None:
        self.processes = Processes()
        self.processes.start("far", HERE / "far.py", place, talks=True)
        self.process = self.processes.running["far"]
        self.near_by = {kind: KINDS[kind](context, place, kind, False) for kind in THREADS}

    def during(self, kind: str, action: str, count: int, near: Callable[[int], object]) -> object:
        """What `near` returns while the far end does `action`."""
        if kind in self.near_by:
            thread = Thread(target=getattr(self.near_by[kind], action), args=(count,))
            thread.start()
            found = near(count)
            thread.join()
            return found
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{kind};{action};{count}\n".encode())
        self.process.stdin.flush()
        found = near(count)
        if self.process.stdout.readline() != b"done\n":
            raise SystemExit(f"{kind}: the far end did not end {action}")
        return found


def place_all(bench: Bench, far: Far, kind: str) -> None:
    told = pinning.place(kind, {"near": os.getpid(), "far": far.process.pid})
    bench.line("pinning", f"{told}; inproc's two threads where near is")


def ping_pong(
    bench: Bench, far: Far, ends: dict[str, End], kinds: list[str], options: argparse.Namespace
) -> None:
    """All kinds by turns, then a line each."""
    taken: dict[str, list[Samples]] = {kind: [] for kind in kinds}
    for turn in range(options.turns + 1):
        for kind in kinds if turn % 2 == 0 else kinds[::-1]:
            found = far.during(kind, "echo", options.rounds, ends[kind].ping)
            if not isinstance(found, np.ndarray) or found.min() < 0:
                raise SystemExit(f"{kind}: a record did not come back")
            if turn:
                taken[kind].append(found[options.rounds // 10 :])
    title = f"ping-pong, {options.placed}"
    bench.table(title, "us there and back", PERCENTILES | {"over raw": ".2f"})
    for kind in kinds:
        samples = np.concatenate(taken[kind])
        values = percentiles(samples)
        if kind in FLOORS:
            pairs = list(zip(taken[kind], taken[FLOORS[kind]], strict=True))
            values["over raw"] = ratio(pairs, 50, options.seed)[0]
        bench.row(kind, values)
        bench.curve(title, kind, samples)


def throughput(
    bench: Bench, far: Far, ends: dict[str, End], kinds: list[str], options: argparse.Namespace
) -> None:
    rates: dict[str, list[float]] = {kind: [] for kind in kinds}
    for turn in range(options.turns + 1):
        for kind in kinds:
            # From the word to begin: what lies in buffers before the first is taken counts too.
            began = time.monotonic_ns()
            ended = far.during(kind, "produce", options.count, ends[kind].consume)
            if not isinstance(ended, int) or ended < 0:
                raise SystemExit(f"{kind}: not all of {options.count} records came in order")
            if turn:
                rates[kind].append(options.count / (ended - began) * 1e3)
    bench.table(
        f"throughput one way, {options.placed}", "M records/s", {"median": ".3f", "least": ".3f"}
    )
    for kind in kinds:
        bench.row(kind, {"median": float(np.median(rates[kind])), "least": min(rates[kind])})


def main() -> None:
    """Open all ends, measure by placement."""
    bench = Bench("lanes", __doc__)
    bench.parser.add_argument("--turns", type=int, default=10)
    bench.parser.add_argument("--rounds", type=int, default=2_000, help="a turn of ping-pong")
    bench.parser.add_argument("--count", type=int, default=1 << 18, help="records a turn")
    bench.parser.add_argument("--pin", nargs="+", default=["one", "spread"])
    options = bench.begin()
    if options.small:
        options.turns, options.rounds, options.count = 1, 100, 1 << 12
    with tempfile.TemporaryDirectory(prefix="tg") as name, zmq.Context() as context:
        place = Path(name)
        ends = {kind: make(context, place, kind, True) for kind, make in KINDS.items()}
        far = Far(context, place)
        try:
            for placed in options.pin:
                options.placed = placed
                is_one = placed == "one" or len(pinning.CORES) == 1
                kinds = [kind for kind in KINDS if not (is_one and kind in SPINNING)]
                place_all(bench, far, placed)
                ping_pong(
                    bench, far, ends, [kind for kind in kinds if "frames" not in kind], options
                )
                throughput(bench, far, ends, kinds, options)
        except subprocess.SubprocessError as error:
            raise SystemExit(f"the far end: {error}") from error
        finally:
            far.processes.end()
            context.destroy(linger=0)
    bench.end()


if __name__ == "__main__":
    main()
