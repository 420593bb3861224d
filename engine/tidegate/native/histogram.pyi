"""Latency histograms in the rows of a region: one writer, read by anyone at any time."""

from typing import Any, Self, final

import numpy as np
import numpy.typing as npt

HISTOGRAM: np.dtype[np.void]
NAME_SIZE: int
BUCKET_HIGHS: npt.NDArray[np.int64]

@final
class Histogram:
    """Records into one row of a HISTOGRAM array or region, which it keeps alive."""

    def __new__(cls, rows: npt.NDArray[Any], index: int, name: str) -> Self: ...
    def record_ns(self, ns: int) -> None:
        """Count one latency; below 0 and above 68.7 s are clamped and counted apart."""

def name_of(row: np.void) -> str:
    """The name of the histogram in this row; empty when it has none."""

def percentiles(row: np.void, *quantiles: float) -> list[int]:
    """The end of the bucket that each quantile (0..1) falls into, at most the highest value."""
