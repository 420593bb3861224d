"""The matching rules again, slow and obvious: a level is a list of single lots, front first.

A lot is TAPE (the tape's), HIDDEN (the tape's, at a price that it does not show any more) or an
order of ours. Nothing is summed, indexed or kept in step: every question is a scan.
"""

from collections.abc import Callable

from tidegate.venue.order import BUY, Fill, Order

TAPE = "tape"
HIDDEN = "hidden"


class Twin:
    def __init__(self) -> None:
        self.lots: dict[tuple[int, int], list[object]] = {}
        self.displayed: dict[tuple[int, int], int] = {}

    def level(self, side: int, price: int, qty: int) -> None:
        lots = self.lots.setdefault((side, price), [])
        lots[:] = [TAPE if lot == HIDDEN else lot for lot in lots]
        for at in reversed(range(len(lots))):
            if lots.count(TAPE) > qty and lots[at] == TAPE:
                del lots[at]
        lots += [TAPE] * (qty - lots.count(TAPE))
        self.displayed[side, price] = qty

    def quote(self, side: int, price: int, qty: int) -> None:
        was = self.displayed.get((side, price), 0)
        for (here, there), lots in self.lots.items():
            if here == side and not (there == price and was == qty):
                own = [at for at, lot in enumerate(lots) if isinstance(lot, Order)]
                last = own[-1] if own else -1
                lots[:] = [HIDDEN if lot == TAPE else lot for lot in lots[: last + 1]]
        for here, there in self.displayed:
            if here == side:
                self.displayed[here, there] = 0
        if qty and was != qty:
            self.level(side, price, qty)
        self.displayed[side, price] = qty

    def settle(self) -> list[Fill]:
        for side in (BUY, other(BUY)):
            shown = [p for (s, p), qty in self.displayed.items() if s == side and qty]
            for (here, price), lots in self.lots.items():
                if here == side and not any(p == price or better(side, p, price) for p in shown):
                    lots[:] = [lot for lot in lots if isinstance(lot, Order)]
        fills = []
        for side in (BUY, other(BUY)):
            while True:
                own = self.prices(side, lambda lots: any(isinstance(lot, Order) for lot in lots))
                tape = self.prices(other(side), lambda lots: TAPE in lots)
                if not own or not tape or not reaches(side, own[0], tape[0]):
                    break
                self.lots[other(side), tape[0]].remove(TAPE)
                fills.append(self.fill_first(side, own[0]))
        return fills

    def trade(self, price: int, qty: int, aggressor: int) -> list[Fill]:
        side = other(aggressor)
        fills = []
        gone = 0
        for _ in range(qty):
            own = self.prices(side, lambda lots: any(isinstance(lot, Order) for lot in lots))
            if own and better(side, own[0], price):
                fills.append(self.fill_first(side, own[0]))
            elif lots := self.lots.get((side, price)):
                lot = lots.pop(0)
                if isinstance(lot, Order):
                    fills.append(self.fill(lot, price))
                if lot == TAPE:
                    gone += 1
        # A trade moves the queue; what stands afterwards is the tape's to say.
        self.lots.get((side, price), []).extend([TAPE] * gone)
        return fills

    def enter(self, order: Order, *, rests: bool, whole: bool) -> list[Fill]:
        side = other(order.side)
        takeable = [
            price
            for (here, price), lots in self.lots.items()
            for lot in lots
            if here == side and lot != HIDDEN and reaches(order.side, order.price, price)
        ]
        if whole and len(takeable) < order.leaves_qty:
            return []
        fills = []
        while order.leaves_qty:
            prices = self.prices(side, lambda lots: any(lot != HIDDEN for lot in lots))
            if not prices or not reaches(order.side, order.price, prices[0]):
                break
            lots = self.lots[side, prices[0]]
            lot = next(lot for lot in lots if lot != HIDDEN)
            lots.remove(lot)
            if isinstance(lot, Order):
                fills.append(self.fill(lot, prices[0]))
            fills.append(self.fill(order, prices[0]))
        if rests:
            lots = self.lots.setdefault((order.side, order.price), [])
            while lots and lots[-1] == HIDDEN:
                lots.pop()
            lots += [order] * order.leaves_qty
        return fills

    def cancel(self, order: Order) -> None:
        lots = self.lots[order.side, order.price]
        lots[:] = [lot for lot in lots if lot is not order]

    def replace(self, order: Order, price: int, order_qty: int) -> list[Fill]:
        if price == order.price and order_qty <= order.order_qty:
            lots = self.lots[order.side, price]
            for _ in range(order.order_qty - order_qty):
                at = max(at for at, lot in enumerate(lots) if lot is order)
                del lots[at]
            order.order_qty = order_qty
            return []
        self.cancel(order)
        order.price, order.order_qty = price, order_qty
        return self.enter(order, rests=True, whole=False)

    def prices(self, side: int, has: Callable[[list[object]], bool]) -> list[int]:
        """Prices of a side whose lots `has` holds for, best first."""
        found = [p for (s, p), lots in self.lots.items() if s == side and has(lots)]
        return sorted(found, reverse=side == BUY)

    def fill_first(self, side: int, price: int) -> Fill:
        """The tape has shown that nothing of it stands before our orders at this price."""
        lots = self.lots[side, price]
        own = [lot for lot in lots if isinstance(lot, Order)]
        lots[:] = own[1:] + [lot for lot in lots if lot == TAPE]
        return self.fill(own[0], price)

    def fill(self, order: Order, price: int) -> Fill:
        order.cum_qty += 1
        return Fill(order, 1, price, order.cum_qty)


def other(side: int) -> int:
    return 99 - side


def better(side: int, price: int, than: int) -> bool:
    return price > than if side == BUY else price < than


def reaches(side: int, limit: int, price: int) -> bool:
    """Whether a taker of this side with this limit may trade at price."""
    return price <= limit if side == BUY else price >= limit
