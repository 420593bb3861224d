"""What a venue says of our master accounts, in its own codes, whatever it is asked by.

The simulated venue is asked here; another venue's report comes from a Source of its own.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import msgspec
import zmq

from tidegate.errors import VenueError
from tidegate.universe import Universe, Venue
from tidegate.venue_question import VenueQuestion


class StatedOrder(NamedTuple):
    """An order that works at the venue; order_id is the name that we gave it."""

    order_id: int
    code: str
    leaves_qty: int


class Stated(NamedTuple):
    """What the venue says of one master. Money in 1/10,000 by currency code, lots by its codes.

    last_exec_id changes with each report that it has given of the account.
    """

    last_exec_id: int
    positions: Mapping[str, int]
    traded_value: Mapping[str, int]
    fees: Mapping[str, int]
    orders: tuple[StatedOrder, ...]


class Statement(NamedTuple):
    """A venue's report of one moment, by the names of our masters.

    incarnation = that of its channel's listing, where the venue tells one; 0 = it does not.
    """

    incarnation: int
    accounts: Mapping[str, Stated]


class Source(Protocol):
    """Asks one venue for its report. Nothing here waits."""

    def ask(self) -> bool:
        """Ask for a report of now; False when nobody can be asked."""

    def take(self) -> Statement | None:
        """The answer to the last question, once it is there; VenueError when it makes no sense."""

    def close(self) -> None:
        """Give the connection up."""


class _Order(msgspec.Struct, frozen=True):
    cl_ord_id: int
    code: str
    leaves_qty: int


class _Holding(msgspec.Struct, frozen=True):
    position: int
    traded_value: int
    fees: int


class _Account(msgspec.Struct, frozen=True):
    last_exec_id: int
    codes: dict[str, _Holding]
    orders: list[_Order]


class _Answer(msgspec.Struct, frozen=True):
    incarnation: int
    accounts: dict[str, _Account]


class SimulatedSource:
    """Asks a simulated venue, over a connection of its own."""

    def __init__(self, context: "zmq.Context[Any]", universe: Universe, venue: Venue) -> None:
        self._question = VenueQuestion(context, venue.endpoint)
        self._name = venue.name
        self._currencies = {
            each.venue_code: universe.currencies[each.currency - 1].code
            for each in universe.instruments
            if each.venue == venue.handle
        }

    def ask(self) -> bool:
        """As Source says."""
        return self._question.ask("statement")

    def take(self) -> Statement | None:
        """As Source says."""
        answer = self._question.answer()
        if answer is None:
            return None
        try:
            said = msgspec.json.decode(answer, type=_Answer)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise VenueError(f"venue {self._name}: its statement says {error}") from None
        accounts = {name: self._stated(row) for name, row in said.accounts.items()}
        return Statement(said.incarnation, accounts)

    def close(self) -> None:
        """As Source says."""
        self._question.close()

    def _stated(self, row: _Account) -> Stated:
        traded: dict[str, int] = defaultdict(int)
        fees: dict[str, int] = defaultdict(int)
        for code, holding in row.codes.items():
            # A code that is not ours is a position that we do not have: figures.py says so.
            if code in self._currencies:
                traded[self._currencies[code]] += holding.traded_value
                fees[self._currencies[code]] += holding.fees
        return Stated(
            last_exec_id=row.last_exec_id,
            positions={code: holding.position for code, holding in row.codes.items()},
            traded_value=traded,
            fees=fees,
            orders=tuple(
                StatedOrder(each.cl_ord_id, each.code, each.leaves_qty) for each in row.orders
            ),
        )
