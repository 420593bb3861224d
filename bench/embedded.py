"""Submits through an embedded engine, from Cython and from Python: python bench/embedded.py.

Every control is on, the journal is written; router and venue are processes that answer each order.
By turns, batch by batch of 32 prepared orders: the floor, which is the journal's append and risk's
step over tables of its own, then submit() for the same orders, then what is done for all of them:
flush (to the router) and poll (the router's reports in, the caller's out). Python submits batches
of the same orders between these, by names and decimal strings. Timed in the caller's thread.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from rig.bench import PERCENTILES, Bench, hashed
from rig.orders import passing
from rig.processes import HERE, Processes
from rig.samples import Samples, percentiles, ratio
from rig.world import sub_accounts, universe_in

from tidegate import Engine, risk_state
from tidegate.native.embedded_bench import BATCH, measure
from tidegate.native.journal import Journal
from tidegate.native.pretrade import Pretrade
from tidegate.native.records import RECORD, Kind, Side, TimeInForce
from tidegate.native.tables import Tables
from tidegate.prices import to_price
from tidegate.region import Region
from tidegate.run_dir import RunDir
from tidegate.universe import Placement, Universe

ACCOUNTS, INSTRUMENTS = 200, 20
BATCHES = 64
UP_S = 30.0
PARTS = ("floor", "submit", "flush", "poll")


def marked(content: Universe, engine: Engine) -> tuple[Tables, dict[str, Region]]:
    """Tables of the floor, in regions as the engine's are, which have seen the same marks."""
    place = RunDir(engine.run_dir.path / "floor")
    place.create()
    tables, regions = risk_state.in_regions(content, place)
    step = Pretrade(tables)
    arrays = engine._risk.tables.arrays
    rows = np.zeros(len(content.instruments) + 1, RECORD)
    rows["kind"], rows["received_ns"] = Kind.MARK, arrays["risk"]["now_ns"][0]
    rows["kind"][0] = Kind.TICK
    rows["sequence"] = np.arange(1, len(rows) + 1)
    rows["instrument"] = np.arange(len(rows))
    rows["price"] = arrays["instruments"]["mark_px"]
    step.replay(rows)
    return tables, regions


def words(content: Universe, rows: np.ndarray[Any, Any]) -> list[dict[str, Any]]:
    """The same orders as a person would write them."""
    found = []
    for row in rows:
        instrument = content.instruments[int(row["instrument"]) - 1]
        price = to_price(int(row["price"]), instrument.tick_size)
        found.append(
            {
                "account": content.accounts[int(row["account"]) - 1].name,
                "instrument": instrument.symbol,
                "side": Side(int(row["side"])).name,
                "order_qty": int(row["order_qty"]),
                "price": f"{price:f}",
                "time_in_force": TimeInForce.IMMEDIATE_OR_CANCEL,
            }
        )
    return found


def from_python(engine: Engine, orders: list[dict[str, Any]], batches: int) -> tuple[Samples, int]:
    """ns of each batch of submits, of the engine and of its entry by turns, and how many orders
    were accepted."""
    taken = np.zeros((2, batches))
    accepted = 0
    for batch in range(2 * batches):
        submit = engine.entry.submit if batch % 2 else engine.submit
        part = orders[batch % (len(orders) // BATCH) * BATCH :][:BATCH]
        began = time.perf_counter_ns()
        verdicts = [submit(**order) for order in part]
        taken[batch % 2, batch // 2] = time.perf_counter_ns() - began
        accepted += sum(map(bool, verdicts))
        engine.flush()
        engine.native.poll_rows(256)
        while engine._risk.tables.arrays["risk"]["open_orders"][0] > 2_048:
            engine.native.poll_rows(256)
    return taken, accepted


def run(bench: Bench, options: argparse.Namespace, content: Universe, engine: Engine) -> None:
    """All turns, then the tables."""
    rows = passing(64 * BATCH, sub_accounts(content), INSTRUMENTS, options.seed)
    # The engine signs what it takes; the floor takes it as it is.
    rows["session"] = engine.native.session
    wait_marks(content, engine)
    plain, regions = marked(content, engine)
    orders = words(content, rows)
    journal = Journal(
        engine.run_dir.path / "floor" / "journal",
        segment_records=content.segment_records,
        first_sequence=len(content.instruments) + 2,
    )
    journal.assist()
    native: list[Samples] = []
    python: list[Samples] = []
    hashes = []
    next_id = 1
    for turn in range(options.turns + 1):
        found, (floor, ours) = measure(
            engine.native, plain, journal, rows.view(RECORD), BATCHES, next_id, 1
        )
        next_id += BATCHES * BATCH
        taken, accepted = from_python(engine, orders, BATCHES)
        if floor != ours or accepted != 2 * BATCHES * BATCH:
            raise SystemExit(f"verdicts differ: {floor:x}, {ours:x}, {accepted} accepted")
        hashes.append(f"{ours:016x}")
        if turn:
            native.append(found / BATCH)
            python.append(taken / BATCH)
    journal.close()
    for region in regions.values():
        region.close()
    tell(bench, options, native, python)
    bench.line("result", f"{hashed(*hashes)} of {len(hashes) * BATCHES * BATCH} verdicts")


def wait_marks(content: Universe, engine: Engine) -> None:
    """Until every instrument has its reference price."""
    symbols = [row.symbol for row in content.instruments]
    if not engine.until(lambda: all(map(engine.mark, symbols)), UP_S):
        raise SystemExit(f"no marks within {UP_S:g} s")


def tell(
    bench: Bench, options: argparse.Namespace, native: list[Samples], python: list[Samples]
) -> None:
    parts = {name: np.concatenate([found[at] for found in native]) for at, name in enumerate(PARTS)}
    for at, name in enumerate(("Engine.submit", "entry.submit")):
        parts[f"{name} from Python"] = np.concatenate([found[at] for found in python])
    parts["submit and flush"] = parts["submit"] + parts["flush"]
    bench.table("an order, in batches of 32", "ns", PERCENTILES | {"over floor": ".2f"})
    for name, ns in parts.items():
        over = float(np.median(ns) / np.median(parts["floor"]))
        bench.row(name, percentiles(ns, "ns") | {"over floor": over})
    pairs = [(found[1], found[0]) for found in native]
    value, low, high = ratio(pairs, 50, options.seed)
    added = float(np.median(parts["submit"] - parts["floor"]))
    bench.goal("submit over step and journal at p50", value, at_most=1.25, interval=(low, high))
    bench.line("around the step", f"{added:.0f} ns of a submit at p50, the lanes' flush aside")
    bench.goal("submit from Cython, ns", float(np.median(parts["submit"])), at_most=120)
    quickest = float(np.median(parts["entry.submit from Python"])) / 1e3
    bench.goal("submit from Python, us", quickest, at_most=0.8)
    rate = 1e3 / float(np.median(parts["submit and flush"]))
    bench.goal("with journal and lane on one core, M orders/s", rate, at_least=8)


@contextmanager
def opened(pin: str, directory: str | None) -> Iterator[tuple[Universe, Engine, str]]:
    """The universe, an engine whose router and venue run, and the line that says what is pinned."""
    with tempfile.TemporaryDirectory(dir=directory, prefix="tg") as place:
        run_dir = RunDir(Path(place) / "run")
        content = msgspec.structs.replace(
            universe_in(run_dir, accounts=ACCOUNTS, instruments=INSTRUMENTS, cl_ord_ids=1 << 20),
            placement=Placement(layout="embedded"),
        )
        run_dir.write_universe(content)
        running = Processes()
        try:
            running.start("venue", HERE / "venue.py", run_dir.path)
            running.start("router", "-m", "tidegate.stage", "router", run_dir.path)
            with Engine(
                content,
                run_dir,
                session=content.sessions[0].name,
                flush_every=64,
                starts_channels=False,
            ) as engine:
                yield content, engine, running.place(pin)
        finally:
            running.end()


def main() -> None:
    """Start router and venue, open the engine, measure."""
    bench = Bench("embedded", __doc__)
    bench.parser.add_argument("--turns", type=int, default=60, help="of 2,048 orders each")
    bench.parser.add_argument("--pin", default="two")
    bench.parser.add_argument("--dir", help="of the run directory")
    options = bench.begin()
    if options.small:
        options.turns = 1
    with opened(options.pin, options.dir) as (content, engine, pinned):
        bench.line("pinning", pinned)
        run(bench, options, content, engine)
    bench.end()


if __name__ == "__main__":
    main()
