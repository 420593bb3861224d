"""Scan risk from arrays that stand in the portfolio itself: to check a textbook's table.

An array is the loss of long 1 in 16 scenarios; "pnl" has profits instead. All arrays are of one
combined commodity.
"""

from decimal import Decimal
from fractions import Fraction

import msgspec

from tidegate.errors import MarginError
from tidegate.span.parameters import SCENARIOS
from tidegate.span.portfolio import LOTS_MAX, exact, signed_lots
from tidegate.span.scanning import worst

# ISO 4217 for "no currency".
NO_CURRENCY = "XXX"


class ArrayPosition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Signed lots of an array, which `product`, `instrument` or `array` names."""

    qty: int
    product: str = ""
    instrument: str = ""
    array: str = ""

    @property
    def name(self) -> str:
        """Of its array."""
        return self.array or self.product or self.instrument


class ArrayOrder(ArrayPosition, frozen=True, forbid_unknown_fields=True):
    """A working order in an array."""

    side: str = ""
    price: Decimal | None = None


class ArrayPortfolio(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arrays with positions and orders in them; `positions` may be {"name": lots} too."""

    positions: list[ArrayPosition] | dict[str, int] = []
    orders: list[ArrayOrder] = []
    arrays: dict[str, list[Decimal]] = {}
    pnl: dict[str, list[Decimal]] = {}
    currency: str = NO_CURRENCY


class Lots(msgspec.Struct):
    """Lots of one array."""

    qty: int = 0
    open_buy: int = 0
    open_sell: int = 0


class ArrayScan(msgspec.Struct, frozen=True):
    """The scan of what is held, and of what fills can make of it (None without orders)."""

    held: tuple[Fraction, int]
    worst: tuple[Fraction, int] | None


def scan(portfolio: ArrayPortfolio) -> ArrayScan:
    """Scan risk and active scenario of a portfolio with arrays of its own."""
    arrays = _arrays(portfolio)
    lots = {name: Lots() for name in arrays}
    positions = portfolio.positions
    if isinstance(positions, dict):
        positions = [ArrayPosition(qty, product=name) for name, qty in positions.items()]
    for index, position in enumerate(positions):
        where = f"positions[{index}]"
        if abs(position.qty) > LOTS_MAX:
            raise MarginError(f"{where}.qty: {position.qty}; expected a number that fits 64 bits")
        _lots(lots, position, where).qty += position.qty
    for index, order in enumerate(portfolio.orders):
        where = f"orders[{index}]"
        qty = signed_lots(order.side, order.qty, where)
        if order.price is not None:
            exact(order.price, f"{where}.price")
        working = _lots(lots, order, where)
        working.open_buy += max(0, qty)
        working.open_sell += max(0, -qty)
    held, reachable = [Fraction(0)] * SCENARIOS, [Fraction(0)] * SCENARIOS
    for name, values in arrays.items():
        own = lots[name]
        for index, value in enumerate(values):
            held[index] += value * own.qty
            fills = max(Fraction(0), value * own.open_buy, -value * own.open_sell)
            reachable[index] += value * own.qty + fills
    return ArrayScan(worst(held), worst(reachable) if portfolio.orders else None)


def _arrays(portfolio: ArrayPortfolio) -> dict[str, list[Fraction]]:
    found: dict[str, list[Fraction]] = {}
    for kind, sign, arrays in (("arrays", 1, portfolio.arrays), ("pnl", -1, portfolio.pnl)):
        for name, values in arrays.items():
            if name in found:
                raise MarginError(f"pnl.{name}: expected it in arrays or in pnl, not in both")
            if len(values) != SCENARIOS:
                raise MarginError(
                    f"{kind}.{name}: {len(values)} numbers; expected {SCENARIOS}, one a scenario"
                )
            found[name] = [sign * exact(value, f"{kind}.{name}") for value in values]
    if not found:
        raise MarginError("arrays: none; expected an array of 16 numbers for each product")
    return found


def _lots(lots: dict[str, Lots], position: ArrayPosition, where: str) -> Lots:
    if position.name not in lots:
        known = ", ".join(sorted(lots))
        raise MarginError(f"{where}: no array {position.name!r}; expected one of {known}")
    return lots[position.name]
