"""When a difference counts: what is on its way between the two sides is none.

A difference, or that there is none any more, counts when two looks WAIT_S or more apart saw the
same and neither side had moved in between: no fill booked here, no report given there, and of an
order the same figures on both sides. An order that a request is pending for is given PENDING_S. A
master that trades all the time is never that still: BUSY_LOOKS looks in a row, each WAIT_S after
the one before, that saw the same difference count too.
"""

from collections.abc import Mapping
from typing import NamedTuple

from tidegate.reconciliation.books import Key
from tidegate.reconciliation.figures import Figure

WAIT_S = 1.0
PENDING_S = 10.0
BUSY_LOOKS = 10

Mark = tuple[int, ...]


class Sighting(NamedTuple):
    """A difference since it was seen like this, and how many looks in a row saw it."""

    difference: int
    mark: Mark
    since_s: float
    looks: int
    counted_s: float


class Sightings:
    """Of one master. wait_s = how long a report of its venue may be on its way, at least WAIT_S."""

    def __init__(self, wait_s: float) -> None:
        self.wait_s = wait_s
        self._seen: dict[Key, Sighting] = {}

    def see(
        self,
        found: Mapping[Key, Figure],
        standing: Mapping[Key, int],
        mark: Mark,
        now_s: float,
    ) -> dict[Key, int]:
        """One look: the differences that count and are not what stands; 0 = it is gone.

        `standing` = what risk knows of; `mark` = how far both sides are.
        """
        kept: dict[Key, Sighting] = {}
        told = {}
        for key, figure in found.items():
            if figure.difference == standing.get(key, 0):
                continue
            sighting = self._next(key, figure, mark, now_s)
            kept[key] = sighting
            wait_s = max(PENDING_S, self.wait_s) if figure.is_pending else self.wait_s
            is_still = now_s - sighting.since_s >= wait_s
            if is_still or (not key.order_id and sighting.looks >= BUSY_LOOKS):
                told[key] = figure.difference
        self._seen = kept
        return told

    def forget(self) -> None:
        """Begin anew: one of the sides was not there to be looked at."""
        self._seen = {}

    @property
    def is_open(self) -> bool:
        """Something differs from what stands, and needs another look."""
        return bool(self._seen)

    def _next(self, key: Key, figure: Figure, mark: Mark, now_s: float) -> Sighting:
        if key.order_id:
            mark = (figure.ours, figure.theirs)
        before = self._seen.get(key)
        if before is None or before.difference != figure.difference:
            return Sighting(figure.difference, mark, now_s, 1, now_s)
        if now_s - before.counted_s >= self.wait_s:
            before = before._replace(looks=before.looks + 1, counted_s=now_s)
        return before if before.mark == mark else before._replace(mark=mark, since_s=now_s)
