"""Latency of an order by leg, from the stamps of its first report."""

from typing import Any, Self, final

import numpy.typing as npt

NAMES: tuple[str, ...]

@final
class Legs:
    """One histogram for each leg, in the order of NAMES."""

    def __new__(cls, rows: npt.NDArray[Any]) -> Self: ...
