"""`tidegate check CONFIG`."""

import importlib
import sys
from pathlib import Path

import click

from tidegate.config import load_universe
from tidegate.run_dir import RunDir, default_path

SUB_ACCOUNT = 4


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option(
    "--run-dir", type=click.Path(path_type=Path), help="Where it is to run: may it begin there now?"
)
def check(config: Path, run_dir: Path | None) -> None:
    """Validate CONFIG strictly: every problem with its key and what was expected.

    With --run-dir also why `run` would be refused there now. Nothing is written.
    """
    place = RunDir(run_dir or default_path(config))
    universe = load_universe(config, place)
    sub_accounts = sum(account.level == SUB_ACCOUNT for account in universe.accounts)
    click.echo(
        f"{config}: good; venues: {len(universe.venues)}, instruments: "
        f"{len(universe.instruments)}, sub-accounts: {sub_accounts}, "
        f"sessions: {len(universe.sessions)}"
    )
    if run_dir is None:
        return
    # It reads journals, so it needs numpy.
    refused = list(importlib.import_module("tidegate.admission").refusals(universe, place))
    for why in refused:
        click.echo(why, err=True)
    if refused:
        sys.exit(1)
    found = "`run` goes on where it stopped" if place.journal.is_dir() else "is new"
    click.echo(f"{run_dir}: good; {found}")
