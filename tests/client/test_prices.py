"""Prices become ticks exactly or are refused with the tick size and the nearest price."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.errors import PriceError
from tidegate.prices import to_price, to_ticks

TICKS = st.integers(-(2**63) + 1, 2**63 - 1)
SIZES = st.sampled_from(["0.1", "0.25", "1", "5", "0.00000001", "0.015625", "100", "1E+2"])


@given(TICKS, SIZES)
def test_every_tick_count_survives_the_round_trip(ticks: int, size: str) -> None:
    price = to_price(ticks, Decimal(size))
    assert to_ticks(price, Decimal(size)) == ticks
    assert to_ticks(str(price), Decimal(size)) == ticks


@pytest.mark.parametrize(
    ("price", "ticks"), [("1313.5", 13135), (1313, 13130), (Decimal("-0.1"), -1), ("0", 0)]
)
def test_exact_prices_are_taken(price: str | int | Decimal, ticks: int) -> None:
    assert to_ticks(price, Decimal("0.1")) == ticks


@pytest.mark.parametrize(
    ("price", "words"),
    [
        ("1313.55", "nearest is 1313.6"),
        ("NaN", "not finite"),
        ("sNaN", "not finite"),
        ("inf", "not finite"),
        (Decimal("-Infinity"), "not finite"),
        ("1313,5", "not a decimal number"),
        ("", "not a decimal number"),
        ("1" * 40, "more than 36 digits"),
        ("0." + "1" * 40, "more than 36 digits"),
        (10**40, "more than 36 digits"),
        ("1e400", "more than 36 digits"),
        ("1e-400", "more than 36 digits"),
        ("1e999999999999", "tick size is 0.1"),
        (2**63, "beyond 64 bits"),
        ("922337203685477580.8", "beyond 64 bits"),
    ],
)
def test_a_price_that_is_not_ticks_is_refused(price: str | int | Decimal, words: str) -> None:
    with pytest.raises(PriceError, match=words) as caught:
        to_ticks(price, Decimal("0.1"))
    assert "0.1" in str(caught.value)


@pytest.mark.parametrize("price", [1313.5, float("nan"), True, b"1", None])
def test_a_float_is_refused_because_it_is_not_a_decimal(price: object) -> None:
    with pytest.raises(TypeError, match="give a str or a Decimal"):
        to_ticks(price, Decimal("0.1"))  # type: ignore[arg-type]
