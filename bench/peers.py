"""Submits through other engines from Python, beside ours: python bench/peers.py (make bench-peers).

NautilusTrader's RiskEngine and vn.py's send_order with its risk manager, each in a process and a
venv of its own below build/peers, and ours embedded, with its journal and a router and venue behind
it. All take the same immediate-or-cancel orders, batches of 32 by turns, timed in the caller's
thread; nothing is timed of what a venue or a thread does later. Limits are such that every order
passes everywhere. What each looks at is not the same: the last column says what it does not check.
"""

import argparse
import json
import os
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np
from embedded import INSTRUMENTS, from_python, opened, wait_marks, words
from rig.bench import PERCENTILES, Bench
from rig.host import ROOT
from rig.orders import passing
from rig.samples import Samples, percentiles, ratio
from rig.world import sub_accounts

from tidegate.native.embedded_bench import BATCH

VENVS = ROOT / "build" / "peers"
OURS = "Tidegate: Engine.submit"
ENTRY = "Tidegate: entry.submit"
OURS_CHECKS = "- (all of RISK.md, on four levels, margin at two; held and journaled)"


class Kind(NamedTuple):
    """A peer, where it runs, and what its source shows that it leaves out."""

    name: str
    venv: str
    program: str
    not_checked: str


PEERS = (
    Kind(
        "NautilusTrader",
        "nautilus_trader",
        "peer_nautilus.py",
        "margin, cash, positions, working orders, price bands, levels of accounts; its notional "
        "limit too is passed over for an account of type MARGIN; no hold, no journal",
    ),
    Kind(
        "vn.py",
        "vnpy",
        "peer_vnpy.py",
        "margin, cash, positions, price bands, trading states, self-match, accounts; counts follow "
        "on another thread, after the order has gone; no hold, no journal",
    ),
)


class Peer:
    """A peer's process, which takes turns when it is asked."""

    def __init__(self, kind: Kind, orders: Path, place: Path) -> None:
        python = VENVS / kind.venv / "bin" / "python"
        if not python.exists():
            raise SystemExit(f"{kind.name}: not in {python.parents[1]}; run make bench-peers")
        # vn.py keeps its settings at home.
        (place / ".vntrader").mkdir(exist_ok=True)
        environment = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        self.kind = kind
        self.process = subprocess.Popen(
            [python, ROOT / "bench" / "rig" / kind.program, orders, str(BATCH)],
            env=environment | {"HOME": str(place)},
            cwd=place,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        self.version = str(self._said()["version"])
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.communicate()

    def turn(self, count: int) -> dict[str, Samples]:
        """ns an order of each batch, by way; SystemExit unless each of `count` passed each way."""
        assert self.process.stdin is not None
        self.process.stdin.write("turn\n")
        self.process.stdin.flush()
        found = self._said()
        if found["passed"] != count * len(found["ns"]):
            expected = count * len(found["ns"])
            raise SystemExit(f"{self.kind.name}: {found['passed']} of {expected} orders passed")
        return {f"{self.kind.name}: {way}": np.array(ns) / BATCH for way, ns in found["ns"].items()}

    def _said(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.kind.name} ended with {self.process.wait()}")
        said: dict[str, Any] = json.loads(line)
        return said


def tell(bench: Bench, seed: int, turns: list[dict[str, Samples]]) -> None:
    """A line for each way, and how many times ours each takes."""
    columns = PERCENTILES | {"over ours": ".2f", "low": ".2f", "high": ".2f", "not checked": ""}
    bench.table("a submit from Python, in batches of 32", "us", columns)
    missing = {peer.name: peer.not_checked for peer in PEERS}
    for name in (OURS, ENTRY, *sorted(set(turns[0]) - {OURS, ENTRY})):
        times = np.concatenate([turn[name] for turn in turns])
        over = ratio([(turn[name], turn[OURS]) for turn in turns], 50, seed)
        bench.row(
            name,
            percentiles(times)
            | dict(zip(("over ours", "low", "high"), over, strict=True))
            | {"not checked": missing.get(name.partition(":")[0], OURS_CHECKS)},
        )
        bench.curve("a submit from Python", name, times)


def run(bench: Bench, options: argparse.Namespace, place: Path) -> None:
    """All turns; the first of each is not counted."""
    with opened(options.pin, None) as (content, engine, pinned):
        wait_marks(content, engine)
        rows = passing(options.batches * BATCH, sub_accounts(content), INSTRUMENTS, options.seed)
        orders = words(content, rows)
        path = place / "orders.json"
        path.write_text(json.dumps(orders, default=int))
        with Peer(PEERS[0], path, place) as first, Peer(PEERS[1], path, place) as second:
            peers = (first, second)
            bench.line("pinning", f"{pinned}; the peers, which are not paused, on any core")
            for peer in peers:
                bench.line(peer.kind.name, peer.version)
            turns = []
            for number in range(options.turns + 1):
                taken, accepted = from_python(engine, orders, options.batches)
                if accepted != 2 * len(orders):
                    raise SystemExit(f"ours: {accepted} of {2 * len(orders)} orders passed")
                found = dict(zip((OURS, ENTRY), taken / BATCH, strict=True))
                for peer in peers if number % 2 else reversed(peers):
                    found |= peer.turn(len(orders))
                turns.append(found)
    tell(bench, options.seed, turns[1:])
    passed = len(orders) * len(turns) * len(turns[0])
    bench.line("result", f"each of {passed:,} orders passed where it was sent")


def main() -> None:
    """Open ours, start theirs, alternate."""
    bench = Bench("peers", __doc__)
    bench.parser.add_argument("--turns", type=int, default=20)
    bench.parser.add_argument("--batches", type=int, default=64, help="of 32 orders, a turn")
    bench.parser.add_argument("--pin", default="two")
    options = bench.begin()
    if options.small:
        options.turns, options.batches = 2, 8
    with tempfile.TemporaryDirectory(prefix="tg") as place:
        run(bench, options, Path(place))
    bench.end()


if __name__ == "__main__":
    main()
