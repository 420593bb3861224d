"""`tidegate inspect [RUN_DIR] [VIEW]`: tables of a live run, or their JSON."""

import time
from pathlib import Path

import click
import msgspec
from rich.box import SIMPLE
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from tidegate.errors import RegionError, RunDirError
from tidegate.inspect import OVERVIEW, VIEWS, Inspector, Row, Value
from tidegate.run_dir import RunDir

REFRESH_SECONDS = 0.5
# More rows than anyone reads at once; --json has all.
ROWS_SHOWN_MAX = 500
FILE_COLUMNS = 200


@click.command()
@click.argument("words", metavar="[RUN_DIR] [VIEW]", nargs=-1)
@click.option("--once", is_flag=True, help="Print once instead of live.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON once.")
def inspect(words: tuple[str, ...], once: bool, as_json: bool) -> None:
    """Show a run live, from its regions, read-only.

    VIEW is stages, risk, accounts, positions, orders, breaks, sessions, lanes, counters or latency;
    without one, what fits a screen. RUN_DIR may be left out when there is one run below run/.
    """
    run_dir, views = understand(words)
    present(run_dir, views, once=once, as_json=as_json)


def present(run_dir: RunDir, views: tuple[str, ...], *, once: bool, as_json: bool) -> None:
    """Print views of a run: live on a terminal, else once."""
    inspector = Inspector(run_dir)
    try:
        if as_json:
            found = {name: inspector.view(name) for name in views}
            click.echo(msgspec.json.format(msgspec.json.encode(found)))
        elif once or not Console().is_terminal:
            console = Console()
            if not console.is_terminal:
                console.width = FILE_COLUMNS
            console.print(screen(inspector, views))
        else:
            watch(inspector, views)
    finally:
        inspector.close()


def understand(words: tuple[str, ...]) -> tuple[RunDir, tuple[str, ...]]:
    """The run directory and the views that the words name."""
    views = tuple(word for word in words if word in VIEWS) or OVERVIEW
    places = [word for word in words if word not in VIEWS]
    if len(places) > 1:
        known = ", ".join(VIEWS)
        raise click.UsageError(
            f"{' '.join(places)}: expected one run directory; the views are {known}"
        )
    if places:
        return RunDir(places[0]), views
    runs = sorted(path.parent for path in Path("run").glob("*/universe.json"))
    if len(runs) != 1:
        listed = ", ".join(map(str, runs)) or "none"
        raise RunDirError(f"run/: expected one run below it, found {listed}; name a RUN_DIR")
    return RunDir(runs[0]), views


def watch(inspector: Inspector, views: tuple[str, ...]) -> None:
    """Draw the tables again and again until Ctrl-C."""
    with Live(screen(inspector, views), screen=True, auto_refresh=False) as live:
        try:
            while True:
                time.sleep(REFRESH_SECONDS)
                live.update(screen(inspector, views), refresh=True)
        except KeyboardInterrupt:
            return


def screen(inspector: Inspector, views: tuple[str, ...]) -> Group:
    return Group(*(drawn(inspector, view) for view in views))


def drawn(inspector: Inspector, view: str) -> Table | Text:
    """One view as a table; where there is none, a line that says why."""
    try:
        rows = inspector.view(view)
    except (RegionError, RunDirError) as error:
        return Text(f"{view}: {error}\n")
    if not rows:
        return Text(f"{view}: none\n")
    table = Table(title=view, title_justify="left", title_style="bold", box=SIMPLE, pad_edge=False)
    for column in rows[0]:
        cells = [cell(column, row) for row in rows[:ROWS_SHOWN_MAX]]
        if is_number(rows[0][column]):
            # A number that is cut reads as another number: the names give way first.
            table.add_column(heading(column), justify="right", min_width=max(map(len, cells)))
        else:
            table.add_column(heading(column))
    for row in rows[:ROWS_SHOWN_MAX]:
        table.add_row(*(cell(column, row) for column in row))
    if len(rows) > ROWS_SHOWN_MAX:
        table.caption = f"and {len(rows) - ROWS_SHOWN_MAX} more"
    return table


def heading(column: str) -> str:
    return column.replace("_ns", " us").replace("p999", "p99.9").replace("_", " ")


def cell(column: str, row: Row) -> str:
    value = row[column]
    if isinstance(value, int) and column.endswith("_ns"):
        return f"{value / 1000:,.1f}"
    is_count = isinstance(value, int) and not column.endswith("id")
    return f"{value:,}" if is_count else str(value)


def is_number(value: Value) -> bool:
    return str(value).replace(".", "").lstrip("-").isdigit()
