"""`tidegate journal`: is it whole, what is in it, as a table for other tools."""

import sys
from pathlib import Path

import click
import msgspec

from tidegate.explain.units import Speaker
from tidegate.journal import export as exporting
from tidegate.journal import show as showing
from tidegate.journal import stat as counting
from tidegate.journal import verify as checking
from tidegate.native.records import Kind
from tidegate.replay import read_universe
from tidegate.run_dir import RunDir

COUNT = 20
_RUN_DIR = click.Path(path_type=Path, exists=True, file_okay=False)


@click.group("journal")
def journal() -> None:
    """Check, show, count and export a run's journal; also while it is written."""


@journal.command("verify")
@click.argument("run_dir", type=_RUN_DIR)
def verify(run_dir: Path) -> None:
    """Read every segment with all checksums; exit status 1 when one is damaged."""
    found = checking.verify(RunDir(run_dir).journal)
    for one in found:
        last = one.first_sequence + one.record_count - 1
        if one.damage:
            click.echo(f"{one.name}  DAMAGED")
            click.echo(one.damage, err=True)
            continue
        click.echo(
            f"{one.name}  {one.record_count} records, {one.first_sequence} to {last}, "
            f"{one.durability}"
        )
        if one.cut:
            click.echo(
                f"  ends {one.end}: the next start cuts {one.cut} records that are not whole"
            )
    if any(one.damage for one in found):
        sys.exit(1)
    click.echo(f"whole: {sum(one.record_count for one in found)} records")


@journal.command("show")
@click.argument("run_dir", type=_RUN_DIR)
@click.option("--from", "first", type=click.IntRange(min=1), help="The first sequence.")
@click.option("--count", type=click.IntRange(min=1), default=COUNT, show_default=True)
@click.option("--kind", "kinds", multiple=True, help="Such as EXECUTION_REPORT; more than once.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object a line, with all fields.")
def show(
    run_dir: Path, first: int | None, count: int, kinds: tuple[str, ...], as_json: bool
) -> None:
    """Print records, one a line, with names from the universe beside the journal."""
    where = RunDir(run_dir).journal
    wanted = frozenset(kind_of(name) for name in kinds)
    speaker = Speaker(read_universe(where))
    for one in showing.show(where, speaker, first=first or 0, count=count, kinds=wanted):
        if as_json:
            click.echo(msgspec.json.encode(one._asdict()).decode())
        else:
            click.echo(
                f"{one.sequence:>10}  {one.time or '-':30}  {one.kind:22}  {one.text}".rstrip()
            )


@journal.command("stat")
@click.argument("run_dir", type=_RUN_DIR)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def stat(run_dir: Path, as_json: bool) -> None:
    """Count records by kind; from when to when, and how many a second."""
    found = counting.stat(RunDir(run_dir).journal)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found._asdict())).decode())
        return
    click.echo(
        f"{found.records:,} records in {found.segments} segments, sequence {found.first_sequence} "
        f"to {found.last_sequence}, ends {found.end}"
    )
    click.echo(f"from {showing.instant(found.first_ns)} to {showing.instant(found.last_ns)}")
    click.echo(f"{found.per_s:,.1f} a second, in the busiest {found.per_s_max:,}")
    if found.synced is not None:
        click.echo(f"on the disk up to sequence {found.synced}")
    for name, number in found.kinds.items():
        click.echo(f"{number:>14,}  {name}")


@journal.command("export")
@click.argument("run_dir", type=_RUN_DIR)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--format", "form", type=click.Choice(("csv", "parquet")), required=True)
def export(run_dir: Path, file: Path, form: str) -> None:
    """Write all records to FILE as one table, a column for each field of each kind.

    FILE is there when all of it is.
    """
    where = RunDir(run_dir).journal
    write = exporting.to_csv if form == "csv" else exporting.to_parquet
    is_device = file.exists() and not file.is_file()
    partial = file if is_device else file.with_name(f"{file.name}.partial")
    try:
        count = write(where, Speaker(read_universe(where)), partial)
        if not is_device:
            partial.replace(file)
    except OSError as error:
        raise click.FileError(str(file), error.strerror) from error
    finally:
        if not is_device:
            partial.unlink(missing_ok=True)
    click.echo(f"{file}: {count:,} records")


def kind_of(name: str) -> int:
    """The code of a kind; UsageError names all when there is none of this name."""
    if name.upper() not in Kind.__members__:
        known = ", ".join(kind.name for kind in Kind if kind)
        raise click.BadParameter(f"{name}: expected one of {known}", param_hint="--kind")
    return int(Kind[name.upper()])
