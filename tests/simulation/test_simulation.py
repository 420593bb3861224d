"""Seeds that must hold, the same seed twice, and that nothing stays quiet."""

from pathlib import Path

import pytest

from tidegate.simulation.many import Coverage, simulate_many
from tidegate.simulation.outcome import simulate

HERE = Path(__file__).parent
STEPS = 10_000
SEEDS = range(1, 25)
# Asked for what is rare, a few at a time, where the others have not had it.
MORE = [range(first, first + 6) for first in range(25, 61, 6)]
REASONS = (HERE / "reasons.txt").read_text().split()


def kept_seeds() -> list[tuple[int, int]]:
    lines = (HERE / "seeds.txt").read_text().splitlines()
    rows = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    return [(int(row[0]), int(row[1])) for row in rows]


def test_a_seed_does_the_same_each_time() -> None:
    first, second = simulate(5, 6_000), simulate(5, 6_000)
    assert first == second
    assert first.trace != simulate(6, 6_000).trace


@pytest.mark.timeout(300)
def test_nothing_is_lost_or_doubled_and_every_fault_and_reason_occurs() -> None:
    coverage = Coverage()
    broken = []
    for seeds in (SEEDS, *MORE):
        if not coverage.missing(REASONS):
            break
        for outcome in simulate_many(seeds, STEPS, 2):
            coverage.add(outcome)
            if outcome.problems:
                broken.append((outcome.seed, outcome.problems))
    assert not broken
    assert coverage.steps >= STEPS * len(SEEDS)
    assert coverage.missing(REASONS) == []


@pytest.mark.parametrize(("seed", "steps"), kept_seeds())
def test_a_seed_that_has_failed_once_holds(seed: int, steps: int) -> None:
    assert simulate(seed, steps).problems == []
