"""The simulator's ends of sockets: messages as bytes, taken and given in one thread."""

from collections.abc import Iterable
from typing import Any, Self, final

import zmq

@final
class WireEnd:
    """One socket, which must stay open as long as this is used. Nothing here waits."""

    socket: zmq.Socket[bytes]
    def __new__(cls, socket: zmq.Socket[bytes]) -> Self: ...
    def can_write(self) -> bool:
        """Whether a message would be taken."""

    def receive(self) -> list[bytes] | None:
        """The parts of the next message; None when there is none."""

    def take(self, limit: int) -> list[bytes]:
        """Up to `limit` messages of one part."""

    def send(self, parts: list[bytes]) -> bool:
        """Send one message; False = the socket would not take it, nothing was sent."""

@final
class Ends:
    """All sockets of a context that one thread uses."""

    def __new__(cls, sockets: Iterable[zmq.Socket[Any]]) -> Self: ...
    def settle(self) -> None:
        """Let every socket see what others did to it since it was last used."""
