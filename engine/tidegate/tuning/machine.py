"""Facts about this machine that decide where stages should run; from /proc and /sys."""

import os
import platform
import resource
from pathlib import Path

import msgspec

CPUS = Path("/sys/devices/system/cpu")
UNKNOWN = "unknown"


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """What matters for latency. Cores are numbered as the kernel numbers them."""

    processor: str
    kernel: str
    # Those that this process may use, and of them those that the kernel schedules nothing on.
    cores: tuple[int, ...]
    isolated: tuple[int, ...]
    # Groups of cores that share one physical core.
    siblings: tuple[tuple[int, ...], ...]
    governor: str
    is_virtual: bool
    clock_source: str
    # Of files in /dev/shm.
    huge_pages: str
    # Bytes that may be locked; None = any number.
    lockable: int | None
    # The highest real-time priority that may be asked for; 0 = none.
    priority_max: int


def look() -> Machine:
    """The machine that this process runs on."""
    cores = tuple(sorted(os.sched_getaffinity(0)))
    info = Path("/proc/cpuinfo").read_text()
    isolated = numbers(read(CPUS / "isolated"))
    return Machine(
        processor=field(info, "model name") or platform.machine(),
        kernel=platform.release(),
        cores=cores,
        isolated=tuple(core for core in isolated if core in cores),
        siblings=tuple(sorted({siblings_of(core) for core in cores})),
        governor=read(CPUS / f"cpu{cores[0]}/cpufreq/scaling_governor") or UNKNOWN,
        is_virtual="hypervisor" in field(info, "flags").split(),
        clock_source=read(Path("/sys/devices/system/clocksource/clocksource0/current_clocksource"))
        or UNKNOWN,
        huge_pages=huge_pages(
            read(Path("/proc/mounts")),
            read(Path("/sys/kernel/mm/transparent_hugepage/shmem_enabled")),
        ),
        lockable=lockable(),
        priority_max=99 if os.geteuid() == 0 else resource.getrlimit(resource.RLIMIT_RTPRIO)[0],
    )


def huge_pages(mounts: str, knob: str) -> str:
    """To whom /dev/shm gives them: its mount option says, but where the knob overrules all mounts.

    Documentation/admin-guide/mm/transhuge.rst of the kernel, "Hugepages in tmpfs/shmem".
    """
    if chosen(knob) in ("deny", "force"):
        return chosen(knob)
    for line in mounts.splitlines():
        _, place, kind, options, *_ = line.split()
        if (place, kind) == ("/dev/shm", "tmpfs"):
            given = [each for each in options.split(",") if each.startswith("huge=")]
            return given[0].removeprefix("huge=") if given else "never"
    return UNKNOWN


def lockable() -> int | None:
    """Bytes that this process may lock in memory; None = any number."""
    limit, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    return None if os.geteuid() == 0 or limit == resource.RLIM_INFINITY else limit


def siblings_of(core: int) -> tuple[int, ...]:
    """The cores that share a physical core with this one, itself among them."""
    listed = numbers(read(CPUS / f"cpu{core}/topology/thread_siblings_list"))
    return listed or (core,)


def numbers(text: str) -> tuple[int, ...]:
    """A kernel's list of cores, such as "2-4,7"."""
    found: list[int] = []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        found.extend(range(int(first), int(last or first) + 1))
    return tuple(found)


def chosen(text: str) -> str:
    """The one in brackets of a list such as "always [madvise] never"."""
    return text.partition("[")[2].partition("]")[0] or UNKNOWN


def field(text: str, name: str) -> str:
    """The value of the first line "name : value"; empty when there is none."""
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""


def read(path: Path) -> str:
    """A file of the kernel; empty where it is not there or not for us."""
    try:
        return path.read_text().strip()
    except OSError:
        return ""
