"""The gateway's step: one record of a client against its session."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

class Intake(IntEnum):
    """What to do with a record."""

    INTAKE_NONE = 0
    INTAKE_FORWARD = 1
    INTAKE_TAKEN = 2
    INTAKE_REFUSED = 3
    INTAKE_GAP = 4
    INTAKE_DUPLICATE = 5

def account_words(accounts: Iterable[int], account_count: int) -> npt.NDArray[np.uint64]:
    """Bits of these handles, of 0..account_count, as an array of u64."""

def step(
    rows: npt.NDArray[Any],
    words: npt.NDArray[np.uint64],
    account_count: int,
    records: npt.NDArray[Any],
    *,
    is_operator: bool = False,
) -> Intake:
    """Step one record against rows[0], both changed in place; the verdict, for tests."""
