from typing import Any

import numpy as np
import numpy.typing as npt

NO_LIMIT: int
CHAIN_MAX: int
DTYPES: dict[str, np.dtype[Any]]

def is_power_of_two(value: int) -> bool: ...

class Tables:
    @property
    def arrays(self) -> dict[str, npt.NDArray[Any]]: ...
    def __init__(self, arrays: dict[str, npt.NDArray[Any]]) -> None: ...
    def state_hash(self) -> str: ...
