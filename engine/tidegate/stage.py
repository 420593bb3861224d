"""`python -m tidegate.stage NAME RUN_DIR` runs one stage of a run directory until SIGTERM.

NAME is one of topology.stages(): venue:X, router, risk, gateway or, these three in one, fused. The
stage's main() calls ready() once it takes input; that writes "ready\\n" to the fd of
TIDEGATE_READY_FD, if set.
"""

import contextlib
import ctypes
import faulthandler
import importlib
import os
import signal
import sys
from collections.abc import Callable
from typing import TextIO, cast

from tidegate import topology
from tidegate.errors import StageError, TidegateError
from tidegate.placing import ask_huge_pages, is_on_path, place
from tidegate.run_dir import RunDir

READY_FD = "TIDEGATE_READY_FD"
# "adopt" = the stage outlives its supervisor and waits for the next one.
ORPHANS = "TIDEGATE_ORPHANS"
PR_SET_PDEATHSIG = 1
# main(universe, run_dir, ready); a venue's takes its own name as the fourth argument.
Main = Callable[..., int]
MODULES = {
    "venue": "tidegate.venue",
    "router": "tidegate.router",
    "risk": "tidegate.risk",
    "margin": "tidegate.margin_stage",
    "snapshot": "tidegate.snapshot_stage",
    "reconcile": "tidegate.reconcile_stage",
    "gateway": "tidegate.gateway",
    "fused": "tidegate.fused",
}


def run(name: str, run_dir: RunDir) -> int:
    """Run stage `name` until it is stopped; its exit status."""
    universe = run_dir.read_universe()
    if name not in topology.stages(universe):
        known = ", ".join(topology.stages(universe))
        raise StageError(f"stage {name!r} is not in {run_dir.universe}; expected one of {known}")
    place(universe.placement, name)

    def is_up() -> None:
        if is_on_path(name):
            ask_huge_pages(universe.placement, run_dir)
        ready()

    kind, _, venue_name = name.partition(":")
    lock = run_dir.lock_stage(name)
    try:
        main: Main = importlib.import_module(MODULES[kind]).main
        return main(universe, run_dir, is_up, *([venue_name] if venue_name else []))
    finally:
        os.close(lock)


def ready() -> None:
    """Tell the supervisor, if there is one, that this stage takes input; StageError when it died.

    The next supervisor adopts only those that were ready when this one died.
    """
    fd = os.environ.pop(READY_FD, None)
    if fd is not None:
        try:
            os.write(int(fd), b"ready\n")
        except BrokenPipeError:
            raise StageError("the supervisor that started this stage is gone") from None
        os.close(int(fd))


def die_with_parent(number: signal.Signals = signal.SIGKILL) -> None:
    """No stage trades on without its supervisor, however that ended, unless it is to be adopted."""
    if os.environ.get(ORPHANS) == "adopt":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0) != 0:
        raise StageError(f"prctl(PR_SET_PDEATHSIG): {os.strerror(ctypes.get_errno())}")


class Words:
    """A stage's stderr: what a full disk or a gone reader does not take is lost, not the stage."""

    def __init__(self, target: TextIO) -> None:
        self.target = target

    def write(self, text: str) -> int:
        """Counts as written."""
        with contextlib.suppress(OSError):
            self.target.write(text)
        return len(text)

    def flush(self) -> None:
        """Likewise."""
        with contextlib.suppress(OSError):
            self.target.flush()


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print("usage: python -m tidegate.stage NAME RUN_DIR", file=sys.stderr)
        return 2
    faulthandler.enable()
    sys.stderr = cast(TextIO, Words(sys.stderr))
    if READY_FD in os.environ:
        die_with_parent()
    try:
        return run(arguments[0], RunDir(arguments[1]))
    except TidegateError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
