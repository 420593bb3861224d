"""`tidegate version`."""

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of

import click


@click.command()
def version() -> None:
    """Print the version."""
    try:
        click.echo(version_of("tidegate"))
    except PackageNotFoundError:
        raise click.ClickException("not installed; expected `make setup` first") from None
