"""The simulator's worlds with a card that risk asks: each run is the run of the rules alone."""

from collections import Counter

import msgspec
import pytest

from tidegate.backend import why_missing
from tidegate.simulation.outcome import simulate

SEEDS = range(1, 7)
STEPS = 6_000


@pytest.mark.skipif(
    why_missing("fpga") != "", reason="built without the FPGA backend: verilator was not there"
)
def test_with_a_card_a_seed_does_what_it_does_without() -> None:
    asked: Counter[str] = Counter()
    for seed in SEEDS:
        found = simulate(seed, STEPS, backend="fpga")
        assert found.problems == []
        assert found.card["is_out"] == 0
        asked.update(found.card)
        assert msgspec.structs.replace(found, card={}) == simulate(seed, STEPS)
    print(dict(asked))
    assert asked["passed"] > 100
    assert asked["to_rules"] > 100
