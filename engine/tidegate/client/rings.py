"""A client's pair of rings, where it shares memory with the gateway."""

import os
from typing import Self

from tidegate import session_messages as messages
from tidegate.codec import SESSION, offset_of
from tidegate.errors import LaneError, LaneInUseError, SessionError
from tidegate.native.door import HWM
from tidegate.native.records import RECORD_SIZE, Kind
from tidegate.ring_pair import RingPair

# A look is a system call.
LOOK_NS = 50_000_000
_KIND_AT = offset_of("kind")
_KIND, _REQUEST_ID = SESSION.index["kind"], SESSION.index["request_id"]


class Rings:
    """The pair, and what of the way back is of the present logon."""

    def __init__(self, pair: RingPair) -> None:
        self.pair = pair
        # The logon whose mark has been seen.
        self._marked_id = 0
        self._look_ns = 0

    @classmethod
    def find(cls, front: str, session: str) -> Self | None:
        """None where they are not: the gateway alone makes them. SessionError when another client
        has them.
        """
        places = messages.ring_places(front, session)
        if not all(map(os.path.exists, places)):
            return None
        try:
            return cls(RingPair(*places, HWM))
        except LaneInUseError as error:
            raise SessionError(
                f"session {session!r} is in use by another client of this host ({error}); "
                "expected one client at a time"
            ) from error
        except LaneError as error:
            raise SessionError(f"session {session!r} shares no memory: {error}") from error

    def are_deserted(self, now_ns: int) -> bool:
        """Whether no gateway has the other ends, as far as the last look tells."""
        if now_ns - self._look_ns < LOOK_NS:
            return False
        self._look_ns = now_ns
        return not self.pair.has_peer

    def take(self, logon_id: int) -> bytes:
        """Records that follow this logon, at most a frame; empty when there is none yet."""
        while frame := self.pair.take():
            if self._marked_id != logon_id:
                frame = self._behind_mark(frame, logon_id)
            if frame:
                break
        return frame

    def _behind_mark(self, frame: bytes, logon_id: int) -> bytes:
        """What lies before the gateway's answer to this logon is of another one."""
        for offset in range(0, len(frame), RECORD_SIZE):
            values = SESSION.unpack(frame[offset : offset + RECORD_SIZE])
            if values[_KIND] == Kind.LOGON and values[_REQUEST_ID] == logon_id:
                self._marked_id = logon_id
                return frame[offset + RECORD_SIZE :]
        return b""


def is_logon(parts: list[bytes]) -> bool:
    """Whether a message begins a session."""
    return parts[0][_KIND_AT] == Kind.LOGON
