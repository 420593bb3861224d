"""A client's connection to the gateway: frames are lost, it is cut, nobody reads."""

import zmq

from tidegate.client.core import SessionCore
from tidegate.codec import offset_of
from tidegate.native.records import Flag
from tidegate.native.wire_end import WireEnd
from tidegate.simulation.faults import Faults
from tidegate.simulation.sockets import Place

_FLAGS = offset_of("flags")
FRONT = "inproc://front"
# So few that a client that does not read is felt by the gateway.
HWM = 8
MESSAGES_MAX = 64


class ClientLink:
    """One DEALER at a time, in the gateway's context."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._place: Place | None = None
        self._end: WireEnd | None = None
        self.deaf_until = 0
        self.is_dead = False

    def gateway_up(self, place: Place) -> None:
        """There is a gateway to connect to."""
        self._place = place
        self._connect()

    def gateway_down(self) -> None:
        """The gateway goes, and the socket with it."""
        self._place = self._end = None

    def die(self) -> None:
        """The client's process ends, and its socket with it."""
        if self._end is not None:
            self._end.socket.disconnect(FRONT)
        self._end = None
        self.is_dead = True

    def live(self) -> None:
        """A client is there again."""
        self.is_dead = False
        self._connect()

    def cut(self) -> None:
        """The connection ends, and what was on its way; the next one is made at once."""
        if self._end is not None:
            self._end.socket.disconnect(FRONT)
            self._connect()

    def exchange(self, core: SessionCore, now_ns: int) -> None:
        """As a client's connection does it: take what is there, keep time, say what is to say."""
        end = self._end
        if end is not None and now_ns >= self.deaf_until:
            for _ in range(MESSAGES_MAX):
                parts = end.receive()
                if parts is None:
                    break
                fault = self._faults.frame()
                if fault != "drop":
                    core.receive(parts, now_ns)
                if fault == "duplicate":
                    core.receive(parts, now_ns)
        core.tick(now_ns)
        self.flush(core)

    def flush(self, core: SessionCore) -> None:
        """Send what the core has queued; what is not taken is lost and asked for again."""
        while core.outgoing:
            parts = core.outgoing.popleft()
            fault = self._faults.frame()
            if self._end is None or fault == "drop" or not self._end.send(parts):
                core.counters["unsent"] += 1
            elif fault == "duplicate" and len(parts) == 1 and parts[0][_FLAGS] & Flag.POSS_DUP:
                # What is sent again may be sent again twice; nothing else ever is.
                self._end.send(parts)

    def _connect(self) -> None:
        if self._place is not None and not self.is_dead:
            self._end = self._place.open_end(zmq.DEALER, HWM)
            self._end.socket.immediate = 1
            self._end.socket.connect(FRONT)
