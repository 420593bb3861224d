"""`tidegate whatif CONFIG|RUN_DIR`."""

import re
import time
from pathlib import Path

import click

from tidegate.cli.explanation import show
from tidegate.config import load_universe
from tidegate.explain import whatif as trying
from tidegate.run_dir import RunDir, default_path

ORDER = re.compile(
    r"(?P<side>buy|sell)\s+(?P<qty>[0-9]{1,10})\s+(?P<symbol>\S+)"
    r"(\s+(@|at)\s*(?P<price>-?[0-9.]+))?(\s+(?P<effect>open|close|close-today|close-yesterday))?",
    re.IGNORECASE,
)


@click.command()
@click.argument("source", type=click.Path(path_type=Path, exists=True))
@click.option("--account", required=True, help="The sub-account or strategy that would send it.")
@click.option("--order", "text", required=True, help='Such as "BUY 5 GC @ 1300.1" or "SELL 1 IF".')
@click.option("--reduce-only", is_flag=True)
@click.option("--mark", help="Assume this reference price of the order's instrument.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def whatif(
    source: Path, account: str, text: str, reduce_only: bool, mark: str | None, as_json: bool
) -> None:
    """Would this order pass now? Every check, and what it would change; nothing is sent.

    SOURCE is a run directory, read while it runs, or a config, whose day has just begun with the
    settlement prices as its marks.
    """
    match = ORDER.fullmatch(text.strip())
    if match is None:
        raise click.UsageError(
            f'order {text!r}: expected "BUY|SELL QTY INSTRUMENT [@ PRICE] [open|close]"'
        )
    if source.is_dir():
        run_dir = RunDir(source)
        content = run_dir.read_universe()
        tables = trying.copy_live(run_dir)
    else:
        content = load_universe(source, RunDir(default_path(source)))
        # nondeterministic: calendars are asked about the time at which the person asks
        tables = trying.from_config(content, time.time_ns())
    if mark is not None:
        trying.assume_mark(content, tables, match["symbol"], mark)
    order = trying.order_record(
        content,
        account=account,
        side=match["side"],
        order_qty=int(match["qty"]),
        symbol=match["symbol"],
        price=match["price"],
        effect=match["effect"].lower() if match["effect"] else None,
        reduce_only=reduce_only,
    )
    found = trying.what_if(content, tables, order)
    if not as_json:
        click.echo("It would pass.\n" if found.routes else "It would be denied.\n")
    show(found, as_json=as_json)
