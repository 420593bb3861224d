"""Decimal text becomes whole ticks exactly, or the row is bad."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.errors import TapeError
from tidegate.tape.events import INT64_MAX
from tidegate.tape.values import RowCounts, RowError, Scale, whole

UNITS = st.sampled_from([Decimal(text) for text in ("0.1", "0.25", "0.005", "1E-8", "1", "25")])


@given(st.integers(-INT64_MAX, INT64_MAX), UNITS)
def test_a_multiple_is_counted_exactly(count: int, unit: Decimal) -> None:
    whole_part, digits, exponent = unit.as_tuple()
    scaled = count * int("".join(map(str, digits))) * (1 if not whole_part else -1)
    text = f"{scaled}E{exponent}" if exponent else str(scaled)
    assert Scale("price", unit)(text) == count


@pytest.mark.parametrize(
    ("text", "unit", "count"),
    [
        ("1313.7", "0.1", 13_137),
        ("61800.20", "0.10", 618_002),
        ("-36.98", "0.01", -3_698),
        ("0", "0.1", 0),
        ("-0.0", "0.1", 0),
        ("7.18e-06", "0.00000001", 718),
        ("1676.75", "0.25", 6_707),
    ],
)
def test_known_prices(text: str, unit: str, count: int) -> None:
    scale = Scale("price", Decimal(unit))
    assert [scale(text), scale(text)] == [count, count]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1313.75", "expected a multiple of 0.1"),
        ("0.10000000000000000000000000000000001", "expected a multiple of 0.1"),
        ("1" * 40, "expected a decimal number"),
        ("1" * 38, "expected at most 9223372036854775807 times 0.1"),
        ("1e30", "expected at most 9223372036854775807 times 0.1"),
        ("-922337203685477580.8", "expected at most 9223372036854775807 times 0.1"),
        ("1e999999999", "expected a decimal number"),
        ("NaN", "expected a decimal number"),
        ("nan", "expected a decimal number"),
        ("Infinity", "expected a decimal number"),
        ("", "expected a decimal number"),
        (" 1", "expected a decimal number"),
        ("1_0", "expected a decimal number"),
        ("0x10", "expected a decimal number"),
        ("1,5", "expected a decimal number"),
        ("\u0661", "expected a decimal number"),
    ],
)
def test_what_is_not_exact_is_a_bad_row(text: str, expected: str) -> None:
    scale = Scale("price", Decimal("0.1"))
    for _ in range(2):
        with pytest.raises(RowError, match=expected):
            scale(text)


@pytest.mark.parametrize("unit", ["0", "-1", "NaN", "Infinity"])
def test_a_unit_is_more_than_zero(unit: str) -> None:
    with pytest.raises(TapeError, match="expected more than 0"):
        Scale("price", Decimal(unit))


@pytest.mark.parametrize("text", ["-1", "1.0", "", "\u0661", "9" * 19, "1" * 20])
def test_what_is_not_a_whole_number_is_a_bad_row(text: str) -> None:
    assert whole("id", "0042") == 42
    with pytest.raises(RowError, match="id is "):
        whole("id", text)


def test_bad_rows_are_counted_and_refused_unless_skipped() -> None:
    counts = RowCounts()
    for number in range(9):
        counts.refuse(f"line {number}", RowError("wrong"))
    with pytest.raises(TapeError, match="9 bad rows; expected none") as refusal:
        counts.finish(skip_bad=False)
    assert "line 4: wrong" in str(refusal.value)
    assert "line 5" not in str(refusal.value)
    assert counts.finish(skip_bad=True) == {"bad rows": 9}
