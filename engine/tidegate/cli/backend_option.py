"""The option --backend: what decides orders; refused where this package does not have it."""

from collections.abc import Callable
from typing import Any

import click

from tidegate.backend import NAMES, why_missing


def there(_context: click.Context, _parameter: click.Parameter, name: str | None) -> str | None:
    """The backend, if it can be used."""
    if name is not None and (why := why_missing(name)):
        raise click.UsageError(f"--backend {name}: {why}")
    return name


def backend_option(**how: Any) -> Callable[[Any], Any]:
    """The option, with what click says of its default and its help."""
    return click.option("--backend", type=click.Choice(NAMES), callback=there, **how)
