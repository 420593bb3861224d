"""An order to a venue and its first report back, over the processes of a real run; and the floor.

Unlike the other benches this one has the operating system in it: five processes share what cores
there are. The floor is an echo of as many bytes by libzmq's own proxy in another process.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zmq
from pytest_benchmark.fixture import BenchmarkFixture

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "e2e"))

from e2e_rig import DEADLINE_S, Engine, engine

from tidegate import Client, NewOrder
from tidegate.native.records import RECORD_SIZE, Kind, TimeInForce

CONFIG = Path(__file__).parent.parent / "tests" / "e2e" / "small.toml"
ROUNDS, WARMUP = 2000, 200
# Below the market: the venue answers, and nothing is left.
ORDER = NewOrder(
    account="sub-2",
    instrument="GCZ3",
    side="BUY",
    order_qty=1,
    price="1315.0",
    time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL,
)
ECHO = """
import sys, zmq
with zmq.Context() as context, context.socket(zmq.ROUTER) as socket:
    socket.bind(sys.argv[1])
    print("ready", flush=True)
    zmq.proxy(socket, socket)
"""


def measure(benchmark: BenchmarkFixture, round_trip: Callable[[], Any]) -> Any:
    """Time ROUNDS of it, one in smoke size; what the last one returned."""
    result = benchmark.pedantic(round_trip, rounds=ROUNDS, warmup_rounds=WARMUP)
    if benchmark.stats is not None:
        seconds = np.array(benchmark.stats.stats.data)
        for quantile in (50, 99, 99.9):
            found = np.percentile(seconds, quantile) * 1e6
            benchmark.extra_info[f"p{quantile}_us"] = round(float(found), 1)
    return result


def pin(pids: dict[str, int]) -> str:
    """One core a process when there are enough, ours the first; how it was done."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < len(pids):
        return f"no: {len(cores)} cores for {len(pids)} processes"
    for core, pid in zip(cores, pids.values(), strict=False):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), {core})
    return ", ".join(f"{name} on {core}" for core, name in zip(cores, pids, strict=False))


@pytest.fixture(autouse=True)
def unpinned() -> Iterator[None]:
    """What was pinned here must not slow what comes after."""
    cores = os.sched_getaffinity(0)
    yield
    for thread in Path("/proc/self/task").iterdir():
        os.sched_setaffinity(int(thread.name), cores)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Engine]:
    with engine(CONFIG, run_dir=tmp_path / "run") as opened:
        yield opened


def bench_order_to_first_report(benchmark: BenchmarkFixture, run: Engine) -> None:
    """Client, gateway, risk, router, venue, and back: as a strategy in Python sees it."""
    with Client(run.front, "client") as client:
        benchmark.extra_info["pinned"] = pin({"client": os.getpid(), **run.pids()})

        def round_trip() -> Any:
            [order] = client.submit_many([ORDER])
            for report in client.reports(timeout=DEADLINE_S):
                if report.cl_ord_id == order.cl_ord_id:
                    return report
            raise AssertionError("no report came")

        report = measure(benchmark, round_trip)
        assert (report.kind, report.reason) == (Kind.EXECUTION_REPORT, None)
        assert report.received_ns < report.decided_ns < report.routed_ns < report.venue_ns


def bench_floor_echo_over_ipc(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """One record there and back: two hops, where an order makes eight and is worked on."""
    endpoint = f"ipc://{tmp_path}/echo"
    echo = subprocess.Popen([sys.executable, "-c", ECHO, endpoint], stdout=subprocess.PIPE)
    assert echo.stdout is not None
    try:
        assert echo.stdout.readline() == b"ready\n"
        with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
            socket.linger = 0
            socket.connect(endpoint)
            benchmark.extra_info["pinned"] = pin({"client": os.getpid(), "echo": echo.pid})
            record = bytes(RECORD_SIZE)

            def there_and_back() -> bytes:
                socket.send(record)
                answer: bytes = socket.recv()
                return answer

            assert measure(benchmark, there_and_back) == record
    finally:
        echo.kill()
        echo.communicate()
