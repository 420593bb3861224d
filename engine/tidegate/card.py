"""The card that risk asks where its config says so: made, loaded, attached, watched."""

import importlib
import sys
from typing import Any, Protocol

from tidegate.backend import MODULE, NATIVE, why_missing
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
    def made_of(self) -> tuple[int, int, int]: ...
    @property
    def pipe(self) -> object: ...


def hardware() -> Decider:
    """A new card as hardware; ModuleNotFoundError where the package was built without it."""
    found: Decider = importlib.import_module(MODULE).Fpga()
    return found


def attach(tables: Tables, name: str) -> Backend | None:
    """Decide orders over the tables with this backend from now on; None = the rules alone.

    CardError where the card is not there, or does not take the tables.
    """
    if name == NATIVE:
        return None
    if why := why_missing(name):
        raise CardError(f"backend {name!r}: {why}")
    return attach_card(tables, CardMemory(), hardware())


def attach_card(tables: Tables, memory: CardMemory, decider: Decider) -> Backend:
    """The same with a card of these rings, whatever decides in it; its epoch is the sequence."""
    epoch = int(tables.arrays["risk"]["sequence"][0]) + 1
    made = Backend(tables, CardDriver(CardDevice(memory, decider)), epoch)
    native.attach(tables, made)
    return made


class Journaling(Protocol):
    """The risk agent."""

    def note(self, text: bytes) -> bool: ...


class Watch:
    """Tells, once, that the card is out and the rules decide alone: stderr and journal."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.is_said = self.is_noted = False

    def look(self, agent: Journaling) -> dict[str, int]:
        """Compare with the last look; the card's counters. What no journal takes is noted later."""
        why = self.backend.out_reason
        if why and not self.is_said:
            self.is_said = True
            print(f"the card {why}; orders go on without it", file=sys.stderr, flush=True)
        if why and not self.is_noted:
            self.is_noted = agent.note(f"card is out: {why}".encode())
        found: dict[str, Any] = self.backend.counters
        return found
