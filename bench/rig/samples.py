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
    found = [
        quotient([pairs[at] for at in draw.integers(0, len(pairs), len(pairs))], quantile)
        for _ in range(RESAMPLES if len(pairs) > 1 else 1)
    ]
    low, high = np.percentile(found, (2.5, 97.5))
    return quotient(pairs, quantile), float(low), float(high)


def quotient(pairs: Sequence[tuple[Samples, Samples]], quantile: float) -> float:
    """Of the medians over the pairs of each side's quantile."""
    sides = [
        float(np.median([np.percentile(pair[side], quantile) for pair in pairs])) for side in (0, 1)
    ]
    return sides[0] / sides[1]
