"""`tidegate margin PORTFOLIO.json --params FILE`."""

from pathlib import Path
from typing import Any

import click
import msgspec

from tidegate.errors import MarginError
from tidegate.span.report import from_arrays, from_pa2, from_rates, has_arrays

BAD_INPUT = 2
RATE_TABLES = (".toml", ".json")

_FILE = click.Path(path_type=Path)


class _BadInput(click.ClickException):
    exit_code = BAD_INPUT


@click.command()
@click.argument("portfolio", type=_FILE)
@click.option(
    "--params", "files", type=_FILE, multiple=True, help="A .pa2 file, or rates as .toml or .json."
)
def margin(portfolio: Path, files: tuple[Path, ...]) -> None:
    """Print the exact requirement of PORTFOLIO with its parts, as JSON.

    \b
    PORTFOLIO is JSON: {"positions": [...], "orders": [...]}.
      future  {"product": "ZZ", "maturity": "202509", "qty": 1}
      option  {"product": "OZ", "maturity": "202512", "right": "C", "strike": "3600", "qty": -1}
      order   the same with "side": "BUY" or "SELL" (or signed qty), and "price"
      weekly  its day code behind the month: "maturity": "20251112"
    "exchange", "type" (FUT, OOF) and "underlying_maturity" tell contracts of one name apart.

    \b
    Without --params the 16 losses of long 1 stand in the portfolio, positive = loss:
      {"arrays": {"fut": [16 numbers]}, "positions": [{"product": "fut", "qty": 1}]}
    A position names its array by "product" or "array". "pnl" instead of "arrays" has profits.

    Several --params .pa2 are several exchange complexes. Exit status 2: something in the input is
    wrong, and the message says what.
    """
    try:
        document = _requirement(portfolio, files)
    except MarginError as error:
        raise _BadInput(str(error)) from None
    encoded = msgspec.json.Encoder(decimal_format="number").encode(document)
    click.echo(msgspec.json.format(encoded, indent=2).decode())


def _requirement(portfolio: Path, files: tuple[Path, ...]) -> dict[str, Any]:
    if not files:
        if not has_arrays(portfolio):
            raise MarginError(f"{portfolio}: no arrays in it; expected --params FILE")
        return from_arrays(portfolio)
    if has_arrays(portfolio):
        raise MarginError(f"{portfolio}: has arrays of its own; expected no --params with it")
    kinds = {path.suffix.lower() for path in files}
    if kinds == {".pa2"}:
        return from_pa2(portfolio, files)
    if len(files) == 1 and kinds <= set(RATE_TABLES):
        return from_rates(portfolio, files[0])
    names = ", ".join(str(path) for path in files)
    raise MarginError(f"--params {names}; expected .pa2 files, or one rate table, .toml or .json")
