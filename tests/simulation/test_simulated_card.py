"""The simulator's worlds with a card that risk asks: each run is the run of the rules alone."""

from collections import Counter
from pathlib import Path

import msgspec
import pytest

from tidegate.backend import why_missing
from tidegate.native.card_page import Register
from tidegate.simulation.checks import settled_problems
from tidegate.simulation.outcome import card_problems, settle, simulate
from tidegate.simulation.run import World

SEEDS = range(1, 7)
STEPS = 6_000
pytestmark = pytest.mark.skipif(
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


def test_a_world_goes_on_when_its_card_stands_still(tmp_path: Path) -> None:
    world = World(1, tmp_path, backend="fpga")
    try:
        world.start()
        while world.steps < STEPS // 2:
            world.turn()
        stage = world.risk.stage
        assert stage is not None
        assert stage.card is not None
        assert card_problems(world) == []
        stage.card.backend.memory.write(Register.REG_HOLD, 1)
        while world.steps < STEPS:
            world.turn()
        settle(world)
        assert world.problems() + settled_problems(world) == []
        counted = stage.card.backend.counters
        assert counted["passed"] > 10
        assert counted["alone_out"] > 10
        assert card_problems(world) == ["risk's card stands still"]
    finally:
        world.close()
