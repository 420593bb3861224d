from typing import Any, Self, final

import zmq

@final
class BenchVenue:
    """One channel; `socket` is a bound ROUTER."""

    def __new__(cls, socket: zmq.Socket[Any]) -> Self: ...
    @property
    def next_report(self) -> int:
        """Number of the next report."""

    def serve(self) -> tuple[bytes, bytes, bool]:
        """Answer requests until a message comes that is none: (identity, first frame, has more)."""
