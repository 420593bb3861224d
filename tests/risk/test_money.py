"""Money of lots: margin a lot, fees, premium, notional, against whole numbers without bounds."""

import random
from typing import Any

import msgspec
import numpy as np
import pytest
from holding_oracle import up
from holding_rig import NET, OPEN, OPTION, SIDED, Book
from risk_rig import changed, universe

from tidegate import risk_state
from tidegate.native import holding_probe
from tidegate.native.records import NO_PRICE
from tidegate.universe import Fee

MOST = 2**61
ACCOUNT = 14
TIER = Fee(
    open_lot=5, open_ppm=30, close_lot=9, close_ppm=20, close_today_lot=2, close_today_ppm=41
)
EDGES = (0, 1, -1, 7, -37_630, 10**6, 2**31, 2**40, -(2**53), 2**53, 2**62, -(2**63) + 1, 2**63 - 1)


def book_with(of: int, **fields: Any) -> Book:
    book = Book()
    fees = book.arrays["fees"][of * (len(book.arrays["fees"]) // len(book.arrays["instruments"]))]
    for name in Fee.__struct_fields__:
        fees[name] = getattr(TIER, name)
    for name, value in fields.items():
        book.arrays["instruments"][name][of] = value
    return book


def farther(a: int, b: int) -> int:
    a, b = (0 if price == NO_PRICE else price for price in (a, b))
    return a if abs(a) >= abs(b) else b


def fee(by_lot: int, ppm: int, price: int, tick: int, lots: int) -> int:
    return by_lot * lots + up(abs(price * tick * lots) * ppm, 10**6)


def fees_at(price: int, tick: int, lots: int) -> list[int]:
    return [
        fee(TIER.open_lot, TIER.open_ppm, price, tick, lots),
        fee(TIER.close_lot, TIER.close_ppm, price, tick, lots),
        fee(TIER.close_today_lot, TIER.close_today_ppm, price, tick, lots),
    ]


@pytest.mark.parametrize("mark", [13_100, -13_100, 0, NO_PRICE, 1])
@pytest.mark.parametrize("price", [13_000, -13_333, 0, 7])
def test_the_largest_fee_that_can_apply_is_held_at_the_farther_price(price: int, mark: int) -> None:
    for of, effect in ((NET, 0), (NET, OPEN), (SIDED, OPEN), (SIDED, 67)):
        book = book_with(of, mark_px=mark)
        tick = int(book.arrays["instruments"]["tick_value"][of])
        found = holding_probe.fee_to_hold(book.tables, ACCOUNT, of, True, effect, price, 13)
        by_kind = fees_at(farther(price, mark), tick, 13)
        opens_alone = of == SIDED and effect == OPEN
        assert found == (by_kind[0] if opens_alone else max(by_kind))


@pytest.mark.parametrize("price", [13_000, -13_333, 0, 7])
def test_a_fill_is_charged_by_what_it_does(price: int) -> None:
    book = book_with(NET)
    tick = int(book.arrays["instruments"]["tick_value"][NET])
    found = [
        holding_probe.fee_of_fill(book.tables, ACCOUNT, NET, price, *lots)
        for lots in ((13, 0, 0), (0, 13, 0), (0, 0, 13))
    ]
    assert found == fees_at(price, tick, 13)


@pytest.mark.parametrize("price", [13_000, -13_333, 0, 7])
def test_the_fee_of_a_fill_that_closes_and_opens_is_rounded_once(price: int) -> None:
    book = book_with(NET)
    tick = int(book.arrays["instruments"]["tick_value"][NET])
    by_lot = 3 * TIER.open_lot + 5 * TIER.close_lot + 7 * TIER.close_today_lot
    by_ppm = 3 * TIER.open_ppm + 5 * TIER.close_ppm + 7 * TIER.close_today_ppm
    found = holding_probe.fee_of_fill(book.tables, ACCOUNT, NET, price, 3, 5, 7)
    assert found == fee(by_lot, by_ppm, price, tick, 1)


def test_fees_are_of_the_account_s_tier() -> None:
    content = universe(accounts=changed(6, tier=1))
    first = msgspec.structs.replace(content.instruments[0], fees=(TIER, Fee(open_lot=1_000)))
    tables = risk_state.in_memory(
        msgspec.structs.replace(content, instruments=(first, *content.instruments[1:]))
    )
    assert holding_probe.fee_of_fill(tables, 6, 1, 1, 3, 0, 0) == 3_000
    assert holding_probe.fee_of_fill(tables, 7, 1, 0, 3, 0, 0) == 15


def test_a_market_order_holds_at_its_bound() -> None:
    book = book_with(NET, collar_low=-20_000, collar_high=19_000)
    tick = int(book.arrays["instruments"]["tick_value"][NET])
    for is_buy, bound in ((True, 19_000), (False, -20_000)):
        found = holding_probe.fee_to_hold(book.tables, ACCOUNT, NET, is_buy, 0, NO_PRICE, 2)
        assert found == max(fees_at(bound, tick, 2))
    assert holding_probe.notional(book.tables, NET, NO_PRICE, 2) == 20_000 * tick * 2


def test_notional_is_at_least_the_floor_whatever_the_sign_of_the_price() -> None:
    book = book_with(NET, notional_floor=10**9)
    tick = int(book.arrays["instruments"]["tick_value"][NET])
    for price in (-37_630, -1, 0, 1, 20_000):
        most = max(abs(price) * tick, 10**9)
        assert holding_probe.notional(book.tables, NET, price, 3) == 3 * most


def test_a_working_buy_of_a_paid_option_holds_its_premium() -> None:
    book = book_with(OPTION, is_premium_paid=1, collar_low=10, collar_high=500)
    tick = int(book.arrays["instruments"]["tick_value"][OPTION])
    held = [
        holding_probe.premium_to_hold(book.tables, OPTION, is_buy, price, 4)
        for is_buy, price in ((True, 300), (True, NO_PRICE), (False, 300), (True, -5), (True, 0))
    ]
    assert held == [300 * tick * 4, 500 * tick * 4, 0, 0, 0]
    book.arrays["instruments"]["is_premium_paid"][OPTION] = 0
    assert holding_probe.premium_to_hold(book.tables, OPTION, True, 300, 4) == 0


@pytest.mark.parametrize("basis", [1, 2, 3, 4])
def test_margin_a_lot_is_rounded_up_once_at_the_price_of_its_basis(basis: int) -> None:
    row = Book().arrays["instruments"][SIDED : SIDED + 1].copy()
    row["price_basis"] = basis
    row["settlement_px"], row["mark_px"], row["average_px"] = -13_001, 13_577, 13_333
    row["notional_floor"] = 3
    assert holding_probe.set_lot_margins(row)
    today = {1: -13_001, 2: 13_577, 3: 13_333, 4: 13_577}[basis]
    tick = int(row["tick_value"][0])
    for owner in ("margin", "exchange"):
        for side in ("long", "short"):
            lot, ppm = (int(row[f"{owner}_{side}_{unit}"][0]) for unit in ("lot", "ppm"))
            for name, price in ((f"{owner}_{side}", -13_001), (f"{owner}_{side}_today", today)):
                assert int(row[name][0]) == lot + up(abs(price) * tick * ppm, 10**6), name


def test_margin_by_money_without_its_price_is_not_known() -> None:
    row = Book().arrays["instruments"][SIDED : SIDED + 1].copy()
    row["settlement_px"] = NO_PRICE
    row["margin_short_ppm"] = 0
    assert holding_probe.set_lot_margins(row)
    assert int(row["margin_long"][0]) == -1
    assert int(row["margin_short"][0]) == int(row["margin_short_lot"][0])


@pytest.mark.parametrize("seed", range(20))
def test_money_is_exact_or_cannot_be_expressed(seed: int) -> None:
    """Never a wrong amount: int64 edges in price, tick value and lots."""
    choice = random.Random(seed)
    for _ in range(60):
        price, tick = choice.choice(EDGES), abs(choice.choice(EDGES))
        lots = choice.choice((1, 2, 1_000, 2**31 - 1))
        book = SHARED
        book.arrays["instruments"]["tick_value"][NET] = tick
        book.arrays["instruments"]["notional_floor"][NET] = 0
        exact = abs(price) * tick * lots
        found = holding_probe.notional(book.tables, NET, price, lots)
        assert found == (exact if exact <= MOST else None)
        charged = holding_probe.fee_of_fill(book.tables, ACCOUNT, NET, price, lots, 0, 0)
        ppm = int(book.arrays["fees"]["open_ppm"][NET])
        by_lot = int(book.arrays["fees"]["open_lot"][NET])
        expected = fee(by_lot, ppm, price, tick, lots)
        assert charged == (expected if exact <= MOST and expected <= MOST else None)


SHARED = book_with(NET)


@pytest.mark.parametrize("ppm", [1, 80_000, 10**6, 2**32 - 1])
@pytest.mark.parametrize("price", EDGES)
def test_margin_a_lot_is_exact_or_cannot_be_expressed(price: int, ppm: int) -> None:
    row = SHARED.arrays["instruments"][NET : NET + 1].copy()
    for name in row.dtype.names or ():
        if name.endswith(("_ppm", "_lot")) and name.startswith(("margin", "exchange")):
            row[name] = ppm if name.endswith("_ppm") else 5
    row["settlement_px"] = row["mark_px"] = price
    row["price_basis"], row["tick_value"], row["notional_floor"] = 1, 1_000, 0
    exact = 5 + up(abs(price) * 1_000 * ppm, 10**6)
    is_known = abs(price) * 1_000 <= MOST and exact <= MOST
    assert holding_probe.set_lot_margins(row) == is_known
    if is_known:
        assert int(row["margin_long"][0]) == int(row["exchange_short_today"][0]) == exact


def test_gold_of_shanghai_needs_what_its_exchange_says() -> None:
    """391.74 a gram, 1,000 grams, 8 %: 31,339.20; 100,000 lots do not overflow."""
    row = np.zeros_like(SHARED.arrays["instruments"][NET : NET + 1])
    row["settlement_px"], row["tick_value"], row["margin_long_ppm"] = 39_174, 100_000, 80_000
    row["price_basis"] = 1
    assert holding_probe.set_lot_margins(row)
    assert int(row["margin_long"][0]) == 313_392_000
