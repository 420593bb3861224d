"""Which process runs on which core, and the line that says so.

A placement gives each part of a bench its cores; all threads of a process go there, libzmq's I/O
threads too, also those that are not started yet.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

# The cores that this run was given, before anything was pinned.
CORES = sorted(os.sched_getaffinity(0))


def threads(pid: int) -> Iterable[int]:
    """The threads of a process, as the kernel numbers them."""
    return [int(path.name) for path in Path(f"/proc/{pid}/task").iterdir()]


def pin(pid: int, cores: Iterable[int]) -> None:
    """Move a process with all its threads."""
    wanted = set(cores)
    for thread in threads(pid):
        try:
            os.sched_setaffinity(thread, wanted)
        except ProcessLookupError:
            continue


@contextmanager
def real_time(pids: Iterable[int], priority: int) -> Iterator[None]:
    """All threads of these processes are under SCHED_FIFO meanwhile; priority 0 = as they were.

    What else runs on the machine then gets their cores when they sleep, not when they yield.
    """
    found = list(pids) if priority else []
    _schedule(found, os.SCHED_FIFO, priority)
    try:
        yield
    finally:
        _schedule(found, os.SCHED_OTHER, 0)


def _schedule(pids: list[int], policy: int, priority: int) -> None:
    for thread in (thread for pid in pids for thread in threads(pid)):
        try:
            os.sched_setscheduler(thread, policy, os.sched_param(priority))
        except ProcessLookupError:
            continue


def layout(kind: str, parts: Iterable[str]) -> dict[str, list[int]]:
    """Cores of each part: "none" = any, "one" = all on the last core, "two" = the engine's middle
    (risk, router, venue) on the last core and what is before it on the one below, "apart" = the
    stages on the last core, client and venue on the one below, "spread" = a core each, in turn."""
    names = list(parts)
    if kind == "none" or len(CORES) == 1:
        return dict.fromkeys(names, CORES)
    if kind == "one":
        return dict.fromkeys(names, CORES[-1:])
    if kind == "two":
        late = ("risk", "router", "venue")
        return {name: [CORES[-1] if name.startswith(late) else CORES[-2]] for name in names}
    if kind == "apart":
        return {name: [CORES[-2 if name in ("client", "venue") else -1]] for name in names}
    if kind == "spread":
        return {name: [CORES[at % len(CORES)]] for at, name in enumerate(names)}
    raise ValueError(f"no placement {kind!r}; expected none, one, two, apart or spread")


def place(kind: str, pids: Mapping[str, int]) -> str:
    """Pin the named processes; the line that says what was pinned where."""
    where = layout(kind, pids)
    for name, pid in pids.items():
        pin(pid, where[name])
    if kind == "none":
        return f"none: {', '.join(where)} on any of cores {span(CORES)}"
    told = ", ".join(f"{name} on {span(cores)}" for name, cores in where.items())
    return f"{kind}: {told}"


def span(cores: Iterable[int]) -> str:
    """Cores in few signs: 0-3,8."""
    found: list[list[int]] = []
    for core in cores:
        if found and found[-1][1] == core - 1:
            found[-1][1] = core
        else:
            found.append([core, core])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in found)
