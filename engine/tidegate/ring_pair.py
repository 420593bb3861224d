"""A ring there and one back, for who is no agent: a client of the gateway, or a simulated venue."""

from contextlib import ExitStack

from tidegate.native.bell import Bell
from tidegate.native.shm_ring import RingSource, RingTarget, ring_records

FRAME_RECORDS_MAX = 256


class RingPair:
    """Records there and back; both ends are this process's as long as it has them open."""

    def __init__(self, there: str, back: str, hwm: int) -> None:
        """LaneError when another process has one of them."""
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

    def put(self, records: bytes) -> bool:
        """Whether there was room for the whole frame."""
        return self._target.put_bytes(records)

    def take(self) -> bytes:
        """At most a frame's records; empty when there is none."""
        return self._source.take_bytes(FRAME_RECORDS_MAX)

    def empty(self) -> None:
        """Drops what is there."""
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
