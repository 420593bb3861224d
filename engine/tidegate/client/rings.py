"""A client's pair of rings, where it shares memory with the gateway."""

from contextlib import ExitStack

from tidegate import session_messages as messages
from tidegate.codec import SESSION, offset_of
from tidegate.errors import LaneError, SessionError
from tidegate.native.bell import Bell
from tidegate.native.door import HWM
from tidegate.native.records import RECORD_SIZE, Kind
from tidegate.native.shm_ring import RingSource, RingTarget, ring_records

FRAME_RECORDS_MAX = 256
_KIND_AT = offset_of("kind")
_KIND, _REQUEST_ID = SESSION.index["kind"], SESSION.index["request_id"]


class Rings:
    """Records there and back; both ends are this process's as long as it has them open."""

    def __init__(self, front: str, session: str) -> None:
        """SessionError when another client has them."""
        # The logon whose mark has been seen.
        self._marked_id = 0
        there, back = messages.ring_places(front, session)
        with ExitStack() as opened:
            try:
                self._target = RingTarget(there, ring_records(HWM))
                opened.callback(self._target.close)
                self._source = RingSource([back], ring_records(HWM))
                opened.callback(self._source.close)
                self._bell = Bell(f"{back}.bell")
                opened.callback(self._bell.close)
                self._source.hang(self._bell)
            except LaneError as error:
                raise SessionError(f"session {session!r} shares no memory: {error}") from error
            opened.pop_all()

    @property
    def fd(self) -> int:
        """Becomes readable when something came after rearm()."""
        return self._bell.fifo

    @property
    def has_input(self) -> bool:
        """Whether a record is there now."""
        return self._source.waiting > 0

    def put(self, records: bytes) -> bool:
        """Whether there was room for the whole frame."""
        return self._target.put_bytes(records)

    def take(self, logon_id: int) -> bytes:
        """Records that follow this logon, at most a frame; empty when there is none yet."""
        while frame := self._source.take_bytes(FRAME_RECORDS_MAX):
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

    def empty(self) -> None:
        """Drops what is there."""
        while self._source.take_bytes(FRAME_RECORDS_MAX):
            pass

    def rearm(self) -> bool:
        """From now on `fd` tells of each record; whether one has come before."""
        self._bell.rearm()
        return self.has_input

    def close(self) -> None:
        """The gateway still takes what was put."""
        self._target.close()
        self._source.close()
        self._bell.close()


def is_logon(parts: list[bytes]) -> bool:
    """Whether a message begins a session."""
    return parts[0][_KIND_AT] == Kind.LOGON


def fits(parts: list[bytes]) -> bool:
    """Whether a message of the session is records alone; what has text goes to the socket."""
    return len(parts) == 1 and len(parts[0]) <= FRAME_RECORDS_MAX * RECORD_SIZE
