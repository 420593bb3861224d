"""Margin by rates: per-lot rounding, price bases, larger sides, hedge flags, both numbers."""

import json
from decimal import Decimal
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from span_rig import margin, refusal

from tidegate.span.rates import net_requirement

RATES = [{"long_by_money": "0.1", "short_by_money": "0.12"}]


def instrument(code: str, **more: Any) -> dict[str, Any]:
    terms = {
        "instrument": code,
        "currency": "CNY",
        "multiplier": 10,
        "model": "long_short",
        "pre_settlement": 3000,
        "rates": RATES,
    }
    return terms | more


def table(tmp_path: Path, *instruments: dict[str, Any], **more: Any) -> Path:
    path = tmp_path / "rates.json"
    path.write_text(json.dumps({"instruments": instruments, **more}))
    return path


def position(code: str, qty: int, **more: Any) -> dict[str, Any]:
    return {"product": code, "qty": qty, **more}


def cny(document: dict[str, Any]) -> dict[str, Any]:
    total: dict[str, Any] = document["totals"]["CNY"]
    return total


def test_both_sides_of_an_instrument_are_margined_by_their_own_rates(tmp_path: Path) -> None:
    rates = table(tmp_path, instrument("rb2610"))
    held = {"positions": [position("rb2610", 3), position("rb2610", -2)]}
    found = margin(tmp_path, held, rates)
    assert cny(found)["requirement"] == 3 * 3000 + 2 * 3600
    assert found["instruments"]["rb2610"]["long"] == 9000
    assert found["instruments"]["rb2610"]["short"] == 7200


def test_the_larger_side_counts_where_the_instrument_is_flagged(tmp_path: Path) -> None:
    rates = table(tmp_path, instrument("rb2610", max_side=True))
    held = {"positions": [position("rb2610", 3), position("rb2610", -2)]}
    assert cny(margin(tmp_path, held, rates))["requirement"] == 9000


def test_the_larger_side_is_taken_over_the_flagged_instruments_of_a_product(
    tmp_path: Path,
) -> None:
    flagged = {"max_side": True, "product": "rb"}
    rates = table(
        tmp_path,
        instrument("rb2610", **flagged),
        instrument("rb2701", **flagged),
        instrument("rb2705", product="rb"),
    )
    held = {
        "positions": [position("rb2610", 3), position("rb2701", -2), position("rb2705", -1)],
        "orders": [{"product": "rb2701", "side": "SELL", "qty": 4}],
    }
    found = cny(margin(tmp_path, held, rates))
    assert found["requirement"] == max(3 * 3000, 2 * 3600) + 3600
    assert found["hold"] == max(3 * 3000, 6 * 3600) + 3600


def test_the_larger_side_can_be_taken_for_each_hedge_flag_alone(tmp_path: Path) -> None:
    flagged = {"max_side": True, "product": "IF"}
    held = {
        "positions": [
            position("IF2612", 2),
            position("IF2612", -3, hedge="HEDGE"),
            position("IF2612", -1),
        ]
    }
    together = table(tmp_path, instrument("IF2612", **flagged))
    assert cny(margin(tmp_path, held, together))["requirement"] == max(2 * 3000, 4 * 3600)
    alone = table(tmp_path, instrument("IF2612", max_side_by_hedge=True, **flagged))
    assert cny(margin(tmp_path, held, alone))["requirement"] == max(6000, 3600) + 3 * 3600


@pytest.mark.parametrize(("basis", "today"), [(1, "3000"), (2, "3100"), (3, "3050"), (4, "3200")])
def test_yesterday_is_at_the_previous_settlement_and_today_at_the_price_basis(
    basis: int, today: str, tmp_path: Path
) -> None:
    rates = table(tmp_path, instrument("rb2610", price_basis=basis, last=3100, average=3050))
    held = {"positions": [position("rb2610", 5, yesterday=2, open_price="3200")]}
    expected = 2 * 3000 + 3 * Decimal(today)
    assert cny(margin(tmp_path, held, rates))["requirement"] == expected


def test_an_order_at_basis_4_is_held_at_its_own_price(tmp_path: Path) -> None:
    rates = table(tmp_path, instrument("rb2610", price_basis=4))
    order = {"product": "rb2610", "side": "BUY", "qty": 2}
    assert cny(margin(tmp_path, {"orders": [{**order, "price": "3200"}]}, rates))["hold"] == 6400
    assert "price basis is 4" in refusal(tmp_path, {"orders": [order]}, rates)


def test_an_order_that_closes_freezes_lots_and_no_money(tmp_path: Path) -> None:
    rates = table(tmp_path, instrument("rb2610"))
    order = {"product": "rb2610", "side": "SELL", "qty": 2, "position_effect": "CLOSE"}
    found = cny(margin(tmp_path, {"positions": [position("rb2610", 2)], "orders": [order]}, rates))
    assert found["hold"] == found["requirement"] == 6000


def test_the_client_s_number_and_the_exchange_s_stand_side_by_side(tmp_path: Path) -> None:
    of_exchange = [{"long_by_money": "0.07", "short_by_money": "0.07"}]
    rates = table(tmp_path, instrument("rb2610", exchange_rates=of_exchange), instrument("x"))
    found = cny(margin(tmp_path, {"positions": [position("rb2610", 1)]}, rates))
    assert (found["requirement"], found["exchange_requirement"]) == (3000, 2100)
    both = {"positions": [position("rb2610", 1), position("x", 1)]}
    assert cny(margin(tmp_path, both, rates))["exchange_requirement"] is None


def test_rates_differ_by_hedge_flag_and_one_that_is_missing_is_refused(tmp_path: Path) -> None:
    by_flag = [
        {"hedge": "SPECULATION", "long_by_money": "0.1", "short_by_money": "0.1"},
        {"hedge": "HEDGE", "long_by_money": "0.05", "short_by_money": "0.05"},
    ]
    rates = table(tmp_path, instrument("rb2610", rates=by_flag))
    held = {"positions": [position("rb2610", 1), position("rb2610", 1, hedge="HEDGE")]}
    assert cny(margin(tmp_path, held, rates))["requirement"] == 3000 + 1500
    arbitrage = {"positions": [position("rb2610", 1, hedge="ARBITRAGE")]}
    assert "no rates for ARBITRAGE" in refusal(tmp_path, arbitrage, rates)


def test_a_lot_s_margin_is_rounded_up_once_and_then_multiplied(tmp_path: Path) -> None:
    # 0.33333 * 1 * 1 = 0.33333, up to 0.3334 a lot; 30,000 lots rounded late would be 9,999.9.
    rates = [{"long_by_money": "0.33333", "short_by_money": "0.33333"}]
    terms = instrument("x", multiplier=1, pre_settlement=1, rates=rates)
    held = {"positions": [position("x", 30_000)]}
    assert cny(margin(tmp_path, held, table(tmp_path, terms)))["requirement"] == 10_002


@pytest.mark.parametrize("model", ["net", "long_short"])
def test_a_price_below_zero_counts_by_its_magnitude_and_the_floor(
    model: str, tmp_path: Path
) -> None:
    wti = instrument("CL2005", model=model, multiplier=1000, pre_settlement="-37.63")
    held = {"positions": [position("CL2005", 1)]}
    assert cny(margin(tmp_path, held, table(tmp_path, wti)))["requirement"] == 3763
    floored = table(tmp_path, wti | {"floor_per_lot": 8250})
    assert cny(margin(tmp_path, held, floored))["requirement"] == 8250


def test_a_lot_that_would_need_no_margin_is_refused(tmp_path: Path) -> None:
    free = table(tmp_path, instrument("x", pre_settlement=0))
    message = refusal(tmp_path, {"positions": [position("x", 1)]}, free)
    assert "would need no margin; expected floor_per_lot" in message


def test_currencies_are_totalled_apart(tmp_path: Path) -> None:
    rates = table(tmp_path, instrument("rb2610"), instrument("sc", currency="USD", model="net"))
    held = {"positions": [position("rb2610", 1), position("sc", -1)]}
    found = margin(tmp_path, held, rates)["totals"]
    assert {code: total["requirement"] for code, total in found.items()} == {
        "CNY": 3000,
        "USD": 3600,
    }


def test_terms_come_from_the_product_where_the_instrument_states_none(tmp_path: Path) -> None:
    path = tmp_path / "rates.toml"
    path.write_text(
        """
        currency = "CNY"
        [[products]]
        product = "rb"
        multiplier = 10
        model = "long_short"
        max_side = true
        rates = [{ long_by_money = 0.1, short_by_money = 0.1 }]

        [[instruments]]
        product = "rb"
        maturity = "2610"
        pre_settlement = 3001.5

        [[instruments]]
        product = "rb"
        maturity = "2701"
        pre_settlement = 3000
        max_side = false
        """
    )
    held = {
        "positions": [
            {"product": "rb", "maturity": "2610", "qty": 1},
            {"product": "rb", "maturity": "2610", "qty": -1},
            {"instrument": "rb2701", "qty": 1},
            {"instrument": "rb2701", "qty": -1},
        ]
    }
    assert cny(margin(tmp_path, held, path))["requirement"] == Decimal("3001.5") + 6000


@given(
    st.integers(-4, 4),
    st.integers(0, 4),
    st.integers(0, 4),
    st.fractions(0, 9),
    st.fractions(0, 9),
)
def test_the_net_hold_is_the_worst_of_all_sets_of_fills(
    net: int, buys: int, sells: int, long: Fraction, short: Fraction
) -> None:
    reachable = (net + buy - sell for buy, sell in product(range(buys + 1), range(sells + 1)))
    brute = max(long * max(0, pos) + short * max(0, -pos) for pos in reachable)
    assert net_requirement(long, short, net, buys, sells) == brute


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"rates": [{"long_by_money": "0", "short_by_money": "0.1"}]}, "are 0; expected one above"),
        ({"rates": [{"long_by_money": "1.01", "short_by_money": "1"}]}, "1.01; expected more than"),
        ({"rates": [{"long_by_money": "-0.1", "short_by_money": "1"}]}, "-0.1; expected more than"),
        ({"rates": [{"long_by_volume": -1, "short_by_volume": 1}]}, "-1; expected 0 or more"),
        ({"rates": [{"long_by_money": "1e-999", "short_by_money": 1}]}, "at most 38 digits"),
        ({"exchange_rates": [{"long_by_money": 2, "short_by_money": 1}]}, "exchange_rates[0].long"),
        ({"rates": []}, "rates: none; expected at least one row"),
        ({"multiplier": 0}, "multiplier: 0; expected more than 0"),
        ({"currency": ""}, "currency: none; expected one such as CNY"),
        ({"model": "gross"}, "Invalid enum value 'gross'"),
        ({"price_basis": 5}, "Invalid enum value 5"),
        ({"floor_per_lot": -1}, "floor_per_lot: -1; expected 0 or more"),
        ({"instrument": ""}, "expected instrument, or product and maturity"),
        ({"pre_settlement": None}, "has no pre_settlement in the table"),
        ({"price_basis": 2}, "has no last in the table"),
        ({"model": "net", "price_basis": 4}, "price basis 4 of a net position"),
        ({"colour": "red"}, "unknown field `colour`"),
    ],
)
def test_a_bad_table_is_refused_with_the_place(
    terms: dict[str, Any], message: str, tmp_path: Path
) -> None:
    rates = table(tmp_path, instrument("x", **terms))
    assert message in refusal(tmp_path, {"positions": [position("x", 1)]}, rates)


@pytest.mark.parametrize(
    ("portfolio", "message"),
    [
        ({"positions": [position("y", 1)]}, "0 instruments y; expected one"),
        ({"positions": [position("x", 2, yesterday=3)]}, "yesterday: 3; expected 0 to 2"),
        ({"positions": [position("x", 2**63)]}, "fits 64 bits"),
        ({"orders": [{"product": "x", "qty": 0}]}, "orders[0].qty: 0"),
        ({"orders": [{"product": "x", "qty": -1, "side": "BUY"}]}, "expected lots above 0"),
        ({"orders": [{"product": "x", "qty": 1, "side": "buy"}]}, "expected BUY or SELL"),
        ({"positions": [position("x", 1, hedge="SPEC")]}, "Invalid enum value 'SPEC'"),
    ],
)
def test_a_bad_portfolio_is_refused_with_the_place(
    portfolio: dict[str, Any], message: str, tmp_path: Path
) -> None:
    assert message in refusal(tmp_path, portfolio, table(tmp_path, instrument("x")))


@pytest.mark.parametrize("content", ["", "[[instruments]", "instruments = 3", "\x00"])
def test_a_table_that_is_none_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(content)
    assert "expected a rate table" in refusal(tmp_path, {"positions": []}, path)


def test_an_instrument_that_stands_twice_is_refused(tmp_path: Path) -> None:
    rates = table(tmp_path, instrument("x"), instrument("x"))
    assert "instrument x twice" in refusal(tmp_path, {"positions": []}, rates)
