"""Positions, traded value and fees of each account, as the venue counts them.

Money is int64 in 1/10,000 of the security's currency. The risk stage counts the same figures from
the execution reports alone; the two are compared.
"""

from decimal import Decimal

import msgspec

from tidegate.venue.order import BUY

_PPM = 1_000_000


class Security(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument under the venue's own number and code."""

    security_id: int
    code: str
    currency: str
    tick_size: Decimal
    # Money of one tick of one lot.
    tick_value: int
    fee_lot: int
    fee_ppm: int


class Holding(msgspec.Struct, kw_only=True):
    """What one account has done in one security."""

    position: int = 0
    traded_value: int = 0
    fees: int = 0
    volume: int = 0


def fee(security: Security, qty: int, price: int) -> int:
    """Fee of one fill: by lot, and by value rounded up, both for this fill alone."""
    value = abs(price) * security.tick_value * qty * security.fee_ppm
    return security.fee_lot * qty - (-value // _PPM)


class Ledger:
    """Books fills. Written by the exchange, read for the statement."""

    def __init__(self) -> None:
        self.holdings: dict[tuple[int, int], Holding] = {}

    def book(self, account: int, security: Security, side: int, qty: int, price: int) -> None:
        """Adds one fill to the account's holding of the security."""
        key = (account, security.security_id)
        holding = self.holdings.get(key)
        if holding is None:
            holding = self.holdings[key] = Holding()
        signed_qty = qty if side == BUY else -qty
        holding.position += signed_qty
        holding.traded_value -= signed_qty * price * security.tick_value
        holding.fees += fee(security, qty, price)
        holding.volume += qty
