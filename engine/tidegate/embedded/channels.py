"""What an embedded engine needs beside it: router, venues and the stages off the path.

`tidegate run` supervises them, or a supervisor that the engine starts, which stops them when the
engine is closed or its process has ended, however that was: then its end of a pipe is closed.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

from tidegate import admission, supervisor, universe
from tidegate.errors import RunDirError, StageError
from tidegate.run_dir import RunDir
from tidegate.universe import Universe

MODULE = "tidegate.embedded.channels"
READY = b"ready\n"
# What the supervisor needs to stop all stages, and a little.
STOP_S = 10.0
LOOK_S = 0.01


class Channels:
    """The supervisor beside an engine, a child of its own or another's."""

    def __init__(self, run_dir: RunDir, *, starts: bool) -> None:
        """StageError when they do not start. `starts` = False: others start them, now or later."""
        self._process = start(run_dir) if starts else None

    def check(self) -> None:
        """StageError when those that this engine started have ended by themselves."""
        code = None if self._process is None else self._process.poll()
        if code is not None:
            raise StageError(f"the engine's channels ended by themselves, with status {code}")

    def close(self) -> None:
        """Stop what this engine started; what others started goes on."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            # Its stages die with it.
            process.kill()
            process.wait()
        process.stdout.close()


def settle(content: Universe, run_dir: RunDir, *, starts: bool) -> bool:
    """Whether an engine has to start its channels; `starts` = it would.

    To be asked before anything in the directory changes. The universe is written for them where it
    has to. RunDirError when those that run are of another config, ReplayError when the journal is.
    """
    pid = supervisor_of(run_dir)
    if pid and is_orphan(pid):
        # It stops what an engine left that was killed just now.
        await_end_of(run_dir)
        pid = 0
    if pid and run_dir.universe.read_bytes() != universe.encode(content):
        raise RunDirError(f"{run_dir.path}: process {pid} runs the stages of another config there")
    if pid or not starts:
        return False
    admission.begin(content, run_dir)
    return True


def supervisor_of(run_dir: RunDir) -> int:
    """The process that supervises stages there; 0 = none."""
    try:
        os.close(run_dir.lock())
    except RunDirError:
        text = (run_dir.path / "lock").read_text(errors="replace").strip()
        return int(text) if text.isdigit() else -1
    return 0


def is_orphan(pid: int) -> bool:
    """Whether an engine has started it: the caller has the journal, so that engine is gone."""
    try:
        return MODULE.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False


def await_end_of(run_dir: RunDir) -> None:
    deadline = time.monotonic() + STOP_S
    while pid := supervisor_of(run_dir):
        if time.monotonic() > deadline:
            raise RunDirError(
                f"{run_dir.path}: process {pid}, of an engine that has ended, still stops its "
                f"stages after {STOP_S:g} s"
            )
        time.sleep(LOOK_S)


def start(run_dir: RunDir) -> subprocess.Popen[bytes]:
    """Start them, and wait until all take input; stderr says why not."""
    process = subprocess.Popen(
        [sys.executable, "-m", MODULE, str(run_dir.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # A terminal's SIGINT is for the program; what becomes of the channels it decides.
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    if process.stdout.readline() == READY:
        return process
    process.stdin.close()
    process.stdout.close()
    raise StageError(f"{run_dir.path}: the channels did not start, status {process.wait()}")


def stop_with_parent() -> None:
    """Ends this process, in order, once the other end of its stdin is gone."""
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def tell_ready() -> None:
    os.write(1, READY)


def main(arguments: list[str]) -> int:
    run_dir = RunDir(arguments[0])
    Thread(target=stop_with_parent, daemon=True).start()
    return supervisor.run(run_dir.read_universe(), run_dir, on_ready=tell_ready)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
