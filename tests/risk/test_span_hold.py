"""The three margin models against brute force over everything that fills can lead to."""

import itertools
import random
from collections.abc import Iterator

import pytest
from holding_oracle import up
from holding_rig import FUTURE, LARGER, LARGER_TOO, NET, OPEN, OPTION, SIDED, Book

ACCOUNT = 14
UNIT = 300


def held(book: Book, of: int) -> int:
    row = book.arrays["pairs"][book.pair(ACCOUNT, of)]
    return int(row["margin"]) + int(book.arrays["products"]["margin"][row["product"]])


def put(book: Book, of: int, net: int, orders: list[tuple[bool, int]]) -> None:
    """A position, then working orders (is_buy, lots)."""
    if net:
        order = book.order(ACCOUNT, of, net > 0)
        assert book.hold(order, abs(net), 0, 0, 1)
        book.fill_net(order, abs(net))
        assert book.hold(order, 0, 0, 0, -1)
    for is_buy, lots in orders:
        effect = OPEN if book.arrays["instruments"]["has_sides"][of] else 0
        assert book.hold(book.order(ACCOUNT, of, is_buy, effect), lots, 0, 0, 1)


def draw(choice: random.Random, most: int) -> list[tuple[bool, int]]:
    return [(choice.random() < 0.5, choice.randrange(1, 9)) for _ in range(choice.randrange(most))]


def subsets(orders: list[tuple[bool, int]]) -> Iterator[tuple[int, int]]:
    """Lots bought and sold of every subset of whole fills."""
    for filled in itertools.product((0, 1), repeat=len(orders)):
        pairs = list(zip(filled, orders, strict=True))
        yield (
            sum(lots for is_filled, (is_buy, lots) in pairs if is_filled and is_buy),
            sum(lots for is_filled, (is_buy, lots) in pairs if is_filled and not is_buy),
        )


@pytest.mark.parametrize("seed", range(25))
def test_net_margin_is_the_largest_of_all_positions_that_fills_can_reach(seed: int) -> None:
    choice = random.Random(seed)
    net, orders = choice.randrange(-20, 21), draw(choice, 6)
    book = Book()
    put(book, NET, net, orders)
    rates = book.arrays["instruments"][NET]
    long_rate, short_rate = int(rates["margin_long"]), int(rates["margin_short"])
    reached = [net + bought - sold for bought, sold in subsets(orders)]
    assert held(book, NET) == max(max(long_rate * n, -short_rate * n) for n in reached)


@pytest.mark.parametrize("seed", range(10))
def test_margin_of_both_sides_is_the_largest_that_fills_can_reach(seed: int) -> None:
    choice = random.Random(seed)
    longs, shorts, orders = choice.randrange(20), choice.randrange(20), draw(choice, 6)
    book = Book()
    book.change_sides(ACCOUNT, SIDED, {"long_yesterday": longs, "short_yesterday": shorts})
    put(book, SIDED, 0, orders)
    row = book.arrays["instruments"][SIDED]
    base = longs * int(row["margin_long"]) + shorts * int(row["margin_short"])
    assert held(book, SIDED) == base + max(
        bought * int(row["margin_long_today"]) + sold * int(row["margin_short_today"])
        for bought, sold in subsets(orders)
    )


@pytest.mark.parametrize("seed", range(10))
def test_margin_of_the_larger_side_is_the_largest_that_fills_can_reach(seed: int) -> None:
    choice = random.Random(seed)
    working = {LARGER: draw(choice, 4), LARGER_TOO: draw(choice, 4)}
    book = Book()
    for of, orders in working.items():
        put(book, of, 0, orders)
    rates = book.arrays["instruments"]
    worst = 0
    for filled in itertools.product(*(subsets(orders) for orders in working.values())):
        by_contract = list(zip(working, filled, strict=True))
        longs = sum(int(rates["margin_long_today"][of]) * b for of, (b, _) in by_contract)
        shorts = sum(int(rates["margin_short_today"][of]) * s for of, (_, s) in by_contract)
        worst = max(worst, longs, shorts)
    assert held(book, LARGER) == worst


def span_book(*, has_bounds: bool) -> Book:
    book = Book()
    if not has_bounds:
        for name in ("intra_rate", "delivery_rate", "short_option_rate"):
            book.arrays["instruments"][name] = 0
    return book


def scan_of(book: Book, lots: dict[int, int]) -> int:
    """The worst scenario of a reached portfolio, as SPAN scans it."""
    arrays: dict[int, list[int]] = {
        of: book.arrays["instruments"]["scan"][of].tolist() for of in lots
    }
    return max(0, *(sum(arrays[of][k] * n for of, n in lots.items()) for k in range(16)))


def reached(
    nets: dict[int, int], working: dict[int, list[tuple[bool, int]]]
) -> Iterator[dict[int, int]]:
    for filled in itertools.product(*(subsets(working[of]) for of in nets)):
        yield {
            of: nets[of] + bought - sold for of, (bought, sold) in zip(nets, filled, strict=True)
        }


@pytest.mark.parametrize("seed", range(25))
def test_the_worst_scan_is_the_largest_of_all_portfolios_that_fills_can_reach(seed: int) -> None:
    choice = random.Random(seed)
    nets = {of: choice.randrange(-9, 10) for of in (FUTURE, OPTION)}
    working = {of: draw(choice, 4) for of in nets}
    book = span_book(has_bounds=False)
    for of in nets:
        put(book, of, nets[of], working[of])
    worst = max(scan_of(book, lots) for lots in reached(nets, working))
    assert held(book, FUTURE) == UNIT * worst


def exact(book: Book, lots: dict[int, int]) -> int:
    """Scan, intra charge over what is long and short of delta, delivery, short options."""
    rates = book.arrays["instruments"]
    longs = shorts = delivery = sold = 0
    for of, n in lots.items():
        delta = int(rates["scan_delta"][of]) * n
        intra = int(rates["intra_rate"][of]) * abs(delta)
        longs, shorts = (longs + intra, shorts) if delta > 0 else (longs, shorts + intra)
        delivery += int(rates["delivery_rate"][of]) * abs(delta)
        if rates["is_option"][of]:
            sold += max(0, -n) * int(rates["short_option_rate"][of])
    charges = up(min(longs, shorts), 10_000) + up(delivery, 10_000)
    return UNIT * max(scan_of(book, lots) + charges, sold)


@pytest.mark.parametrize("seed", range(25))
def test_the_hold_is_never_below_what_any_fills_require(seed: int) -> None:
    choice = random.Random(seed)
    nets = {of: choice.randrange(-9, 10) for of in (FUTURE, OPTION)}
    working = {of: draw(choice, 4) for of in nets}
    book = span_book(has_bounds=True)
    for of in (FUTURE, OPTION):
        row = book.arrays["instruments"][of]
        row["scan"] = [choice.randrange(-40, 41) for _ in range(16)]
        row["scan_delta"] = choice.randrange(-10_000, 10_001)
    for of in nets:
        put(book, of, nets[of], working[of])
    most = max(exact(book, lots) for lots in reached(nets, working))
    assert held(book, FUTURE) == held(book, OPTION) >= most


def test_a_sold_option_holds_at_least_the_short_option_minimum() -> None:
    book = span_book(has_bounds=True)
    book.arrays["instruments"]["scan"][OPTION] = 0
    book.arrays["instruments"]["scan_delta"][OPTION] = 0
    put(book, OPTION, -4, [])
    assert held(book, OPTION) == UNIT * 2 * 4


@pytest.mark.parametrize("value", [-(2**31), 2**31 - 1])
def test_the_largest_losses_and_lots_are_counted_exactly(value: int) -> None:
    book = span_book(has_bounds=False)
    book.arrays["instruments"]["scan"][FUTURE] = value
    book.arrays["instruments"]["scan_unit"] = 1
    put(book, FUTURE, 0, [(value > 0, 2**29), (value < 0, 2**29)])
    worst = book.arrays["scans"]["worst"][
        book.arrays["products"]["scan"][book.arrays["pairs"]["product"][book.pair(ACCOUNT, FUTURE)]]
    ]
    assert worst.tolist() == [abs(value) * 2**29] * 16
    assert held(book, FUTURE) == abs(value) * 2**29


def test_a_long_and_a_short_call_are_a_long_and_a_short_delta() -> None:
    book = span_book(has_bounds=True)
    put(book, FUTURE, 3, [])
    put(book, OPTION, -5, [])
    scan = book.arrays["scans"][
        book.arrays["products"]["scan"][book.arrays["pairs"]["product"][book.pair(ACCOUNT, OPTION)]]
    ]
    assert int(scan["intra_longs"]) == 3 * 11
    assert int(scan["intra_shorts"]) == 5 * up(11 * 4_321, 10_000)
