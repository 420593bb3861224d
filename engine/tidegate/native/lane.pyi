"""Lanes over ZeroMQ or shared memory: the sender connects and numbers, the receiver checks.

shm:///PATH is a ring in that file, which either end makes: same host, one sender, one receiver.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Self, final

import numpy.typing as npt
import zmq

from tidegate.native.records import RECORD as RECORD
from tidegate.native.shm_ring import RingSource, RingTarget

FRAME_RECORDS_MAX: int
LINGER_MS: int

def open_socket(
    context: zmq.Context[Any],
    endpoint: str,
    socket_type: int,
    bind: bool,
    hwm: int,
    options: Mapping[int, Any],
) -> zmq.Socket[bytes]:
    """A socket that is bound or connected; LaneError when it cannot be."""

@final
class LaneTarget:
    """The sending end. It never blocks and never drops: what the socket does not take waits."""

    socket: zmq.Socket[bytes]
    ring: RingTarget | None
    endpoint: str
    counters: dict[str, int]
    def __new__(
        cls,
        context: zmq.Context[Any] | None,
        endpoint: str,
        *,
        bind: bool = False,
        hwm: int = 1000,
        socket_type: int = ...,
        socket: zmq.Socket[bytes] | None = None,
        options: Mapping[int, Any] | None = None,
        numbered: bool = True,
    ) -> Self:
        """Connect to endpoint; or use the given socket, which then stays the caller's.

        numbered=False: records have number 0, as where many senders share the lane. In shared
        memory four records may wait for each frame of hwm, and there are no attachments.
        """

    def put_rows(self, array: npt.NDArray[Any]) -> int:
        """Put records in order; how many of them fitted."""

    def put_attached(self, row: npt.NDArray[Any], attachment: bytes) -> bool:
        """Send one session record with an attachment, after all put before; False = full."""

    def flush_rows(self) -> int:
        """Hand the waiting records to the socket; how many are still unsent."""

    def close(self) -> None:
        """Flush and close; waits at most LINGER_MS for room, then counts what it abandons."""

@final
class LaneSource:
    """The receiving end. A bad message is counted and dropped, a gap in numbers is counted."""

    socket: zmq.Socket[bytes]
    ring: RingSource | None
    endpoint: str
    counters: dict[str, int]
    def __new__(
        cls,
        context: zmq.Context[Any] | None,
        endpoint: str,
        *,
        bind: bool = True,
        hwm: int = 1000,
        socket_type: int = ...,
        socket: zmq.Socket[bytes] | None = None,
        options: Mapping[int, Any] | None = None,
        numbered: bool = True,
        others: Iterable[str] = (),
    ) -> Self:
        """Bind endpoint, or use the given socket; numbered=False where many senders share it.

        In shared memory each of them has a ring of its own: `others` are those beside endpoint.
        """

    def take_rows(self, limit: int = 256) -> npt.NDArray[Any]:
        """The records that are there, at most limit; a record with an attachment comes last."""

    def attachment(self) -> bytes | None:
        """What came with the last record of the last take."""

    def close(self) -> None:
        """Close at once; what was not taken is lost."""
