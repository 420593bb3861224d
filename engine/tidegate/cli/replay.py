"""`tidegate replay RUN_DIR`."""

from pathlib import Path

import click

from tidegate import replay as replaying
from tidegate.run_dir import RunDir


@click.command()
@click.argument("run_dir", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--until", type=click.IntRange(min=0), help="Stop at this sequence.")
def replay(run_dir: Path, until: int | None) -> None:
    """Run a journal through risk's step again and print the state hash it ends with."""
    done = replaying.replay(RunDir(run_dir).journal, until=until)
    click.echo(f"sequence {done.sequence}  state {done.state_hash}  end {done.end}")
