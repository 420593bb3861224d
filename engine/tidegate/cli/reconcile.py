"""`tidegate reconcile RUN_DIR`."""

import sys
from pathlib import Path

import click
import msgspec

from tidegate.admission import refuse_stopped
from tidegate.cli.explanation import table
from tidegate.reconciliation.report import FINE, SAME, Line, report
from tidegate.run_dir import RunDir

HEAD = ("venue", "account", "what", "ours", "venue's", "difference", "state")


@click.command()
@click.argument("run_dir", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--all", "has_all", is_flag=True, help="Each working order, the same ones too.")
@click.option("--json", "as_json", is_flag=True, help="All of it as JSON.")
def reconcile(run_dir: Path, has_all: bool, as_json: bool) -> None:
    """Compare the books of a run with its venues' own reports, now.

    Exit status 1 when a difference stands that nobody has decided, a venue does not answer, or the
    run is not up.
    """
    place = RunDir(run_dir)
    refuse_stopped(place)
    lines = report(place)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode([row._asdict() for row in lines])))
    else:
        show(lines, has_all=has_all)
    sys.exit(0 if is_fine(lines) else 1)


def is_fine(lines: list[Line]) -> bool:
    """Nothing is left to decide."""
    return all(line.state in FINE for line in lines)


def show(lines: list[Line], *, has_all: bool) -> None:
    """The lines as a table, of orders that are the same their number."""
    shown = [row for row in lines if has_all or not is_same_order(row)]
    table(HEAD, shown)
    if len(shown) < len(lines):
        click.echo(f"  and {len(lines) - len(shown)} working orders that are the same")
    open_count = sum(line.state not in FINE for line in lines)
    click.echo("\nnothing differs" if not open_count else f"\n{open_count} to be decided")


def is_same_order(line: Line) -> bool:
    return line.what.startswith("order ") and line.state == SAME
