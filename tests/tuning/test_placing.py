"""[placement] as a stage's process finds it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tidegate.placing import place
from tidegate.universe import Placement

CORE = max(os.sched_getaffinity(0))
# Prints what became of the process that placed itself.
PLACED = """
import os, sys
from tidegate.placing import place
from tidegate.universe import Placement

place(Placement(cores={"risk": (%d,)}, lock_memory=%s, real_time_priority=%d), sys.argv[1])
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(sorted(os.sched_getaffinity(0)), os.sched_getscheduler(0), status["VmLck"].split()[0])
"""
IS_ROOT = os.geteuid() == 0


def placed(stage: str, core: int, *, lock: bool = False, priority: int = 0) -> tuple[str, str]:
    done = subprocess.run(
        [sys.executable, "-c", PLACED % (core, lock, priority), stage],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip(), done.stderr


def test_a_stage_runs_on_its_cores_alone() -> None:
    assert placed("risk", CORE)[0] == f"[{CORE}] {os.SCHED_OTHER} 0"


def test_a_stage_that_is_not_named_runs_anywhere() -> None:
    everywhere = sorted(os.sched_getaffinity(0))
    assert placed("router", CORE)[0] == f"{everywhere} {os.SCHED_OTHER} 0"


def test_a_core_that_is_not_there_is_said_and_the_stage_goes_on() -> None:
    out, err = placed("risk", 4000)
    assert out == f"{sorted(os.sched_getaffinity(0))} {os.SCHED_OTHER} 0"
    assert err == "placement: cores [4000] is not possible here: Invalid argument\n"


@pytest.mark.skipif(not IS_ROOT, reason="only root may lock memory and raise priorities for sure")
def test_memory_is_locked_and_priority_raised_on_the_path_alone() -> None:
    out, err = placed("risk", CORE, lock=True, priority=10)
    assert err == ""
    assert out.startswith(f"[{CORE}] {os.SCHED_FIFO} ")
    assert int(out.split()[-1]) > 0
    assert placed("snapshot", CORE, lock=True, priority=10)[0].endswith(f" {os.SCHED_OTHER} 0")


ASKED = """
import sys
from tidegate.native.tables import DTYPES
from tidegate.placing import ask_huge_pages
from tidegate.region import Region
from tidegate.run_dir import RunDir
from tidegate.universe import Placement

run_dir = RunDir(sys.argv[1])
run_dir.create()
region = Region.create(run_dir.region("orders"), DTYPES["orders"], int(sys.argv[2]))
ask_huge_pages(Placement(huge_pages=True), run_dir)
region.rows["order_qty"][-1] = 7
print(int(region.rows["order_qty"].sum()))
"""


def asked(run_dir: Path, rows: int) -> tuple[str, str]:
    done = subprocess.run(
        [sys.executable, "-c", ASKED, str(run_dir), str(rows)],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout, done.stderr


def test_huge_pages_that_are_refused_are_said_and_the_rows_are_as_they_were(
    tmp_path: Path,
) -> None:
    # No huge page fits into so few rows, on any machine.
    out, err = asked(tmp_path, 4)
    assert out == "7\n"
    assert err == (
        "placement: huge_pages: 0 of 0 MiB of regions and rings are in some: Invalid argument\n"
    )


def test_what_came_of_asking_for_huge_pages_is_said(tmp_path: Path) -> None:
    out, err = asked(tmp_path, 1 << 16)
    assert out == "7\n"
    said = re.match(r"placement: huge_pages: (\d+) of (\d+) MiB of regions and rings are in", err)
    assert said is not None, err
    got, whole = map(int, said.groups())
    assert 0 <= got <= whole
    assert whole >= 8
    # Where it did not get all it says why, or the rest is no whole huge page.
    assert got >= whole - 4 or "Invalid argument" in err or "Resource" in err
    # Without any it says how they are to be had.
    assert (got == 0) == ("mount -o remount,huge=advise /dev/shm" in err)


@pytest.mark.skipif(not IS_ROOT, reason="only root may mount a tmpfs")
def test_a_tmpfs_that_is_mounted_so_gives_huge_pages(tmp_path: Path) -> None:
    mount = f"mount -t tmpfs -o huge=advise tmpfs {tmp_path} 2>/dev/null || exit 77"
    script = f'{mount}\nexec "$@"'
    command = [sys.executable, "-c", ASKED, str(tmp_path / "run"), str(1 << 16)]
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script, "sh", *command], capture_output=True, text=True
    )
    if done.returncode in (1, 77) and not done.stdout:
        pytest.skip("no tmpfs with huge pages can be mounted here")
    assert done.stdout == "7\n"
    said = re.match(r"placement: huge_pages: (\d+) of (\d+) MiB", done.stderr)
    assert said is not None, done.stderr
    assert int(said[1]) >= 8


def test_nothing_said_changes_nothing() -> None:
    before = os.sched_getaffinity(0)
    place(Placement(), "risk")
    assert os.sched_getaffinity(0) == before
