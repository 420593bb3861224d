"""`tidegate ctl RUN_DIR end-of-day`: settlement prices, the end of the day, a reconciliation."""

import tomllib
from pathlib import Path

import click
import msgspec

from tidegate.cli.asking import Asked, asks
from tidegate.cli.reconcile import is_fine, show
from tidegate.client.operator import Operator
from tidegate.client.report import ControlAnswer
from tidegate.config.problems import expected
from tidegate.errors import ConfigError, PriceError, SessionError
from tidegate.prices import to_ticks
from tidegate.reconciliation.report import report
from tidegate.run_dir import RunDir
from tidegate.universe import Universe


def reconciled(run_dir: RunDir, as_json: bool) -> bool:
    """Compare with the venues' reports and print it; whether nothing is left to decide."""
    lines = report(run_dir)
    if as_json:
        click.echo(msgspec.json.encode([line._asdict() for line in lines]))
    else:
        show(lines, has_all=False)
    return is_fine(lines)


def words(why: str, day: int, settlements: Path) -> list[tuple[str, Asked]]:
    """Settle every instrument of the FILE, end the day, and compare with the venues' reports.

    FILE is TOML, a line an instrument, such as GCZ3 = "1325.1". Nothing is sent when one of its
    prices is no whole number of ticks, and nothing more after something was refused. Exit status 1
    when something was refused or a difference stands that nobody has decided.
    """
    run_dir: RunDir = click.get_current_context().obj
    prices = read_settlements(settlements, run_dir.read_universe())
    refused: list[str] = []

    def in_turn(what: str, asked: Asked) -> tuple[str, Asked]:
        def in_its_turn(operator: Operator[ControlAnswer]) -> ControlAnswer:
            if refused:
                raise SessionError(f"Not sent that {what}, nor what follows: {refused[0]}.")
            answer = asked(operator)
            if not answer.is_done:
                refused.append(f"it was refused that {what}")
            return answer

        return what, in_its_turn

    def settled(symbol: str, price: str) -> tuple[str, Asked]:
        return in_turn(
            f"the settlement price of {symbol} is {price}",
            lambda operator: operator.settlement(symbol, price, why=why),
        )

    ended = in_turn(f"day {day} has ended", lambda operator: operator.day_roll(day, why=why))
    return [*(settled(symbol, price) for symbol, price in prices.items()), ended]


words.__name__ = "end_of_day"
end_of_day = click.command("end-of-day")(
    click.option("--day", type=click.IntRange(min=1), required=True, help="It ends; YYYYMMDD.")(
        click.option(
            "--settlements",
            type=click.Path(path_type=Path, exists=True, dir_okay=False),
            required=True,
            metavar="FILE",
            help="Settlement prices.",
        )(asks(words, then=reconciled))
    )
)


def read_settlements(path: Path, universe: Universe) -> dict[str, str]:
    """Prices by symbol; ConfigError names every line that is wrong."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f'{path}: {error}; expected TOML such as GCZ3 = "1325.1"') from None
    sizes = {row.symbol: row.tick_size for row in universe.instruments}
    wrong = []
    for symbol, price in found.items():
        if symbol not in sizes:
            wrong.append(f"{symbol}: unknown instrument; {expected(symbol, sizes)}")
        elif isinstance(price, bool) or not isinstance(price, str | int):
            wrong.append(f'{symbol}: {price!r}; expected a decimal in quotes such as "1325.1"')
        else:
            try:
                to_ticks(price, sizes[symbol])
            except PriceError as error:
                wrong.append(f"{symbol}: {error}")
    if not found:
        wrong.append("no prices")
    if wrong:
        raise ConfigError("\n".join(f"{path}: {line}" for line in wrong))
    return {symbol: str(price) for symbol, price in found.items()}
