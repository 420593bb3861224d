"""Measures what a hand-off between two pinned processes costs, for each way of waiting."""

import mmap
import multiprocessing
import os
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import zmq

from tidegate.errors import StageError
from tidegate.native import hops
from tidegate.tuning.machine import Machine

SOCKET = "ipc"
# Round trips, of which the first tenth is warm-up. Those that sleep are slow, and few suffice.
ROUNDS = {"spin": 20_000, "yield": 10_000, "sleep": 4000, SOCKET: 2000}
CLOCK_ROUNDS = 20_000
PATIENCE_NS = 3_000_000_000
PATIENCE_MS = PATIENCE_NS // 1_000_000


class Hop(msgspec.Struct, frozen=True, kw_only=True):
    """One way, in ns: half a round trip between two processes on these cores."""

    way: str
    cores: tuple[int, int]
    p50_ns: int
    p99_ns: int


def measure(machine: Machine) -> list[Hop]:
    """Every way of waiting on one core and between two; spinning between two alone."""
    first = machine.cores[-1]
    pairs = [(first, first)]
    other = another(machine, first)
    if other is not None:
        pairs.append((other, first))
    return [
        hop(way, pair)
        for pair in pairs
        for way in (*hops.WAYS, SOCKET)
        # Who spins keeps the core from the one that it waits for.
        if way != "spin" or pair[0] != pair[1]
    ]


def another(machine: Machine, core: int) -> int | None:
    """A core that is physically another one, if there is one."""
    near = next((group for group in machine.siblings if core in group), (core,))
    apart = [found for found in machine.cores if found not in near]
    beside = [found for found in machine.cores if found != core]
    return next(iter((*apart, *beside)), None)


def hop(way: str, cores: tuple[int, int]) -> Hop:
    """Half of what a round trip takes; StageError when the other process does not answer."""
    allowed = os.sched_getaffinity(0)
    with tempfile.TemporaryDirectory(prefix="tidegate-") as place:
        words = Path(place) / "words"
        words.write_bytes(bytes(mmap.PAGESIZE))
        partner = multiprocessing.get_context("spawn").Process(
            target=answer, args=(way, cores[1], str(words)), daemon=True
        )
        partner.start()
        os.sched_setaffinity(0, {cores[0]})
        try:
            taken = ask(way, words)
        finally:
            os.sched_setaffinity(0, allowed)
            partner.join(PATIENCE_MS / 1000)
            partner.kill()
    if len(taken) < ROUNDS[way]:
        raise StageError(
            f"{len(taken)} of {ROUNDS[way]} {way} hand-offs between cores {cores[0]} and "
            f"{cores[1]} were answered within {PATIENCE_MS} ms each"
        )
    p50, p99 = np.percentile(taken[len(taken) // 10 :], [50, 99]) / 2
    return Hop(way=way, cores=cores, p50_ns=int(p50), p99_ns=int(p99))


def ask(way: str, words: Path) -> npt.NDArray[np.int64]:
    """The asker's end."""
    taken = np.zeros(ROUNDS[way], np.int64)
    if way != SOCKET:
        count = hops.ask(shared(words), hops.WAYS.index(way), taken, PATIENCE_NS)
        return taken[:count]
    with zmq.Context() as context, end(context) as socket:
        socket.bind(f"ipc://{words}.socket")
        return taken[: hops.ask_socket(socket, taken)]


def answer(way: str, core: int, words: str) -> None:
    """The other process."""
    os.sched_setaffinity(0, {core})
    if way != SOCKET:
        hops.answer(shared(Path(words)), hops.WAYS.index(way), ROUNDS[way], PATIENCE_NS)
        return
    with zmq.Context() as context, end(context) as socket:
        socket.connect(f"ipc://{words}.socket")
        hops.answer_socket(socket, ROUNDS[way])


def end(context: "zmq.Context[Any]") -> "zmq.Socket[bytes]":
    """One end of a pair that waits no longer than our patience."""
    socket: zmq.Socket[bytes] = context.socket(zmq.PAIR)
    socket.rcvtimeo = socket.sndtimeo = PATIENCE_MS
    socket.linger = PATIENCE_MS
    return socket


def shared(path: Path) -> npt.NDArray[np.uint32]:
    """The words in the file, as both processes see them."""
    with path.open("r+b") as file:
        return np.frombuffer(mmap.mmap(file.fileno(), 0), np.uint32, hops.WORDS)


def clock_ns() -> int:
    """What a look at the clock costs, ns: the median."""
    taken = np.zeros(CLOCK_ROUNDS, np.int64)
    hops.clock_cost(taken)
    return int(np.median(taken))
