"""The processes of a bench: the real stages and a venue that answers, or a raw chain instead.

Both are started, pinned, stopped for a while and ended in the same way. All are ours, by pid.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from rig.pinning import place, threads

import tidegate
from tidegate.run_dir import RunDir
from tidegate.stage import PR_SET_PDEATHSIG, READY_FD

HERE = Path(__file__).parent
STAGES = ("router", "risk", "gateway")
CHAIN = ("venue", "router", "risk", "gateway")
READY_S = 60.0
TICKS = os.sysconf("SC_CLK_TCK")


class Processes:
    """Named processes of one system under test."""

    def __init__(self) -> None:
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *arguments: str | Path, talks: bool = False) -> None:
        """Start one and wait until it says that it is ready; SystemExit when it does not.

        talks: its stdin and stdout are ours.
        """
        source, target = os.pipe()
        pipe = subprocess.PIPE if talks else None
        self.running[name] = process = subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            env=os.environ
            | {
                "PYTHONPATH": str(Path(tidegate.__file__).parents[1]),
                READY_FD: str(target),
            },
            pass_fds=(target,),
            stdin=pipe,
            stdout=pipe,
            start_new_session=True,
        )
        os.close(target)
        with os.fdopen(source, "rb") as said:
            if said.readline() != b"ready\n":
                raise SystemExit(f"{name} did not start: exit {process.wait()}")

    @property
    def pids(self) -> dict[str, int]:
        """Each process by its name."""
        return {name: process.pid for name, process in self.running.items()}

    def place(self, kind: str) -> str:
        """Pin these and the bench itself, which is the client; the line that says so."""
        return place(kind, {"client": os.getpid(), **self.pids})

    def pause(self) -> None:
        """None of them runs until `go`."""
        for pid in self.pids.values():
            os.kill(pid, signal.SIGSTOP)

    def go(self) -> None:
        """They run on."""
        for pid in self.pids.values():
            os.kill(pid, signal.SIGCONT)

    def check(self) -> None:
        """SystemExit when one of them has ended by itself."""
        for name, process in self.running.items():
            if process.poll() is not None:
                raise SystemExit(f"{name} ended with {process.returncode}")

    def end(self) -> None:
        """Kill what still runs."""
        for process in self.running.values():
            process.kill()
            process.communicate()


def engine(run_dir: RunDir, stages: Sequence[str] = STAGES) -> Processes:
    """The stages of a run directory's path, and the venue that answers at once."""
    found = Processes()
    try:
        found.start("venue", HERE / "venue.py", run_dir.path)
        for name in stages:
            found.start(name, "-m", "tidegate.stage", name, run_dir.path)
    except BaseException:
        found.end()
        raise
    return found


def chain(directory: Path) -> Processes:
    """A raw libzmq chain of the same processes, sockets and hops."""
    found = Processes()
    try:
        for name in CHAIN:
            found.start(name, HERE / "chain.py", name, directory)
    except BaseException:
        found.end()
        raise
    return found


def tell_ready() -> None:
    """In a process that `start` has started: it takes input, and dies with its parent."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    fd = int(os.environ.pop(READY_FD))
    os.write(fd, b"ready\n")
    os.close(fd)


def cpu_seconds(pid: int) -> dict[str, float]:
    """Processor time of each thread of a process so far, by the thread's name and number."""
    return dict(_thread_times(pid))


def _thread_times(pid: int) -> Iterator[tuple[str, float]]:
    for thread in threads(pid):
        try:
            stat = Path(f"/proc/{pid}/task/{thread}/stat").read_text()
        except OSError:
            continue
        name, _, rest = stat.partition("(")[2].rpartition(")")
        fields = rest.split()
        yield f"{name} {thread}", (int(fields[11]) + int(fields[12])) / TICKS


def wait_until(condition: object, what: str, seconds: float = READY_S) -> None:
    """Call `condition` until it is true; SystemExit when that takes too long."""
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        if time.monotonic() > deadline:
            raise SystemExit(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.02)
