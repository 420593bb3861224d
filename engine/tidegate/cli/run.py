"""`tidegate run CONFIG`."""

import sys
from pathlib import Path

import click
import msgspec

from tidegate import supervisor, topology
from tidegate.backend import FPGA
from tidegate.cli.backend_option import backend_option
from tidegate.config import load_universe
from tidegate.run_dir import RunDir, default_path


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option(
    "--run-dir",
    type=click.Path(path_type=Path),
    help="Where the stages meet; default run/NAME. On tmpfs the regions cost no disk.",
)
@backend_option(help="Instead of the config's [risk] backend.")
def run(config: Path, run_dir: Path | None, backend: str | None) -> None:
    """Start venues, router, risk and gateway of CONFIG; stop them on SIGINT or SIGTERM.

    Embedded, risk runs in the program that opens tidegate.Engine, and there is no gateway.
    """
    place = RunDir(run_dir or default_path(config))
    universe = load_universe(config, place)
    if backend is not None:
        universe = msgspec.structs.replace(universe, backend=backend)

    def on_ready() -> None:
        if topology.is_embedded(universe):
            click.echo(f"ready: {place.path}, for the program that opens tidegate.Engine there")
        else:
            click.echo(f"ready: {universe.gateway.endpoints[0]}")
            for session in universe.sessions:
                if session.shm:
                    click.echo(f"{session.name}: shm://{topology.front_path(universe)}")
        if universe.backend == FPGA:
            click.echo("risk asks a simulated card first")

    sys.exit(supervisor.run(universe, place, on_ready=on_ready))
