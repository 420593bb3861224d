"""What `make chaos` does to a run: kills under load, freezes, a full disk."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence

from victim import SUPERVISOR, StuckError, Victim, send

from tidegate.topology import FUSED

# How often each fault is drawn.
WEIGHTS = {"kill": 60, "kill again": 10, "freeze": 12, "freeze and kill": 12, "fill": 6}
# What no order passes dies less often.
BESIDE = ("snapshot", "reconcile", SUPERVISOR)
PATH_WEIGHT = 4
AT_ONCE = (1, 1, 2, 3)
FREEZE_S = (0.01, 0.4)
# Longer than a venue and its channel wait for each other.
LONG_FREEZE_S = 3.5
LONG_FREEZE_CHANCE = 0.05
FULL_S = (0.1, 1.0)
# Under load: so many records have passed within a moment, which ends as the fault strikes.
LOAD_RECORDS = 5
MOMENT_S = (0.005, 0.04)
LOAD_S = 30.0
STARTING_S = 10.0


class Faults:
    """Faults drawn from a seed; `kills` counts processes that were killed under load."""

    def __init__(self, victim: Victim, seed: int, *, may_fill: bool) -> None:
        """`may_fill`: the file system of the run is a small one of our own."""
        self.victim = victim
        self.kills: Counter[str] = Counter()
        self.others: Counter[str] = Counter()
        self._draw = random.Random(f"{seed} faults")
        # How often one looks depends on the machine: it must not change what is drawn next.
        self._moments = random.Random(f"{seed} moments")
        self._weights = {kind: WEIGHTS[kind] for kind in WEIGHTS if may_fill or kind != "fill"}

    def strike(self) -> None:
        """One fault at random, at stages that are under load."""
        kind = self._draw.choices([*self._weights], [*self._weights.values()])[0]
        if kind == "kill":
            self._kill(self._names(self._draw.choice(AT_ONCE)))
        elif kind == "kill again":
            self._kill_twice(*self._names(1))
        elif kind == "freeze":
            self._freeze(*self._names(1))
        elif kind == "freeze and kill":
            self._freeze(*self._names(2))
        else:
            self._fill(self._draw.uniform(*FULL_S))

    def _names(self, count: int) -> list[str]:
        """So many different stages; the supervisor is one."""
        names = [*self.victim.names, SUPERVISOR]
        found: list[str] = []
        for _ in range(count):
            weights = [1 if name in BESIDE else PATH_WEIGHT for name in names]
            found.append(self._draw.choices(names, weights)[0])
            names.remove(found[-1])
        return found

    def _loaded(self, names: Sequence[str]) -> dict[str, int]:
        """Their processes, the moment after records have passed each; StuckError when none do."""
        until = time.monotonic() + LOAD_S
        while True:
            before = self.victim.pids()
            counts = {name: self.victim.progress(name) for name in names}
            time.sleep(self._moments.uniform(*MOMENT_S))
            passed = {name: self.victim.progress(name) - counts[name] for name in names}
            pids = self.victim.pids()
            if all(
                passed[name] >= LOAD_RECORDS and pids.get(name, -1) == before.get(name)
                for name in names
            ):
                return {name: pids[name] for name in names}
            if time.monotonic() > until:
                raise StuckError(
                    f"within {LOAD_S:g} s {LOAD_RECORDS} records never passed all of {names} in "
                    f"one moment: last {passed}, ready {pids}"
                )

    def _kill(self, names: Sequence[str]) -> None:
        for name, pid in self._loaded(names).items():
            send(pid, signal.SIGKILL)
            self.kills[name] += 1
        self.others["at once"] += len(names) > 1
        if SUPERVISOR in names:
            self.victim.begin_again()

    def _kill_twice(self, name: str) -> None:
        """Under load, and once more while its next process starts, which is none under load."""
        self._kill([name])
        until = time.monotonic() + STARTING_S
        while name != SUPERVISOR and time.monotonic() < until:
            if pid := self.victim.starting(name):
                time.sleep(self._moments.uniform(0.0, 0.5))
                send(pid, signal.SIGKILL)
                self.others[f"kill starting {name}"] += 1
                return

    def _freeze(self, name: str, *killed: str) -> None:
        """Stop one for a while; others are killed meanwhile."""
        seconds = self._draw.uniform(*FREEZE_S)
        if self._draw.random() < LONG_FREEZE_CHANCE:
            seconds = LONG_FREEZE_S
        pids = self._loaded([name, *killed])
        send(pids[name], signal.SIGSTOP)
        for other in killed:
            send(pids[other], signal.SIGKILL)
            self.kills[other] += 1
        time.sleep(seconds)
        send(pids[name], signal.SIGCONT)
        self.others[f"freeze {name}"] += 1
        if SUPERVISOR in killed:
            self.victim.begin_again()

    def _fill(self, seconds: float) -> None:
        """No room at all for a while."""
        self._loaded([FUSED if FUSED in self.victim.names else "risk"])
        filler = self.victim.run_dir.path.with_name("filler")
        with filler.open("wb") as file:
            free = os.statvfs(filler).f_bavail * os.statvfs(filler).f_frsize
            while free:
                try:
                    os.posix_fallocate(file.fileno(), file.tell(), free)
                    file.seek(0, os.SEEK_END)
                except OSError:
                    free //= 2
                    continue
                free = os.statvfs(filler).f_bavail * os.statvfs(filler).f_frsize
        time.sleep(seconds)
        filler.unlink()
        self.others["fill the disk"] += 1
