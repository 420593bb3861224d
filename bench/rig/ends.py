"""The two ends of each kind of lane that bench/lanes.py times, ours and the raw ones beside them.

The near end is the bench's; the far end is another process (far.py), or a thread where both ends
must be in one process. All ends answer to the same four calls.
"""

import mmap
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import zmq

from tidegate.native import chain_bench, spin_bench
from tidegate.native.lane import LaneSource, LaneTarget
from tidegate.native.lane_bench import LaneEnd
from tidegate.native.link import Link
from tidegate.native.numbered import NumberedSource
from tidegate.native.poll import Poller
from tidegate.native.records import RECORD, RECORD_SIZE
from tidegate.native.retained import RetainedTarget

Samples = npt.NDArray[Any]
Context = zmq.Context[Any]
RETAINED = 16_384
SPIN_SLOTS = 4_096
# Looks at an empty ring before an end gives up: some seconds.
PATIENCE = 1 << 30
HWM = 1000
SPIN_NS = 1_000_000
FRAME_RECORDS = 256
PORTS = (47_311, 47_312)


class End(Protocol):
    """One end of a lane each way."""

    def ping(self, rounds: int) -> Samples:
        """ns of each record there and back."""

    def echo(self, rounds: int) -> object:
        """Send back what comes."""

    def produce(self, count: int) -> object:
        """Send so many records as fast as may be."""

    def consume(self, count: int) -> int:
        """When the last of so many records came, in ns of CLOCK_MONOTONIC, or -1."""


class RawEnd:
    """A PUSH and a PULL socket; a record a message, or `frame` of them in throughput."""

    def __init__(self, context: Context, there: str, back: str, frame: int = 1) -> None:
        self.push, self.pull = context.socket(zmq.PUSH), context.socket(zmq.PULL)
        self.frame = frame
        for socket in (self.push, self.pull):
            socket.linger = 0
            socket.set_hwm(HWM)
        self.pull.bind(back)
        self.push.connect(there)

    def ping(self, rounds: int) -> Samples:
        return chain_bench.ping(self.push, self.pull, rounds, RECORD_SIZE)

    def echo(self, rounds: int) -> object:
        return chain_bench.echo(self.pull, self.push, rounds)

    def produce(self, count: int) -> object:
        return chain_bench.produce(self.push, count // self.frame, RECORD_SIZE * self.frame)

    def consume(self, count: int) -> int:
        return chain_bench.consume(self.pull, count // self.frame)


class SpinEnd:
    """Two raw rings in one file of shared memory; both ends spin."""

    def __init__(self, path: Path, is_near: bool) -> None:
        words = spin_bench.HEAD_WORDS + spin_bench.SLOT_WORDS * SPIN_SLOTS
        self.path, self.words = path, words
        fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.ftruncate(fd, 2 * 8 * words)
        self.map = mmap.mmap(fd, 2 * 8 * words)
        os.close(fd)
        rings = np.frombuffer(self.map, np.uint64).reshape(2, words)
        self.there, self.back = (rings[0], rings[1]) if is_near else (rings[1], rings[0])

    def ping(self, rounds: int) -> Samples:
        return spin_bench.ping(self.there, self.back, rounds, PATIENCE)

    def echo(self, rounds: int) -> object:
        return spin_bench.echo(self.back, self.there, rounds, PATIENCE)

    def produce(self, count: int) -> object:
        return spin_bench.produce(self.there, count, PATIENCE)

    def consume(self, count: int) -> int:
        return spin_bench.consume(self.back, count, PATIENCE)


def lane_end(context: Context, there: str, back: str, spin_ns: int = 0) -> End:
    """A plain lane each way."""
    poller = Poller(context, spin_ns=spin_ns)
    source, target = LaneSource(context, back, hwm=HWM), LaneTarget(context, there, hwm=HWM)
    poller.add_source(source)
    return LaneEnd(poller=poller, target=target, source=source)


def retained_end(context: Context, there: str, back: str) -> End:
    """A retained lane each way, with what its ends tell each other."""
    poller = Poller(context)
    source = NumberedSource(context, back, hwm=HWM, ack_every=RETAINED // 8)
    target = RetainedTarget(context, there, np.zeros(RETAINED + 1, RECORD), hwm=HWM)
    poller.add_source(source.lane)
    return LaneEnd(poller=poller, link=Link(target, source))


def _over(transport: str, make: Callable[[Context, str, str], End]) -> Callable[..., End]:
    """An end of a kind whose two endpoints are `transport`'s."""

    def opened(context: Context, place: Path, kind: str, is_near: bool) -> End:
        if transport == "tcp":
            names = [f"tcp://127.0.0.1:{port + 10 * (kind[0] == 'r')}" for port in PORTS]
        else:
            names = [
                f"{transport}://{place}/{kind.replace(' ', '-').replace(',', '')}-{way}"
                for way in "ab"
            ]
        return make(context, *(names if is_near else names[::-1]))

    return opened


def spinning_end(context: Context, there: str, back: str) -> End:
    """The same, by a poller that spins before it sleeps."""
    return lane_end(context, there, back, SPIN_NS)


def _raw(context: Context, there: str, back: str) -> End:
    return RawEnd(context, there, back)


def _raw_frames(context: Context, there: str, back: str) -> End:
    return RawEnd(context, there, back, FRAME_RECORDS)


def _spin(context: Context, place: Path, kind: str, is_near: bool) -> End:  # noqa: ARG001
    return SpinEnd(place / kind.replace(" ", "-"), is_near)


KINDS: dict[str, Callable[[Context, Path, str, bool], End]] = {
    "raw inproc": _over("inproc", _raw),
    "inproc": _over("inproc", lane_end),
    "raw ipc": _over("ipc", _raw),
    "raw ipc, frames": _over("ipc", _raw_frames),
    "ipc": _over("ipc", lane_end),
    "retained ipc": _over("ipc", retained_end),
    "raw tcp": _over("tcp", _raw),
    "tcp": _over("tcp", lane_end),
    "shm": _over("shm", lane_end),
    "shm, spinning": _over("shm", spinning_end),
    "retained shm": _over("shm", retained_end),
    "raw spinning ring": _spin,
}
# Both ends in one process: an inproc endpoint is known in its own context only.
THREADS = ("raw inproc", "inproc")
# What a kind is compared with.
FLOORS = {
    "inproc": "raw inproc",
    "ipc": "raw ipc",
    "retained ipc": "raw ipc",
    "tcp": "raw tcp",
    "shm": "raw ipc",
    "shm, spinning": "raw spinning ring",
    "retained shm": "raw ipc",
}
# Spinning on one core measures the scheduler's time slices.
SPINNING = ("raw spinning ring", "shm, spinning")
