"""The gateway's front door: a ROUTER socket, one message at a time."""

from typing import Self, final

import zmq

@final
class Front:
    """Takes messages of clients and answers them, without ever blocking."""

    socket: zmq.Socket[bytes]
    def __new__(cls, socket: zmq.Socket[bytes]) -> Self: ...
