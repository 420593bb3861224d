"""The book against its slow twin: the same fills and queues after any tape and any orders."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from venue_rig import limit
from venue_twin import HIDDEN, TAPE, Twin, reaches

from tidegate.native.records import TimeInForce
from tidegate.venue.book import Book, may_rest
from tidegate.venue.order import BUY, SELL, Fill, Order

DAY, IOC, FOK = TimeInForce.DAY, TimeInForce.IMMEDIATE_OR_CANCEL, TimeInForce.FILL_OR_KILL
TIMES_IN_FORCE = (DAY, DAY, DAY, DAY, IOC, FOK)
SEEDS = st.integers(0, 1 << 32)
STEP_COUNT = 250
Step = tuple[str, tuple[int, ...]]


def steps_of(seed: int) -> Iterator[Step]:
    """A market of a few prices, so that orders, levels and trades keep meeting."""
    draw = Random(seed)
    for _ in range(STEP_COUNT):
        side = draw.choice((BUY, SELL))
        # The sides overlap by two ticks, so that most steps rest and some cross.
        price = draw.randint(0, 3) if side == SELL else draw.randint(-2, 1)
        qty, number = draw.randint(1, 5), draw.randint(1, STEP_COUNT // 3)
        yield draw.choice(
            (
                ("level", (side, price, draw.randint(0, 5), draw.random() < 0.2)),
                ("quote", (side, price, draw.randint(0, 5), draw.random() < 0.2)),
                ("trade", (BUY + SELL - side, price, qty)),
                ("new", (side, price, qty, draw.choice(TIMES_IN_FORCE))),
                ("new", (side, price, qty, DAY)),
                ("cancel", (number,)),
                ("replace", (number, price, draw.randint(1, 4))),
            )
        )


def summed(fills: list[Fill]) -> Counter[tuple[int, int]]:
    total: Counter[tuple[int, int]] = Counter()
    for fill in fills:
        total[fill.order.order_id, fill.price] += fill.qty
    return total


class Both:
    """Drives the book and the twin alike, with orders of their own."""

    def __init__(self) -> None:
        self.book, self.twin = Book(), Twin()
        self.book.is_open = True
        self.orders: list[tuple[Order, Order]] = []
        self.resting: dict[int, tuple[Order, Order]] = {}
        self.filled: Counter[int] = Counter()

    def step(self, name: str, *values: int) -> list[Fill]:
        fast, slow = getattr(self, name)(*values)
        assert summed(fast) == summed(slow)
        for fill in fast:
            assert reaches(fill.order.side, fill.order.price, fill.price), "filled out of its limit"
            self.filled[fill.order.order_id] += fill.qty
        for mine, twin in self.orders:
            assert mine.cum_qty == twin.cum_qty == self.filled[mine.order_id]
            assert 0 <= mine.leaves_qty <= mine.order_qty
        self.resting = {n: pair for n, pair in self.resting.items() if pair[0].leaves_qty}
        self.check()
        return fast

    def check(self) -> None:
        resting = {order.order_id for order in self.book.orders()}
        assert resting == set(self.resting)
        for side, ladder in ((BUY, self.book.bids), (SELL, self.book.asks)):
            assert ladder.shown == sorted(
                r for r, level in ladder.levels.items() if level.displayed
            )
            assert ladder.own == sorted(r for r, level in ladder.levels.items() if level.orders)
            for rank, level in ladder.levels.items():
                assert level.price == rank * ladder.sign
                assert 0 <= level.left <= level.displayed
                lots = self.twin.lots.get((side, level.price), [])
                assert lots.count(TAPE) == level.left
                for order in level.orders:
                    twin = self.resting[order.order_id][1]
                    before = lots[: lots.index(twin)]
                    assert order.ahead == sum(1 for lot in before if lot in (TAPE, HIDDEN))

    def level(self, side: int, price: int, qty: int, more: bool) -> tuple[list[Fill], list[Fill]]:
        ladder = self.book.ladder(side)
        ladder.show(price * ladder.sign, qty)
        self.twin.level(side, price, qty)
        return ([], []) if more else (self.book.settle(), self.twin.settle())

    def quote(self, side: int, price: int, qty: int, more: bool) -> tuple[list[Fill], list[Fill]]:
        ladder = self.book.ladder(side)
        if qty:
            ladder.replace(price * ladder.sign, qty)
        else:
            ladder.hide()
        self.twin.quote(side, price, qty)
        return ([], []) if more else (self.book.settle(), self.twin.settle())

    def trade(self, side: int, price: int, qty: int) -> tuple[list[Fill], list[Fill]]:
        return self.book.trade(price, qty, side), self.twin.trade(price, qty, side)

    def new(
        self, side: int, price: int, qty: int, time_in_force: TimeInForce
    ) -> tuple[list[Fill], list[Fill]]:
        number = len(self.orders) + 1
        mine, other = (
            limit(number, side, price, qty, time_in_force=time_in_force) for _ in range(2)
        )
        self.orders.append((mine, other))
        fast = self.book.enter(mine)
        slow = self.twin.enter(other, rests=may_rest(other), whole=time_in_force == FOK)
        if mine.leaves_qty and time_in_force == DAY:
            self.resting[number] = (mine, other)
        if time_in_force == FOK:
            assert mine.cum_qty in (0, qty), "filled in part"
        return fast, slow

    def cancel(self, number: int) -> tuple[list[Fill], list[Fill]]:
        if number in self.resting:
            mine, other = self.resting.pop(number)
            self.book.cancel(mine)
            self.twin.cancel(other)
        return [], []

    def replace(self, number: int, price: int, qty: int) -> tuple[list[Fill], list[Fill]]:
        if number not in self.resting:
            return [], []
        mine, other = self.resting[number]
        qty += mine.cum_qty
        return self.book.replace_order(mine, price, qty), self.twin.replace(other, price, qty)


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_book_and_twin_give_the_same_fills_and_queues(seed: int) -> None:
    both = Both()
    for name, values in steps_of(seed):
        both.step(name, *values)


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_between_our_orders_the_better_price_then_the_earlier_is_served_first(seed: int) -> None:
    both = Both()
    for name, values in steps_of(seed):
        before = both.book.orders()
        served = {fill.order for fill in both.step(name, *values)}
        for first, second in pairwise(before):
            if first.side == second.side and second in served and name != "replace":
                assert not first.leaves_qty, "an order was passed over"
