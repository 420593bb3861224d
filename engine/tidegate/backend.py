"""The check's backends: "native", the rules alone; "fpga", a card that is asked before them.

Both give the same verdicts, journal and state. The card is simulated clock by clock; it is there
where the package was built with verilator.
"""

import importlib
import sys
from collections.abc import Mapping
from typing import Any, Protocol

from tidegate.errors import CardError
from tidegate.native import backend as native
from tidegate.native.backend import Backend
from tidegate.native.card_device import CardDevice
from tidegate.native.card_driver import CardDriver
from tidegate.native.card_page import CardMemory
from tidegate.native.tables import Tables


class Decider(Protocol):
    """What decides behind a card's rings: `native.fpga.Fpga` or `native.card.Card`."""

    @property
    def pipe(self) -> object: ...


NATIVE, FPGA = "native", "fpga"
NAMES = (NATIVE, FPGA)
# By the card's counters: what became of orders and replaces that came as far as the checks.
WORDS = {
    "is_out": "the card is out",
    "passed": "passed by the card",
    "to_rules": "denied by the card, so asked of the rules",
    "alone_out": "rules alone: the card is out",
    "alone_slot": "rules alone: no slot on the card",
    "alone_market": "rules alone: a market order",
    "alone_close": "rules alone: closes lots kept by side",
    "alone_no_lots": "rules alone: a replace that adds no lots",
    "alone_floor": "rules alone: below the notional floor",
    "alone_margin": "rules alone: margin that the card has no rate for",
    "alone_width": "rules alone: a number wider than the card's",
}
MODULE = "tidegate.native.fpga"


def why_missing(name: str) -> str:
    """Why a backend is not there, in one sentence; "" = it is."""
    if name == FPGA and card() is None:
        return "this package was built without verilator, which the backend needs; expected native"
    return ""


def card() -> Decider | None:
    """A new card, as hardware; None where the package was built without it."""
    try:
        found: Decider = importlib.import_module(MODULE).Fpga()
    except ModuleNotFoundError:
        return None
    return found


def attach(tables: Tables, name: str) -> Backend | None:
    """Decide orders over the tables with this backend from now on; None = the rules alone.

    CardError where the card is not there, or does not take the tables.
    """
    if name == NATIVE:
        return None
    decider = card()
    if decider is None:
        raise CardError(f"backend {name!r}: {why_missing(name)}")
    return attach_card(tables, CardMemory(), decider)


def attach_card(tables: Tables, memory: CardMemory, decider: Decider) -> Backend:
    """The same with a card of these rings, whatever decides in it; its epoch is the sequence."""
    epoch = int(tables.arrays["risk"]["sequence"][0]) + 1
    made = Backend(tables, CardDriver(CardDevice(memory, decider)), epoch)
    native.attach(tables, made)
    return made


def in_words(counted: Mapping[str, int]) -> list[tuple[str, int]]:
    """The counters that say where orders went, and whether the card is out; no zeros."""
    return [(WORDS[name], count) for name, count in counted.items() if count and name in WORDS]


class Journaling(Protocol):
    """The risk agent."""

    def note(self, text: bytes) -> bool: ...


class Watch:
    """Tells, once, that the card is out and the rules decide alone: journal and stderr."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.is_told = False

    def look(self, agent: Journaling) -> dict[str, int]:
        """Compare with the last look; the card's counters. What no journal takes is told later."""
        why = self.backend.out_reason
        if why and not self.is_told:
            self.is_told = agent.note(f"card is out: {why}".encode())
            if self.is_told:
                print(f"the card {why}; orders go on without it", file=sys.stderr, flush=True)
        found: dict[str, Any] = self.backend.counters
        return found
