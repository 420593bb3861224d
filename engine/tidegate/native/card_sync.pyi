"""What the card has, and the commands that bring it in step; called from Cython."""

from collections.abc import Sequence
from typing import final

import numpy as np
from numpy.typing import NDArray

from tidegate.native.tables import Tables

def slots(wanted: Sequence[int], capacity: int, most: int) -> NDArray[np.uint16]:
    """By handle: slots from 1 in order, below `most`; 0 = none."""

@final
class CardSync:
    """A card's slots and its copy; empty at first."""

    def __new__(cls, tables_: Tables) -> CardSync: ...
