"""One side of a book: tape quantity and our orders by price, in the order they are served.

A rank is the price with a sign that puts the best price lowest, so that both sides read alike.
"""

from bisect import bisect_left, insort

from tidegate.native.records import NO_PRICE
from tidegate.venue.order import Fill, Order


class Level:
    """One price: the tape's quantity and our orders, earliest first."""

    __slots__ = ("displayed", "left", "orders", "price")

    def __init__(self, price: int) -> None:
        self.price = price
        # What the tape shows, and what of it nobody has taken since.
        self.displayed = 0
        self.left = 0
        self.orders: list[Order] = []


class Ladder:
    """The bids (sign -1) or the asks (sign 1)."""

    __slots__ = ("_last_shown", "levels", "own", "shown", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.levels: dict[int, Level] = {}
        # Ranks where the tape displays something, ranks where orders of ours stand; both sorted.
        self.shown: list[int] = []
        self.own: list[int] = []
        self._last_shown: tuple[int, int] | None = None

    def show(self, rank: int, qty: int) -> None:
        """The tape says that qty now stands at rank."""
        level = self.levels.get(rank)
        if level is None:
            if not qty:
                return
            level = self.levels[rank] = Level(rank * self.sign)
        if level.displayed:
            if not qty:
                self._remember()
                del self.shown[bisect_left(self.shown, rank)]
        elif qty:
            insort(self.shown, rank)
        level.displayed = level.left = qty
        for order in level.orders:
            if order.ahead > qty:
                order.ahead = qty
        if not qty and not level.orders:
            del self.levels[rank]

    def hide(self) -> None:
        """The tape shows nothing of this side any more; places in the queues are kept."""
        self._remember()
        for rank in self.shown:
            level = self.levels[rank]
            level.displayed = level.left = 0
            if not level.orders:
                del self.levels[rank]
        self.shown.clear()

    def replace(self, rank: int, qty: int) -> None:
        """The tape says that qty at rank is all it shows; the same again is no update."""
        level = self.levels.get(rank)
        left = level.left if level is not None and level.displayed == qty else qty
        self.hide()
        self.show(rank, qty)
        self.levels[rank].left = left

    def restore(self) -> None:
        """Every level shows again what the tape showed last; an empty side its last best."""
        if not self.shown and self._last_shown is not None:
            self.show(*self._last_shown)
        for rank in self.shown:
            level = self.levels[rank]
            level.left = level.displayed

    def advance(self) -> None:
        """Orders priced before all that the tape shows have nothing ahead of them."""
        for rank in self.own:
            if self.shown and rank >= self.shown[0]:
                return
            for order in self.levels[rank].orders:
                order.ahead = 0

    def rest(self, order: Order) -> None:
        """Puts an order behind all that stands at its price."""
        rank = order.price * self.sign
        level = self.levels.get(rank)
        if level is None:
            level = self.levels[rank] = Level(order.price)
        if not level.orders:
            insort(self.own, rank)
        behind = level.orders[-1].ahead if level.orders else 0
        order.ahead = max(level.left, behind)
        level.orders.append(order)

    def remove(self, order: Order) -> None:
        """Takes an order out of its queue."""
        level = self.levels[order.price * self.sign]
        level.orders.remove(order)
        self._drop_if_empty(level)

    def take(self, level: Level, qty: int, tape_qty: int) -> tuple[list[Fill], int]:
        """Takes up to qty from the front of a level, of it at most tape_qty from the tape.

        Returns the fills of our orders and the quantity that the tape gave.
        """
        fills: list[Fill] = []
        taken = 0
        for order in level.orders:
            before = min(order.ahead - taken, qty, tape_qty - taken)
            if before > 0:
                taken += before
                qty -= before
            if not qty:
                break
            last_qty = min(qty, order.order_qty - order.cum_qty)
            order.cum_qty += last_qty
            qty -= last_qty
            fills.append(Fill(order, last_qty, level.price, order.cum_qty))
        taken += min(qty, tape_qty - taken)
        if level.orders:
            for order in level.orders:
                order.ahead = max(0, order.ahead - taken)
        level.left = max(0, level.left - taken)
        if fills:
            level.orders = [order for order in level.orders if order.cum_qty < order.order_qty]
            self._drop_if_empty(level)
        return fills, taken

    def best(self) -> int | None:
        """The best rank at which something can be taken."""
        own = self.own[0] if self.own else None
        for rank in self.shown:
            if own is not None and rank >= own:
                return own
            if self.levels[rank].left:
                return rank
        return own

    def top(self) -> tuple[int, int]:
        """Best price and all that can be taken there; NO_PRICE and 0 on an empty side."""
        rank = self.best()
        if rank is None:
            return NO_PRICE, 0
        return rank * self.sign, _takeable(self.levels[rank])

    def available(self, rank_max: int | None) -> int:
        """All that can be taken at ranks up to rank_max; None = at any."""
        return sum(
            _takeable(level)
            for rank, level in self.levels.items()
            if rank_max is None or rank <= rank_max
        )

    def _remember(self) -> None:
        if self.shown:
            self._last_shown = (self.shown[0], self.levels[self.shown[0]].displayed)

    def _drop_if_empty(self, level: Level) -> None:
        if level.orders:
            return
        rank = level.price * self.sign
        del self.own[bisect_left(self.own, rank)]
        if not level.displayed:
            del self.levels[rank]


def _takeable(level: Level) -> int:
    return level.left + sum(order.leaves_qty for order in level.orders)
