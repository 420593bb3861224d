"""The sending end of a retained lane: a ring of records in a region, which outlives its process."""

from typing import Any, Self, final

import numpy.typing as npt
import zmq

from tidegate.native.shm_ring import RingTarget

@final
class RetainedTarget:
    """Numbers and keeps each record until the other end has taken it; link.pyx says how."""

    socket: zmq.Socket[bytes]
    way: RingTarget | None
    endpoint: str
    next_number: int
    given: int
    answered: int
    acked: int
    counters: dict[str, int]
    def __new__(
        cls,
        context: zmq.Context[Any] | None,
        endpoint: str,
        rows: npt.NDArray[Any],
        *,
        given: bool = False,
        hwm: int = 1000,
    ) -> Self:
        """Connect; rows = a head and a power of two of records, resumed as they are.

        context None: no socket, what is put stays in the ring.
        given=True: records bring the numbers that a step gave them. LaneError for other rows.
        """

    def put_rows(self, array: npt.NDArray[Any]) -> int:
        """Put records in order; how many of them fitted. RecordError for a wrong number."""

    def flush_rows(self) -> int:
        """Hand the waiting records to the socket; how many are still unsent."""

    def skip_to(self, given: int) -> None:
        """Begin a fresh ring behind what a step has given; LaneError when it is not fresh."""

    def close(self) -> None:
        """Flush and close; what the other end has not taken stays in the ring."""
