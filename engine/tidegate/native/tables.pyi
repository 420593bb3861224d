from typing import Any, Self, final

import numpy as np
import numpy.typing as npt

NO_LIMIT: int
CREDIT_MAX: int
CHAIN_MAX: int
HASH_TABLES: tuple[str, ...]
DTYPES: dict[str, np.dtype[Any]]

def state_hash(arrays: dict[str, npt.NDArray[Any]]) -> str: ...
def is_power_of_two(value: int) -> bool: ...

@final
class Tables:
    @property
    def arrays(self) -> dict[str, npt.NDArray[Any]]: ...
    def __new__(cls, arrays: dict[str, npt.NDArray[Any]]) -> Self: ...
    def state_hash(self) -> str: ...
