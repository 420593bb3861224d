"""A lane as the simulator sees it: frames leave one stage and reach the other, or do not.

    sender's socket -> collector | queue, faults | feeder -> receiver's socket

Each half lives in the context of its stage and goes with it. What is in the queue is on its way
in nobody's memory, as in a socket's buffer: it may arrive after its sender died, or be lost.
"""

from collections import deque
from random import Random

import zmq

from tidegate.native.wire_end import WireEnd
from tidegate.simulation.faults import Faults
from tidegate.simulation.sockets import Place

HWM = 2
# Frames under way; more wait at the sender, which feels a full lane.
QUEUE_MAX = 64
DELAY_NS_MAX = 60_000_000
TAKE_MAX = 32


class Lane:
    """One lane between two stages that come and go."""

    def __init__(self, name: str, faults: Faults, draw: Random) -> None:
        self.name = name
        self.frames = 0
        self.stopped_until = 0
        self._faults = faults
        self._draw = draw
        self._collector: WireEnd | None = None
        self._feeder: WireEnd | None = None
        self._queue: deque[tuple[int, bytes]] = deque()

    def sender_up(self, place: Place) -> None:
        """The sender has connected, or will: its frames are collected from now on."""
        self._collector = place.open_end(zmq.PULL, HWM)
        self._collector.socket.bind(f"inproc://{self.name}")

    def receiver_up(self, place: Place) -> None:
        """The receiver has bound its end."""
        self._feeder = place.open_end(zmq.PUSH, HWM)
        self._feeder.socket.connect(f"inproc://{self.name}")

    def sender_down(self, *, is_mute: bool = False) -> None:
        """The sender is about to be killed: what its socket had not given away may be lost."""
        if self._collector is not None and not is_mute:
            kept = self._draw.random()
            for frame in self._collector.take(1 << 16):
                if self._draw.random() < kept:
                    self._queue.append((0, frame))
        self._collector = None

    def receiver_down(self) -> None:
        """The receiver is about to be killed, and with it what it had not read."""
        self._feeder = None
        while self._queue and self._draw.random() < 0.5:
            self._queue.popleft()

    @property
    def is_empty(self) -> bool:
        """Nothing is under way, as far as the simulator sees."""
        return not self._queue

    def move(self, now_ns: int) -> int:
        """Take what the sender has given, and give the receiver what is due; how much moved."""
        if now_ns < self.stopped_until:
            return 0
        moved = 0
        queue = self._queue
        if self._collector is not None and len(queue) < QUEUE_MAX:
            for frame in self._collector.take(TAKE_MAX):
                moved += 1
                self._enqueue(frame, now_ns)
        while queue and self._feeder is not None and queue[0][0] <= now_ns:
            if not self._feeder.send([queue[0][1]]):
                break
            queue.popleft()
            moved += 1
        self.frames += moved
        return moved

    def _enqueue(self, frame: bytes, now_ns: int) -> None:
        fault = self._faults.frame()
        queue = self._queue
        if not fault:
            queue.append((0, frame))
        elif fault == "duplicate":
            queue.append((0, frame))
            queue.insert(self._draw.randrange(len(queue) + 1), (0, frame))
        elif fault == "delay":
            # All behind it wait too: a lane keeps its order unless it is told otherwise.
            queue.append((now_ns + self._draw.randrange(DELAY_NS_MAX), frame))
        elif fault == "reorder":
            queue.insert(self._draw.randrange(len(queue) + 1), (0, frame))
        elif fault == "corrupt":
            queue.append((0, damaged(frame, self._draw)))


def damaged(frame: bytes, draw: Random) -> bytes:
    """The frame with some bits turned, or cut."""
    if draw.random() < 0.1:
        return frame[: draw.randrange(len(frame))]
    content = bytearray(frame)
    for _ in range(draw.choice((1, 1, 2, 8))):
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    return bytes(content)
