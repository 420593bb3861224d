"""Runs a seed from its first step to its last check, and says what came of it."""

import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, Literal

import msgspec

from tidegate.native.records import Reason
from tidegate.simulation.checks import check_audit, settled_problems
from tidegate.simulation.checks_beside import beside_problems, check_breaks, check_credits
from tidegate.simulation.run import World
from tidegate.simulation.trouble import Trouble

SETTLE_NS = 40_000_000_000
SETTLE_ROUNDS = 4
AUDIT_EVERY = 5_000
PROBLEMS_MAX = 8
SHM = Path("/dev/shm")


class Outcome(msgspec.Struct, frozen=True):
    """What a seed did. `trace` is equal for equal seeds and commits, on any backend.

    `card`: what the last risk stage's card was asked, where one was.
    """

    seed: int
    steps: int
    turns: int
    virtual_ns: int
    trace: str
    problems: list[str]
    faults: dict[str, int]
    reasons: dict[str, int]
    controls: dict[str, int]
    card: dict[str, int]


def simulate(
    seed: int,
    steps: int,
    without: frozenset[str] = frozenset(),
    backend: Literal["native", "fpga"] = "native",
) -> Outcome:
    """Run `steps` records of a seed, let it settle, and check."""
    base = SHM if SHM.is_dir() else None
    directory = Path(tempfile.mkdtemp(prefix="tidegate-sim-", dir=base))
    try:
        world = World(seed, directory, without, backend)
        try:
            return _simulate(world, steps)
        finally:
            world.close()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _simulate(world: World, steps: int) -> Outcome:
    trouble = Trouble(world)
    world.start()
    problems: list[str] = []
    audit_at = AUDIT_EVERY
    turns_max = 100 * steps
    while world.steps < steps and world.turns < turns_max and not problems:
        world.turn()
        trouble.work()
        problems = world.problems() + card_problems(world)
        if world.steps >= audit_at and not problems:
            audit_at += AUDIT_EVERY
            problems = [f"audit: {what}" for what in check_audit(world)]
            problems += [f"credits: {what}" for what in check_credits(world)]
    if not problems:
        trouble.heal()
        settle(world)
        problems = world.problems() + card_problems(world)
        problems = problems or settled_problems(world) + beside_problems(world)
    return _outcome(world, problems)


def card_problems(world: World) -> list[str]:
    """Risk's card is to answer every time: a run that goes on without it proves nothing of it."""
    stage = world.risk.stage
    why = stage.card.backend.out_reason if stage is not None and stage.card is not None else ""
    return [f"risk's card {why}"] if why else []


def settle(world: World) -> None:
    """Let everything that is under way arrive, every order end, and each difference be told."""
    world.is_trading = False
    until_ns = world.elapsed_ns + SETTLE_NS
    while world.elapsed_ns < until_ns and not world.problems():
        for _ in range(SETTLE_ROUNDS):
            world.round()
        if world.is_quiet() and not any(check_breaks(world)):
            return


def _outcome(world: World, problems: list[str]) -> Outcome:
    stage = world.risk.stage
    if stage is not None:
        world.trace.update(stage.tables.state_hash().encode())
    reasons: Counter[int] = Counter()
    for client in world.clients:
        reasons.update(client.reasons)
    faults = dict(world.faults.happened + world.risk.begun)
    return Outcome(
        seed=world.seed,
        steps=world.steps,
        turns=world.turns,
        virtual_ns=world.elapsed_ns,
        trace=world.trace.hexdigest(),
        problems=problems[:PROBLEMS_MAX],
        faults=faults,
        reasons={Reason(code).name: count for code, count in sorted(reasons.items()) if code},
        controls=dict(sorted(world.operator.kinds.items())),
        card=stage.card.backend.counters if stage is not None and stage.card else {},
    )


def to_text(outcome: Outcome) -> dict[str, Any]:
    """The outcome as plain values."""
    return msgspec.structs.asdict(outcome)
