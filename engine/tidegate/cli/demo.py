"""`tidegate demo`."""

import shutil
import signal
import sys
import tempfile
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tidegate.backend import NATIVE
from tidegate.cli.backend_option import backend_option
from tidegate.demo import run as playing
from tidegate.demo import table
from tidegate.demo.run import Result
from tidegate.inspect import Inspector
from tidegate.run_dir import RunDir

TMPFS = Path("/dev/shm")
# A demo's run directory takes about 100 MB; a container may have less tmpfs than that.
RUN_SIZE_MAX = 256 << 20


@click.command()
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write all of it here.")
@click.option(
    "--run-dir",
    type=click.Path(path_type=Path),
    help="Keep the run here, to inspect and replay it; must be empty or new.",
)
@click.option(
    "--prove",
    "proved",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Play nothing: prove the books of a kept run again.",
)
@backend_option(default=NATIVE, show_default=True, help="What decides.")
def demo(json_path: Path | None, run_dir: Path | None, proved: Path | None, backend: str) -> None:
    """Trade three recorded markets with 200 sub-accounts and six strategies; prove the books."""
    console = Console()
    if json_path is not None and not json_path.absolute().parent.is_dir():
        raise click.UsageError(f"--json {json_path}: no directory {json_path.absolute().parent}")
    if run_dir is not None and proved is not None:
        raise click.UsageError("--run-dir and --prove together; expected one of them")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, ended)
    result = play_in(run_dir, console, backend) if proved is None else prove(proved)
    table.show(result, console)
    if json_path is not None:
        json_path.write_bytes(result.as_json())
    sys.exit(1 if any(proof.against for proof in result.proofs) else 0)


def ended(number: int, _frame: object) -> None:
    """Unwinds, so that the engine, the strategies and their directory go with the demo."""
    sys.exit(128 + number)


def prove(run_dir: Path) -> Result:
    """The proofs of a run that was kept."""
    if not (run_dir / playing.STATEMENTS).exists():
        raise click.UsageError(
            f"--prove {run_dir}: no {playing.STATEMENTS} there; expected the --run-dir of a demo "
            "that has ended"
        )
    return playing.prove(RunDir(run_dir), 0.0)


def play_in(run_dir: Path | None, console: Console, backend: str) -> Result:
    """Run the demo in this new directory, or in one that does not stay."""
    if run_dir is None:
        with tempfile.TemporaryDirectory(prefix="tidegate-", dir=shm()) as place:
            return play(RunDir(place), console, backend)
    if run_dir.exists() and any(run_dir.iterdir()):
        raise click.UsageError(f"--run-dir {run_dir} is not empty; expected a new directory")
    return play(RunDir(run_dir), console, backend)


def shm() -> Path | None:
    """tmpfs, where regions and journal cost no disk; else the system's temporary directory."""
    if not TMPFS.is_dir() or shutil.disk_usage(TMPFS).free < RUN_SIZE_MAX:
        return None
    return TMPFS


def play(run_dir: RunDir, console: Console, backend: str) -> Result:
    """Run the demo behind a progress bar."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[seen]}"),
        console=console,
    ) as bar:
        task = bar.add_task("starting", total=1.0, seen="")

        def progress(done: float, place: RunDir) -> None:
            risk = {row["count of"]: row["value"] for row in Inspector(place).view("risk")}
            seen = f"{risk['accepted']} accepted, {risk['denied']} denied, {risk['fills']} fills"
            bar.update(task, completed=done, description="playing tapes", seen=seen)

        return playing.run(run_dir, progress, backend)
