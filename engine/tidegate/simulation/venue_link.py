"""The connection between the router and a venue: it carries messages, loses them, and is cut.

The router's channel connects to a ROUTER of the simulator's, each connection of which is a DEALER
at the venue. What was sent on a connection that was cut arrives nowhere, as with TCP: messages
are lost from the cut on, never from the middle. Reports alone may be lost or come twice within a
connection, because channels are to survive that.
"""

from collections import deque
from random import Random

import numpy as np
import zmq

from tidegate.native.records import EXECUTION_RECORD, RECORD_SIZE, ExecType, Kind
from tidegate.native.wire_end import WireEnd
from tidegate.simulation.faults import Faults
from tidegate.simulation.sockets import Place
from tidegate.simulation.truth import Truth
from tidegate.universe import Venue

HWM = 1000
MESSAGES_MAX = 64
_TRADE = int(ExecType.EXEC_TRADE)


class VenueLink:
    """One venue's link. Reports that pass are told to `truth`."""

    def __init__(self, venue: Venue, faults: Faults, draw: Random, truth: Truth) -> None:
        self.venue = venue
        self.messages = 0
        self._faults = faults
        self._draw = draw
        self._truth = truth
        self._router: WireEnd | None = None
        self._place: Place | None = None
        self._connections: dict[bytes, WireEnd] = {}
        self._dead: set[bytes] = set()
        self._back: deque[list[bytes]] = deque()

    def router_up(self, place: Place) -> None:
        """Before the router is made: its channel connects to us."""
        self._router = place.open_end(zmq.ROUTER, HWM)
        self._router.socket.bind(self.venue.endpoint)
        self._dead.clear()

    def router_down(self) -> None:
        """The router is gone and with it its connections; the venue is not told."""
        self._router = None
        self._back.clear()
        self._disconnect_all()

    def venue_up(self, place: Place) -> None:
        """The venue has bound its endpoint."""
        self._place = place

    def venue_down(self) -> None:
        """The venue is gone: its connections end, what it had sent may still arrive."""
        self._place = None
        self._dead.update(self._connections)
        self._connections.clear()

    def venue_forgets(self) -> None:
        """The next venue knows nothing of what this one has done."""
        self._truth.forget(self.venue.handle)

    def cut(self) -> None:
        """The connections are lost; neither side hears of it but by silence."""
        self._dead.update(self._connections)
        self._back.clear()
        self._disconnect_all()

    def move(self, _now_ns: int) -> int:
        """Carry what is there, both ways; how many messages."""
        moved = 0
        if self._router is None:
            return 0
        while moved < MESSAGES_MAX and (message := self._router.receive()) is not None:
            moved += 1
            self._forward(message)
        for identity, end in self._connections.items():
            for _ in range(MESSAGES_MAX):
                parts = end.receive()
                if parts is None:
                    break
                moved += 1
                self._take_back([identity, *parts])
        while self._back and self._router.send(self._back[0]):
            self._back.popleft()
        self.messages += moved
        return moved

    def _forward(self, message: list[bytes]) -> None:
        identity, *parts = message
        if identity in self._dead or self._place is None:
            return
        end = self._connections.get(identity)
        if end is None:
            # A channel has one connection: a new one means that it gave up the others.
            self._dead.update(self._connections)
            self._disconnect_all()
            end = self._connections[identity] = self._place.open_end(zmq.DEALER, HWM)
            end.socket.connect(self.venue.endpoint)
        end.send(parts)

    def _take_back(self, message: list[bytes]) -> None:
        fault = ""
        if len(message) == 2 and _is_reports(message[1]):
            fault = self._faults.frame()
            self._note(message[1])
        if fault == "drop":
            return
        self._back.append(message)
        if fault == "duplicate":
            self._back.append(message)

    def _note(self, frame: bytes) -> None:
        rows = np.frombuffer(frame, EXECUTION_RECORD)
        trades = rows[(rows["exec_type"] == _TRADE) & (rows["kind"] == Kind.EXECUTION_REPORT)]
        for row in trades.tolist():
            self._truth.traded(self.venue.handle, row)

    def _disconnect_all(self) -> None:
        for end in self._connections.values():
            end.socket.disconnect(self.venue.endpoint)
        self._connections.clear()


def _is_reports(frame: bytes) -> bool:
    """Numbered reports, all of a frame: they come again when the channel asks."""
    return len(frame) >= RECORD_SIZE and frame[4] in (
        int(Kind.EXECUTION_REPORT),
        int(Kind.CANCEL_REJECT),
    )
