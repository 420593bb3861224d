"""What the demo asks the simulated venues: to start their tapes, and for their statements."""

from typing import Any

import msgspec
import zmq

from tidegate.codec import SESSION
from tidegate.errors import VenueError
from tidegate.native.records import Kind
from tidegate.universe import Universe

TIMEOUT_MS = 5000


def ask(universe: Universe, request: str) -> dict[str, Any]:
    """Each venue's answer to a REQUEST: "start", "status" or "statement"."""
    with zmq.Context() as context:
        return {venue.name: _ask(context, venue.endpoint, request) for venue in universe.venues}


def _ask(context: "zmq.Context[zmq.Socket[bytes]]", endpoint: str, request: str) -> Any:
    with context.socket(zmq.DEALER) as socket:
        socket.linger = 0
        socket.connect(endpoint)
        record = SESSION.pack({"kind": Kind.REQUEST, "request_id": 1})
        socket.send_multipart([record, msgspec.json.encode({"request": request})])
        if not socket.poll(TIMEOUT_MS):
            raise VenueError(f"{endpoint}: no answer to {request!r} within {TIMEOUT_MS} ms")
        return msgspec.json.decode(socket.recv_multipart()[1])
