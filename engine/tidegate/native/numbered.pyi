"""The receiving end of a retained lane: takes each record once and in order."""

from collections.abc import Iterable
from typing import Any, Self, final

import numpy.typing as npt
import zmq

from tidegate.native.lane import LaneSource

@final
class NumberedSource:
    """Drops what it knows and what follows a gap; the stage says what it has done with records."""

    lane: LaneSource
    ack_every: int
    next_expected: int
    counters: dict[str, int]
    def __new__(
        cls,
        context: zmq.Context[Any] | None,
        endpoint: str,
        *,
        taken: int = 0,
        ack_every: int = 2048,
        hwm: int = 1000,
        others: Iterable[str] = (),
    ) -> Self:
        """Bind; taken = number of the last record whose effect stands, 0 = there is no history.

        ack_every = how many records are taken before the other end is told at once.
        """

    def take_rows(self, limit: int = 256) -> npt.NDArray[Any]:
        """The next records in order, at most limit; their numbers are in msg_seq_num."""

    def skim_all(self) -> None:
        """Hear the lane's own messages and drop all records: they come again."""

    def note_taken(self, number: int) -> None:
        """The effect of this record and of all before it stands: the sender may forget them."""

    def close(self) -> None:
        """Close at once; what was not noted as taken comes again to the next one."""
