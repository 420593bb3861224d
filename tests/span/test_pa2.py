"""What the reader makes of good files: columns, locators, codes, counts."""

from fractions import Fraction
from pathlib import Path

import pytest
from span_rig import SMALL, SYNTHETIC

from tidegate.errors import MarginError
from tidegate.span.pa2 import read_pa2
from tidegate.span.parameters import ParameterSet, Tier
from tidegate.span.price_fields import decimal_price, price


@pytest.fixture(scope="module")
def small() -> ParameterSet:
    return read_pa2(SMALL)


def test_types_that_are_not_needed_are_skipped_and_counted(small: ParameterSet) -> None:
    assert small.skipped == {"1 ": 1, "T ": 1}
    assert small.records["81"] == small.records["82"] == 20
    assert small.records["83"] == small.records["84"] == 1
    text = SMALL.read_text().splitlines()
    assert sum(small.records.values()) + sum(small.skipped.values()) == len(text)


def test_a_weekly_is_another_contract_than_the_monthly_of_its_month(small: ParameterSet) -> None:
    [weekly] = small.contracts["OA", "20260114"]
    [monthly] = [c for c in small.contracts["OA", "202601"] if c.strike == 4300]
    assert (weekly.option_month, monthly.option_month) == ((202601, "14"), (202601, ""))
    assert weekly.values != monthly.values


def test_all_nines_are_no_settlement_price(small: ParameterSet) -> None:
    [nines] = [c for c in small.contracts["OA", "202601"] if c.strike == 5200]
    assert nines.settlement is None
    assert small.option_value_of(nines) is None


def test_flag_y_takes_the_price_from_the_high_precision_field(small: ParameterSet) -> None:
    [precise] = [c for c in small.contracts["OA", "202601"] if c.strike == 300]
    assert precise.settlement == 1
    assert small.option_value_of(precise) == 1


def test_only_the_products_asked_for_are_kept() -> None:
    found = read_pa2(SMALL, {"SI"})
    assert {product for product, _ in found.contracts} == {"SI"}
    assert {key[0][1] for key in found.series} == {"SI"}
    assert found.combined == read_pa2(SMALL).combined


def test_the_last_contract_is_read_though_nobody_asks_for_it(tmp_path: Path) -> None:
    path = tmp_path / "cut.pa2"
    path.write_text(SMALL.read_text()[:-60] + "\n")
    with pytest.raises(MarginError, match=r"line 99, columns 111-117: .*; expected 7 digits"):
        read_pa2(path, {"SI"})


def test_lines_may_end_as_dos_writes_them(tmp_path: Path) -> None:
    path = tmp_path / "dos.pa2"
    path.write_bytes(SMALL.read_bytes().replace(b"\n", b"\r\n") + b"\x1a")
    assert read_pa2(path).contracts == read_pa2(SMALL).contracts


def test_a_file_without_the_last_line_end_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "bare.pa2"
    path.write_bytes(SMALL.read_bytes().rstrip(b"\n"))
    assert read_pa2(path).contracts == read_pa2(SMALL).contracts


def test_tiers_hold_day_codes_within_their_months() -> None:
    tier = Tier(1, (202601, "05"), (202602, ""))
    inside = [(202601, "05"), (202601, "14"), (202602, ""), (202602, "20")]
    assert all(tier.has(month) for month in inside)
    assert not any(tier.has(month) for month in ((202601, ""), (202601, "02"), (202603, "")))


def test_a_spread_of_more_than_four_legs_is_several_records(tmp_path: Path) -> None:
    lines = SMALL.read_text().splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("6 MET00010400000"))
    more = lines[at].replace("CC-AU ", "CC-WH ").replace("CC-AG ", "CC-TB ")
    path = tmp_path / "legs.pa2"
    path.write_text("\n".join([*lines[: at + 1], more, *lines[at + 1 :]]) + "\n")
    [spread] = [s for s in read_pa2(path).inter_spreads if s.priority == 1 and not s.is_super]
    assert [leg.code for leg in spread.legs] == ["CC-AU", "CC-AG", "CC-WH", "CC-TB"]


@pytest.mark.parametrize(
    ("raw", "locator", "align", "expected"),
    [
        (251100, 2, " ", Fraction(2511)),
        (91905, 7, "", Fraction("0.0091905")),
        (12, -2, "", Fraction(1200)),
        (-3763, 2, "", Fraction("-37.63")),
        (4472, 3, "0", Fraction("4.4725")),
        (188, 3, "0", Fraction("0.18875")),
        (1122, 1, "0", Fraction("112.25")),
        (117130, 3, "C", 117 + Fraction(13, 32)),
        (106161, 3, "C", 106 + Fraction(16 * 8 + 1, 32 * 8)),
        (-117130, 3, "C", -117 - Fraction(13, 32)),
        (3540, 3, "K", 3 + Fraction(54, 64)),
        (0, 0, "C", Fraction(0)),
    ],
)
def test_a_price_is_exact_under_its_alignment_code(
    raw: int, locator: int, align: str, expected: Fraction
) -> None:
    assert price(raw, locator, align) == expected


@pytest.mark.parametrize(
    ("raw", "locator", "align", "word"),
    [
        (117134, 3, "C", "eighth"),
        (117320, 3, "C", "less than 32"),
        (117130, 2, "C", "locator 2"),
        (4472, 0, "0", "locator 0"),
        (117130, 3, "Q", "'Q'"),
    ],
)
def test_a_price_that_its_code_cannot_say_is_refused(
    raw: int, locator: int, align: str, word: str
) -> None:
    with pytest.raises(MarginError, match=word):
        price(raw, locator, align)


def test_a_decimal_price_keeps_its_places() -> None:
    assert str(decimal_price("0251100", 2, " ")) == "2511.00"
    assert str(decimal_price("0003540", 3, "K")) == "3.84375"
    with pytest.raises(MarginError, match="digits"):
        decimal_price("00 1", 2, "")


@pytest.mark.skipif(not SYNTHETIC.exists(), reason="the reference data are not beside this tree")
def test_the_synthetic_file_is_read_whole() -> None:
    found = read_pa2(SYNTHETIC)
    assert found.header.exchange_complex == "SYN"
    assert sum(map(len, found.contracts.values())) == 12
    assert list(found.combined) == ["CC-ZZ", "CC-YY"]
