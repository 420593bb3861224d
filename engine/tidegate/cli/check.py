"""`tidegate check CONFIG`."""

from pathlib import Path

import click

from tidegate.config import load_universe
from tidegate.run_dir import RunDir, default_path

SUB_ACCOUNT = 4


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--run-dir", type=click.Path(path_type=Path), help="As `run` will be given it.")
def check(config: Path, run_dir: Path | None) -> None:
    """Validate CONFIG strictly: every problem with its key and what was expected."""
    universe = load_universe(config, RunDir(run_dir or default_path(config)))
    sub_accounts = sum(account.level == SUB_ACCOUNT for account in universe.accounts)
    click.echo(
        f"{config}: good; venues: {len(universe.venues)}, instruments: "
        f"{len(universe.instruments)}, sub-accounts: {sub_accounts}, "
        f"sessions: {len(universe.sessions)}"
    )
