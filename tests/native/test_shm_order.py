"""Memory order between two processes, and which outcomes of going to sleep there may be."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import shm_peer

from tidegate.native.bell import Bell
from tidegate.native.lane import LaneSource
from tidegate.native.ring_probe import Sleeping
from tidegate.native.shm_ring import RingSource, RingTarget

# The whole test has 10^7 records: TIDEGATE_SHM_RECORDS=10000000.
RECORDS = int(os.environ.get("TIDEGATE_SHM_RECORDS", "1000000"))
ROUNDS = 50_000
CAPACITY = 256


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("hwm", [1, 1000])
def test_two_processes_pass_every_record_whole_and_in_order(
    tmp_path: Path, hwm: int, seed: int
) -> None:
    endpoint = f"shm://{tmp_path}/lane"
    source = LaneSource(None, endpoint, hwm=hwm, numbered=False)
    count = RECORDS // 4
    script = [sys.executable, shm_peer.__file__, endpoint, str(count), str(seed), "1", str(hwm)]
    with subprocess.Popen(script) as process:
        assert shm_peer.take(source, count, seed + 100) == 0
        assert process.wait() == 0
    assert len(source.take_rows()) == 0
    source.close()


def outcomes(place: Path, *, fenced: bool) -> dict[tuple[bool, bool], int]:
    """(the sender saw the sleeper, the sleeper saw the record) and how often."""
    source, target = RingSource([str(place)], CAPACITY), RingTarget(str(place), CAPACITY)
    bell = Bell(f"{place}.bell")
    source.hang(bell)
    found = Sleeping(target, source, bell, fenced=fenced).run(ROUNDS, 1)
    for end in (bell, source, target):
        end.close()
    return found


def test_never_does_a_sleeper_miss_a_record_whose_sender_did_not_ring(tmp_path: Path) -> None:
    """Store buffering: each stores its own word and loads the other's; one of them must see."""
    found = outcomes(tmp_path / "lane", fenced=True)
    assert found[False, False] == 0, found
    assert sum(found.values()) == ROUNDS
    # That both orders came at all is what makes the other assertion mean something.
    assert found[True, False] + found[True, True] > 0, found
    assert found[False, True] + found[True, True] > 0, found
