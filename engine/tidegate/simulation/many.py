"""Many seeds at once, and what they covered together: a quiet simulator is noticed."""

from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Literal

import msgspec

from tidegate.simulation.faults import CONSEQUENCES, EVENT_FAULTS, FRAME_FAULTS, VENUE_FAULTS
from tidegate.simulation.outcome import Outcome, simulate

ALL_FAULTS = (*FRAME_FAULTS, *VENUE_FAULTS, *EVENT_FAULTS)


class Coverage(msgspec.Struct):
    """Sums over seeds."""

    seeds: int = 0
    steps: int = 0
    virtual_ns: int = 0
    faults: Counter[str] = msgspec.field(default_factory=Counter)
    reasons: Counter[str] = msgspec.field(default_factory=Counter)
    controls: Counter[str] = msgspec.field(default_factory=Counter)

    def add(self, outcome: Outcome) -> None:
        """One more seed."""
        self.seeds += 1
        self.steps += outcome.steps
        self.virtual_ns += outcome.virtual_ns
        self.faults.update(outcome.faults)
        self.reasons.update(outcome.reasons)
        self.controls.update(outcome.controls)

    def missing(self, reasons: Iterable[str]) -> list[str]:
        """Faults, and of these reasons those, that never happened."""
        faults = [f"fault {name}" for name in (*ALL_FAULTS, *CONSEQUENCES) if not self.faults[name]]
        return faults + [f"reason {name}" for name in reasons if not self.reasons[name]]


def simulate_many(
    seeds: Iterable[int],
    steps: int,
    jobs: int,
    without: frozenset[str] = frozenset(),
    backend: Literal["native", "fpga"] = "native",
) -> Iterator[Outcome]:
    """The outcomes of seeds, in their order, by `jobs` processes."""
    one = partial(simulate, steps=steps, without=without, backend=backend)
    if jobs == 1:
        yield from map(one, seeds)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(one, seeds, chunksize=1)
