"""Where and how a stage's process runs: its cores, its priority, its memory; from [placement].

Applied before a stage opens anything, so that the threads of its libraries inherit it. What the
system does not allow is said on stderr and left: a stage trades on any core.
"""

import ctypes
import os
import sys
from collections.abc import Callable
from pathlib import Path

from tidegate.run_dir import RunDir
from tidegate.topology import FUSED, PATH
from tidegate.universe import Placement

MCL_CURRENT = 1
MCL_FUTURE = 2
MADV_HUGEPAGE = 14
MADV_COLLAPSE = 25
# What mount is asked for, that files there may be in huge pages.
HUGE_MOUNT = "remount,huge=advise /dev/shm"
HUGE_PAGE_KIB = 2048


def place(placement: Placement, stage: str) -> None:
    """Pin this process to the cores of `stage`, lock its memory, raise its priority."""
    cores = placement.cores.get(stage)
    if cores:
        _try(f"cores {list(cores)}", lambda: os.sched_setaffinity(0, cores))
    # What costs others something is for stages of the path alone.
    if not is_on_path(stage):
        return
    if placement.lock_memory:
        _try("lock_memory", _lock_memory)
    if placement.real_time_priority:
        wanted = os.sched_param(placement.real_time_priority)
        _try(
            f"real_time_priority {placement.real_time_priority}",
            lambda: os.sched_setscheduler(0, os.SCHED_FIFO, wanted),
        )


def is_on_path(stage: str) -> bool:
    """Whether every order passes it."""
    return stage in (*PATH, FUSED)


def ask_huge_pages(placement: Placement, run_dir: RunDir) -> None:
    """Have the regions and rings that this process has mapped in huge pages; say what it got.

    The kernel gives them to files of a tmpfs that is mounted so, as HUGE_MOUNT has it; to those of
    a disk it does not, and a hugetlbfs holds no files of any size.
    """
    if not placement.huge_pages:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    why = ""
    for start, size in _mapped(run_dir):
        for advice in (MADV_HUGEPAGE, MADV_COLLAPSE):
            if libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(size), advice) != 0:
                why = f": {os.strerror(ctypes.get_errno())}"
    whole, huge = _in_huge_pages(run_dir)
    if not huge and whole >= HUGE_PAGE_KIB:
        why += f"; expected a run directory in /dev/shm, and as root mount -o {HUGE_MOUNT}"
    print(
        f"placement: huge_pages: {huge >> 10} of {whole >> 10} MiB of regions and rings are in "
        f"some{why}",
        file=sys.stderr,
    )


def _mapped(run_dir: RunDir) -> list[tuple[int, int]]:
    """Address and size of what is mapped of the run directory's regions and rings."""
    found = []
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, *_, path = line.split(maxsplit=5)
        if _is_ours(path, run_dir):
            start, end = (int(each, 16) for each in span.split("-"))
            found.append((start, end - start))
    return found


def _in_huge_pages(run_dir: RunDir) -> tuple[int, int]:
    """KiB of regions and rings, and of them in huge pages."""
    whole = huge = 0
    is_ours = False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        name, _, value = line.partition(":")
        if " " in name:
            is_ours = _is_ours(line.split(maxsplit=5)[-1], run_dir)
        elif is_ours and name == "Size":
            whole += int(value.split()[0])
        elif is_ours and name in ("FilePmdMapped", "ShmemPmdMapped"):
            huge += int(value.split()[0])
    return whole, huge


def _is_ours(path: str, run_dir: RunDir) -> bool:
    places = (run_dir.regions, run_dir.lanes)
    return path.startswith(tuple(f"{os.path.realpath(place)}/" for place in places))


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
