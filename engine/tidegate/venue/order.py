"""What stands in a book and what comes out of it: orders of ours, their fills, printed trades."""

from typing import NamedTuple

from tidegate.native.records import Side

BUY = int(Side.BUY)
SELL = int(Side.SELL)

# What an order is made of; bools are counted as ints.
ORDER_FIELDS = (
    "account",
    "cl_ord_id",
    "order_id",
    "security_id",
    "side",
    "price",
    "order_qty",
    "ord_type",
    "time_in_force",
    "is_post_only",
)


class Order:
    """An order of ours at this venue; it works while leaves_qty > 0 and it stands in a book."""

    __slots__ = (
        "account",
        "ahead",
        "cl_ord_id",
        "cum_qty",
        "is_post_only",
        "ord_type",
        "order_id",
        "order_qty",
        "price",
        "security_id",
        "side",
        "time_in_force",
    )

    def __init__(
        self,
        *,
        account: int,
        cl_ord_id: int,
        order_id: int,
        security_id: int,
        side: int,
        price: int,
        order_qty: int,
        ord_type: int,
        time_in_force: int,
        is_post_only: bool,
    ) -> None:
        self.account = account
        self.cl_ord_id = cl_ord_id
        self.order_id = order_id
        self.security_id = security_id
        self.side = side
        self.price = price
        self.order_qty = order_qty
        self.ord_type = ord_type
        self.time_in_force = time_in_force
        self.is_post_only = is_post_only
        self.cum_qty = 0
        # Tape quantity that is served before this order at its price.
        self.ahead = 0

    @property
    def leaves_qty(self) -> int:
        """What may still be filled."""
        return self.order_qty - self.cum_qty


class Fill(NamedTuple):
    """One execution of one order of ours; cum_qty as it was then.

    pair is the same, and not 0, in the two fills of two orders of ours that met.
    """

    order: Order
    qty: int
    price: int
    cum_qty: int
    pair: int = 0


class Print(NamedTuple):
    """One trade as the market sees it; side is the aggressor's, 0 = not recorded."""

    price: int
    qty: int
    side: int
