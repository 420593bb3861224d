"""`tidegate simulate`."""

import sys
import time
from collections import Counter
from pathlib import Path
from typing import Literal

import click

from tidegate.backend import NATIVE
from tidegate.cli.backend_option import backend_option
from tidegate.simulation.many import ALL_FAULTS, Coverage, simulate_many
from tidegate.simulation.outcome import Outcome

STEPS = 20_000


def parsed(_context: click.Context, _parameter: click.Parameter, text: str | None) -> range | None:
    """A..B, both included."""
    if text is None:
        return None
    first, dots, last = text.partition("..")
    if not (dots and first.isdigit() and last.isdigit() and int(first) <= int(last)):
        raise click.BadParameter(f"{text!r}; expected A..B, such as 1..100")
    return range(int(first), int(last) + 1)


@click.command()
@click.option("--seed", type=click.IntRange(min=0), help="One seed.")
@click.option("--seeds", callback=parsed, metavar="A..B", help="Several seeds.")
@click.option(
    "--steps", type=click.IntRange(min=1), default=STEPS, show_default=True, help="Records run."
)
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Processes.")
@click.option(
    "--without",
    type=click.Choice(ALL_FAULTS),
    multiple=True,
    help="A fault that is not to happen.",
)
@backend_option(default=NATIVE, show_default=True, help="What decides.")
@click.option(
    "--cover",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Fail if a fault, or a reason named in this file, never occurred.",
)
def simulate(
    seed: int | None,
    seeds: range | None,
    steps: int,
    jobs: int,
    without: tuple[str, ...],
    backend: Literal["native", "fpga"],
    cover: Path | None,
) -> None:
    """Run all stages in one thread under virtual time, faults and checkers; a seed says how."""
    if (seed is None) == (seeds is None):
        raise click.UsageError("expected one of --seed and --seeds")
    chosen = range(seed, seed + 1) if seeds is None and seed is not None else seeds or range(0)
    coverage, failed = Coverage(), 0
    started = time.monotonic()  # nondeterministic: the speed that is shown
    for outcome in simulate_many(chosen, steps, jobs, frozenset(without), backend):
        coverage.add(outcome)
        failed += bool(outcome.problems)
        if outcome.problems or len(chosen) == 1:
            show(outcome, steps)
    took = time.monotonic() - started  # nondeterministic: the speed that is shown
    show_coverage(coverage, took)
    missing = coverage.missing(cover.read_text().split()) if cover else []
    if missing:
        click.echo(f"never occurred: {', '.join(missing)}")
    sys.exit(1 if failed or missing else 0)


def show(outcome: Outcome, steps: int) -> None:
    """What a seed did, and how to see it again."""
    click.echo(
        f"seed {outcome.seed}: {outcome.steps} steps, {outcome.turns} turns,"
        f" {outcome.virtual_ns / 1e9:.1f} s of virtual time, trace {outcome.trace}"
    )
    if outcome.card:
        click.echo("card: " + ", ".join(f"{name} {n}" for name, n in outcome.card.items()))
    for problem in outcome.problems:
        click.echo(f"  {problem}")
    if outcome.problems:
        click.echo(f"  again: tidegate simulate --seed {outcome.seed} --steps {steps}")


def show_coverage(coverage: Coverage, took: float) -> None:
    """How much was run, and how often what happened."""
    click.echo(
        f"{coverage.seeds} seeds, {coverage.steps} steps (records run by stages) in {took:.1f} s:"
        f" {coverage.steps / max(took, 1e-9):,.0f}/s, {coverage.virtual_ns / 1e9:.0f} s virtual"
    )
    for name, counted in (
        ("faults", coverage.faults),
        ("reasons", coverage.reasons),
        ("controls", coverage.controls),
    ):
        click.echo(f"{name}: {in_words(counted)}")


def in_words(counted: Counter[str]) -> str:
    """Names and counts, most frequent first."""
    return ", ".join(f"{name} {count}" for name, count in counted.most_common()) or "none"
