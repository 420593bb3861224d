"""`tidegate statement RUN_DIR --account A [--day D]`."""

from datetime import date
from pathlib import Path

import click
import msgspec
from rich.console import Console

from tidegate import statement as statements
from tidegate.cli.statement_tables import FILE_COLUMNS, tables
from tidegate.run_dir import RunDir

OPEN = ("open", "today")


def day_number(_: click.Context, __: click.Parameter, text: str) -> int:
    """YYYYMMDD of a day, 0 of the one that has not ended."""
    if text in OPEN:
        return 0
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"{text!r}; expected YYYY-MM-DD, or open for the day that has not ended"
        ) from None
    return day.year * 10_000 + day.month * 100 + day.day


@click.command()
@click.argument("run_dir", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--account", required=True, help="A sub-account, or a level above: their sums.")
@click.option(
    "--day", default="open", callback=day_number, help="YYYY-MM-DD; without it, the open one."
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def statement(run_dir: Path, account: str, day: int, as_json: bool) -> None:
    """Compute a day of an account from the journal: cash, fills, positions, what they add up to.

    Each line names the record that it is from; `tidegate explain --sequence` has the rest.
    """
    found = statements.make(RunDir(run_dir).journal, account, day)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
        return
    console = Console()
    if not console.is_terminal:
        console.width = FILE_COLUMNS
    for part in tables(found):
        console.print(part)
