"""The rules of the book, one sentence each."""

import pytest
from venue_rig import BUY, SELL, limit

from tidegate.native.records import NO_PRICE, OrdType, Reason, TimeInForce
from tidegate.venue.book import PRICE_MAX, Book
from tidegate.venue.order import Fill, Print

IOC, FOK = TimeInForce.IMMEDIATE_OR_CANCEL, TimeInForce.FILL_OR_KILL


@pytest.fixture
def book() -> Book:
    """Bid 100, ask 102, ten lots each."""
    found = Book()
    found.is_open = True
    found.bids.show(-100, 10)
    found.asks.show(102, 10)
    return found


def shown(fills: list[Fill]) -> list[tuple[int, int, int]]:
    return [(fill.order.order_id, fill.qty, fill.price) for fill in fills]


def test_an_order_waits_behind_the_tape_quantity_at_its_price(book: Book) -> None:
    order = limit(1, BUY, 100, 3)
    book.enter(order)
    assert order.ahead == 10
    assert book.trade(100, 10, SELL) == []
    assert shown(book.trade(100, 2, SELL)) == [(1, 2, 100)]


def test_a_trade_that_reaches_into_an_order_fills_what_is_over(book: Book) -> None:
    book.enter(limit(1, BUY, 100, 3))
    assert shown(book.trade(100, 11, SELL)) == [(1, 1, 100)]


def test_an_order_waits_behind_our_own_earlier_order(book: Book) -> None:
    book.enter(limit(1, BUY, 101, 3))
    book.enter(limit(2, BUY, 101, 3))
    assert shown(book.trade(101, 4, SELL)) == [(1, 3, 101), (2, 1, 101)]


def test_tape_quantity_between_two_of_our_orders_is_served_between_them(book: Book) -> None:
    book.enter(limit(1, BUY, 100, 3))
    book.bids.show(-100, 14)
    book.enter(limit(2, BUY, 100, 3))
    assert shown(book.trade(100, 16, SELL)) == [(1, 3, 100)]
    assert shown(book.trade(100, 3, SELL)) == [(2, 2, 100)]


def test_a_level_that_shrinks_leaves_at_most_its_new_quantity_ahead(book: Book) -> None:
    order = limit(1, BUY, 100, 3)
    book.enter(order)
    book.bids.show(-100, 4)
    assert order.ahead == 4
    book.bids.show(-100, 9)
    assert order.ahead == 4


def test_a_trade_through_an_order_fills_it_first_at_its_own_price(book: Book) -> None:
    book.enter(limit(1, BUY, 101, 3))
    assert shown(book.trade(100, 5, SELL)) == [(1, 3, 101)]


def test_a_trade_without_a_side_hits_the_best_that_it_touches(book: Book) -> None:
    book.enter(limit(1, BUY, 100, 1))
    book.enter(limit(2, SELL, 102, 1))
    assert shown(book.trade(100, 11, 0)) == [(1, 1, 100)]
    assert shown(book.trade(102, 11, 0)) == [(2, 1, 102)]


def test_a_trade_without_a_side_in_the_spread_hits_our_order_that_it_touches(book: Book) -> None:
    book.enter(limit(1, SELL, 101, 1))
    assert shown(book.trade(101, 1, 0)) == [(1, 1, 101)]
    assert book.trade(101, 1, 0) == []


def test_a_quote_across_an_order_fills_it_at_its_price_up_to_the_quotes_quantity(
    book: Book,
) -> None:
    book.enter(limit(1, BUY, 101, 5))
    book.asks.replace(99, 3)
    assert shown(book.settle()) == [(1, 3, 101)]
    assert book.settle() == [], "what was taken stays taken"
    assert book.prints == [Print(101, 3, SELL)]


def test_a_better_order_is_crossed_before_a_worse_one(book: Book) -> None:
    book.enter(limit(1, BUY, 99, 2))
    book.enter(limit(2, BUY, 101, 2))
    book.asks.replace(99, 3)
    assert shown(book.settle()) == [(2, 2, 101), (1, 1, 99)]


def test_an_aggressive_order_takes_levels_in_order_each_at_its_price(book: Book) -> None:
    book.asks.show(103, 10)
    order = limit(1, BUY, 103, 12)
    assert shown(book.enter(order)) == [(1, 10, 102), (1, 2, 103)]
    assert book.asks.top() == (103, 8)


def test_an_aggressive_order_takes_our_own_order_after_the_tape_before_it(book: Book) -> None:
    book.enter(limit(1, SELL, 102, 4))
    book.enter(limit(2, SELL, 101, 1))
    assert shown(book.enter(limit(3, BUY, 102, 13))) == [
        (3, 1, 101),
        (2, 1, 101),
        (3, 2, 102),
        (3, 10, 102),
        (1, 2, 102),
    ]


def test_tape_quantity_taken_stays_taken_until_the_levels_next_update(book: Book) -> None:
    book.enter(limit(1, BUY, 102, 10, time_in_force=IOC))
    assert book.enter(limit(2, BUY, 102, 1, time_in_force=IOC)) == []
    book.asks.replace(102, 10)
    assert book.enter(limit(3, BUY, 102, 1, time_in_force=IOC)) == [], "the same again"
    book.asks.show(102, 2)
    assert shown(book.enter(limit(4, BUY, 102, 5, time_in_force=IOC))) == [(4, 2, 102)]


def test_a_limit_order_rests_with_what_it_does_not_take(book: Book) -> None:
    order = limit(1, BUY, 102, 12)
    book.enter(order)
    assert order.leaves_qty == 2
    assert book.orders() == [order]
    assert book.bids.top() == (102, 2)


def test_an_ioc_and_a_market_order_leave_nothing_in_the_book(book: Book) -> None:
    book.enter(limit(1, BUY, 102, 12, time_in_force=IOC))
    book.enter(limit(2, SELL, NO_PRICE, 12, ord_type=OrdType.MARKET))
    assert book.orders() == []
    assert book.bids.top() == book.asks.top() == (NO_PRICE, 0)


def test_a_fok_is_filled_whole_or_not_at_all(book: Book) -> None:
    book.enter(limit(1, SELL, 103, 2))
    assert book.enter(limit(2, BUY, 102, 11, time_in_force=FOK)) == []
    whole = limit(3, BUY, 103, 12, time_in_force=FOK)
    book.enter(whole)
    assert whole.leaves_qty == 0


def test_a_replace_to_fewer_keeps_the_place(book: Book) -> None:
    first, second = limit(1, BUY, 101, 3), limit(2, BUY, 101, 3)
    book.enter(first)
    book.enter(second)
    book.replace_order(first, 101, 2)
    assert shown(book.trade(101, 3, SELL)) == [(1, 2, 101), (2, 1, 101)]


@pytest.mark.parametrize(("price", "qty"), [(101, 4), (100, 3)])
def test_a_replace_to_more_or_another_price_loses_the_place(
    book: Book, price: int, qty: int
) -> None:
    first, second = limit(1, BUY, 101, 3), limit(2, BUY, 101, 3)
    book.enter(first)
    book.enter(second)
    book.replace_order(first, price, qty)
    assert shown(book.trade(101, 3, SELL)) == [(2, 3, 101)]


def test_a_replace_across_the_spread_trades(book: Book) -> None:
    order = limit(1, BUY, 100, 3)
    book.enter(order)
    assert shown(book.replace_order(order, 102, 4)) == [(1, 4, 102)]
    assert book.orders() == []


def test_a_quote_hides_levels_but_not_the_place_in_their_queues(book: Book) -> None:
    order = limit(1, BUY, 100, 1)
    book.enter(order)
    book.bids.replace(-101, 5)
    book.settle()
    book.bids.replace(-100, 8)
    book.settle()
    assert order.ahead == 8


def test_an_order_before_all_that_the_tape_shows_is_first(book: Book) -> None:
    order = limit(1, BUY, 100, 1)
    book.enter(order)
    book.bids.replace(-99, 5)
    book.settle()
    assert order.ahead == 0


def test_a_closed_book_fills_nothing_and_takes_no_order(book: Book) -> None:
    book.enter(limit(1, BUY, 101, 1))
    book.is_open = False
    assert book.trade(101, 1, SELL) == []
    book.asks.replace(100, 1)
    assert book.settle() == []
    assert refusal(book) == Reason.VENUE_CLOSED
    book.is_open = True
    assert shown(book.settle()) == [(1, 1, 101)]


def test_an_order_outside_the_price_limits_is_rejected_at_them_it_is_not(book: Book) -> None:
    book.lower_limit, book.upper_limit = 90, 110
    assert refusal(book, price=111) == refusal(book, price=89) == Reason.VENUE_PRICE_LIMIT
    assert refusal(book, price=110) == refusal(book, price=90) == Reason.REASON_NONE


def test_a_market_order_does_not_trade_outside_the_price_limits(book: Book) -> None:
    book.upper_limit = 102
    book.asks.show(103, 5)
    order = limit(1, BUY, NO_PRICE, 12, ord_type=OrdType.MARKET)
    assert shown(book.enter(order)) == [(1, 10, 102)]


def test_a_post_only_order_that_would_trade_is_rejected(book: Book) -> None:
    assert refusal(book, price=102, is_post_only=True) == Reason.VENUE_POST_ONLY
    assert refusal(book, price=101, is_post_only=True) == Reason.REASON_NONE
    assert refusal(book, side=SELL, price=100, is_post_only=True) == Reason.VENUE_POST_ONLY


@pytest.mark.parametrize(
    "wrong",
    [
        {"side": 0},
        {"side": 51},
        {"ord_type": 0},
        {"ord_type": 51},
        {"time_in_force": 0},
        {"time_in_force": 50},
        {"price": NO_PRICE},
        {"price": PRICE_MAX + 1},
        {"is_post_only": True, "time_in_force": IOC},
        {"is_post_only": True, "ord_type": OrdType.MARKET},
    ],
)
def test_an_order_that_makes_no_sense_is_malformed(book: Book, wrong: dict[str, int]) -> None:
    assert refusal(book, **wrong) == Reason.VENUE_MALFORMED


def test_restore_refills_what_was_taken_and_an_empty_side(book: Book) -> None:
    book.enter(limit(1, BUY, 102, 10))
    book.bids.hide()
    book.enter(limit(2, BUY, 102, 2))
    assert shown(book.restore()) == [(2, 2, 102)]
    assert book.bids.top() == (100, 10)
    assert book.asks.top() == (102, 8)


def test_a_trade_of_the_tape_takes_nothing_of_what_its_levels_show(book: Book) -> None:
    book.trade(102, 10, BUY)
    assert book.asks.top() == (102, 10)


def test_the_mark_is_the_last_trade_held_between_a_newer_bid_and_ask(book: Book) -> None:
    assert book.mark() == 101
    book.trade(105, 1, BUY)
    assert book.mark() == 105
    book.is_last_newest = False
    assert book.mark() == 102
    book.bids.hide()
    book.asks.hide()
    assert book.mark() == 105
    assert Book().mark() == NO_PRICE


def refusal(book: Book, **fields: int) -> Reason:
    standard = {
        "side": BUY,
        "ord_type": OrdType.LIMIT,
        "time_in_force": TimeInForce.DAY,
        "price": 100,
        "is_post_only": False,
    }
    return book.refusal(**(standard | fields))
