"""A price-time matching book for one instrument.

The tape's levels and trades are the other participants; our orders queue among them. Pure: no
clock, no I/O, no randomness. The exchange calls it and reports what it returns.

Rules, each a test in tests/venue/test_book.py:
- An order that rests has ahead of it the tape quantity that stands at its price, and our own
  earlier orders there. Tape trades at the price take what is ahead first, then the order. They
  move the queue only: what stands afterwards the tape says in its next row of that level.
- A level that shrinks without a trade leaves at most the new displayed quantity ahead.
- A tape trade at a worse price than an order of ours has traded through it: the order is filled
  first, at its own price. A trade without a recorded side hits the side whose best it touches;
  inside the spread it hits orders of ours that it touches, bids before asks.
- A tape quote that crosses an order of ours fills it at the order's price, up to the quantity of
  the quote. The rows of one tape update are matched together, when its last row is in.
- An aggressive order takes our own other resting orders and tape levels in price-time order, each
  at the resting price. Tape quantity taken stays taken until that level's next tape update.
- A market order with a price goes up to that price and no farther.
- A QUOTE replaces its whole side, and repeating it unchanged is no update. Orders priced behind
  its level keep their place in the queue that is no longer shown; orders before it are first.
"""

from itertools import count

from tidegate.native.records import NO_PRICE, OrdType, Reason, TimeInForce
from tidegate.venue.ladder import Ladder
from tidegate.venue.order import BUY, SELL, Fill, Order, Print

# Above any market's, and small enough that money of a fill fits what readers of JSON expect.
PRICE_MAX = 1 << 40
QTY_MAX = 1 << 31
# Trades not yet drawn; the agent drains them each cycle, and a full list drops the market data.
PRINTS_MAX = 65_536

_MARKET = int(OrdType.MARKET)
_LIMIT = int(OrdType.LIMIT)
_FOK = int(TimeInForce.FILL_OR_KILL)
_LASTING = (int(TimeInForce.DAY), int(TimeInForce.GOOD_TILL_CANCEL))
_TIMES_IN_FORCE = tuple(int(code) for code in TimeInForce)


class Book:
    """Tape in by ladders, trade and settle; our orders in by enter, cancel, replace_order."""

    __slots__ = (
        "asks",
        "bids",
        "is_last_newest",
        "is_open",
        "last_px",
        "lower_limit",
        "prints",
        "upper_limit",
    )

    def __init__(self) -> None:
        self.bids = Ladder(-1)
        self.asks = Ladder(1)
        self.is_open = False
        self.last_px = NO_PRICE
        # No row of the tape has changed a level since the last trade.
        self.is_last_newest = False
        self.lower_limit: int | None = None
        self.upper_limit: int | None = None
        self.prints: list[Print] = []

    def ladder(self, side: int) -> Ladder:
        """The side on which orders of this side rest."""
        return self.bids if side == BUY else self.asks

    def settle(self) -> list[Fill]:
        """Matches our orders with what an update of the tape has put across them."""
        if not self.is_open or not (self.bids.own or self.asks.own):
            return []
        self.bids.advance()
        self.asks.advance()
        fills = self._cross(self.bids, self.asks, SELL)
        fills += self._cross(self.asks, self.bids, BUY)
        return fills

    def trade(self, price: int, qty: int, side: int) -> list[Fill]:
        """A trade of the tape; side is the aggressor's, 0 = not recorded."""
        self._print(price, qty, side)
        ladder = self._hit(price, side)
        if ladder is None or not self.is_open:
            return []
        rank = price * ladder.sign
        fills: list[Fill] = []
        while qty and ladder.own and ladder.own[0] < rank:
            passed = _fill_own(ladder, qty)
            qty -= sum(fill.qty for fill in passed)
            fills += passed
        level = ladder.levels.get(rank)
        if qty and level is not None:
            left = level.left
            fills += ladder.take(level, qty, qty)[0]
            level.left = left
        return fills

    def refusal(
        self, *, side: int, ord_type: int, time_in_force: int, price: int, is_post_only: bool
    ) -> Reason:
        """Why an order would be rejected; REASON_NONE if it would be taken."""
        is_limit = ord_type == _LIMIT
        if (
            side not in (BUY, SELL)
            or not (is_limit or ord_type == _MARKET)
            or time_in_force not in _TIMES_IN_FORCE
            or not (-PRICE_MAX <= price <= PRICE_MAX or (price == NO_PRICE and not is_limit))
            or (is_post_only and not (is_limit and time_in_force in _LASTING))
        ):
            return Reason.VENUE_MALFORMED
        if not self.is_open:
            return Reason.VENUE_CLOSED
        if is_limit and not self._is_within_limits(price):
            return Reason.VENUE_PRICE_LIMIT
        if is_post_only:
            other = self.asks if side == BUY else self.bids
            best = other.best()
            if best is not None and best <= price * other.sign:
                return Reason.VENUE_POST_ONLY
        return Reason.REASON_NONE

    def enter(self, order: Order) -> list[Fill]:
        """Matches an order that `refusal` lets in, then rests what may rest.

        An order that does not stand in the book afterwards and has leaves_qty is over.
        """
        other = self.asks if order.side == BUY else self.bids
        rank_max = None if order.price == NO_PRICE else order.price * other.sign
        leaves = order.order_qty - order.cum_qty
        if order.time_in_force == _FOK and other.available(rank_max) < leaves:
            return []
        fills = self._sweep(order, other, rank_max) if leaves else []
        if order.cum_qty < order.order_qty and may_rest(order):
            self.ladder(order.side).rest(order)
        return fills

    def cancel(self, order: Order) -> None:
        """Takes a resting order out."""
        self.ladder(order.side).remove(order)

    def replace_order(self, order: Order, price: int, order_qty: int) -> list[Fill]:
        """Gives a resting order another price or total quantity (above its cum_qty).

        It keeps its place unless the price changes or the quantity rises.
        """
        if price == order.price and order_qty <= order.order_qty:
            order.order_qty = order_qty
            return []
        self.ladder(order.side).remove(order)
        order.price, order.order_qty = price, order_qty
        return self.enter(order)

    def restore(self) -> list[Fill]:
        """Refills every level to what the tape displayed last, as after the tape's end."""
        self.bids.restore()
        self.asks.restore()
        return self.settle()

    def mark(self) -> int:
        """Last trade, held between bid and ask if those are newer; else the middle, or one side."""
        if self.is_last_newest:
            return self.last_px
        bid, _ = self.bids.top()
        ask, _ = self.asks.top()
        if bid == NO_PRICE and ask == NO_PRICE:
            return self.last_px
        if self.last_px != NO_PRICE:
            low = self.last_px if bid == NO_PRICE else max(bid, self.last_px)
            return low if ask == NO_PRICE else min(ask, low)
        if bid == NO_PRICE or ask == NO_PRICE:
            return max(bid, ask)
        return (bid + ask) // 2

    def orders(self) -> list[Order]:
        """All resting orders, bids before asks, best first."""
        return [
            order
            for ladder in (self.bids, self.asks)
            for rank in ladder.own
            for order in ladder.levels[rank].orders
        ]

    def _hit(self, price: int, side: int) -> Ladder | None:
        """The side that a trade of the tape took from."""
        if side:
            return self.asks if side == BUY else self.bids
        if self.bids.shown and price <= -self.bids.shown[0]:
            return self.bids
        if self.asks.shown and price >= self.asks.shown[0]:
            return self.asks
        if self.bids.own and price <= -self.bids.own[0]:
            return self.bids
        if self.asks.own and price >= self.asks.own[0]:
            return self.asks
        return None

    def _cross(self, ladder: Ladder, other: Ladder, side: int) -> list[Fill]:
        """Fills orders of ours on ladder with tape quantity of the other side that crosses them."""
        fills: list[Fill] = []
        for rank in other.shown if ladder.own else ():
            level = other.levels[rank]
            while level.left and ladder.own and ladder.own[0] <= -rank:
                crossed = _fill_own(ladder, level.left)
                level.left -= sum(fill.qty for fill in crossed)
                for fill in crossed:
                    self._print(fill.price, fill.qty, side)
                fills += crossed
            if not ladder.own or ladder.own[0] > -rank:
                break
        return fills

    def _sweep(self, order: Order, other: Ladder, rank_max: int | None) -> list[Fill]:
        """Takes from the other side in price-time order until done or out of its limit."""
        fills: list[Fill] = []
        pairs = count(1)
        while order.cum_qty < order.order_qty:
            rank = other.best()
            if rank is None or (rank_max is not None and rank > rank_max):
                break
            level = other.levels[rank]
            if not self._is_within_limits(level.price):
                break
            taken, tape_qty = other.take(level, order.order_qty - order.cum_qty, level.left)
            taken = [fill._replace(pair=next(pairs)) for fill in taken]
            parts = [(fill.qty, fill.pair) for fill in taken]
            if tape_qty:
                parts.append((tape_qty, 0))
            for qty, pair in parts:
                order.cum_qty += qty
                fills.append(Fill(order, qty, level.price, order.cum_qty, pair))
                self._print(level.price, qty, order.side)
            fills += taken
        return fills

    def _is_within_limits(self, price: int) -> bool:
        return (self.lower_limit is None or price >= self.lower_limit) and (
            self.upper_limit is None or price <= self.upper_limit
        )

    def _print(self, price: int, qty: int, side: int) -> None:
        self.last_px = price
        self.is_last_newest = True
        if len(self.prints) < PRINTS_MAX:
            self.prints.append(Print(price, qty, side))


def is_out_of_protection(book: Book, order: Order) -> bool:
    """Whether the price of a market order is what has kept it from more."""
    other = book.asks if order.side == BUY else book.bids
    if order.ord_type != _MARKET or order.price == NO_PRICE:
        return False
    best = other.best()
    return best is not None and best > order.price * other.sign


def may_rest(order: Order) -> bool:
    """Whether what an order leaves after matching stays in the book."""
    return order.ord_type == _LIMIT and order.time_in_force in _LASTING


def _fill_own(ladder: Ladder, qty: int) -> list[Fill]:
    """Fills our best orders on ladder: the tape has shown that nothing stands before them."""
    level = ladder.levels[ladder.own[0]]
    for order in level.orders:
        order.ahead = 0
    return ladder.take(level, qty, 0)[0]
