"""A frame of 256 records over a lane: put, flush, take, in one thread, through the Python face."""

from pathlib import Path

import numpy as np
import pytest
import zmq
from pytest_benchmark.fixture import BenchmarkFixture

from tidegate.native.lane import FRAME_RECORDS_MAX, LaneSource, LaneTarget
from tidegate.native.records import RECORD, Kind


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
