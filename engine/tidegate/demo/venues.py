"""What the demo asks the simulated venues: to start their tapes, and for their statements."""

from typing import Any

import msgspec
import zmq

from tidegate.errors import VenueError
from tidegate.universe import Universe
from tidegate.venue_question import VenueQuestion

TIMEOUT_MS = 5000


def ask(universe: Universe, request: str) -> dict[str, Any]:
    """Each venue's answer to a REQUEST: "start", "status" or "statement"."""
    with zmq.Context() as context:
        return {venue.name: _ask(context, venue.endpoint, request) for venue in universe.venues}


def _ask(context: "zmq.Context[zmq.Socket[bytes]]", endpoint: str, request: str) -> Any:
    question = VenueQuestion(context, endpoint)
    try:
        answer = question.answer(TIMEOUT_MS) if question.ask(request, TIMEOUT_MS) else None
    finally:
        question.close()
    if answer is None:
        raise VenueError(f"{endpoint}: no answer to {request!r} within {TIMEOUT_MS} ms")
    return msgspec.json.decode(answer)
