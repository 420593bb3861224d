"""What the tests of the venue share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from venue_rig import SECOND, Make, Stepped, two_sided, write_tape

from tidegate.tape.events import TapeKind


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes a venue with a tape of the given rows after a two-sided quote."""
    made: list[Stepped] = []

    def venue(
        rows: tuple[tuple[int, TapeKind, int, int, int], ...] = (),
        *,
        span_ns: int = 1000 * SECOND,
        **fields: object,
    ) -> Stepped:
        tape = write_tape(tmp_path / "small.tape", [*two_sided(), *rows], span_ns=span_ns)
        made.append(Stepped(tape, **fields))
        return made[-1]

    yield venue
    for each in made:
        each.close()
