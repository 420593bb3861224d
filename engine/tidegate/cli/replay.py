"""`tidegate replay RUN_DIR`."""

import sys
from pathlib import Path

import click

from tidegate import replay as replaying
from tidegate.backend import NAMES, NATIVE
from tidegate.explain.comparison import Side, compare, same_universe
from tidegate.run_dir import RunDir

PLACE = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command()
@click.argument("run_dir", type=PLACE)
@click.option("--until", type=click.IntRange(min=0), help="Stop at this sequence.")
@click.option("--hash", "only_hash", is_flag=True, help="Print the state hash and nothing else.")
@click.option("--every", type=click.IntRange(min=1), help="Print it after each so many records.")
@click.option("--from-snapshot", is_flag=True, help="Begin at the newest one before the end.")
@click.option("--check-snapshots", is_flag=True, help="Compare each one with the replay.")
@click.option(
    "--backend", type=click.Choice(NAMES), default=NATIVE, show_default=True, help="What decides."
)
@click.option("--compare", "other", type=PLACE, help="Find the first difference of two journals.")
def replay(
    run_dir: Path,
    until: int | None,
    only_hash: bool,
    every: int | None,
    from_snapshot: bool,
    check_snapshots: bool,
    backend: str,
    other: Path | None,
) -> None:
    """Run a journal through risk's step again and print the state hash it ends with.

    It begins with the first record, or at a snapshot where that has been removed.
    """
    journal = RunDir(run_dir).journal
    if backend != NATIVE and (every or other is not None or check_snapshots):
        raise click.UsageError(
            f"--backend {backend}: expected none of --every, --compare and --check-snapshots, which"
            " replay by the rules alone"
        )
    if other is not None:
        sys.exit(show_difference(journal, RunDir(other).journal))
    if check_snapshots:
        sys.exit(show_snapshots(journal))
    if every is not None:
        for sequence, state_hash in replaying.hashes(journal, every, until=until):
            click.echo(f"{sequence} {state_hash}")
        return
    done = replaying.replay(
        journal, until=until, from_beginning=not from_snapshot, decided_by=backend
    )
    for reason in done.refused:
        click.echo(reason, err=True)
    if only_hash:
        click.echo(done.state_hash)
    else:
        show(done)
    if done.card.get("is_out"):
        click.echo("the card went out: from there on the rules decided alone", err=True)
        sys.exit(1)


def show(done: replaying.Replayed) -> None:
    """Where it ended, and what a card was asked."""
    start = f"  from snapshot {done.taken.sequence}" if done.taken else ""
    click.echo(f"sequence {done.sequence}  state {done.state_hash}  end {done.end}{start}")
    if done.card:
        click.echo("card  " + "  ".join(f"{name} {count}" for name, count in done.card.items()))


def show_snapshots(journal: Path) -> int:
    """Print what each snapshot says beside what the journal gives; 1 when one differs."""
    status = 0
    for path, said in replaying.check_snapshots(journal):
        click.echo(f"{path.name}: {said or 'as the journal gives it'}")
        status = 1 if said else status
    return status


def show_difference(left: Path, right: Path) -> int:
    """Print where two journals part; 0 when they are the same, else 1."""
    if not same_universe(left, right):
        click.echo("written under different universes: equal records can give different states")
    same_until, found = compare(left, right)
    if found is None:
        click.echo(f"the same up to sequence {same_until}, where both end")
        return 0
    click.echo(f"first difference at sequence {found.sequence}")
    if found.fields:
        click.echo(f"differing fields: {', '.join(found.fields)}")
    for side in found.sides:
        show_side(side)
    return 1


def show_side(side: Side) -> None:
    click.echo(f"\n{side.journal}")
    click.echo(f"  state before  {side.before}")
    if side.record is None:
        click.echo("  record        none: this journal has ended")
        return
    fields = "  ".join(f"{name}={value}" for name, value in side.record.items())
    click.echo(f"  record        {side.kind}  {fields}")
    click.echo(f"  state after   {side.after}")
