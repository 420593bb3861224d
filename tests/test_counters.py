"""A stage's counters: written by one process, read by another while they change."""

import subprocess
import sys
from pathlib import Path

import pytest

from tidegate import counters
from tidegate.counters import COUNTERS_MAX, Counters
from tidegate.errors import RegionError
from tidegate.run_dir import RunDir

READER = (
    "import sys\nfrom tidegate import counters\nfrom tidegate.run_dir import RunDir\n"
    "print(counters.read(RunDir(sys.argv[1])))"
)


@pytest.fixture
def run_dir(tmp_path: Path) -> RunDir:
    made = RunDir(tmp_path)
    made.create()
    return made


def test_another_process_reads_what_was_published_last(run_dir: RunDir) -> None:
    written = Counters(run_dir, "venue:SIM")
    written.publish("orders", {"records": 1, "full": 0})
    written.publish("orders", {"records": 2, "full": 0, "error": -1})
    done = subprocess.run(
        [sys.executable, "-c", READER, run_dir.path], capture_output=True, text=True, check=True
    )
    expected = {"venue:SIM": {"orders.records": 2, "orders.full": 0, "orders.error": -1}}
    assert done.stdout.strip() == str(expected)


def test_too_many_or_too_long_names_are_refused(run_dir: RunDir) -> None:
    written = Counters(run_dir, "risk")
    with pytest.raises(RegionError, match="expected at most 256 of 48 characters"):
        written.publish("x" * 48, {"records": 1})
    with pytest.raises(RegionError, match=r"counter 'all\.256': expected at most 256"):
        written.publish("all", {str(number): number for number in range(COUNTERS_MAX + 1)})
    assert len(counters.read(run_dir)["risk"]) == COUNTERS_MAX
