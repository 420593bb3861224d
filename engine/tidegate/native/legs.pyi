"""Latency of a request by leg, from the stamps of the report that answers it."""

from typing import Any, Self, final

import numpy.typing as npt

NAMES: tuple[str, ...]

@final
class Legs:
    """One histogram for each leg, in the order of NAMES."""

    def __new__(cls, rows: npt.NDArray[Any]) -> Self: ...
    def stamp_rows(self, rows: npt.NDArray[Any], now: int) -> None:
        """Write the stamp `back` into reports that leave now (ns), and count their legs."""
