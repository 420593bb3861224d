"""What is compared of a master account, exactly.

    lots         of each instrument of the venue: net of the master = the venue's position
    traded value of each currency: a buy of V lowers it by V, a sell raises it, since the run began;
                 ours is of books.py, so that deposits, withdrawals, transfers, cash adjustments,
                 variation margin and the end of a day never look like a difference
    leaves_qty   of each order that works on either side; one that works on one side is 0 on the
                 other

Lots that an operator books by ADJUSTMENT move lots and traded value as the deal would have. Fees
are told beside these and never a difference: ours have a broker's markup, tell opening from
closing, and an ADJUSTMENT has none. The venue's balance, margin and variation margin are not
compared. A code that the config does not have cannot be booked here at all; it is told.
"""

from collections.abc import Mapping
from typing import NamedTuple

from tidegate.reconciliation.books import Book, Key
from tidegate.reconciliation.statement import Stated
from tidegate.universe import Universe, Venue


class Figure(NamedTuple):
    """Ours and the venue's. is_pending: a request of this order is on its way."""

    ours: int
    theirs: int
    is_pending: bool = False

    @property
    def difference(self) -> int:
        """The venue's less ours."""
        return self.theirs - self.ours


class Codes:
    """A venue's names of what we trade there."""

    def __init__(self, universe: Universe, venue: Venue) -> None:
        listed = [each for each in universe.instruments if each.venue == venue.handle]
        self.instruments = {each.venue_code: each.handle for each in listed}
        self.currencies = {
            universe.currencies[each.currency - 1].code: each.currency for each in listed
        }

    def unknown(self, stated: Stated) -> dict[str, int]:
        """Lots of codes that the config does not have."""
        return {
            code: lots
            for code, lots in stated.positions.items()
            if lots and code not in self.instruments
        }


def figures(book: Book, stated: Stated, codes: Codes) -> dict[Key, Figure]:
    """Every figure of a master that either side has, and of each difference that stands."""
    found = {key: Figure(0, 0) for key in book.breaks}
    for code, handle in codes.instruments.items():
        ours, theirs = book.positions.get(handle), stated.positions.get(code)
        if ours is not None or theirs is not None:
            found[Key(instrument=handle)] = Figure(ours or 0, theirs or 0)
    for code, handle in codes.currencies.items():
        money = Figure(book.traded_value.get(handle, 0), stated.traded_value.get(code, 0))
        found[Key(currency=handle)] = money
    theirs_of = {each.order_id: each for each in stated.orders if each.code in codes.instruments}
    for order_id in book.orders.keys() | theirs_of.keys():
        own, other = book.orders.get(order_id), theirs_of.get(order_id)
        instrument = own.instrument if own else codes.instruments[theirs_of[order_id].code]
        found[Key(instrument=instrument, order_id=order_id)] = Figure(
            own.leaves_qty if own else 0,
            other.leaves_qty if other else 0,
            own is not None and own.is_pending,
        )
    return found


def fees(book: Book, stated: Stated, codes: Codes) -> Mapping[int, Figure]:
    """Fees by currency, to be told: these are not compared."""
    return {
        handle: Figure(book.fees.get(handle, 0), stated.fees.get(code, 0))
        for code, handle in codes.currencies.items()
    }
