"""What a figure was measured on: the processor, what may disturb it, and the commit."""

import os
import platform
import subprocess
from pathlib import Path

import tidegate

ROOT = Path(__file__).parents[2]
CPU = Path("/sys/devices/system/cpu")
UNKNOWN = "unknown"


def read(path: Path) -> str:
    """A line of a file of the kernel's, or "unknown"."""
    try:
        return path.read_text().strip() or UNKNOWN
    except OSError:
        return UNKNOWN


def cpu_lines(name: str) -> list[str]:
    """The values of a key in /proc/cpuinfo, one a core."""
    text = read(Path("/proc/cpuinfo"))
    return [
        line.partition(":")[2].strip()
        for line in text.splitlines()
        if line.partition(":")[0].strip() == name
    ]


def hypervisor() -> str:
    """Who lends the processor; "none" = nobody says that one does."""
    if "hypervisor" not in " ".join(cpu_lines("flags")):
        return "none"
    names = (Path("/sys/hypervisor/type"), Path("/sys/class/dmi/id/sys_vendor"))
    found = [name for name in map(read, names) if name != UNKNOWN]
    return found[0] if found else "yes"


def commit() -> str:
    """The commit of the engine that is imported, with "+" when files differ from it."""
    git = ["git", "-C", str(Path(tidegate.__file__).parents[2])]
    named = subprocess.run([*git, "rev-parse", "--short=10", "HEAD"], capture_output=True)
    if named.returncode:
        return UNKNOWN
    changed = subprocess.run([*git, "diff", "--quiet", "HEAD"], capture_output=True)
    return named.stdout.decode().strip() + ("+" if changed.returncode else "")


def describe() -> dict[str, str]:
    """Each fact by its name."""
    names = cpu_lines("model name")
    return {
        "processor": names[0] if names else platform.processor() or platform.machine(),
        "cores": str(len(os.sched_getaffinity(0))),
        "kernel": platform.release(),
        "hypervisor": hypervisor(),
        "governor": read(CPU / "cpu0/cpufreq/scaling_governor"),
        "clock": read(Path("/sys/devices/system/clocksource/clocksource0/current_clocksource")),
        "isolated": read(CPU / "isolated").replace(UNKNOWN, "none"),
        "load": " ".join(read(Path("/proc/loadavg")).split()[:3]),
        "python": platform.python_version(),
        "commit": commit(),
    }


def line() -> str:
    """The same in one line."""
    facts = describe()
    return f"{facts.pop('processor')} x {facts.pop('cores')}, " + ", ".join(
        f"{name} {value}" for name, value in facts.items()
    )
