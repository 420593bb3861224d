"""What a host and a card share: a page of registers and two rings, as PCIe would have them."""

import enum
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from tidegate.native.card import COMMAND as COMMAND
from tidegate.native.card import RESPONSE as RESPONSE

REGISTERS: int
RING_COMMANDS: int

class Register(enum.IntEnum):
    """Places in the page, eight bytes each; the host writes 8 to 12, the card all others."""

    REG_IDENTITY = 0
    REG_VERSION = 1
    REG_LAYOUT = 2
    REG_COMMANDS_PUT = 8
    REG_RESPONSES_TAKEN = 9
    REG_EPOCH_WANTED = 10
    REG_HOLD = 11
    REG_KILL = 12
    REG_COMMANDS_TAKEN = 16
    REG_RESPONSES_PUT = 17
    REG_EPOCH = 18
    REG_EPOCHS_REFUSED = 19
    REG_LOADS_REFUSED = 20
    REG_ORDERS = 21
    REG_ORDERS_ACCEPTED = 22

@final
class CardMemory:
    """The page and the rings of one card, all zeros at first.

    `count` commands, a power of two, else ValueError.
    """

    registers: NDArray[np.uint64]
    commands: NDArray[Any]
    responses: NDArray[Any]
    def __new__(cls, count: int = ...) -> CardMemory: ...
    def read(self, place: int) -> int: ...
    def write(self, place: int, value: int) -> None: ...
