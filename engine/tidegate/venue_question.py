"""A question to a simulated venue: REQUEST with JSON, answered by RESPONSE with JSON.

Any connection may ask, logged on or not. Nothing here waits unless it is told how long.
"""

from typing import Any

import msgspec
import zmq

from tidegate.codec import SESSION
from tidegate.native.records import RECORD_SIZE, Kind

_REQUEST_ID = SESSION.index["request_id"]


class VenueQuestion:
    """One question at a time; an answer to an earlier one is dropped."""

    def __init__(self, context: "zmq.Context[Any]", endpoint: str) -> None:
        self._socket: zmq.Socket[Any] = context.socket(zmq.DEALER)
        self._socket.linger = 0
        # Without a connection a question is refused: none may wait for a venue that is not there.
        self._socket.setsockopt(zmq.IMMEDIATE, 1)
        self._socket.connect(endpoint)
        self._request_id = 0

    def ask(self, request: str, wait_ms: int = 0) -> bool:
        """Ask; False when the venue cannot be reached within `wait_ms`."""
        self._request_id += 1
        record = SESSION.pack({"kind": Kind.REQUEST, "request_id": self._request_id})
        if wait_ms and not self._socket.poll(wait_ms, zmq.POLLOUT):
            return False
        try:
            self._socket.send_multipart(
                [record, msgspec.json.encode({"request": request})], zmq.NOBLOCK
            )
        except zmq.Again:
            return False
        return True

    def answer(self, wait_ms: int = 0) -> bytes | None:
        """The JSON of the last question's answer; None when none came within `wait_ms`."""
        while self._socket.poll(wait_ms):
            parts = self._socket.recv_multipart()
            if len(parts) != 2 or len(parts[0]) != RECORD_SIZE:
                continue
            if SESSION.unpack(parts[0])[_REQUEST_ID] == self._request_id:
                return bytes(parts[1])
        return None

    def close(self) -> None:
        """Close at once."""
        self._socket.close(0)
