"""The hot part of a simulated venue's channel; router.py keeps its logon and its clock."""

from typing import Any, Self, final

import numpy.typing as npt
import zmq

HWM: int

@final
class VenueChannel:
    """One DEALER to a venue; submit and poll are the router agent's, from C."""

    socket: zmq.Socket[bytes]
    endpoint: str
    state: int
    next_expected: int
    counters: dict[str, int]
    def __new__(
        cls, context: zmq.Context[Any], endpoint: str, rings: tuple[str, str] | None = None
    ) -> Self: ...
    @property
    def has_rings(self) -> bool:
        """Requests and reports go through shared memory."""

    def is_refused(self) -> bool:
        """Whether a venue with rings is gone, or says at the socket that it does not know us."""

    def submit_rows(self, rows: npt.NDArray[Any]) -> bool:
        """Send the first of rows now; False = it was not and never will be sent."""

    def poll_rows(self) -> npt.NDArray[Any]:
        """The reports and marks that have come, in order and each once."""

    def connect(self) -> None:
        """A new connection; what the old one had not sent or handed over is gone."""

    def disconnect(self) -> None:
        """Down; nothing is sent or taken until the next connect."""

    def put_logon(self, row: npt.NDArray[Any], attachment: bytes, now_ns: int) -> bool:
        """Send a LOGON; False = the connection does not stand yet."""

    def take_answer(self) -> tuple[npt.NDArray[Any], bytes | None] | None:
        """The next record of the venue and its attachment, until it has logged us on."""

    def log_on(self, next_sending: int, next_expected: int, now_ns: int) -> None:
        """The venue has taken the logon: requests are numbered from next_sending."""

    def put_heartbeat(self, next_sending: int, now_ns: int) -> bool:
        """False = the socket would not take it."""

    def silence_ns(self, now_ns: int) -> int:
        """How long nothing has come."""

    def rest_ns(self, now_ns: int) -> int:
        """How long ago the last heartbeat was sent."""

    def close(self) -> None:
        """Close at once; the venue notices by silence or by the socket."""
