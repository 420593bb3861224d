from typing import Any

import numpy.typing as npt

from tidegate.native.tables import Tables

BATCH: int

def measure(
    tables_: Tables, orders: npt.NDArray[Any], rounds: int, is_fetched: bool
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], int, int]: ...
