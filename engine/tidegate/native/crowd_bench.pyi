from collections.abc import Sequence
from typing import Any, Self, final

import numpy.typing as npt

@final
class Crowd:
    """The connections' file descriptors; they stay the caller's."""

    def __new__(cls, fds: Sequence[int]) -> Self: ...
    def drive(
        self,
        rows: npt.NDArray[Any],
        due_ns: npt.NDArray[Any],
        owners: npt.NDArray[Any],
        *,
        patience_ns: int,
    ) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any], dict[str, int]]:
        """As Load.drive; owners[i] = the connection that row i leaves on."""
