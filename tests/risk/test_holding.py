"""Holding on all levels: at all times what orders, positions and rates make of it."""

import itertools
import random

import pytest
from holding_oracle import Expected, errors
from holding_rig import (
    CLOSE,
    CLOSE_TODAY,
    CLOSE_YESTERDAY,
    FOREIGN,
    FUTURE,
    LARGER,
    LARGER_TOO,
    NET,
    OPEN,
    OPTION,
    SENDERS,
    SIDED,
    Book,
    Held,
    hash_of,
)

from tidegate.native import holding_probe

HAS_SIDES = (SIDED, LARGER, LARGER_TOO)


def closes(of: int) -> tuple[int, ...]:
    return (CLOSE, CLOSE_TODAY, CLOSE_YESTERDAY) if of == SIDED else (CLOSE,)


def place(book: Book, seed: random.Random) -> None:
    """A new order: an opening one, or one that closes what may be closed."""
    handle, of = seed.choice(SENDERS), seed.choice((NET, FUTURE, OPTION, FOREIGN, *HAS_SIDES))
    is_buy, lots = seed.random() < 0.5, seed.randrange(1, 30)
    effect = 0
    if of in HAS_SIDES:
        effect = OPEN
        can = {
            kind: holding_probe.closable(book.tables, book.pair(handle, of), is_buy, kind)
            for kind in closes(of)
        }
        open_to = [kind for kind, most in can.items() if most > 0]
        if open_to and seed.random() < 0.6:
            effect = seed.choice(open_to)
            lots = seed.randrange(1, can[effect] + 1)
    order = book.order(handle, of, is_buy, effect)
    pairs = [book.pair(level, of) for level in book.chain(handle)]
    added = [holding_probe.added_margin(book.tables, p, is_buy, effect, lots) for p in pairs]
    gross = [holding_probe.added_gross(book.tables, p, is_buy, effect, lots) for p in pairs]
    before = margins(book, handle, of)
    left = [int(book.arrays["pairs"]["all"]["gross_credit"][pair]) for pair in pairs]
    assert book.hold(order, lots, seed.randrange(50), seed.randrange(50), 1)
    assert [b - a for a, b in zip(before, margins(book, handle, of), strict=True)] == added
    after = [int(book.arrays["pairs"]["all"]["gross_credit"][pair]) for pair in pairs]
    assert [a - b for a, b in zip(left, after, strict=True)] == gross


def margins(book: Book, handle: int, of: int) -> list[int]:
    """Held at each level of the chain, at the pair and at its product row."""
    rows = [book.arrays["pairs"][book.pair(level, of)] for level in book.chain(handle)]
    return [
        int(row["margin"]) + int(book.arrays["products"]["margin"][row["product"]]) for row in rows
    ]


def lessen(book: Book, order: Held, seed: random.Random) -> None:
    """A cancel, whole or in part, or a fill."""
    lots = seed.randrange(1, order.lots + 1)
    if seed.random() < 0.5 and order.instrument in HAS_SIDES:
        book.fill_sides(order, lots, seed.randrange(-(10**9), 10**10))
    elif seed.random() < 0.5 and order.instrument not in HAS_SIDES:
        book.fill_net(order, lots)
    else:
        assert book.hold(order, -lots)
    if order.lots == 0:
        assert book.hold(order, 0, -order.fee, -order.premium, -1)


def roll(book: Book, seed: random.Random) -> None:
    """Some of an account's lots of today become yesterday's."""
    handle, of = seed.choice(SENDERS), seed.choice(HAS_SIDES)
    row = book.arrays["sides"][book.arrays["pairs"]["sides"][book.pair(handle, of)]]
    free = int(row["long_today"]) - int(row["frozen_long_today"])
    if free > 0:
        lots = seed.randrange(1, free + 1)
        book.change_sides(handle, of, {"long_today": -lots, "long_yesterday": lots})


def new_rates(book: Book, seed: random.Random) -> None:
    of = seed.choice((NET, FUTURE, OPTION, FOREIGN, *HAS_SIDES))
    after = book.arrays["instruments"][of : of + 1].copy()
    after["mark_px"] = seed.randrange(-500, 20_000)
    after["settlement_px"] = seed.randrange(-500, 20_000)
    after["lot_notional"] = abs(int(after["mark_px"][0])) * int(after["tick_value"][0])
    after["margin_long_ppm"] = seed.randrange(1, 10**6)
    after["exchange_short_lot"] = seed.randrange(10**6)
    after["scan"] = [[seed.randrange(-50, 51) for _ in range(16)]]
    after["scan_delta"] = seed.randrange(-10_000, 10_001)
    assert holding_probe.set_lot_margins(after)
    assert holding_probe.change_instrument(book.tables, of, after)
    assert book.arrays["instruments"][of] == after[0]


@pytest.mark.parametrize("seed", range(12))
def test_what_is_held_is_what_orders_and_positions_make_of_it(seed: int) -> None:
    book, choice = Book(), random.Random(seed)
    for _ in range(64):
        working = [order for order in book.orders if order.lots]
        draw = choice.random()
        if draw < 0.45 or not working:
            place(book, choice)
        elif draw < 0.85:
            lessen(book, choice.choice(working), choice)
        elif draw < 0.92:
            roll(book, choice)
        else:
            new_rates(book, choice)
        assert errors(book) == []


def test_nothing_is_held_without_position_and_orders() -> None:
    book, choice = Book(), random.Random(5)
    for _ in range(20):
        place(book, choice)
    for order in book.orders:
        assert book.hold(order, -order.lots, -order.fee, -order.premium, -1)
    assert errors(book) == []
    held = book.arrays["balances"]
    assert not any(held[name].any() for name in ("margin", "fee_held", "premium_held", "notional"))
    assert not book.arrays["pairs"]["margin"].any()
    assert not book.arrays["scans"]["worst"].any()


def test_any_order_of_the_same_holds_ends_in_the_same_rows() -> None:
    ends = set()
    for turn in itertools.permutations(range(4)):
        book = Book()
        orders = [
            book.order(7, FUTURE, True),
            book.order(7, FUTURE, False),
            book.order(7, OPTION, False),
            book.order(7, OPTION, True),
        ]
        for index in turn:
            assert book.hold(orders[index], 5 + index, 3, 0, 1)
        assert book.hold(orders[turn[0]], -2)
        assert book.hold(orders[turn[0]], 2)
        row = book.arrays["products"][1].tobytes() + book.arrays["scans"].tobytes()
        ends.add((row, book.arrays["balances"].tobytes()))
    assert len(ends) == 1


@pytest.mark.parametrize("of", [NET, SIDED, LARGER, FUTURE, OPTION])
def test_one_more_order_never_lowers_the_margin(of: int) -> None:
    choice = random.Random(of)
    book = Book()
    for _ in range(40):
        handle, is_buy, lots = 14, choice.random() < 0.5, choice.randrange(1, 20)
        before = margins(book, handle, of)
        order = book.order(handle, of, is_buy, OPEN if of in HAS_SIDES else 0)
        assert book.hold(order, lots, 0, 0, 1)
        assert all(b >= a for a, b in zip(before, margins(book, handle, of), strict=True))


@pytest.mark.parametrize("of", [NET, SIDED, LARGER, FUTURE])
def test_margin_grows_in_proportion_to_the_lots(of: int) -> None:
    held = []
    for factor in (1, 7):
        book = Book()
        for is_buy, lots in ((True, 3), (False, 5), (True, 4)):
            order = book.order(14, of, is_buy, OPEN if of in HAS_SIDES else 0)
            assert book.hold(order, lots * factor, 0, 0, 1)
        held.append(margins(book, 14, of)[0])
    assert held[1] == 7 * held[0] > 0


def test_levels_without_money_hold_lots_alone() -> None:
    book = Book()
    assert book.hold(book.order(14, NET, True), 10, 7, 0, 1)
    for level in (13, 12, 1):
        row = book.arrays["pairs"][book.pair(level, NET)]
        gross = int(row["all"]["max_gross"] - row["all"]["gross_credit"])
        assert (row["balance"], row["margin"], gross) == (0, 0, 10)
        balance = book.arrays["balances"][level * 3 + 1]
        assert (balance["margin"], balance["fee_held"], balance["notional"]) == (0, 0, 0)
    own = book.arrays["balances"][14 * 3 + 1]
    assert own["margin"] == 10 * book.arrays["instruments"]["margin_long"][NET]
    assert own["fee_held"] == 7


def test_a_shared_level_backs_the_net_of_all_below_at_the_exchange_s_rates() -> None:
    book = Book()
    long, short = book.order(5, NET, True), book.order(6, NET, False)
    for order in (long, short):
        assert book.hold(order, 10, 0, 0, 1)
        book.fill_net(order, 10)
        assert book.hold(order, 0, 0, 0, -1)
    assert errors(book) == []
    rates = book.arrays["instruments"][NET]
    assert [int(book.arrays["balances"]["margin"][level * 3 + 1]) for level in (4, 5, 6)] == [
        0,
        10 * rates["margin_long"],
        10 * rates["margin_short"],
    ]
    assert book.hold(book.order(5, NET, True), 3, 0, 0, 1)
    assert book.arrays["balances"]["margin"][4 * 3 + 1] == 3 * rates["exchange_long"]
    assert rates["exchange_long"] != rates["margin_long"]


def test_a_pool_holds_what_its_members_hold_and_nothing_for_its_own_pairs() -> None:
    book = Book()
    assert book.hold(book.order(10, NET, True), 10, 5, 0, 1)
    assert book.hold(book.order(11, NET, False), 4, 2, 0, 1)
    rates = book.arrays["instruments"][NET]
    pool = book.arrays["balances"][8 * 3 + 1]
    assert pool["margin"] == 10 * rates["margin_long"] + 4 * rates["margin_short"]
    assert pool["fee_held"] == 7
    assert book.arrays["pairs"]["balance"][book.pair(8, NET)] == 0
    assert errors(book) == []


def test_a_closing_order_freezes_yesterday_s_lots_first_and_gives_them_back_first() -> None:
    book = Book()
    book.change_sides(14, LARGER, {"long_today": 5, "long_yesterday": 4})
    order = book.order(14, LARGER, False, CLOSE)
    pair = book.pair(14, LARGER)
    assert holding_probe.closable(book.tables, pair, False, CLOSE) == 9
    assert book.hold(order, 6, 0, 0, 1)
    assert (order.lots, order.today) == (6, 2)
    assert holding_probe.closable(book.tables, pair, False, CLOSE) == 3
    assert book.hold(order, -3)
    assert (order.lots, order.today) == (3, 2)
    assert book.hold(order, -3, 0, 0, -1)
    assert (order.lots, order.today) == (0, 0)
    assert errors(book) == []


@pytest.mark.parametrize(("effect", "most"), [(CLOSE, 4), (CLOSE_YESTERDAY, 4), (CLOSE_TODAY, 5)])
def test_where_today_s_lots_are_closed_apart_a_close_is_of_yesterday_s(
    effect: int, most: int
) -> None:
    book = Book()
    book.change_sides(14, SIDED, {"long_today": 5, "long_yesterday": 4})
    pair = book.pair(14, SIDED)
    assert holding_probe.closable(book.tables, pair, False, effect) == most
    assert holding_probe.closable(book.tables, pair, True, effect) == 0
    order = book.order(14, SIDED, False, effect)
    assert book.hold(order, most, 0, 0, 1)
    assert order.today == (5 if effect == CLOSE_TODAY else 0)
    assert holding_probe.closable(book.tables, pair, False, effect) == 0
    assert errors(book) == []


@pytest.mark.parametrize("of", [NET, SIDED, LARGER, FUTURE])
def test_what_cannot_be_expressed_is_not_held_at_any_level(of: int) -> None:
    book = Book()
    effect = OPEN if of in HAS_SIDES else 0
    assert book.hold(book.order(5, of, True, effect), 3, 0, 0, 1)
    order = book.order(5, of, True, effect)
    row = book.arrays["instruments"][of]
    for name in ("exchange_long", "exchange_long_today", "scan_unit"):
        row[name] = 2**60
    before = hash_of(book.tables)
    assert holding_probe.added_margin(book.tables, book.pair(4, of), True, effect, 9) is None
    assert not book.hold(order, 9, 0, 0, 1)
    assert hash_of(book.tables) == before


def test_a_fill_or_a_new_rate_that_cannot_be_expressed_changes_nothing() -> None:
    book = Book()
    for handle in (7, 14, 10, 5):
        assert book.hold(book.order(handle, NET, True), 3, 0, 0, 1)
        assert book.hold(book.order(handle, FUTURE, False), 3, 0, 0, 1)
    for of, name in ((NET, "margin_long"), (NET, "lot_notional"), (FUTURE, "scan_unit")):
        after = book.arrays["instruments"][of : of + 1].copy()
        after[name] = 2**60
        before = hash_of(book.tables)
        assert not holding_probe.change_instrument(book.tables, of, after)
        assert hash_of(book.tables) == before
    book.arrays["instruments"][NET]["margin_long"] = 2**60
    before = hash_of(book.tables)
    assert not holding_probe.move_net(book.tables, book.pair(14, NET), 10**6)
    assert hash_of(book.tables) == before


def test_lots_that_a_scan_cannot_count_are_refused() -> None:
    book = Book()
    most = 2**29
    order = book.order(14, FUTURE, True)
    before = hash_of(book.tables)
    assert not book.hold(order, most + 1, 0, 0, 1)
    assert hash_of(book.tables) == before
    assert book.hold(order, most, 0, 0, 1)
    assert errors(book) == []
    assert not book.hold(book.order(14, OPTION, False), 1, 0, 0, 1)
    assert book.hold(order, -most, 0, 0, -1)
    assert errors(book) == []


def test_expected_rows_notice_an_error() -> None:
    book = Book()
    assert book.hold(book.order(14, FUTURE, True), 3, 0, 0, 1)
    book.arrays["scans"]["worst"][1, 3] += 1
    book.arrays["pairs"]["margin"][1] += 1
    assert len(errors(book)) == 2
    assert Expected(book).has_money(14)
