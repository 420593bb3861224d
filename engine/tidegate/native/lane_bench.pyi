from typing import Any, Self, final

import numpy.typing as npt

from tidegate.native.lane import LaneSource, LaneTarget
from tidegate.native.link import Link
from tidegate.native.poll import Poller

@final
class LaneEnd:
    """A plain lane each way, or a retained one with its link; all of one thread."""

    def __new__(
        cls,
        *,
        poller: Poller,
        target: LaneTarget | None = None,
        source: LaneSource | None = None,
        link: Link | None = None,
    ) -> Self: ...
    def consume(self, count: int) -> int:
        """When the last came, in ns; -1 when one did not come or came out of order."""

    def echo(self, rounds: int) -> int:
        """Put back what comes, `rounds` times; how many came."""

    def ping(self, rounds: int) -> npt.NDArray[Any]:
        """ns of each record there and back; -1 where none came back within a second."""

    def produce(self, count: int) -> int:
        """Put so many records as fast as there is room; how many."""
