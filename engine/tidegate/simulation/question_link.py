"""The connection over which a stage beside the path asks a venue: no logon, no numbers.

What is on its way when either end goes is lost; the asker asks again.
"""

import zmq

from tidegate.native.wire_end import WireEnd
from tidegate.simulation.sockets import Place
from tidegate.universe import Venue

HWM = 100
MESSAGES_MAX = 16


class QuestionLink:
    """One asker's link to one venue."""

    def __init__(self, venue: Venue) -> None:
        self.venue = venue
        self._asker: WireEnd | None = None
        self._identity = b""
        self._place: Place | None = None
        self._end: WireEnd | None = None

    def asker_up(self, place: Place) -> None:
        """Before the asker is made: it connects to us."""
        self._asker = place.open_end(zmq.ROUTER, HWM)
        self._asker.socket.bind(self.venue.endpoint)
        self._connect()

    def asker_down(self) -> None:
        """The asker is gone, and its connection to the venue."""
        self._asker = None
        self._disconnect()

    def venue_up(self, place: Place) -> None:
        """The venue has bound its endpoint."""
        self._place = place
        self._connect()

    def venue_down(self) -> None:
        """The venue is gone, and its sockets."""
        self._place = self._end = None

    def move(self, _now_ns: int) -> int:
        """Carry what is there, both ways; how many messages."""
        moved = 0
        asker, end = self._asker, self._end
        if asker is None:
            return 0
        while moved < MESSAGES_MAX and (message := asker.receive()) is not None:
            moved += 1
            self._identity = message[0]
            if end is not None:
                end.send(message[1:])
        while end is not None and moved < MESSAGES_MAX and (parts := end.receive()) is not None:
            moved += 1
            asker.send([self._identity, *parts])
        return moved

    def _connect(self) -> None:
        if self._asker is not None and self._place is not None:
            self._end = self._place.open_end(zmq.DEALER, HWM)
            self._end.socket.connect(self.venue.endpoint)

    def _disconnect(self) -> None:
        if self._end is not None:
            self._end.socket.disconnect(self.venue.endpoint)
        self._end = None
