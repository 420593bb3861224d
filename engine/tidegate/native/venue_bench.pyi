from typing import Any, Self, final

import zmq

from tidegate.native.poll import Poller

HWM: int

@final
class BenchVenue:
    """One channel; `socket` is a bound ROUTER, rings = paths of requests and reports."""

    def __new__(
        cls,
        socket: zmq.Socket[Any],
        rings: tuple[str, str] | None = None,
        poller: Poller | None = None,
    ) -> Self: ...
    @property
    def next_report(self) -> int:
        """Number of the next report."""

    def put(self, rows: bytes) -> None:
        """Records for the channel, into its ring if it has one."""

    def drop(self) -> None:
        """What was put into the ring before this logon."""

    def serve(self) -> tuple[bytes, bytes, bool]:
        """Answer requests until a message comes that is none: (identity, first frame, has more)."""
