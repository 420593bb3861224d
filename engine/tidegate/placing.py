"""Where and how a stage's process runs: its cores, its priority, its memory; from [placement].

Applied before a stage opens anything, so that the threads of its libraries inherit it. What the
system does not allow is said on stderr and left: a stage trades on any core.
"""

import ctypes
import os
import sys
from collections.abc import Callable

from tidegate.topology import FUSED, PATH
from tidegate.universe import Placement

MCL_CURRENT = 1
MCL_FUTURE = 2


def place(placement: Placement, stage: str) -> None:
    """Pin this process to the cores of `stage`, lock its memory, raise its priority."""
    cores = placement.cores.get(stage)
    if cores:
        _try(f"cores {list(cores)}", lambda: os.sched_setaffinity(0, cores))
    # What costs others something is for stages of the path alone.
    if stage not in (*PATH, FUSED):
        return
    if placement.lock_memory:
        _try("lock_memory", _lock_memory)
    if placement.real_time_priority:
        wanted = os.sched_param(placement.real_time_priority)
        _try(
            f"real_time_priority {placement.real_time_priority}",
            lambda: os.sched_setscheduler(0, os.SCHED_FIFO, wanted),
        )


def _lock_memory() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mlockall(MCL_CURRENT | MCL_FUTURE) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _try(what: str, change: Callable[[], object]) -> None:
    try:
        change()
    except OSError as error:
        print(f"placement: {what} is not possible here: {error.strerror}", file=sys.stderr)
