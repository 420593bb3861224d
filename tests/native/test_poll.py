"""A poller wakes for records, for room, for a signal and for stop, and for nothing else."""

import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest
import zmq

from tidegate.errors import LaneError
from tidegate.native.lane import LaneSource, LaneTarget
from tidegate.native.poll import FAILED, STOPPED, Poller
from tidegate.native.records import RECORD, Kind

LONG_MS = 60_000


@pytest.fixture
def context() -> Iterator[zmq.Context[Any]]:
    with zmq.Context() as context:
        yield context


@pytest.fixture
def poller(context: zmq.Context[Any]) -> Iterator[Poller]:
    poller = Poller(context)
    yield poller
    poller.close()


def orders(count: int) -> np.ndarray[Any, Any]:
    rows = np.zeros(count, RECORD)
    rows["kind"] = Kind.NEW_ORDER_SINGLE
    return rows


def test_wait_says_which_lane_has_records(context: zmq.Context[Any], poller: Poller) -> None:
    sources = [LaneSource(context, f"inproc://{name}") for name in ("a", "b")]
    target = LaneTarget(context, "inproc://b")
    first, second = (poller.add_source(source) for source in sources)
    assert poller.wait_rows(0) == 0
    target.put_rows(orders(1))
    target.flush_rows()
    assert poller.wait_rows(LONG_MS) == 1
    assert not poller.readable(first)
    assert poller.readable(second)
    assert not poller.readable(0)
    assert not poller.readable(3)
    poller.close()
    for end in (target, *sources):
        end.close()


def test_wait_does_not_forget_what_is_left_of_a_frame(
    context: zmq.Context[Any], poller: Poller
) -> None:
    source = LaneSource(context, "inproc://left")
    target = LaneTarget(context, "inproc://left")
    index = poller.add_source(source)
    target.put_rows(orders(3))
    target.flush_rows()
    for _ in range(3):
        assert poller.wait_rows(LONG_MS) == 1
        assert poller.readable(index)
        assert len(source.take_rows(1)) == 1
    assert poller.wait_rows(0) == 0
    poller.close()
    target.close()
    source.close()


@pytest.mark.parametrize("transport", ["inproc", "shm"])
def test_wait_for_room_ends_when_the_peer_takes(
    context: zmq.Context[Any], poller: Poller, tmp_path: Path, transport: str
) -> None:
    endpoint = f"{transport}://{tmp_path}/room"
    source = LaneSource(context, endpoint, hwm=1)
    target = LaneTarget(context, endpoint, hwm=1)
    poller.add_target(target)
    assert poller.wait_room(0) == 1
    while target.put_rows(orders(256)):
        pass
    assert poller.wait_room(0) == 0
    taken = len(source.take_rows(100_000))
    while target.flush_rows():
        assert poller.wait_room(LONG_MS) == 1
        taken += len(source.take_rows(100_000))
    assert poller.wait_room(0) == 1
    taken += len(source.take_rows(100_000))
    assert taken == target.counters["records"]
    poller.close()
    target.close()
    source.close()


def test_another_thread_ends_the_wait(context: zmq.Context[Any], poller: Poller) -> None:
    source = LaneSource(context, "inproc://quiet")
    poller.add_source(source)
    answers: list[int] = []
    waiting = threading.Thread(target=lambda: answers.append(poller.wait_rows(LONG_MS)))
    waiting.start()
    stopping = [threading.Thread(target=poller.stop) for _ in range(4)]
    for thread in stopping:
        thread.start()
    for thread in (waiting, *stopping):
        thread.join(timeout=20)
        assert not thread.is_alive()
    assert answers == [STOPPED]
    assert poller.stopped
    assert poller.wait_rows(LONG_MS) == STOPPED
    assert poller.wait_room(LONG_MS) == STOPPED
    poller.close()
    source.close()


def test_a_thread_may_close_its_poller_as_soon_as_another_has_stopped_it(
    context: zmq.Context[Any],
) -> None:
    def wait_and_close(poller: Poller) -> None:
        while poller.wait_rows(0) != STOPPED:
            pass
        poller.close()

    poller = Poller(context)
    thread = threading.Thread(target=wait_and_close, args=(poller,))
    thread.start()

    def let_it_close(_frame: FrameType, event: str, _arg: object) -> None:
        """Python code within stop() may lose the GIL: here it does."""
        if event == "call":
            thread.join(20)

    sys.setprofile(let_it_close)
    try:
        poller.stop()
    finally:
        sys.setprofile(None)
    thread.join(20)
    assert not thread.is_alive()


def test_a_signal_ends_the_wait_without_an_error(poller: Poller) -> None:
    arrived: list[int] = []

    def handle(number: int, _frame: FrameType | None) -> None:
        arrived.append(number)

    before = signal.signal(signal.SIGALRM, handle)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
        assert poller.wait_rows(LONG_MS) == 0
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert arrived


def test_a_signal_handler_may_stop_the_poller(poller: Poller) -> None:
    before = signal.signal(signal.SIGALRM, lambda *_: poller.stop())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
        deadline = time.monotonic() + 20
        while (answer := poller.wait_rows(LONG_MS)) == 0:
            assert time.monotonic() < deadline
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert answer == STOPPED


def test_a_context_that_ends_makes_the_wait_fail() -> None:
    own = zmq.Context()
    poller = Poller(own)
    answers: list[int] = []
    waiting = threading.Thread(target=lambda: answers.append(poller.wait_rows(LONG_MS)))
    ending = threading.Thread(target=own.term)
    waiting.start()
    ending.start()
    waiting.join(timeout=20)
    assert answers == [FAILED]
    poller.close()
    ending.join(timeout=20)
    assert not ending.is_alive()


def test_a_poller_has_a_capacity_and_an_end(context: zmq.Context[Any], poller: Poller) -> None:
    sockets = [context.socket(zmq.PULL) for _ in range(64)]
    for socket in sockets[:63]:
        poller.add_socket(socket)
    with pytest.raises(LaneError, match="at most 63 lanes each way"):
        poller.add_socket(sockets[63])
    poller.close()
    for socket in sockets:
        socket.close()
    with pytest.raises(LaneError, match="the poller is closed"):
        poller.wait_rows(0)
    with pytest.raises(LaneError, match="the poller is closed"):
        poller.add_socket(sockets[0])


def test_a_closed_lane_cannot_be_added(context: zmq.Context[Any], poller: Poller) -> None:
    source = LaneSource(context, "inproc://closed")
    target = LaneTarget(context, "inproc://closed")
    target.close()
    source.close()
    with pytest.raises(LaneError, match="the lane from inproc://closed is closed"):
        poller.add_source(source)
    with pytest.raises(LaneError, match="the lane to inproc://closed is closed"):
        poller.add_target(target)
