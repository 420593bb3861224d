"""How to bring about every reason of a verdict: one function each, with what it must report."""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
from risk_rig import Step, universe

from tidegate.native.records import Reason
from tidegate.universe import Universe

Row = Any
Make = Callable[[], tuple[Step, Row]]


class Numbers(NamedTuple):
    """What was compared, and where."""

    limit: int = 0
    used: int = 0
    asked: int = 0
    level: int = 0
    scope: int = 0


class Denial(NamedTuple):
    """A step and the record that it must refuse with these numbers."""

    make: Make
    numbers: Numbers


DENIALS: dict[Reason, Denial] = {}


def produces(reason: Reason, *numbers: int) -> Callable[[Make], Make]:
    """Enter a function as the one that brings about this reason."""

    def enter(make: Make) -> Make:
        if reason in DENIALS:
            raise ValueError(f"{reason.name} is produced twice")
        DENIALS[reason] = Denial(make, Numbers(*numbers))
        return make

    return enter


def with_instrument(handle: int, **fields: Any) -> Universe:
    """The rig's universe, one instrument of it with other fields."""
    return universe(
        instruments=tuple(
            msgspec.structs.replace(row, **fields) if row.handle == handle else row
            for row in universe().instruments
        )
    )
