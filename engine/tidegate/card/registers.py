"""What a host and a card share: a page of registers and two rings, as PCIe would have them.

Each index counts from 0 and never wraps; a command stands at its index modulo the ring. Who writes
a register is said beside it, and nobody else ever does.
"""

import enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.native.card import COMMAND, LAYOUT_VERSION, RESPONSE
from tidegate.native.records import layout_hash

IDENTITY = int.from_bytes(b"TIDECARD", "little")
LAYOUT_HASH = layout_hash(COMMAND, RESPONSE)
# Commands in the ring, and responses that nobody has taken yet.
RING_COMMANDS = 4096


class Register(enum.IntEnum):
    """Places in the page, eight bytes each."""

    # written by the card, once
    IDENTITY = 0
    VERSION = 1
    LAYOUT = 2
    # written by the host
    COMMANDS_PUT = 8
    RESPONSES_TAKEN = 9
    KILL = 10
    EPOCH_WANTED = 11
    # written by the card
    COMMANDS_TAKEN = 16
    RESPONSES_PUT = 17
    EPOCH = 18
    EPOCHS_REFUSED = 19
    LOADS_REFUSED = 20
    ORDERS = 21
    ORDERS_ACCEPTED = 22


class CardMemory:
    """The page and the rings of one card."""

    def __init__(self, count: int = RING_COMMANDS) -> None:
        if count < 1 or count & (count - 1):
            raise ValueError(f"a ring of {count} commands: expected a power of two")
        self.registers: NDArray[np.uint64] = np.zeros(32, np.uint64)
        self.commands: NDArray[Any] = np.zeros(count, COMMAND)
        self.responses: NDArray[Any] = np.zeros(count, RESPONSE)
        for place, value in (
            (Register.IDENTITY, IDENTITY),
            (Register.VERSION, LAYOUT_VERSION),
            (Register.LAYOUT, LAYOUT_HASH),
        ):
            self.registers[place] = value

    def read(self, place: Register) -> int:
        return int(self.registers[place])

    def write(self, place: Register, value: int) -> None:
        self.registers[place] = value
