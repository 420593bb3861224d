"""A ring there and one back, for who is no agent: a client of the gateway, or a simulated venue."""

from contextlib import ExitStack
from time import sleep

from tidegate.native.bell import Bell
from tidegate.native.clock import elapsed_ns
from tidegate.native.lane import FRAME_RECORDS_MAX
from tidegate.native.records import RECORD_SIZE
from tidegate.native.shm_ring import RingSource, RingTarget, ring_records

# While records wait for room nobody tells of it: look so often.
RETRY_S = 0.001
# What may wait, as in a socket: more than a session or a channel keeps to send again.
WAITING_RECORDS_MAX = 1 << 17
_FRAME_SIZE = FRAME_RECORDS_MAX * RECORD_SIZE


class RingPair:
    """Records there and back; both ends are this process's as long as it has them open."""

    def __init__(self, there: str, back: str, hwm: int) -> None:
        """LaneError when another process has one of them."""
        # Records for which the ring had no room, in their order.
        self._waiting = bytearray()
        with ExitStack() as opened:
            self._target = RingTarget(there, ring_records(hwm))
            opened.callback(self._target.close)
            self._source = RingSource([back], ring_records(hwm))
            opened.callback(self._source.close)
            self._bell = Bell(f"{back}.bell")
            opened.callback(self._bell.close)
            self._source.hang(self._bell)
            opened.pop_all()

    @property
    def fd(self) -> int:
        """Becomes readable when something came after rearm()."""
        return self._bell.fifo

    @property
    def has_input(self) -> bool:
        """Whether a record is there now."""
        return self._source.waiting > 0

    @property
    def has_peer(self) -> bool:
        """Whether the other end takes records; False once its process is dead."""
        return self._target.has_peer

    @property
    def has_unsent(self) -> bool:
        """Whether records wait for room: push() again within RETRY_S."""
        return bool(self._waiting)

    def put(self, records: bytes) -> bool:
        """At most a frame, behind what waits; False when that is WAITING_RECORDS_MAX already."""
        if self.push() and self._target.put_bytes(records):
            return True
        if len(self._waiting) >= WAITING_RECORDS_MAX * RECORD_SIZE:
            return False
        self._waiting += records
        return True

    def push(self) -> bool:
        """Puts what waits as far as there is room; whether nothing waits any more."""
        while self._waiting:
            frame = bytes(self._waiting[:_FRAME_SIZE])
            if not self._target.put_bytes(frame):
                return False
            del self._waiting[: len(frame)]
        return True

    def linger(self, seconds: float) -> None:
        """Gives the other end so long to make room for what waits."""
        end_ns = elapsed_ns() + int(seconds * 1e9)
        while not self.push() and self.has_peer and elapsed_ns() < end_ns:
            sleep(RETRY_S)

    def take(self) -> bytes:
        """At most a frame's records; empty when there is none."""
        return self._source.take_bytes(FRAME_RECORDS_MAX)

    def empty(self) -> None:
        """Drops what is there, and what waits."""
        self._waiting.clear()
        while self.take():
            pass

    def rearm(self) -> bool:
        """From now on `fd` tells of each record; whether one has come before."""
        self._bell.rearm()
        return self.has_input

    def close(self) -> None:
        """The other end still takes what was put."""
        self._target.close()
        self._source.close()
        self._bell.close()
