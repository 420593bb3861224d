"""Two stages' links with a wire between them that can lose, double, swap and damage frames."""

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zmq

from tidegate.native.link import Link
from tidegate.native.numbered import NumberedSource
from tidegate.native.records import RECORD, Kind
from tidegate.native.retained import RetainedTarget
from tidegate.native.shm_ring import SHM, RingSource, RingTarget, ring_path, ring_records

Rows = npt.NDArray[Any]
MS = 1_000_000
# As lane ends make their rings where they are not told otherwise.
CAPACITY = ring_records(1000)
# Of a wire in shared memory: smaller than most batches, so that faults hit parts of them.
FRAME_RECORDS = 8
names = count()


def ring(capacity: int = 64, *, last: int = 0) -> Rows:
    """Rows of a lane whose numbers go on after `last`, all of them acknowledged."""
    rows = np.zeros(capacity + 1, RECORD)
    head = rows[:1].view(np.uint32)
    head[0] = 1 if last == 2**32 - 1 else last + 1
    head[2] = last
    return rows


def records(ids: Iterator[int] | range, kind: Kind = Kind.NEW_ORDER_SINGLE) -> Rows:
    listed = list(ids)
    rows = np.zeros(len(listed), RECORD)
    rows["kind"] = kind
    rows["cl_ord_id"] = listed
    return rows


class Wire:
    """One lane's way: what the sender has sent waits here until it is passed on."""

    def __init__(self, context: zmq.Context[Any]) -> None:
        self.context = context
        self.frames: deque[bytes] = deque()
        self.entrance = f"inproc://wire-{next(names)}"
        self.near = context.socket(zmq.PULL)
        self.near.bind(self.entrance)
        self.exit = ""
        self.far: zmq.Socket[bytes] | None = None

    def receiver_endpoint(self) -> str:
        """A new one for each life of the receiver: what was under way to the last is lost."""
        if self.far is not None:
            self.far.close(linger=0)
            self.far = None
        self.exit = f"inproc://exit-{next(names)}"
        return self.exit

    def collect(self) -> None:
        while self.near.poll(0):
            self.frames.append(self.near.recv())

    def pass_on(self, frame: bytes) -> None:
        if self.far is None:
            self.far = self.context.socket(zmq.PUSH)
            self.far.connect(self.exit)
        self.far.send(frame, flags=zmq.DONTWAIT)

    def deliver(self, frame_count: int = 1_000_000) -> None:
        self.collect()
        for _ in range(min(frame_count, len(self.frames))):
            self.pass_on(self.frames.popleft())

    def close(self) -> None:
        self.near.close(linger=0)
        if self.far is not None:
            self.far.close(linger=0)


class SharedWire:
    """The same in shared memory: a ring from the sender, and one to each life of the receiver."""

    def __init__(self, place: Path) -> None:
        self.frames: deque[bytes] = deque()
        self.place = place
        self.entrance = self.new_place()
        self.near = RingSource([ring_path(self.entrance)], CAPACITY)
        self.exit = ""
        self.far: RingTarget | None = None

    def new_place(self) -> str:
        return f"shm://{self.place}/wire-{next(names)}"

    def receiver_endpoint(self) -> str:
        if self.far is not None:
            self.far.close()
            self.far = None
        self.exit = self.new_place()
        return self.exit

    def collect(self) -> None:
        while frame := self.near.take_bytes(FRAME_RECORDS):
            self.frames.append(frame)

    def pass_on(self, frame: bytes) -> None:
        if self.far is None:
            self.far = RingTarget(self.exit.removeprefix(SHM), CAPACITY)
        self.far.put_bytes(frame)

    def deliver(self, frame_count: int = 1_000_000) -> None:
        self.collect()
        for _ in range(min(frame_count, len(self.frames))):
            self.pass_on(self.frames.popleft())

    def close(self) -> None:
        self.near.close()
        if self.far is not None:
            self.far.close()


class Stage:
    """One end of a link. What it has put and what it has taken outlive a restart."""

    def __init__(
        self,
        context: zmq.Context[Any],
        out: Sequence[Wire | SharedWire],
        back: Sequence[Wire | SharedWire],
        *,
        capacity: int,
        last: int,
    ) -> None:
        self.context = context
        self.out, self.back = out, back
        self.rings = [ring(capacity, last=last) for _ in out]
        self.sent: list[list[int]] = [[] for _ in out]
        self.done: list[list[int]] = [[] for _ in back]
        self.taken = [last for _ in back]
        self.link: Link
        self.start()

    def start(self) -> None:
        self.targets = [
            RetainedTarget(self.context, wire.entrance, rows)
            for wire, rows in zip(self.out, self.rings, strict=True)
        ]
        self.sources = [
            NumberedSource(self.context, wire.receiver_endpoint(), taken=taken, ack_every=8)
            for wire, taken in zip(self.back, self.taken, strict=True)
        ]
        self.link = Link(
            self.targets[0],
            self.sources[0],
            second_target=self.targets[1] if len(self.targets) > 1 else None,
            second_source=self.sources[1] if len(self.sources) > 1 else None,
        )

    def stop(self) -> None:
        for target in self.targets:
            # As a killed process: nothing more is flushed.
            if target.way is not None:
                target.way.close()
            else:
                target.socket.close(linger=0)
        for source in self.sources:
            source.close()

    def restart(self) -> None:
        self.stop()
        self.start()

    def put(self, lane: int, number: int) -> None:
        first = len(self.sent[lane])
        fitted = self.targets[lane].put_rows(records(range(first, first + number)))
        self.sent[lane].extend(range(first, first + fitted))

    def take(self, lane: int, limit: int, kept: int | None = None) -> None:
        """Take up to `limit` records; the effect of the first `kept` stands, then it may die."""
        rows = self.sources[lane].take_rows(limit)
        for row in rows[:kept]:
            self.done[lane].append(int(row["cl_ord_id"]))
            self.taken[lane] = int(row["msg_seq_num"])
            self.sources[lane].note_taken(self.taken[lane])
        if kept is not None and kept < len(rows):
            self.restart()


class Pair:
    """X sends on two lanes and Y on one, as the gateway and risk do."""

    def __init__(self, *, capacity: int = 64, last: int = 0, place: Path | None = None) -> None:
        """`place` = a directory for wires in shared memory; None = they are sockets."""
        self.context: zmq.Context[Any] = zmq.Context()
        self.wires: list[Wire | SharedWire] = [
            Wire(self.context) if place is None else SharedWire(place) for _ in range(3)
        ]
        self.x = Stage(self.context, self.wires[:2], self.wires[2:], capacity=capacity, last=last)
        self.y = Stage(self.context, self.wires[2:], self.wires[:2], capacity=capacity, last=last)
        self.now_ns = 0

    def tend(self, elapsed_ms: int = 0) -> None:
        self.now_ns += elapsed_ms * MS
        self.x.link.tend_at(self.now_ns)
        self.y.link.tend_at(self.now_ns)

    def settle(self, cycles_max: int = 400) -> int:
        """A good wire from now on: the cycles until nothing is owed, CYCLES_MAX when never."""
        for cycle in range(cycles_max):
            self.tend(10)
            for wire in self.wires:
                wire.deliver()
            self.x.take(0, 64)
            self.y.take(0, 64)
            self.y.take(1, 64)
            if self.x.link.quiet and self.y.link.quiet and not any(w.frames for w in self.wires):
                return cycle
        return cycles_max

    def lanes(self) -> list[tuple[list[int], list[int]]]:
        """What was sent and what was done, by lane."""
        return [
            (self.x.sent[0], self.y.done[0]),
            (self.x.sent[1], self.y.done[1]),
            (self.y.sent[0], self.x.done[0]),
        ]

    def close(self) -> None:
        self.x.stop()
        self.y.stop()
        for wire in self.wires:
            wire.close()
        self.context.term()
