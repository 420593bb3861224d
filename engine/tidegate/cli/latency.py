"""`tidegate latency RUN_DIR`: where the time of requests goes, live, as JSON or as plots."""

from pathlib import Path

import click

from tidegate import latency as legs
from tidegate.cli.inspect import present
from tidegate.run_dir import RunDir


@click.command()
@click.argument("run_dir", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--once", is_flag=True, help="Print once instead of live.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON once.")
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write percentile plots: FILE.png or FILE.svg; both without a suffix.",
)
def latency(run_dir: Path, once: bool, as_json: bool, plot: Path | None) -> None:
    """Show the legs of requests: count, p50, p90, p99, p99.9 and the worst, since the run began.

    sequenced, decided, routed, venue and back follow one another and make up answered; denied is
    the whole of what was refused before a venue; reported is how long a report that answers no
    request, as a later fill, took from router to client.
    """
    where = RunDir(run_dir)
    if plot is not None:
        for path in legs.plot(where, plot):
            click.echo(f"written: {path}")
        return
    present(where, ("latency",), once=once, as_json=as_json)
