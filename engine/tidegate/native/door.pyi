"""The gateway's second door: a pair of rings for each session that shares memory with it."""

from collections.abc import Mapping
from typing import Self, final

from tidegate.native.lane import LaneSource

HWM: int

@final
class Door:
    """Both ends of all pairs that are the gateway's; made before its agent."""

    lane: LaneSource | None
    problems: dict[int, str]
    counters: dict[str, int]
    def __new__(cls, places: Mapping[int, tuple[str, str]], session_count: int) -> Self:
        """places = {session's handle: (path of its orders, path of its reports)}.

        A session whose rings somebody holds otherwise is left without; `problems` says why.
        """

    def problem(self, handle: int) -> str:
        """Why no client can share memory as this session now; empty when one has its rings."""

    def close(self) -> None:
        """Clients find their rings without a gateway."""
