"""Python's way into the embedded engine: names and decimals into a record, the verdict back."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Protocol, Self, final, type_check_only

from tidegate.native.embedded import Embedded
from tidegate.native.records import Level, PositionEffect, Reason, Scope, Side, TimeInForce
from tidegate.native.tables import Tables

@type_check_only
class Names(Protocol):
    """What says that a name is unknown; the client's."""

    def account(self, account: str | int) -> int: ...
    def instrument(self, symbol: str) -> tuple[int, Decimal]: ...

@final
class Verdict:
    """Risk's decision on one request; true when it was accepted.

    limit, used and asked are what was compared, in records' units, at this level and scope.
    """

    cl_ord_id: int
    limit: int
    used: int
    asked: int
    is_accepted: bool
    reason: Reason | None
    level: Level | None
    scope: Scope | None
    def __bool__(self) -> bool: ...

@final
class OrderEntry:
    """Requests of the engine's session. SessionError, PriceError or TypeError for bad arguments."""

    def __new__(
        cls,
        engine: Embedded,
        tables: Tables,
        names: Names,
        accounts: Mapping[str, int],
        instruments: Iterable[tuple[int, str, Decimal]],
        *,
        first_cl_ord_id: int,
    ) -> Self:
        """`instruments` = (handle, symbol, tick size) in the order of handles, from 1."""

    def submit(
        self,
        *,
        account: str | int,
        instrument: str,
        side: Side | str,
        order_qty: int,
        price: str | int | Decimal | None = None,
        time_in_force: TimeInForce = ...,
        reduce_only: bool = False,
        post_only: bool = False,
        position_effect: PositionEffect | None = None,
        cl_ord_id: int | None = None,
        poss_resend: bool = False,
    ) -> Verdict:
        """Check, hold and route an order: limit at `price`, market without one.

        cl_ord_id None = the next one. poss_resend: an order that risk knows is not sent twice;
        its state comes as a report.
        """

    def cancel(
        self, orig_cl_ord_id: int, *, cl_ord_id: int | None = None, poss_resend: bool = False
    ) -> Verdict:
        """Ask to cancel an order; reports say what became of it."""

    def replace(
        self,
        orig_cl_ord_id: int,
        *,
        price: str | int | Decimal | None = None,
        order_qty: int | None = None,
        cl_ord_id: int | None = None,
        poss_resend: bool = False,
    ) -> Verdict:
        """Ask for another price or total quantity; reports say what became of it."""

    def mass_cancel(
        self,
        *,
        account: str | None = None,
        instrument: str | None = None,
        is_disconnect: bool = False,
    ) -> Verdict:
        """Cancel the session's orders, of one account or instrument if given.

        is_disconnect: only where the account says cancel_on_disconnect.
        """
