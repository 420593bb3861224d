"""Whether a run may begin in a run directory, and what it finds: `run` and `check` ask alike."""

import contextlib
from collections.abc import Iterator
from typing import Any

import msgspec

from tidegate import topology
from tidegate import universe as universes
from tidegate.adoption import Adopted, survivors
from tidegate.errors import RunDirError, TidegateError
from tidegate.replay import keep_universe, refuse_other
from tidegate.run_dir import RunDir
from tidegate.universe import Universe

# stages.json.
Stages = dict[str, dict[str, Any]]


def begin(universe: Universe, run_dir: RunDir) -> None:
    """Write the universe where stages read it, once it is that of the journal which is there."""
    try:
        keep_universe(run_dir.journal, universe, last_layout(run_dir))
        run_dir.write_universe(universe)
    except OSError as error:
        raise RunDirError(
            f"{run_dir.path}: cannot be written ({error.strerror}); expected room on its disk"
        ) from error


def last_layout(run_dir: RunDir) -> str:
    """The [placement] layout of the directory's last run; "" where nobody knows it."""
    with contextlib.suppress(RunDirError, OSError):
        return run_dir.read_universe().placement.layout
    return ""


def refusals(universe: Universe, run_dir: RunDir) -> Iterator[str]:
    """Why run() would refuse this universe there now, or an Engine; touches nothing.

    In the order in which run() asks.
    """
    is_free = True
    try:
        run_dir.refuse_foreign()
        run_dir.refuse_locked()
        if topology.is_embedded(universe):
            run_dir.refuse_locked_stage("risk")
    except RunDirError as error:
        is_free = False
        yield str(error)
    try:
        if is_free:
            surviving(universe, run_dir)
        if run_dir.journal.is_dir():
            refuse_other(run_dir.journal, universe, last_layout(run_dir))
    except TidegateError as error:
        yield str(error)


def find_orphans(universe: Universe, run_dir: RunDir) -> dict[str, Adopted]:
    """Stages of the run before this one that still run; RunDirError when they are of another."""
    found, rows = surviving(universe, run_dir)
    for name in [name for name in found if not rows[name].get("is_ready")]:
        # It was being started when its supervisor died: nobody waits for its "ready" any more.
        found.pop(name).end()
    return found


def surviving(universe: Universe, run_dir: RunDir) -> tuple[dict[str, Adopted], Stages]:
    """Stages that still run, and stages.json; RunDirError when they are of another run."""
    rows = stages_of(run_dir)
    found = survivors(rows)
    known = topology.stages(universe)
    is_same = run_dir.universe.exists() and (
        run_dir.universe.read_bytes() == universes.encode(universe)
    )
    if found and not (
        is_same and universe.supervisor.orphans == "adopt" and found.keys() <= {*known}
    ):
        running = ", ".join(f"{name} as process {each.pid}" for name, each in found.items())
        raise RunDirError(
            f"{run_dir.path}: stages of another run are still there ({running}); run the config "
            'that they have, with supervisor.orphans = "adopt", or end them first'
        )
    return found, rows


def refuse_stopped(run_dir: RunDir) -> None:
    """RunDirError when no stage of a run is alive there: nothing of it would answer."""
    run_dir.read_universe()
    if not survivors(stages_of(run_dir)):
        raise RunDirError(
            f"{run_dir.path}: is not up, none of its stages runs; expected `tidegate run` of its "
            "config there first"
        )


def stages_of(run_dir: RunDir) -> Stages:
    """stages.json; nothing where there is none that can be read."""
    try:
        return msgspec.json.decode(run_dir.stages.read_bytes(), type=Stages)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return {}
