"""What is told of many samples: percentiles, never a mean alone, and ratios with an interval."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[Any]
QUANTILES = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p99.9": 99.9, "max": 100.0}
UNITS = {"ns": 1.0, "us": 1e3, "ms": 1e6}
RESAMPLES = 2_000


def percentiles(ns: Samples, unit: str = "us") -> dict[str, float]:
    """p50 to the highest, in a unit; the value at or above which no more than that share lies."""
    if len(ns) == 0:
        raise SystemExit("no samples; expected at least one")
    found = np.percentile(ns, list(QUANTILES.values()), method="inverted_cdf") / UNITS[unit]
    return dict(zip(QUANTILES, map(float, found), strict=True))


def ratio(
    pairs: Sequence[tuple[Samples, Samples]], quantile: float, seed: int
) -> tuple[float, float, float]:
    """(quantile of all A) / (quantile of all B), and the 95 % interval over the pairs.

    Each pair was measured one after the other. The interval is a bootstrap over whole pairs: what
    disturbed the machine for longer than a pair moves both, what hit one moves the interval.
    """
    draw = np.random.Generator(np.random.PCG64(seed))
    sides = np.array([[np.percentile(side, quantile) for side in pair] for pair in pairs])
    drawn = draw.integers(0, len(pairs), (RESAMPLES if len(pairs) > 1 else 1, len(pairs)))
    low, high = np.percentile(quotients(sides[drawn]), (2.5, 97.5))
    return float(quotients(sides)), float(low), float(high)


def quotients(sides: Samples) -> Samples:
    """Of the medians over the pairs of each side; sides: (..., pairs, 2)."""
    middle = np.median(sides, axis=-2)
    return np.asarray(middle[..., 0] / middle[..., 1])
