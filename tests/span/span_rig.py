"""Runs `tidegate margin` as a person does, on files written for the test."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from tidegate.cli import main

HERE = Path(__file__).parent
SMALL = HERE / "small.pa2"
SHARED = HERE.parent.parent.parent / "shared"
SYNTHETIC = SHARED / "data" / "reference" / "span_synthetic.pa2"
VECTORS = SHARED / "vectors" / "margin.json"


def run(tmp_path: Path, portfolio: Any, *params: Path) -> Result:
    """The command on `portfolio`, which is JSON's object or text."""
    path = tmp_path / "portfolio.json"
    text = portfolio if isinstance(portfolio, str) else json.dumps(portfolio)
    path.write_text(text)
    options = [option for file in params for option in ("--params", str(file))]
    return CliRunner().invoke(main, ["margin", str(path), *options])


def margin(tmp_path: Path, portfolio: Any, *params: Path) -> dict[str, Any]:
    """The document it prints, with every number exact."""
    result = run(tmp_path, portfolio, *params)
    assert result.exit_code == 0, result.output
    document: dict[str, Any] = json.loads(result.output, parse_float=Decimal)
    return document


def refusal(tmp_path: Path, portfolio: Any, *params: Path) -> str:
    """The one sentence with which it refuses."""
    result = run(tmp_path, portfolio, *params)
    assert result.exit_code == 2, result.output
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1, result.stderr
    return result.stderr.removeprefix("Error: ").strip()


def future(product: str, maturity: str, qty: int, **more: Any) -> dict[str, Any]:
    """A position in a future."""
    return {"product": product, "maturity": maturity, "qty": qty, **more}


def option(maturity: str, right: str, strike: str, qty: int, **more: Any) -> dict[str, Any]:
    """A position in an option on gold, product OZ."""
    return {
        "product": "OZ",
        "maturity": maturity,
        "right": right,
        "strike": strike,
        "qty": qty,
        **more,
    }
