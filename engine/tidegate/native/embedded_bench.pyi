"""Times an engine's submit beside its floor, in C."""

from typing import Any

import numpy.typing as npt

from tidegate.native.embedded import Embedded
from tidegate.native.journal import Journal
from tidegate.native.tables import Tables

BATCH: int

def measure(
    engine: Embedded,
    plain: Tables,
    journal: Journal,
    orders: npt.NDArray[Any],
    batches: int,
    first_id: int,
    session: int,
) -> tuple[npt.NDArray[Any], tuple[int, int]]:
    """ns by batch of (floor, submit, flush, poll), and the hashes of both sides' verdicts."""
