"""Lanes in shared memory: their ends, their bells, and what becomes of a dead peer."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shm_peer
import zmq

from tidegate.errors import LaneError
from tidegate.native.bell import Bell
from tidegate.native.lane import FRAME_RECORDS_MAX, LaneSource, LaneTarget
from tidegate.native.poll import STOPPED, Poller
from tidegate.native.shm_ring import RingSource, RingTarget, ring_records

DEADLINE_S = 30
LONG_MS = 60_000
CAPACITY = 256
HEAD, TAIL = 128 // 8, 256 // 8


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, f"not within {DEADLINE_S} s: {what}"


@pytest.fixture
def endpoint(tmp_path: Path) -> str:
    return f"shm://{tmp_path}/lane"


@pytest.fixture
def context() -> Iterator[zmq.Context[Any]]:
    with zmq.Context() as context:
        yield context


def sender(endpoint: str, count: int, first: int = 1) -> subprocess.Popen[bytes]:
    script = [sys.executable, shm_peer.__file__, endpoint, str(count), "1", str(first)]
    return subprocess.Popen(script)


def test_an_end_that_is_there_already_is_refused(endpoint: str) -> None:
    source, target = LaneSource(None, endpoint), LaneTarget(None, endpoint)
    with pytest.raises(LaneError, match="has its sender already"):
        LaneTarget(None, endpoint)
    with pytest.raises(LaneError, match="has its receiver already"):
        LaneSource(None, endpoint)
    target.close()
    LaneTarget(None, endpoint).close()
    source.close()


def test_both_ends_must_mean_the_same_ring(endpoint: str) -> None:
    source = LaneSource(None, endpoint, hwm=1000)
    with pytest.raises(LaneError, match="its other end has opened it otherwise"):
        LaneTarget(None, endpoint, hwm=2000)
    source.close()
    # Nobody has it open: it is made anew.
    LaneTarget(None, endpoint, hwm=2000).close()
    with pytest.raises(LaneError, match="expected a power of two"):
        RingTarget(endpoint.removeprefix("shm://"), 300)
    with pytest.raises(LaneError, match="expected shm:// and a whole path"):
        LaneTarget(None, "shm://lane")
    with pytest.raises(LaneError, match="cannot open the ring /no/such/lane"):
        LaneTarget(None, "shm:///no/such/lane")


def test_room_follows_from_the_frames_that_may_wait() -> None:
    assert [ring_records(hwm) for hwm in (1, 64, 65, 1000, 1 << 20)] == [
        256,
        256,
        512,
        4096,
        65_536,
    ]


def test_what_nobody_had_open_any_more_is_forgotten(endpoint: str) -> None:
    target = LaneTarget(None, endpoint)
    target.put_rows(shm_peer.rows_of(1, 3))
    target.close()
    assert target.counters["abandoned"] == 3
    source = LaneSource(None, endpoint)
    assert len(source.take_rows()) == 0
    source.close()
    # And by the sender: the receiver died with these unread.
    target = LaneTarget(None, endpoint)
    target.put_rows(shm_peer.rows_of(1, 3))
    target.flush_rows()
    source = LaneSource(None, endpoint)
    target.close()
    source.close()
    target = LaneTarget(None, endpoint)
    source = LaneSource(None, endpoint)
    assert len(source.take_rows()) == 0
    target.close()
    source.close()


def test_records_go_on_over_the_end_of_the_indexes(tmp_path: Path) -> None:
    path = tmp_path / "lane"
    RingTarget(str(path), CAPACITY).close()
    words = np.memmap(path, np.uint64, "r+")
    words[HEAD] = words[TAIL] = 2**64 - 300
    source = LaneSource(None, f"shm://{path}", hwm=1, numbered=False)
    target = LaneTarget(None, f"shm://{path}", hwm=1, numbered=False)
    for first in range(1, 1001, 100):
        assert target.put_rows(shm_peer.rows_of(first, 100)) == 100
        assert target.flush_rows() == 0
        assert shm_peer.is_as_sent(source.take_rows(), first)
    assert int(words[HEAD]) == int(words[TAIL]) == 700
    target.close()
    source.close()


def test_a_ring_whose_indexes_make_no_sense_gives_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lane"
    source = LaneSource(None, f"shm://{path}", hwm=1)
    words = np.memmap(path, np.uint64, "r+")
    words[HEAD] = CAPACITY + 1
    assert len(source.take_rows()) == 0
    target = LaneTarget(None, f"shm://{path}", hwm=1)
    target.put_rows(shm_peer.rows_of(1, 2))
    target.flush_rows()
    assert len(source.take_rows()) == 2
    target.close()
    source.close()


@pytest.fixture(params=["futex", "poll"])
def poller(request: pytest.FixtureRequest, context: zmq.Context[Any]) -> Iterator[Poller]:
    """An agent that has lanes in shared memory alone, and one that has a socket too."""
    poller = Poller(context)
    if request.param == "poll":
        socket = context.socket(zmq.PULL)
        socket.bind("inproc://beside")
        poller.add_socket(socket)
    yield poller
    poller.close()
    if request.param == "poll":
        socket.close()


def sleeping(source: LaneSource) -> Bell:
    return Bell(f"{source.endpoint.removeprefix('shm://')}.bell")


def wait_for(poller: Poller, answers: list[int]) -> threading.Thread:
    thread = threading.Thread(target=lambda: answers.append(poller.wait_rows(LONG_MS)))
    thread.start()
    return thread


def test_a_sleeper_is_woken_and_nobody_else_is_rung(poller: Poller, endpoint: str) -> None:
    source, target = LaneSource(None, endpoint), LaneTarget(None, endpoint)
    index = poller.add_source(source)
    bell = sleeping(source)
    assert target.ring is not None
    for first in (1, 11):
        for number in range(first, first + 5):
            target.put_rows(shm_peer.rows_of(number, 1))
            target.flush_rows()
        assert target.ring.rings == first // 10
        assert poller.wait_rows(LONG_MS) == 1
        assert poller.readable(index)
        assert len(source.take_rows()) == 5
        assert not poller.readable(index)
        answers: list[int] = []
        waiting = wait_for(poller, answers)
        until(lambda: bell.is_asleep, "a sleeper")
        target.put_rows(shm_peer.rows_of(1, 5))
        target.flush_rows()
        waiting.join(timeout=DEADLINE_S)
        assert answers == [1]
        assert target.ring.rings == first // 10 + 1
        assert len(source.take_rows()) == 5
    assert poller.wait_rows(0) == 0
    for end in (bell, target, source):
        end.close()


def test_a_sleeper_is_stopped_by_another_thread(poller: Poller, endpoint: str) -> None:
    source = LaneSource(None, endpoint)
    poller.add_source(source)
    bell = sleeping(source)
    answers: list[int] = []
    waiting = wait_for(poller, answers)
    until(lambda: bell.is_asleep, "a sleeper")
    poller.stop()
    waiting.join(timeout=DEADLINE_S)
    assert answers == [STOPPED]
    assert poller.wait_rows(LONG_MS) == STOPPED
    bell.close()
    source.close()


def test_a_socket_wakes_a_sleeper_too(context: zmq.Context[Any], endpoint: str) -> None:
    poller = Poller(context)
    sources = [LaneSource(context, "inproc://socket"), LaneSource(None, endpoint)]
    first, second = map(poller.add_source, sources)
    bell = sleeping(sources[1])
    answers: list[int] = []
    waiting = wait_for(poller, answers)
    until(lambda: bell.is_asleep, "a sleeper")
    target = LaneTarget(context, "inproc://socket")
    target.put_rows(shm_peer.rows_of(1, 1))
    target.flush_rows()
    waiting.join(timeout=DEADLINE_S)
    assert answers == [1]
    assert poller.readable(first)
    assert not poller.readable(second)
    poller.close()
    for end in (bell, target, *sources):
        end.close()


@pytest.mark.parametrize(("spin_ns", "yields"), [(50_000_000, 0), (0, 100_000)])
def test_an_agent_may_spin_or_yield_before_it_sleeps(
    context: zmq.Context[Any], endpoint: str, spin_ns: int, yields: int
) -> None:
    poller = Poller(context, spin_ns=spin_ns, yields=yields)
    source, target = LaneSource(None, endpoint), LaneTarget(None, endpoint)
    poller.add_source(source)
    target.put_rows(shm_peer.rows_of(1, 2))
    target.flush_rows()
    assert poller.wait_rows(LONG_MS) == 1
    assert len(source.take_rows(1)) == 1
    assert poller.wait_rows(LONG_MS) == 1
    assert len(source.take_rows(1)) == 1
    assert poller.wait_rows(1) == 0
    with pytest.raises(LaneError, match="cannot spin"):
        Poller(context, spin_ns=-1)
    poller.stop()
    assert poller.wait_rows(LONG_MS) == STOPPED
    poller.close()
    target.close()
    source.close()


def test_a_killed_sender_is_noticed_and_what_it_put_is_whole(endpoint: str) -> None:
    """Each one goes on behind what was taken of the one before it."""
    source = LaneSource(None, endpoint, numbered=False)
    assert source.ring is not None
    number = 1
    for life in range(4):
        process = sender(endpoint, 10**9, first=number)
        wanted = number + 5000 * life
        while number <= wanted:
            rows = source.take_rows(FRAME_RECORDS_MAX)
            assert shm_peer.is_as_sent(rows, number)
            number += len(rows)
        assert source.ring.has_peer
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not source.ring.has_peer
        while len(rows := source.take_rows(FRAME_RECORDS_MAX)):
            assert shm_peer.is_as_sent(rows, number)
            number += len(rows)
    source.close()


def test_a_killed_receiver_is_noticed_and_the_next_one_goes_on(endpoint: str) -> None:
    target = LaneTarget(None, endpoint, numbered=False)
    taker = [
        sys.executable,
        "-c",
        "import os, sys; from tidegate.native.lane import LaneSource\n"
        "source = LaneSource(None, sys.argv[1], numbered=False)\n"
        "print(len(source.take_rows(10)), flush=True)\n"
        "os.kill(os.getpid(), 9)",
        endpoint,
    ]
    target.put_rows(shm_peer.rows_of(1, 30))
    target.flush_rows()
    assert target.ring is not None
    for left in (20, 10):
        found = subprocess.run(taker, capture_output=True, env=os.environ)
        assert found.stdout == b"10\n", found.stderr
        assert not target.ring.has_peer
        assert target.ring.waiting == left
    source = LaneSource(None, endpoint, numbered=False)
    assert target.ring.has_peer
    assert shm_peer.is_as_sent(source.take_rows(), 21)
    source.close()
    target.close()


def test_a_bell_that_cannot_be_is_named_and_a_lost_one_is_done_without(tmp_path: Path) -> None:
    with pytest.raises(LaneError, match="cannot open the bell /no/such/bell"):
        Bell("/no/such/bell")
    source = RingSource([f"{tmp_path}/lane"], CAPACITY)
    target = LaneTarget(None, f"shm://{tmp_path}/lane", hwm=1)
    bell = Bell(f"{tmp_path}/{'x' * 200}")
    source.hang(bell)
    for name in (bell.path, f"{bell.path}.fifo"):
        os.unlink(name)
    (tmp_path / ("x" * 200)).mkdir()
    target.put_rows(shm_peer.rows_of(1, 1))
    assert target.flush_rows() == 0
    assert source.waiting == 1
    for end in (bell, source, target):
        end.close()
