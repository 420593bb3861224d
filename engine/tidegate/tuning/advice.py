"""From a machine and what its hand-offs cost to the [placement] of a config, and why."""

import msgspec

from tidegate.placing import HUGE_MOUNT
from tidegate.topology import PATH
from tidegate.tuning.hops import Hop
from tidegate.tuning.machine import Machine

# What risk's tables, rings and journal of a desk of some thousand accounts need at least.
LOCKED_MIN = 1 << 30
SPIN_US = 50
# What a stage that spins on a core of its own looks for before it sleeps: always.
SPIN_US_ISOLATED = 1_000_000
PRIORITY = 50


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """Keys of [placement], cores by stage, and a sentence for each choice."""

    cores: dict[str, list[int]]
    spin_us: int = 0
    yields: int = 0
    real_time_priority: int = 0
    lock_memory: bool = False
    huge_pages: bool = False
    reasons: tuple[str, ...] = ()

    def toml(self) -> str:
        """The table as it stands in a config."""
        lines = ["[placement]"]
        for key in ("spin_us", "yields", "real_time_priority", "lock_memory", "huge_pages"):
            lines.append(f"{key} = {str(getattr(self, key)).lower()}")
        if self.cores:
            lines.append("[placement.cores]")
            lines.extend(f"{stage} = {cores}" for stage, cores in self.cores.items())
        return "\n".join(lines) + "\n"


def advise(machine: Machine, hops: list[Hop]) -> Advice:
    """Never to spin on two cores or fewer: libzmq's threads and venues need them too."""
    is_lockable = machine.lockable is None or machine.lockable >= LOCKED_MIN
    common = [
        f"lock_memory: {'allowed' if is_lockable else 'not allowed (RLIMIT_MEMLOCK)'}.",
        f'huge_pages: for /dev/shm the kernel has {machine.huge_pages!r}; it takes "advise" or '
        f"more (mount -o {HUGE_MOUNT}), and a run directory there.",
    ]
    found = (
        _isolated(machine)
        if len(machine.isolated) >= len(PATH)
        else _shared(machine)
        if len(machine.cores) > len(PATH)
        else _narrow(machine, hops)
    )
    return msgspec.structs.replace(
        found,
        lock_memory=is_lockable,
        huge_pages=machine.huge_pages in ("advise", "within_size", "always", "force"),
        reasons=(*found.reasons, *common),
    )


def _isolated(machine: Machine) -> Advice:
    can_fifo = machine.priority_max >= PRIORITY
    return Advice(
        cores={stage: [core] for stage, core in zip(PATH, machine.isolated, strict=False)},
        spin_us=SPIN_US_ISOLATED,
        real_time_priority=PRIORITY if can_fifo else 0,
        reasons=(
            f"cores: {len(machine.isolated)} are isolated, one for each stage of the path.",
            "spin: nobody else wants these cores.",
            f"real_time_priority: {'allowed' if can_fifo else 'not allowed (RLIMIT_RTPRIO)'}.",
        ),
    )


def _shared(machine: Machine) -> Advice:
    last = machine.cores[-len(PATH) :]
    return Advice(
        cores={stage: [core] for stage, core in zip(PATH, last, strict=True)},
        spin_us=SPIN_US,
        yields=1,
        reasons=(
            f"cores: {len(machine.cores)} are there and none of them isolated: the last "
            f"{len(PATH)} for the path, the first for interrupts and all else.",
            f"spin: {SPIN_US} us, then sleep, so that a quiet stage costs nothing.",
            "real_time_priority: none, or a stage that spins could keep the kernel off its core.",
        ),
    )


def _narrow(machine: Machine, hops: list[Hop]) -> Advice:
    same = [hop for hop in hops if hop.way == "sleep" and hop.cores[0] == hop.cores[1]]
    apart = [hop for hop in hops if hop.way == "sleep" and hop.cores[0] != hop.cores[1]]
    core = machine.cores[-1]
    reasons = [
        f"spin: never with {len(machine.cores)} cores: it would starve whoever is waited for.",
        "real_time_priority: none, for the same reason.",
    ]
    if not apart:
        return Advice(cores={}, reasons=("cores: there is one core.", *reasons))
    figures = (
        f"a wake-up costs {same[0].p50_ns / 1000:.1f} us on the same core and "
        f"{apart[0].p50_ns / 1000:.1f} us on another"
    )
    if same[0].p50_ns >= apart[0].p50_ns:
        return Advice(cores={}, reasons=(f"cores: left to the kernel, for {figures}.", *reasons))
    return Advice(
        cores={stage: [core] for stage in PATH},
        reasons=(f"cores: the path on one core, for {figures}.", *reasons),
    )
