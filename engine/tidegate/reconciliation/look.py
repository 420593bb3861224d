"""One look at one venue: its statement between two looks at our books.

A master for which something was booked in between is left out: its statement is of neither. Left
out are all where the venue was started anew and the router has not yet found out: until then we
still have orders that are gone.
"""

from typing import NamedTuple

from tidegate.native.records import Level
from tidegate.reconciliation.books import Book, Books, Key
from tidegate.reconciliation.figures import Codes, Figure, figures
from tidegate.reconciliation.statement import Source, Stated, Statement
from tidegate.universe import Universe, Venue

# Answers that do not come within this are not waited for.
ANSWER_S = 2.0


class Seen(NamedTuple):
    """A master as both sides have it at this moment."""

    book: Book
    stated: Stated
    figures: dict[Key, Figure]

    @property
    def mark(self) -> tuple[int, ...]:
        """How far both sides are."""
        return self.book.fill_count, self.stated.last_exec_id


class Look:
    """Asks one venue again and again; `masters` are ours there, by name."""

    def __init__(self, universe: Universe, venue: Venue, source: Source) -> None:
        self.venue = venue
        self.codes = Codes(universe, venue)
        self.masters = {
            account.name: account.handle
            for account in universe.accounts
            if account.level == Level.MASTER and account.venue == venue.handle
        }
        self._source = source
        self._before: dict[int, int] | None = None
        self._asked_s = 0.0

    @property
    def is_waiting(self) -> bool:
        """A question is open."""
        return self._before is not None

    def begin(self, books: Books, now_s: float) -> bool:
        """Ask; False when the venue cannot be asked."""
        self._before = books.fill_counts(self.masters.values())
        self._asked_s = now_s
        if not self._source.ask():
            self._before = None
        return self._before is not None

    def drop(self) -> None:
        """The answer is of no use any more."""
        self._before = None

    def is_late(self, now_s: float) -> bool:
        """The answer is not waited for any longer."""
        return now_s - self._asked_s > ANSWER_S

    def finish(self, books: Books) -> dict[int, Seen] | None:
        """Each master that nothing was booked for meanwhile; None while there is no answer."""
        statement = self._source.take()
        if statement is None or self._before is None:
            return None
        before, self._before = self._before, None
        if statement.incarnation not in (0, books.incarnation(self.venue.handle)):
            return {}
        return self._seen(statement, books.read(self.masters.values()), before)

    def close(self) -> None:
        """Give the connection up."""
        self._source.close()

    def _seen(
        self, statement: Statement, found: dict[int, Book], before: dict[int, int]
    ) -> dict[int, Seen]:
        return {
            handle: Seen(
                found[handle],
                statement.accounts[name],
                figures(found[handle], statement.accounts[name], self.codes),
            )
            for name, handle in self.masters.items()
            if found[handle].fill_count == before[handle] and name in statement.accounts
        }
