from typing import Any, Self, final

import numpy.typing as npt

from tidegate.native.tables import Tables

@final
class Pretrade:
    def __new__(cls, tables_: Tables) -> Self: ...
    @property
    def verdict(self) -> int: ...
    def step(self, one: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]: ...
    def assess(
        self, one: npt.NDArray[Any]
    ) -> tuple[int, dict[int, tuple[int, int, int, int, int]]]: ...
    def replay(self, batch: npt.NDArray[Any]) -> None: ...
    def collect_after(self, routes: int, reports: int) -> None:
        """From now on replay keeps what the step gives beyond these numbers."""

    def left(self) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """The (routes, reports) that replay kept, in order."""
