"""The card as hardware: its RTL, simulated clock by clock. Built only where verilator is."""

from typing import Any, final

import numpy as np
from numpy.typing import NDArray

LATENCY: int

@final
class Fpga:
    """A card of its own, empty at first."""

    def __new__(cls) -> Fpga: ...
    @property
    def made_of(self) -> tuple[int, int, int]:
        """Identity, layout version and layout hash of what the RTL's program was compiled with."""

    @property
    def pipe(self) -> object:
        """Its apply() for compiled code, a capsule; valid while this object lives."""

    @property
    def clocks(self) -> int:
        """Clocks since it was made."""

    def apply(
        self,
        commands: NDArray[Any],
        responses: NDArray[Any],
        gaps: NDArray[np.uint8] | None = None,
    ) -> None:
        """Give one command (dtype card.COMMAND) a clock, with gaps[i] empty clocks before it.

        Raises ValueError unless all have the same length, RuntimeError when the card stands still.
        """
