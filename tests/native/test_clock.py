"""Wall time never goes back, whoever asks."""

import threading
import time

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
