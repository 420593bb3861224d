"""[placement] as a stage's process finds it."""

import os
import subprocess
import sys

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


def test_nothing_said_changes_nothing() -> None:
    before = os.sched_getaffinity(0)
    place(Placement(), "risk")
    assert os.sched_getaffinity(0) == before
