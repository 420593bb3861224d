"""`tidegate statement RUN_DIR --account A [--day D]`."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import msgspec

from tidegate.account_statement import Line, Lots, Rows, Statement
from tidegate.account_statement import statement as made_of
from tidegate.cli.explanation import table
from tidegate.prices import to_price
from tidegate.replay import read_universe
from tidegate.run_dir import RunDir
from tidegate.universe import MONEY_SCALE, Universe

HEAD = ("time (UTC)", "what", "instrument", "lots", "price", "fee", "cash", "currency")
# Of one line: a roll may move several currencies.
Cells = tuple[str, ...]


@click.command()
@click.argument("run_dir", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--account", required=True, help="A sub-account, a strategy or a level above.")
@click.option(
    "--day", type=click.IntRange(min=1), help="YYYYMMDD; without it the day that goes on."
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def statement(run_dir: Path, account: str, day: int | None, as_json: bool) -> None:
    """What an account did in a day: fills, fees, cash and positions, from the journal alone."""
    journal = RunDir(run_dir).journal
    content = read_universe(journal)
    found = made_of(journal, account, day)
    words = as_words(found, content)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(words)))
        return
    what = f"day {found.day}" if found.is_over else "the day that goes on"
    click.echo(f"account {account}, {what}\n\nat its beginning")
    show(words["opening"])
    if words["lines"]:
        click.echo("\nlines")
        table(HEAD, [tuple(row.values()) for row in words["lines"]])
    click.echo("\nat its end" if found.is_over else "\nnow")
    show(words["closing"])


def show(rows: dict[str, Any]) -> None:
    """Money and positions of one moment."""
    for row in (*rows["money"], *rows["positions"]):
        click.echo("  " + "  ".join(f"{name} {value}" for name, value in row.items()))
    if not rows["money"] and not rows["positions"]:
        click.echo("  nothing")


def as_words(found: Statement, content: Universe) -> dict[str, Any]:
    """With names, decimal prices and money in units."""
    return {
        "account": content.accounts[found.account - 1].name,
        "day": found.day,
        "is_over": found.is_over,
        "opening": moment(found.opening, content),
        "lines": [
            dict(zip(HEAD, cells, strict=True))
            for line in found.lines
            for cells in line_cells(line, content)
        ],
        "closing": moment(found.closing, content),
    }


def line_cells(line: Line, content: Universe) -> list[Cells]:
    """One row a currency that it moved, at least one."""
    instrument = content.instruments[line.instrument - 1] if line.instrument else None
    time = datetime.fromtimestamp(line.time_ns // 1_000_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    price = ""
    if instrument is not None and line.price is not None:
        price = f"{to_price(line.price, instrument.tick_size):f}"
    lots = str(line.lots) if instrument is not None else ""
    symbol = instrument.symbol if instrument is not None else ""
    moved = sorted(line.cash.keys() | line.fees.keys()) or [0]
    return [
        (
            time,
            line.what,
            symbol,
            lots,
            price,
            money(line.fees[currency]) if currency in line.fees else "",
            money(line.cash[currency]) if currency in line.cash else "",
            content.currencies[currency - 1].code if currency else "",
        )
        for currency in moved
    ]


def moment(rows: Rows, content: Universe) -> dict[str, list[dict[str, str]]]:
    """What the account had."""
    return {
        "money": [
            {
                "currency": content.currencies[currency - 1].code,
                **{name: money(value) for name, value in each._asdict().items()},
            }
            for currency, each in rows.money.items()
            if any(each)
        ],
        "positions": [
            position(each, content.instruments[handle - 1].symbol)
            for handle, each in rows.lots.items()
            if each.net or each.longs or each.shorts
        ],
    }


def position(lots: Lots, symbol: str) -> dict[str, str]:
    """Net lots, and where sides are kept apart those of each."""
    found = {"instrument": symbol, "lots": str(lots.net)}
    if lots.longs or lots.shorts:
        found |= {"long": str(lots.longs), "short": str(lots.shorts)}
    return found


def money(amount: int) -> str:
    return f"{Decimal(amount) / MONEY_SCALE:.4f}"
