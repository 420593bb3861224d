"""Wall time never goes back, whoever asks."""

import threading
import time

import pytest

from tidegate.native import clock


def test_wall_time_is_the_systems_and_never_goes_back() -> None:
    before = time.time_ns()
    seen = [clock.wall_ns() for _ in range(1000)]
    assert seen == sorted(seen)
    assert seen[0] >= before


def test_threads_share_one_latest_time() -> None:
    last: list[int] = []

    def read() -> None:
        last.append(max(clock.wall_ns() for _ in range(1000)))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clock.wall_ns() >= max(last)


def test_elapsed_time_does_not_go_back() -> None:
    seen = [clock.elapsed_ns() for _ in range(1000)]
    assert seen == sorted(seen)


def test_virtual_time_is_what_is_said_and_going_back_is_counted_once() -> None:
    try:
        clock.set_virtual(5_000_000_000)
        assert (clock.wall_ns(), clock.elapsed_ns()) == (5_000_000_000, 5_000_000_000)
        backs = clock.back_count()
        clock.set_virtual(3_000_000_000, clock.latest_ns())
        assert [clock.wall_ns() for _ in range(3)] == [5_000_000_000] * 3
        assert clock.back_count() == backs + 1
        clock.set_virtual(6_000_000_000, clock.latest_ns())
        assert clock.wall_ns() == 6_000_000_000
        clock.set_virtual(1_000_000_000, clock.latest_ns())
        assert clock.wall_ns() == 6_000_000_000
        assert clock.back_count() == backs + 2
        with pytest.raises(ValueError, match="virtual time"):
            clock.set_virtual(-1)
    finally:
        clock.set_virtual(0)
    assert abs(clock.wall_ns() - time.time_ns()) < 10**9


def test_time_goes_on_where_the_clock_was_set_back_and_joins_it_again() -> None:
    """Or nothing would be due for as long as the clock was set back: no beat, no report."""
    hour = 3_600_000_000_000
    now = time.time_ns()
    try:
        clock.set_virtual(0, now + hour)
        first = clock.wall_ns()
        deadline = time.monotonic_ns() + 10**10
        while clock.wall_ns() < first + 1_000_000:
            assert time.monotonic_ns() < deadline, "time stands still"
        assert clock.wall_ns() > time.time_ns() + hour - 10**10
        clock.set_virtual(now + 2 * hour, clock.latest_ns())
        assert clock.wall_ns() == now + 2 * hour
    finally:
        clock.set_virtual(0)
    assert abs(clock.wall_ns() - time.time_ns()) < 10**9
