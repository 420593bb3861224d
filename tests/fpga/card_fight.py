"""Cards against each other: the same commands, every response compared in all its fields.

    python tests/fpga/card_fight.py [--seeds 5] [--orders 100000]

plays the RTL as verilator has it, the same as CXXRTL has it, the rules as Cython and the twin in
plain Python, with and without empty clocks between commands. Exits with 1 where they differ, where
one of them is missing, or where too few orders follow one of their account in the very next clock.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from card_library import RTL, LibraryCard, by_cxxrtl
from card_twin import ORDER, CardTwin
from card_workload import Stream, unpacked
from numpy.typing import NDArray

from tidegate.backend import FPGA, why_missing
from tidegate.native.card import RESPONSE, Card

# Of the orders of a stream, those in the clock after one of the same account.
SHARE_LEAST = 0.25


class Plays(Protocol):
    """Anything that answers commands in order."""

    def apply(self, commands: NDArray[Any], responses: NDArray[Any]) -> None: ...


class Clocked(Protocol):
    """The same with empty clocks before commands."""

    def apply(
        self, commands: NDArray[Any], responses: NDArray[Any], gaps: NDArray[np.uint8] | None
    ) -> None: ...


class Twin:
    """The twin behind the same function."""

    def __init__(self) -> None:
        self.twin = CardTwin()

    def apply(self, commands: NDArray[Any], responses: NDArray[Any]) -> None:
        for index, command in enumerate(unpacked(commands)):
            responses[index] = tuple(self.twin.apply(command))


def share_back_to_back(commands: NDArray[Any]) -> float:
    """How many orders follow one of the same account in the very next clock."""
    orders = commands["op"] == ORDER
    follows = orders[1:] & orders[:-1] & (commands["account"][1:] == commands["account"][:-1])
    return float(follows.sum() / orders.sum())


def differing(
    commands: NDArray[Any], rules: Plays, card: Clocked, gaps: NDArray[np.uint8] | None
) -> list[str]:
    """The first few commands that are answered differently, and how."""
    expected, found = (np.zeros(len(commands), RESPONSE) for _ in range(2))
    rules.apply(commands, expected)
    card.apply(commands, found, gaps)
    return shown(commands, expected, found)


def shown(commands: NDArray[Any], expected: NDArray[Any], found: NDArray[Any]) -> list[str]:
    return [
        f"{index}: {commands[index]} gives {found[index]}, expected {expected[index]}"
        for index in np.flatnonzero(expected != found)[:5]
    ]


def cards(work: Path) -> dict[str, Callable[[], Clocked]]:
    """The simulators. FileNotFoundError where the package of one is missing."""
    if why := why_missing(FPGA):
        raise FileNotFoundError(why)
    from tidegate.native.fpga import Fpga

    library = by_cxxrtl(RTL, work)
    return {"verilator": Fpga, "CXXRTL": lambda: LibraryCard(library)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--orders", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        try:
            played = cards(Path(name))
        except FileNotFoundError as missing:
            print(missing, file=sys.stderr)
            return 1
        bad = sum(fight(seed, options.orders, played) for seed in range(1, options.seeds + 1))
    return 1 if bad else 0


def fight(seed: int, orders: int, cards: dict[str, Callable[[], Clocked]]) -> int:
    """Play one stream on all; how many differences were shown, and one more for a stream that has
    too few orders back to back.
    """
    stream = Stream(seed)
    commands = stream.with_orders(orders)
    size = len(commands)
    gaps = stream.gaps(size)
    expected, of_twin = (np.zeros(size, RESPONSE) for _ in range(2))
    Card().apply(commands, expected)
    Twin().apply(commands, of_twin)
    played = {"twin": shown(commands, expected, of_twin)}
    for name, card in cards.items():
        for kind, empty in (("streaming", None), ("with bubbles", gaps)):
            found = np.zeros(size, RESPONSE)
            card().apply(commands, found, empty)
            played[f"{name} {kind}"] = shown(commands, expected, found)
    is_order = commands["op"] == ORDER
    accepted = (expected["verdict"][is_order] == 1 << 63).mean()
    share = share_back_to_back(commands)
    print(
        f"seed {seed}: {is_order.sum()} orders of {size} commands, {accepted:.0%} accepted,"
        f" {share:.0%} back to back on one account;"
        f" equal: {', '.join(name for name, wrong in played.items() if not wrong)}",
        flush=True,
    )
    for name, wrong in played.items():
        print(*(f"  {name}: {line}" for line in wrong), sep="\n", end="\n" if wrong else "")
    if share < SHARE_LEAST:
        print(f"  expected {SHARE_LEAST:.0%} back to back on one account")
    return sum(map(len, played.values())) + (share < SHARE_LEAST)


if __name__ == "__main__":
    sys.exit(main())
