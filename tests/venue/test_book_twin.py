"""The book against its slow twin: the same fills and queues after any tape and any orders."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from venue_rig import limit
from venue_twin import TAPE, Twin, better, reaches

from tidegate.native.records import TimeInForce
from tidegate.venue.book import Book, may_rest
from tidegate.venue.order import BUY, SELL, Fill, Order

SIDES = st.sampled_from([BUY, SELL])
PRICES = st.integers(-3, 3)
QTYS = st.integers(1, 5)
DAY, IOC, FOK = TimeInForce.DAY, TimeInForce.IMMEDIATE_OR_CANCEL, TimeInForce.FILL_OR_KILL
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("level"), SIDES, PRICES, st.integers(0, 5), st.booleans()),
        st.tuples(st.just("quote"), SIDES, PRICES, st.integers(0, 5), st.booleans()),
        st.tuples(st.just("trade"), SIDES, PRICES, QTYS),
        st.tuples(st.just("new"), SIDES, PRICES, QTYS, st.sampled_from([DAY, DAY, DAY, IOC, FOK])),
        st.tuples(st.just("cancel"), st.integers(0, 30)),
        st.tuples(st.just("replace"), st.integers(0, 30), PRICES, QTYS),
    ),
    max_size=40,
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

    def step(self, name: str, *values: int) -> None:
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


@settings(max_examples=400, deadline=None)
@given(STEPS)
def test_book_and_twin_give_the_same_fills_and_queues(steps: list[tuple[str, int]]) -> None:
    both = Both()
    for name, *values in steps:
        both.step(name, *values)


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_between_our_orders_the_better_price_then_the_earlier_is_served_first(
    steps: list[tuple[str, int]],
) -> None:
    both = Both()
    for name, *values in steps:
        before = {
            (ladder, rank): [each.order_id for each in ladder.levels[rank].orders]
            for ladder in (both.book.bids, both.book.asks)
            for rank in ladder.own
        }
        fast, _ = getattr(both, name)(*values)
        both.resting = {n: pair for n, pair in both.resting.items() if pair[0].leaves_qty}
        served = {fill.order.order_id for fill in fast}
        for (ladder, _), numbers in before.items():
            hit = [number for number in numbers if number in served and name != "replace"]
            assert numbers[: len(hit)] == hit, "an order was passed over"
            for earlier in hit[:-1]:
                assert earlier not in both.resting, "an order was passed over with leaves"
            for fill in fast:
                first = both.orders[fill.order.order_id - 1][0]
                if name == "trade" and first.side == (BUY if ladder.sign < 0 else SELL):
                    best = max if ladder.sign < 0 else min
                    waiting = [o.price for o in both.book.orders() if o.side == first.side]
                    assert not waiting or not better(first.side, best(waiting), fill.price)
