"""The card of the FPGA backend: its commands, its codes, and its rules as Cython."""

import enum
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

COMMAND: np.dtype[np.void]
RESPONSE: np.dtype[np.void]
LATENCY: int
IDENTITY: int
LAYOUT_VERSION: int
LAYOUT_HASH: int

class Op(enum.IntEnum):
    """What a command does."""

    OP_ORDER = 1
    OP_RELEASE = 2
    OP_FILL = 3
    OP_CANCEL = 4
    OP_LIMIT = 5
    OP_PAIR = 6
    OP_TERMS = 7
    OP_ACCOUNT = 8
    OP_LANE = 9
    OP_MONEY = 10
    OP_STATE = 11
    OP_INSTRUMENT = 12
    OP_BUCKET = 13
    OP_DEBT = 14
    OP_TICK = 15
    OP_KILL = 16

class Word(enum.IntEnum):
    """Words of an instrument's row, one row a side; 16 to 31 are the scan rates."""

    WORD_STATE = 0
    WORD_COLLAR_LOW = 1
    WORD_COLLAR_HIGH = 2
    WORD_TICK_VALUE = 3
    WORD_PRICE_RATE = 4
    WORD_LOT_MARGIN = 5
    WORD_STALE_AT = 6
    WORD_SCAN = 16

class StateBit(enum.IntEnum):
    """WORD_STATE: the trading state in bits 0 to 2, and these."""

    STATE_OPEN = 8
    STATE_HAS_MARK = 16

class TermBit(enum.IntEnum):
    """OP_TERMS: what is forbidden, and that there are terms at all."""

    TERM_NO_BUY = 1
    TERM_NO_SELL = 2
    TERM_NOT_PERMITTED = 4
    TERM_LOADED = 8

class BucketOf(enum.IntEnum):
    """OP_BUCKET and OP_DEBT: whose bucket."""

    BUCKET_ACCOUNT = 0
    BUCKET_SESSION = 1
    BUCKET_INSTRUMENT = 2

class StateOf(enum.IntEnum):
    """OP_STATE: whose state."""

    STATE_ACCOUNT = 0
    STATE_SESSION = 1

@final
class Card:
    """The card's tables, empty at first: whatever is not loaded is refused."""

    def __new__(cls) -> Card: ...
    @property
    def made_of(self) -> tuple[int, int, int]:
        """Identity, layout version and layout hash of what it was compiled with."""

    @property
    def pipe(self) -> object:
        """Its apply() for compiled code, a capsule; valid while this object lives."""

    def apply(self, commands: NDArray[Any], responses: NDArray[Any]) -> None:
        """Do the commands (dtype COMMAND) in order; one response (RESPONSE) each.

        Raises ValueError unless both have the same length.
        """
