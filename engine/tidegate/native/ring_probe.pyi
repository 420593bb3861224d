"""For tests: a litmus test of the memory order of rings, with two threads."""

from typing import Self, final

from tidegate.native.bell import Bell
from tidegate.native.shm_ring import RingSource, RingTarget

@final
class Sleeping:
    """A sender and a sleeper that meet: how often each outcome came."""

    def __new__(
        cls, target: RingTarget, source: RingSource, bell: Bell, *, fenced: bool
    ) -> Self: ...
    def run(self, rounds: int, seed: int) -> dict[tuple[bool, bool], int]:
        """{(the sender saw the sleeper, the sleeper saw the record): rounds}."""
