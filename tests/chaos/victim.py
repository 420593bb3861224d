"""The run that `make chaos` wrecks: its processes, begun anew whenever the supervisor is dead."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from pulse import progress

from tidegate.adoption import started_at
from tidegate.run_dir import RunDir
from tidegate.topology import FUSED

CONFIG = Path(__file__).with_name("chaos.toml")
READY_S = 60.0
# It stops by itself in 2 s on a machine of its own.
STOP_S = 20.0
SUPERVISOR = "supervisor"


class StuckError(Exception):
    """The run does not go on."""


class Victim:
    """One run directory and whatever runs in it."""

    def __init__(self, path: Path, *, fused: bool = False) -> None:
        """fused: the path is one stage, and every hop from client to venue in shared memory."""
        self.run_dir = RunDir(path)
        self._is_fused = fused
        self._config = fused_config(path.with_suffix(".toml")) if fused else CONFIG
        self.log = path.with_suffix(".log")
        self._log = self.log.open("ab")
        self.process = self._start()
        self.names = sorted(self._rows())

    @property
    def front(self) -> str:
        front = self.run_dir.ipc("front")
        return front.replace("ipc://", "shm://") if self._is_fused else front

    def pids(self) -> dict[str, int]:
        """The process of each stage that is ready, and the supervisor's."""
        found = {
            name: int(row["pid"])
            for name, row in self._rows().items()
            if row["is_ready"] and started_at(row["pid"]) == row["started"]
        }
        return found | {SUPERVISOR: self.process.pid}

    def starting(self, name: str) -> int:
        """The process of a stage that is alive and not ready; 0 = there is none now."""
        row = self._rows()[name]
        is_there = row["pid"] and started_at(row["pid"]) == row["started"]
        return int(row["pid"]) if is_there and not row["is_ready"] else 0

    def progress(self, name: str) -> int:
        """Records that have passed a stage."""
        return progress(self.run_dir, name)

    def begin_again(self) -> None:
        """A supervisor in place of one that was killed; it adopts what still runs."""
        self.process.wait()
        self.process = self._start()

    def wait_ready(self) -> None:
        """Until every stage is there."""
        until = time.monotonic() + READY_S
        while missing := {*self.names} - self.pids().keys():
            if time.monotonic() > until:
                raise StuckError(f"not ready within {READY_S:g} s: {sorted(missing)}")
            time.sleep(0.02)

    def stop(self) -> int:
        """In order; the exit status."""
        self.process.terminate()
        return self.process.wait(timeout=STOP_S)

    def end(self) -> None:
        """Whatever state it is in."""
        self.process.kill()
        self.process.wait()
        for row in self._rows().values():
            if started_at(row["pid"]) == row["started"] != 0:
                send(int(row["pid"]), signal.SIGKILL)
        self._log.close()

    def _rows(self) -> dict[str, dict[str, int]]:
        """stages.json; none when there is no such file yet."""
        try:
            rows: dict[str, dict[str, int]] = json.loads(self.run_dir.stages.read_text())
        except FileNotFoundError:
            return {}
        return rows

    def _start(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tidegate", "run", self._config, "--run-dir", self.run_dir.path],
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line.startswith("ready: "):
            raise StuckError(f"the run did not start: it said {line!r}")
        return process


def fused_config(path: Path) -> Path:
    """The same config for a fused run, in this file."""
    text = CONFIG.read_text().replace("../../configs", str(CONFIG.parents[2] / "configs"))
    for table in ('kind = "simulated"\n', "heartbeat_ms = 20_000\n"):
        text = text.replace(table, f"{table}shm = true\n")
    path.write_text(f'{text}\n[placement]\nlayout = "{FUSED}"\n')
    return path


def send(pid: int, number: signal.Signals) -> None:
    """A signal to a process that may be gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
