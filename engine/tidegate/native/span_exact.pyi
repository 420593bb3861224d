"""The exact SPAN requirement of an account from flat tables: SPAN off the hot path, but fast.

Money is int64 in 1/10,000 of a commodity's currency; charges are rounded up to it, credits down.
"""

from enum import IntEnum
from typing import Any, final

import numpy.typing as npt
from numpy import dtype

DTYPES: dict[str, dtype[Any]]

class Outcome(IntEnum):
    """How a computation ended. All but DONE leave the figures open; 0 is never returned."""

    DONE = 1
    NEEDS_REFERENCE = 2
    NO_PRICE = 3
    TOO_LARGE = 4

class Column(IntEnum):
    """Places in a row of parts."""

    COMMODITY = 0
    SCAN = 1
    ACTIVE_SCENARIO = 2
    INTRA = 3
    DELIVERY = 4
    INTER_CREDIT = 5
    SOM = 6
    SPAN_RISK = 7
    LONG_OPTION_VALUE = 8
    SHORT_OPTION_VALUE = 9
    REQUIREMENT = 10
    COLUMNS = 11

@final
class SpanTable:
    """Tables of one parameter set, as `tidegate.span.flat.flatten` makes them; one thread."""

    def __init__(self, flat: Any) -> None: ...
    def requirement(
        self,
        index: npt.NDArray[Any],
        qty: npt.NDArray[Any],
        parts: npt.NDArray[Any],
        totals: npt.NDArray[Any],
    ) -> tuple[Outcome, int]:
        """One account: int32 instruments and int64 lots, each instrument once.

        Writes a row a held commodity into int64 parts[commodities, COLUMNS], max(0, sum) of each
        group into int64 totals[currencies]; returns the outcome and how many rows were written.
        Raises ValueError for an instrument or a shape that is not of these tables.
        """

    def repeat(
        self,
        index: npt.NDArray[Any],
        qty: npt.NDArray[Any],
        parts: npt.NDArray[Any],
        totals: npt.NDArray[Any],
    ) -> tuple[Outcome, int]:
        """Accounts of one size, one a row, and the sum of their totals: for benches."""
