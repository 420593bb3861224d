"""A frame of 256 records over a lane: put, flush, take, in one thread, through the Python face."""

from pathlib import Path

import numpy as np
import pytest
import zmq
from pytest_benchmark.fixture import BenchmarkFixture

from tidegate.native.lane import FRAME_RECORDS_MAX, LaneSource, LaneTarget
from tidegate.native.link import Link
from tidegate.native.numbered import NumberedSource
from tidegate.native.records import RECORD, Kind
from tidegate.native.retained import RetainedTarget


@pytest.mark.parametrize("size", [1, FRAME_RECORDS_MAX])
@pytest.mark.parametrize("transport", ["inproc", "ipc"])
def bench_frame_there(
    benchmark: BenchmarkFixture, tmp_path: Path, transport: str, size: int
) -> None:
    """Times one frame; every record must have come out, in order."""
    rows = np.zeros(size, RECORD)
    rows["kind"] = Kind.NEW_ORDER_SINGLE
    with zmq.Context() as context:
        endpoint = f"{transport}://{tmp_path}/lane"
        source = LaneSource(context, endpoint)
        target = LaneTarget(context, endpoint)

        def there() -> int:
            target.put_rows(rows)
            target.flush_rows()
            taken = 0
            while taken < size:
                taken += len(source.take_rows())
            return taken

        assert benchmark(there) == size
        assert source.counters["gaps"] == 0
        assert source.counters["records"] == target.counters["records"]
        target.close()
        source.close()


@pytest.mark.parametrize("size", [1, FRAME_RECORDS_MAX])
@pytest.mark.parametrize("transport", ["inproc", "ipc"])
def bench_retained_frame_there(
    benchmark: BenchmarkFixture, tmp_path: Path, transport: str, size: int
) -> None:
    """The same over a retained lane, its receiver's word that all is taken included."""
    rows = np.zeros(size, RECORD)
    rows["kind"] = Kind.NEW_ORDER_SINGLE
    rings = [np.zeros(16_384 + 1, RECORD) for _ in range(2)]
    with zmq.Context() as context:
        names = [f"{transport}://{tmp_path}/{name}" for name in ("there", "back")]
        sources = [NumberedSource(context, name) for name in names]
        targets = [RetainedTarget(context, *each) for each in zip(names, rings, strict=True)]
        near, far = Link(targets[0], sources[1]), Link(targets[1], sources[0])
        now_ns = 0

        def there() -> int:
            nonlocal now_ns
            now_ns += 1_000_000
            put = targets[0].put_rows(rows)
            near.tend_at(now_ns)
            taken = 0
            while taken < put:
                found = sources[0].take_rows()
                taken += len(found)
                if len(found):
                    sources[0].note_taken(int(found["msg_seq_num"][-1]))
            far.tend_at(now_ns)
            sources[1].take_rows()
            return taken

        assert benchmark(there) == size
        assert sources[0].counters["gaps"] == sources[0].counters["bad_checksum"] == 0
        for end in (*targets, *sources):
            end.close()
