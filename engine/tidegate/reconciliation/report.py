"""A reconciliation on demand, for a person: the same looks as the stage's, and what stands.

It tells risk nothing; the stage does. Differences are looked at until each has become a break of
risk's, is gone, or has been on its way for longer than it may.
"""

from collections.abc import Iterator
from decimal import Decimal
from time import monotonic, sleep
from typing import NamedTuple

import zmq

from tidegate.errors import RegionError
from tidegate.reconciliation.books import Books, Key, Standing
from tidegate.reconciliation.figures import Figure, fees
from tidegate.reconciliation.look import Look, Seen
from tidegate.reconciliation.sightings import PENDING_S, WAIT_S, Sightings
from tidegate.reconciliation.statement import SimulatedSource
from tidegate.run_dir import RunDir
from tidegate.universe import MONEY_SCALE, Universe

# A venue that has not answered within this is not there.
PATIENCE_S = 5.0
# Long enough for what is on its way, for the stage's next look, and for risk to take what it tells.
LOOK_FOR_S = PENDING_S + 4 * WAIT_S
NAP_S = 0.01

SAME, ON_ITS_WAY, DIFFERS, BREAK, DISMISSED = "same", "on its way", "differs", "break", "dismissed"
NO_ANSWER, UNKNOWN_CODE, NOT_COMPARED = "no answer", "unknown code", "not compared"
# An operator has nothing to decide.
FINE = (SAME, DISMISSED, NOT_COMPARED)


class Line(NamedTuple):
    """One figure of one master: lots and leaves_qty as they are, money in units."""

    venue: str
    account: str
    what: str
    ours: str
    theirs: str
    difference: str
    state: str


def report(run_dir: RunDir, look_for_s: float = LOOK_FOR_S) -> list[Line]:
    """Every figure of every master; a line's state is one of FINE when nothing is to be done."""
    universe = run_dir.read_universe()
    books = Books(universe, run_dir, keeps=False)
    try:
        with zmq.Context() as context:
            lines: list[Line] = []
            for venue in universe.venues:
                look = Look(universe, venue, SimulatedSource(context, universe, venue))
                try:
                    lines += _Report(universe, books, look).lines(look_for_s)
                finally:
                    look.close()
            return lines
    finally:
        books.close()


class _Report:
    """Looks at one venue until nothing is open."""

    def __init__(self, universe: Universe, books: Books, look: Look) -> None:
        self.universe = universe
        self.books = books
        self.look = look
        self.sightings = {handle: Sightings(WAIT_S) for handle in look.masters.values()}
        self.seen: dict[int, Seen] = {}
        self.counted: dict[int, dict[Key, int]] = {}

    def lines(self, look_for_s: float) -> list[Line]:
        """Look until nothing is open or the time is up."""
        began = answered = monotonic()
        while True:
            now = monotonic()
            if self.once(now):
                answered = now
                if len(self.seen) == len(self.look.masters) and not self.is_open():
                    break
            if now - began > look_for_s or now - answered > PATIENCE_S:
                break
            sleep(NAP_S)
        return list(self.told())

    def once(self, now_s: float) -> bool:
        """Ask, or take an answer; whether one came."""
        try:
            if not self.look.is_waiting or self.look.is_late(now_s):
                self.look.begin(self.books, now_s)
                return False
            found = self.look.finish(self.books)
        except RegionError:
            # Risk is being started, or too busy for a look between two of its steps.
            self.look.drop()
            return False
        for handle, seen in (found or {}).items():
            standing = {key: each.amount for key, each in seen.book.breaks.items()}
            self.counted[handle] = self.sightings[handle].see(
                seen.figures, standing, seen.mark, now_s
            )
            self.seen[handle] = seen
        return found is not None

    def is_open(self) -> bool:
        """Some figure is not what risk knows of it."""
        return any(each.is_open for each in self.sightings.values())

    def told(self) -> Iterator[Line]:
        """What was seen last."""
        venue = self.look.venue.name
        for name, handle in self.look.masters.items():
            seen = self.seen.get(handle)
            if seen is None:
                yield Line(venue, name, "statement", "", "", "", NO_ANSWER)
                continue
            for key, figure in sorted(seen.figures.items()):
                state = self.state(handle, key, figure, seen.book.breaks.get(key))
                yield self.line(name, self.what(key), figure, state, is_money=key.currency != 0)
            for currency, figure in fees(seen.book, seen.stated, self.look.codes).items():
                code = self.universe.currencies[currency - 1].code
                yield self.line(name, f"fees {code}", figure, NOT_COMPARED, is_money=True)
            for code, lots in self.look.codes.unknown(seen.stated).items():
                figure = Figure(0, lots)
                yield self.line(name, f"lots {code}", figure, UNKNOWN_CODE, is_money=False)

    def state(self, handle: int, key: Key, figure: Figure, stands: Standing | None) -> str:
        """In one word; a break stands until risk has been told that it is gone."""
        if stands is not None and (stands.amount == figure.difference or not figure.difference):
            return DISMISSED if stands.is_dismissed else BREAK
        if not figure.difference:
            return SAME
        return DIFFERS if key in self.counted[handle] else ON_ITS_WAY

    def what(self, key: Key) -> str:
        """What the figure is of."""
        if key.currency:
            return f"traded value {self.universe.currencies[key.currency - 1].code}"
        symbol = self.universe.instruments[key.instrument - 1].symbol
        return f"order {key.order_id} {symbol}" if key.order_id else f"lots {symbol}"

    def line(self, account: str, what: str, figure: Figure, state: str, *, is_money: bool) -> Line:
        """A figure as it is shown."""
        ours, theirs, difference = (
            f"{Decimal(number) / MONEY_SCALE:.4f}" if is_money else str(number)
            for number in (figure.ours, figure.theirs, figure.difference)
        )
        return Line(self.look.venue.name, account, what, ours, theirs, difference, state)
