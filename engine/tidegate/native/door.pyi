"""The gateway's second door: a pair of rings for each session that shares memory with it."""

from collections.abc import Mapping
from typing import Self, final

from tidegate.native.lane import LaneSource

HWM: int

@final
class Door:
    """Both ends of all pairs that are the gateway's; made before its agent."""

    lane: LaneSource | None
    def __new__(cls, places: Mapping[int, tuple[str, str]], session_count: int) -> Self:
        """places = {session's handle: (path of its orders, path of its reports)}.

        LaneError when one of them is in use by another gateway.
        """

    def close(self) -> None:
        """Clients find their rings without a gateway."""
