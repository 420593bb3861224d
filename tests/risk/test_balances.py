"""Balances: a change reaches the account, its pool and its converted total, or nothing."""

import random
from typing import Any

import pytest
from holding_oracle import available, converted
from holding_rig import NET, POOL, Book, hash_of
from risk_rig import CNY, USD

from tidegate.native import holding_probe
from tidegate.native.balances import reconvert_account

MOST = 2**61
CONVERTED = 7
OWN = 14
MEMBER = 10


def change(book: Book, account: int, currency: int = USD, **by: int) -> bool:
    return holding_probe.apply_change(book.tables, account, currency, by)


def row(book: Book, account: int, currency: int = USD) -> Any:
    return book.arrays["balances"][account * 3 + currency]


@pytest.mark.parametrize("part", holding_probe.CHANGES)
def test_each_part_changes_by_what_was_asked(part: str) -> None:
    book = Book()
    before = int(row(book, OWN)[part])
    assert change(book, OWN, **{part: 5})
    assert int(row(book, OWN)[part]) == before + 5


@pytest.mark.parametrize("part", [p for p in holding_probe.CHANGES if p != "credit_line"])
def test_a_member_s_change_is_the_pool_s_too(part: str) -> None:
    book = Book()
    before = int(row(book, POOL)[part])
    assert change(book, MEMBER, **{part: 5})
    assert int(row(book, POOL)[part]) == before + 5


def test_a_member_s_slice_is_its_own() -> None:
    book = Book()
    assert change(book, MEMBER, credit_line=5)
    assert int(row(book, POOL)["credit_line"]) == 0


@pytest.mark.parametrize("account", [OWN, CONVERTED, MEMBER])
@pytest.mark.parametrize("part", holding_probe.CHANGES)
def test_what_cannot_be_expressed_changes_nothing(part: str, account: int) -> None:
    book = Book()
    assert change(book, account, **{part: 7})
    before = hash_of(book.tables)
    assert not change(book, account, **{part: MOST})
    assert not change(book, account, **{part: 2**63 - 1})
    assert hash_of(book.tables) == before


def test_a_pool_that_is_full_refuses_its_member_s_change() -> None:
    book = Book()
    assert change(book, POOL, fee_held=MOST)
    before = hash_of(book.tables)
    assert not change(book, MEMBER, margin=1)
    assert hash_of(book.tables) == before


def test_parts_that_fit_alone_but_not_together_are_refused() -> None:
    book = Book()
    assert change(book, OWN, margin=MOST // 2)
    assert not change(book, OWN, fee_held=MOST // 2 + 1)
    assert change(book, OWN, fee_held=MOST // 2)


@pytest.mark.parametrize("seed", range(8))
def test_a_converted_account_is_worth_the_sum_of_its_currencies(seed: int) -> None:
    choice, book = random.Random(seed), Book()
    for _ in range(30):
        currency = choice.choice((USD, CNY))
        part = choice.choice(("cash", "unrealised", "margin", "fee_held"))
        amount = choice.randrange(0, 10**15) * (1 if "_" in part or part == "margin" else -1)
        assert change(book, CONVERTED, currency, **{part: amount})
        worth = [converted(book, row(book, CONVERTED, of), of) for of in (USD, CNY)]
        assert [int(row(book, CONVERTED, of)["converted"]) for of in (USD, CNY)] == worth
        assert int(book.arrays["accounts"]["converted_free"][CONVERTED]) == sum(worth)
        for asked in (0, 1, choice.randrange(10**15), 10**17):
            after = worth_after(book, currency, asked)
            fits = holding_probe.fits(book.tables, CONVERTED, currency, asked)
            assert fits == (after >= 0)


def worth_after(book: Book, currency: int, asked: int) -> int:
    """RISK.md 4.2: the account's base money were `asked` no longer available."""
    total = 0
    for of in (USD, CNY):
        amount = available(row(book, CONVERTED, of)) - (asked if of == currency else 0)
        rates = book.arrays["currencies"][of]
        if amount >= 0:
            total += amount * int(rates["asset_rate"]) // 10**9
        else:
            total -= -(amount * int(rates["liability_rate"]) // 10**9)
    return total


def test_debts_of_one_currency_are_covered_by_another_less_the_haircut() -> None:
    book = Book()
    for currency in (USD, CNY):
        assert change(book, CONVERTED, currency, cash=-(10**15))
    assert change(book, CONVERTED, CNY, cash=1_000_000)
    rates = book.arrays["currencies"][CNY]
    assert int(rates["asset_rate"]) < int(rates["bid_rate"]) < int(rates["liability_rate"])
    most = 1_000_000 * int(rates["asset_rate"]) // 10**9
    usd = book.arrays["currencies"][USD]
    assert int(usd["asset_rate"]) == int(usd["liability_rate"]) == 10**9
    assert holding_probe.fits(book.tables, CONVERTED, USD, most)
    assert not holding_probe.fits(book.tables, CONVERTED, USD, most + 1)


def test_an_account_that_is_not_converted_has_each_currency_alone() -> None:
    book = Book()
    free = available(row(book, OWN, CNY))
    assert holding_probe.fits(book.tables, OWN, CNY, free)
    assert not holding_probe.fits(book.tables, OWN, CNY, free + 1)


def test_a_currency_without_rates_covers_nothing_and_cannot_be_owed() -> None:
    book = Book()
    for name in ("asset_rate", "liability_rate"):
        book.arrays["currencies"][name][CNY] = -1
    reconvert_account(book.tables, CONVERTED)
    assert int(row(book, CONVERTED, CNY)["converted"]) == 0
    free = available(row(book, CONVERTED, CNY))
    assert not holding_probe.fits(book.tables, CONVERTED, CNY, free + 1)
    before = hash_of(book.tables)
    assert not change(book, CONVERTED, CNY, margin=free + 1)
    assert hash_of(book.tables) == before


def test_new_rates_convert_every_balance_anew() -> None:
    book = Book()
    book.arrays["currencies"]["asset_rate"][CNY] = 77
    reconvert_account(book.tables, CONVERTED)
    assert int(row(book, CONVERTED, CNY)["converted"]) == 10**15 * 77 // 10**9
    total = sum(int(row(book, CONVERTED, of)["converted"]) for of in (USD, CNY))
    assert int(book.arrays["accounts"]["converted_free"][CONVERTED]) == total


def test_rates_at_which_a_balance_cannot_be_expressed_change_nothing() -> None:
    book = Book()
    book.arrays["currencies"]["asset_rate"][CNY] = 2**62
    before = hash_of(book.tables)
    with pytest.raises(ValueError, match="account 7: its balances in base money exceed"):
        reconvert_account(book.tables, CONVERTED)
    assert hash_of(book.tables) == before


def test_the_peak_is_of_profit_and_a_deposit_is_none() -> None:
    book = Book()
    assert change(book, OWN, cash=100, initial_cash=100)
    assert int(row(book, OWN)["peak"]) == 0
    assert change(book, OWN, unrealised=70)
    assert change(book, OWN, cash=-50)
    assert int(row(book, OWN)["peak"]) == 70
    assert change(book, OWN, cash=80)
    assert int(row(book, OWN)["peak"]) == 100


@pytest.mark.parametrize("account", [OWN, MEMBER])
def test_a_release_never_takes_margin_below_zero(account: int) -> None:
    """The credit of an exact figure was for what was held then."""
    book = Book()
    order = book.order(account, NET, True)
    assert book.hold(order, 10, 0, 0, 1)
    needed = int(row(book, account)["margin"])
    credit = needed // 2
    assert change(book, account, margin=-credit)
    row(book, account)["margin_credit"] = credit
    assert book.hold(order, -8)
    assert int(row(book, account)["margin"]) == 0
    assert int(row(book, account)["margin_credit"]) == needed // 5
    assert book.hold(order, -2, 0, 0, -1)
    assert int(row(book, account)["margin"]) == int(row(book, account)["margin_credit"]) == 0
    assert int(row(book, POOL)["margin"]) == 0


def test_a_changed_account_is_listed_once_to_be_graded() -> None:
    book = Book()
    assert change(book, MEMBER, cash=1)
    assert change(book, MEMBER, cash=1)
    listed, account = [], int(book.arrays["risk"]["dirty_first"][0])
    while account:
        listed.append(account)
        account = int(book.arrays["accounts"]["next_dirty"][account])
    assert listed[:2] == [POOL, MEMBER]
    assert len(set(listed)) == len(listed)


def test_a_part_that_no_balance_has_is_refused() -> None:
    with pytest.raises(ValueError, match="no such part of a balance"):
        change(Book(), OWN, cahs=1)
