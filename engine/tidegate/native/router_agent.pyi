"""The router stage's agent: routes out to channels, their reports back to risk."""

from typing import Any, Protocol, Self, final

import numpy as np
import numpy.typing as npt

from tidegate.native.link import Link
from tidegate.native.poll import Poller
from tidegate.native.routing import Routing
from tidegate.native.venue_channel import VenueChannel

class _Region(Protocol):
    @property
    def header_bytes(self) -> npt.NDArray[np.uint8]: ...

class _Channel(Protocol):
    def submit(self, request: npt.NDArray[Any]) -> bool: ...
    def poll(self) -> npt.NDArray[Any]: ...

@final
class RouterAgent:
    """One duty cycle: reports of each channel, then requests, in bounded batches."""

    counters: dict[str, int]
    def __new__(
        cls,
        *,
        routing: Routing,
        region: _Region,
        link: Link,
        poller: Poller,
    ) -> Self: ...
    def add_channel(self, channel: VenueChannel | _Channel) -> int:
        """The channel's index: 1 for the first. One written in Python is called with the GIL."""

    def run(self, for_ms: int) -> bool:
        """Duty cycles for about `for_ms`; back at once when there is nothing to do for it.

        False when stopped.
        """

    def work(self) -> int:
        """One duty cycle without waiting; how many records it took."""

    def put(self, rows: npt.NDArray[Any]) -> bool:
        """Records of the router's own to risk; False = the lane is full, none was put."""

    def put_lost(self, channel: int, next_expected: int) -> bool:
        """Refuse what the venue never got; False = the lane is full, call it again."""

    def put_missing(self, channel: int, known: npt.NDArray[np.uint64]) -> bool:
        """End what the venue has no more; False = the lane is full, call it again.

        known = the venue's working orders by our order_id, sorted, with a 0 at the end.
        """
