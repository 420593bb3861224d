"""The run directory: where the stages of one run meet. `tidegate run` creates it (0700: who can
enter it can trade), locks it and writes universe.json; each stage creates its own files below.

    RUN_DIR/universe.json   RUN_DIR/stages.json   RUN_DIR/lock   RUN_DIR/locks/STAGE
    RUN_DIR/regions/NAME   RUN_DIR/journal/   RUN_DIR/lanes/NAME (sockets)
    RUN_DIR/lanes/NAME.ring (lanes in shared memory; .bell and .bell.fifo wake who sleeps on one)
    RUN_DIR/snapshots/SEQUENCE.snapshot
    RUN_DIR/venues/NAME.jsonl (what a simulated venue remembers)
    RUN_DIR/flows.json (what reconciliation knows of deposits over its restarts)
    RUN_DIR/margin/EPOCH.pa2 (copies of the margin files of intraday changes)
    RUN_DIR/logs/STAGE.log (only where stages may outlive their supervisor)
"""

import contextlib
import fcntl
import os
from pathlib import Path

from tidegate import universe
from tidegate.errors import RunDirError

# sockaddr_un.sun_path holds 108 bytes with its closing NUL.
IPC_PATH_MAX = 107


class RunDir:
    """Paths of a run directory. Making one of these touches no file."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path).absolute()
        self.universe = self.path / "universe.json"
        self.stages = self.path / "stages.json"
        self.regions = self.path / "regions"
        self.journal = self.path / "journal"
        # Under which the journal was begun; risk's state follows from both.
        self.journal_universe = self.journal / "universe.json"
        self.lanes = self.path / "lanes"
        self.snapshots = self.path / "snapshots"
        self.margin = self.path / "margin"
        self.logs = self.path / "logs"

    def region(self, name: str) -> Path:
        """The file of a region."""
        return self.regions / name

    def venue_memory(self, name: str) -> Path:
        """What the simulated venue of that name remembers over its restarts."""
        return self.path / "venues" / f"{name}.jsonl"

    def margin_file(self, epoch: int) -> Path:
        """The margin file that an intraday change of arrays was made of."""
        return self.margin / f"{epoch}.pa2"

    def ipc(self, name: str) -> str:
        """The ipc endpoint called `name`; resolve.py checks its length with check_ipc()."""
        return f"ipc://{self.lanes / name}"

    def ring(self, name: str) -> str:
        """The endpoint of a lane in shared memory; a whole path stays what it is."""
        return f"shm://{self.lanes / (name if name.startswith('/') else f'{name}.ring')}"

    def create(self) -> None:
        """Make the directories, readable to their owner alone; RunDirError in one not ours."""
        self.refuse_foreign()
        for path in (self.path, self.regions, self.journal, self.lanes):
            try:
                path.mkdir(mode=0o700, parents=True, exist_ok=True)
                path.chmod(0o700)
            except OSError as error:
                raise RunDirError(
                    f"{path}: cannot be written ({error.strerror}); expected a directory of ours"
                ) from error

    def refuse_foreign(self) -> None:
        """RunDirError when other files are here: nobody's directory is written to or closed."""
        parts = (self.regions, self.journal, self.lanes)
        if self.path.exists() and not self.path.is_dir():
            raise RunDirError(f"{self.path}: is a file; expected a directory, or nothing yet")
        if not self.path.is_dir() or all(path.is_dir() for path in parts):
            return
        foreign = sorted(entry.name for entry in self.path.iterdir() if entry not in parts)
        if foreign:
            raise RunDirError(
                f"{self.path}: has files of others, such as {foreign[0]}; expected a new or empty "
                "directory, or one of an earlier run"
            )

    def lock(self) -> int:
        """Take the directory for this process; the lock goes when the returned fd is closed."""
        return _lock(*self._whole())

    def refuse_locked(self) -> None:
        """RunDirError while a process has the directory; touches nothing."""
        _refuse_locked(*self._whole())

    def lock_stage(self, name: str) -> int:
        """Be the only process that runs this stage here, until the returned fd is closed."""
        path = self.path / "locks"
        try:
            path.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise RunDirError(f"{path}: cannot be created ({error.strerror})") from error
        return _lock(*self._stage(name))

    def refuse_locked_stage(self, name: str) -> None:
        """RunDirError while a process runs this stage here; touches nothing."""
        _refuse_locked(*self._stage(name))

    def _whole(self) -> tuple[Path, str, str]:
        advice = "stop that run or give another directory with --run-dir"
        return self.path / "lock", f"{self.path}: in use", advice

    def _stage(self, name: str) -> tuple[Path, str, str]:
        what = f"{self.path}: stage {name} is run"
        return self.path / "locks" / name, what, "expected it to be alone"

    def write_universe(self, content: universe.Universe) -> None:
        """Write universe.json whole or not at all."""
        partial = self.universe.with_suffix(".partial")
        partial.write_bytes(universe.encode(content))
        os.replace(partial, self.universe)

    def read_universe(self) -> universe.Universe:
        """The universe that `tidegate run` wrote here."""
        return universe.read(self.universe)


def _lock(path: Path, what: str, advice: str) -> int:
    """An exclusive lock of a file that says whose it is; RunDirError when it is another's."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise RunDirError(f"{path}: cannot be locked ({error.strerror})") from error
    _take(fd, fcntl.LOCK_EX, what, advice)
    # Who reads it is told who holds it; on a full disk nobody is.
    with contextlib.suppress(OSError):
        os.ftruncate(fd, 0)
        os.pwrite(fd, str(os.getpid()).encode(), 0)
    return fd


def _refuse_locked(path: Path, what: str, advice: str) -> None:
    """RunDirError when another process has the lock; a file that is not there nobody has locked."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    except OSError as error:
        raise RunDirError(f"{path}: cannot be read ({error.strerror})") from error
    _take(fd, fcntl.LOCK_SH, what, advice)
    os.close(fd)


def _take(fd: int, how: int, what: str, advice: str) -> None:
    try:
        fcntl.flock(fd, how | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(fd, 32).decode(errors="replace").strip()
        os.close(fd)
        raise RunDirError(f"{what} by process {holder or '?'}; {advice}") from None


def default_path(config: Path) -> Path:
    """Where a config runs unless --run-dir says otherwise: run/NAME of the working directory."""
    return Path("run") / config.stem


def check_ipc(endpoint: str) -> None:
    """RunDirError when the path of an ipc endpoint does not fit a socket address."""
    path = os.fsencode(endpoint.removeprefix("ipc://"))
    if len(path) > IPC_PATH_MAX:
        raise RunDirError(
            f"ipc path of {len(path)} bytes, expected at most {IPC_PATH_MAX}: {endpoint}; "
            "give a shorter --run-dir"
        )
