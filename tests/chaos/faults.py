"""What `make chaos` does to a run: kills, freezes, a full disk, and its supervisor's own death."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from tidegate.run_dir import RunDir

CONFIG = Path(__file__).with_name("chaos.toml")
READY_S = 60.0
FREEZE_S_MAX = 0.4
# Of 100: what is done, and to whom.
SUPERVISOR_PERCENT = 5
FREEZE_PERCENT = 15
FULL_PERCENT = 5
FULL_S_MAX = 1.0


class Victim:
    """A run, begun anew whenever its supervisor is dead."""

    def __init__(self, path: Path, seed: int, *, may_fill: bool) -> None:
        """`may_fill`: the file system of `path` is a small one of our own."""
        self._may_fill = may_fill
        self.run_dir = RunDir(path)
        self.done: Counter[str] = Counter()
        self._random = random.Random(f"{seed} faults")
        self._log = path.with_suffix(".log").open("ab")
        self.process = self._start()

    @property
    def front(self) -> str:
        return self.run_dir.ipc("front")

    def strike(self) -> None:
        """One fault at random."""
        draw = self._random.randrange(100)
        if draw < SUPERVISOR_PERCENT:
            self.process.kill()
            self.process.wait()
            self.done["kill supervisor"] += 1
            self.process = self._start()
            return
        if draw >= 100 - FULL_PERCENT and self._may_fill:
            self._fill(self._random.uniform(0.1, FULL_S_MAX))
            return
        stages = self.stages()
        name = self._random.choice(sorted(stages))
        if draw < SUPERVISOR_PERCENT + FREEZE_PERCENT:
            seconds = self._random.uniform(0.01, FREEZE_S_MAX)
            if self._send(stages[name], signal.SIGSTOP):
                time.sleep(seconds)
                self._send(stages[name], signal.SIGCONT)
                self.done[f"freeze {name}"] += 1
        elif self._send(stages[name], signal.SIGKILL):
            self.done[f"kill {name}"] += 1

    def _fill(self, seconds: float) -> None:
        """No room at all for a while."""
        filler = self.run_dir.path.with_name("filler")
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
        self.done["fill the disk"] += 1

    def stages(self) -> dict[str, int]:
        """Process of each stage, some of them perhaps dead."""
        rows = json.loads(self.run_dir.stages.read_text())
        return {name: int(row["pid"]) for name, row in rows.items() if row["pid"]}

    def wait_ready(self) -> None:
        """Until every stage is there."""
        until = time.monotonic() + READY_S
        while True:
            rows = json.loads(self.run_dir.stages.read_text())
            if all(row["is_ready"] for row in rows.values()):
                return
            if time.monotonic() > until:
                raise TimeoutError(f"not all stages were ready within {READY_S:g} s: {rows}")
            time.sleep(0.02)

    def stop(self) -> int:
        """In order; the exit status."""
        self.process.terminate()
        return self.process.wait(timeout=READY_S)

    def end(self) -> None:
        """Whatever state it is in."""
        self.process.kill()
        self.process.wait()
        for pid in self.stages().values() if self.run_dir.stages.exists() else ():
            self._send(pid, signal.SIGKILL)
        self._log.close()

    def _start(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tidegate", "run", CONFIG, "--run-dir", self.run_dir.path],
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line.startswith("ready: "):
            raise RuntimeError(f"the run did not start: see {self._log.name}")
        return process

    @staticmethod
    def _send(pid: int, number: signal.Signals) -> bool:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return False
        return True
