"""Stages that have outlived their supervisor: found again in stages.json, and watched by pidfd.

Only where supervisor.orphans is "adopt". A process is taken for a stage when its pid and the
time at which it was started are those that stages.json has, so that a pid used anew is not.
"""

import asyncio
import os
import select
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

# Of a process that is not our child nobody tells how it ended.
UNKNOWN_CODE = 255
END_SECONDS = 5.0
# Field 22 of /proc/PID/stat; what precedes ")" may itself have blanks.
START_FIELD = 22 - 3


class Process(Protocol):
    """What the supervisor needs of a stage's process, its child or not."""

    @property
    def pid(self) -> int: ...

    @property
    def returncode(self) -> int | None: ...

    async def wait(self) -> int: ...

    def terminate(self) -> None: ...

    def kill(self) -> None: ...


class Adopted:
    """A running process that somebody else has started."""

    def __init__(self, pid: int, pidfd: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._pidfd = pidfd

    async def wait(self) -> int:
        """UNKNOWN_CODE once the process has ended."""
        if self.returncode is None:
            loop = asyncio.get_running_loop()
            ended = asyncio.Event()
            loop.add_reader(self._pidfd, ended.set)
            try:
                await ended.wait()
            finally:
                loop.remove_reader(self._pidfd)
            self.returncode = UNKNOWN_CODE
        return self.returncode

    def terminate(self) -> None:
        """Ask it to stop."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self._send(signal.SIGKILL)

    def end(self) -> None:
        """Kill it and return when it has ended: its locks are free then."""
        self.kill()
        select.select([self._pidfd], [], [], END_SECONDS)
        os.close(self._pidfd)

    def _send(self, number: signal.Signals) -> None:
        try:
            signal.pidfd_send_signal(self._pidfd, number)
        except ProcessLookupError:
            # It has ended since; wait() says so.
            return


def started_at(pid: int) -> int:
    """When a process was started, in clock ticks since boot; 0 when there is none or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return 0 if fields[0] == "Z" else int(fields[START_FIELD])


def survivors(stages: Mapping[str, Mapping[str, Any]]) -> dict[str, Adopted]:
    """The processes of stages.json that still run, by stage."""
    found = {}
    for name, row in stages.items():
        pid, started = int(row.get("pid", 0)), int(row.get("started", 0))
        if not pid or not started:
            continue
        try:
            pidfd = os.pidfd_open(pid)
        except OSError:
            continue
        # Looked at once the pidfd holds the process: the pid cannot change hands any more.
        if started_at(pid) == started:
            found[name] = Adopted(pid, pidfd)
        else:
            os.close(pidfd)
    return found
