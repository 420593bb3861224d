"""The host's end of a card's rings: opens it, loads its tables, gives commands, takes answers.

Time comes with each call, so that a replay and a test decide the same. A card that does not answer
for longer than `patience_ns` stands still: from then on `CardError` is all that it gives, and who
asked goes on without it.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.card.registers import IDENTITY, LAYOUT_HASH, CardMemory, Register
from tidegate.errors import CardError
from tidegate.native.card import LAYOUT_VERSION


class CardDriver:
    """One card as its host sees it. CardError where it is no card, or one of another layout."""

    def __init__(self, memory: CardMemory, *, patience_ns: int) -> None:
        for place, expected in (
            (Register.IDENTITY, IDENTITY),
            (Register.VERSION, LAYOUT_VERSION),
            (Register.LAYOUT, LAYOUT_HASH),
        ):
            found = memory.read(place)
            if found != expected:
                raise CardError(f"card's {place.name}: {found:#x}, expected {expected:#x}")
        self.memory, self.patience_ns = memory, patience_ns
        self.since_ns: int | None = None
        self.is_still = False

    @property
    def waiting(self) -> int:
        """Commands that are given and not answered, or whose answers are not taken."""
        read = self.memory.read
        return read(Register.COMMANDS_PUT) - read(Register.RESPONSES_TAKEN)

    def give(self, commands: NDArray[Any]) -> int:
        """Put as many as there is room for into the ring; how many it were."""
        memory = self.memory
        put = memory.read(Register.COMMANDS_PUT)
        count = min(len(commands), len(memory.commands) - self.waiting)
        memory.commands[np.arange(put, put + count) % len(memory.commands)] = commands[:count]
        memory.write(Register.COMMANDS_PUT, put + count)
        return count

    def take(self, now_ns: int) -> NDArray[Any]:
        """The answers that are there; CardError when the card stands still."""
        memory = self.memory
        taken, put = memory.read(Register.RESPONSES_TAKEN), memory.read(Register.RESPONSES_PUT)
        found = memory.responses[np.arange(taken, put) % len(memory.responses)].copy()
        memory.write(Register.RESPONSES_TAKEN, put)
        if put > taken or not self.waiting:
            self.since_ns = None
        elif self.since_ns is None:
            self.since_ns = now_ns
        elif now_ns - self.since_ns > self.patience_ns:
            self.is_still = True
        if self.is_still:
            raise CardError(
                f"the card has not answered {self.waiting} commands for {self.patience_ns} ns"
            )
        return found

    def want_epoch(self, epoch: int) -> None:
        """All tables up to here are the epoch's: orders count from when the card has taken it."""
        self.memory.write(Register.EPOCH_WANTED, epoch)

    def check_epoch(self, epoch: int, *, refused_before: int = 0) -> bool:
        """Whether the epoch counts; CardError when the card has refused it."""
        read = self.memory.read
        if read(Register.EPOCHS_REFUSED) > refused_before:
            raise CardError(
                f"the card refused epoch {epoch}: {read(Register.LOADS_REFUSED)} loads were"
                f" refused, its epoch is {read(Register.EPOCH)}"
            )
        return read(Register.EPOCH) == epoch

    def kill(self, is_killed: bool) -> None:
        """The switch beside the ring: heard before any command that still waits."""
        self.memory.write(Register.KILL, is_killed)
