"""`tidegate explain RUN_DIR`."""

from pathlib import Path

import click

from tidegate.cli.explanation import show
from tidegate.errors import ReplayError
from tidegate.explain import explanation
from tidegate.native.records import Kind
from tidegate.run_dir import RunDir


@click.command()
@click.argument("run_dir", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--cl-ord-id", type=click.IntRange(min=0), help="The request of a strategy.")
@click.option("--session", help="The strategy's session, where two used the same number.")
@click.option("--sequence", type=click.IntRange(min=1), help="Any record of the journal.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def explain(
    run_dir: Path,
    cl_ord_id: int | None,
    session: str | None,
    sequence: int | None,
    as_json: bool,
) -> None:
    """Replay a journal to one record and show every check, what it saw and what it changed."""
    if (cl_ord_id is None) == (sequence is None):
        raise click.UsageError("give one of --cl-ord-id and --sequence")
    where = RunDir(run_dir)
    if cl_ord_id is not None:
        sequence = sequence_of(where, cl_ord_id, session)
    assert sequence is not None
    show(explanation.explain(where.journal, sequence), as_json=as_json)


def sequence_of(run_dir: RunDir, cl_ord_id: int, session: str | None) -> int:
    """The one record with this cl_ord_id; the first where it was resent."""
    sessions = {row.name: row.handle for row in run_dir.read_universe().sessions}
    if session is not None and session not in sessions:
        raise click.UsageError(f"session {session!r}: expected one of {', '.join(sessions)}")
    found = explanation.find(
        run_dir.journal, cl_ord_id, None if session is None else sessions[session]
    )
    if not found:
        raise ReplayError(f"{run_dir.journal}: no request with cl_ord_id {cl_ord_id}")
    owners = {row[2] for row in found}
    if len(owners) > 1:
        names = sorted(name for name, handle in sessions.items() if handle in owners)
        raise click.UsageError(
            f"cl_ord_id {cl_ord_id} is of sessions {', '.join(names)}; choose one with --session"
        )
    if len(found) > 1:
        others = ", ".join(f"{row[0]} {Kind(row[1]).name}" for row in found[1:])
        click.echo(f"sent more than once; see also --sequence {others}", err=True)
    return found[0][0]
