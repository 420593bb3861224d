"""Files that are cut, damaged or of another kind: a clear error, never a traceback or a guess."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from span_rig import SMALL, future, margin, option, refusal

from tidegate.errors import MarginError
from tidegate.span.pa2 import read_pa2
from tidegate.span.parameters import ParameterSet

TEXT = SMALL.read_text()
LINES = TEXT.splitlines()
WHOLE = read_pa2(SMALL)


def written(tmp_path: Path, lines: list[str]) -> Path:
    path = tmp_path / "bad.pa2"
    path.write_text("\n".join(lines) + "\n", encoding="latin-1")
    return path


def edited(tmp_path: Path, start: str, column: int, text: str) -> Path:
    """The file with `text` from `column` of the first line that begins with `start`."""
    lines = list(LINES)
    at = next(n for n, line in enumerate(lines) if line.startswith(start))
    line = lines[at].ljust(column - 1)
    lines[at] = line[: column - 1] + text + line[column - 1 + len(text) :]
    return written(tmp_path, lines)


def read_cut(path: Path, text: str) -> ParameterSet | None:
    """The set, or None when it is refused with the words that a refusal needs."""
    path.write_text(text)
    try:
        return read_pa2(path)
    except MarginError as error:
        message = str(error)
    assert str(path) in message
    assert "expected" in message
    return None


def contracts(found: ParameterSet) -> Iterator[object]:
    for listed in found.contracts.values():
        yield from listed


def assert_nothing_is_guessed(found: ParameterSet) -> None:
    """What was read from a cut file is as it stands in the whole one."""
    everything = list(contracts(WHOLE))
    assert all(contract in everything for contract in contracts(found))
    assert found.combined == WHOLE.combined
    assert found.families == WHOLE.families
    assert found.inter_spreads == WHOLE.inter_spreads
    assert found.groups == WHOLE.groups
    assert found.series == WHOLE.series


def test_a_file_cut_at_any_line_is_refused_or_lacks_contracts_only(tmp_path: Path) -> None:
    refused = 0
    for count in range(len(LINES)):
        found = read_cut(tmp_path / "cut.pa2", "".join(line + "\n" for line in LINES[:count]))
        if found is None:
            refused += 1
        else:
            assert_nothing_is_guessed(found)
            assert sum(1 for _ in contracts(found)) < sum(1 for _ in contracts(WHOLE))
    # All but one, between the two last contracts, which no record announces.
    assert refused == len(LINES) - 1


def test_a_file_cut_at_any_byte_is_refused_or_lacks_contracts_only(tmp_path: Path) -> None:
    last_lines = TEXT[: TEXT.rindex("\n", 0, TEXT.rindex("\n81DEMOE"))].rindex("\n")
    accepted = 0
    for size in [*range(0, last_lines, 17), *range(last_lines, len(TEXT))]:
        found = read_cut(tmp_path / "cut.pa2", TEXT[:size])
        if found is not None:
            assert_nothing_is_guessed(found)
            accepted += 1
    # A handful: whole last records that lack only what no requirement needs.
    assert 0 < accepted < 60


def test_an_array_without_its_second_half_names_line_and_expectation(tmp_path: Path) -> None:
    path = written(tmp_path, LINES[:-1])
    with pytest.raises(MarginError, match=rf"line {len(LINES) - 1}.*expected the 82"):
        read_pa2(path)
    at = next(n for n, line in enumerate(LINES) if line.startswith("82"))
    path = written(tmp_path, LINES[:at] + LINES[at + 1 :])
    with pytest.raises(MarginError, match=rf"line {at + 1}, columns 1-2: '81'; expected 82"):
        read_pa2(path)
    path = written(tmp_path, LINES[: at - 1] + LINES[at:])
    with pytest.raises(MarginError, match=rf"line {at}, columns 1-2: '82'; expected the first"):
        read_pa2(path)


def test_a_second_half_of_another_contract_is_refused(tmp_path: Path) -> None:
    path = edited(tmp_path, "82DEMGA        GA        FUT 202602", 30, "202604")
    with pytest.raises(MarginError, match=r"columns 3-54.*expected the contract of line"):
        read_pa2(path)


def test_a_contract_that_comes_twice_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, LINES + LINES[-2:])
    with pytest.raises(MarginError, match=r"columns 3-54.*not there yet"):
        read_pa2(path)


def test_unknown_types_are_skipped_and_counted_wherever_they_stand(tmp_path: Path) -> None:
    lines = [LINES[0]]
    for line in LINES[1:]:
        lines += [line, "Q9 something new"]
    found = read_pa2(written(tmp_path, lines))
    assert found.skipped["Q9"] == len(LINES) - 1
    assert found.contracts == WHOLE.contracts


@pytest.mark.parametrize(
    ("start", "column", "text", "message"),
    [
        ("0 ", 36, "U1", "columns 36-37: 'U1'; expected U2"),
        ("0 ", 9, "2025XX01", "columns 9-16: '2025XX01'; expected 8 digits"),
        ("P DEMGA", 42, "0000100000O000", "columns 42-55"),
        ("P DEMGA", 6, "GM        ", "not there yet"),
        ("2 DEM CC-AU", 14, "   ", "columns 14-16.*expected a currency"),
        ("2 DEM CC-AU", 13, "x", "columns 13-13: 'x'; expected 1 digits"),
        ("2 DEM CC-AU", 23, "ZZ        ", "expected a record of type P for DEM ZZ FUT"),
        ("2 DEM CC-AG", 23, "GA        ", "expected DEM GA FUT in one combined commodity only"),
        ("S CC-AU", 3, "CC-XX ", "columns 3-8: 'CC-XX '; expected a combined commodity"),
        ("S CC-AG", 11, "03", "2 tiers of method 10 in records of type S; expected 3"),
        ("S CC-AG", 83, "7", "columns 83-83: '7'; expected 1, 2 or 3"),
        ("S CC-AG", 15, "202513", "expected a month as CCYYMM"),
        ("3 CC-AU", 19, "202511", "expected a month from 202512 on"),
        ("E CC-AU", 34, "C", "columns 34-34: 'C'; expected the side of a leg, A or B"),
        ("E CC-AU", 28, "000000", "columns 28-33: '000000'; expected a ratio above 0"),
        ("E CC-AU", 21, "2513", "columns 21-24: '2513'; expected a month as YYMM"),
        ("E CC-AU", 35, " " * 14, "expected a spread of at least two legs"),
        ("C CC-AU", 13, "03", "columns 36-37: the end of the line; expected 2 digits"),
        ("4 CC-AU", 79, "3", "columns 79-79: '3'; expected 1"),
        ("4 CC-AU", 11, "02", "1 delivery months in records of type 4; expected 2"),
        ("B DEMGA", 86, "01x000", "columns 86-91: '01x000'; expected 6 digits"),
        ("B DEMGA", 19, "203001", "risk arrays of GA FUT 203001, which line"),
        ("6 MET00010400000", 10, "1000001", "credit of at most 100 %"),
        ("6 MET00010400000", 35, " " * 18, "expected a second leg"),
        ("81DEMGA", 60, " ", r"columns 60-60: ' '; expected \+ or -"),
        ("81DEMGA", 55, "0000O", "columns 55-59: '0000O'; expected 5 digits"),
        ("82DEMGA", 102, "x", r"columns 102-102: 'x'; expected \+ or -"),
        ("82DEMGA", 111, "       ", "columns 111-117"),
        ("82DEMOA", 29, "X", "columns 3-54|columns 29-29"),
    ],
)
def test_a_wrong_field_names_line_columns_and_expectation(
    start: str, column: int, text: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(MarginError, match=message):
        read_pa2(edited(tmp_path, start, column, text))


@pytest.mark.parametrize("content", [b"", b"\n", b"{}", b"\xff\xfe\x00\x01" * 400, b"0", b"81"])
def test_what_is_no_pa2_file_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "other.pa2"
    path.write_bytes(content)
    with pytest.raises(MarginError, match="expected"):
        read_pa2(path)


def test_a_file_that_is_missing_or_a_folder_is_refused(tmp_path: Path) -> None:
    portfolio = {"positions": [future("GA", "202512", 1)]}
    assert "expected a PA2 file" in refusal(tmp_path, portfolio, tmp_path / "none.pa2")
    (tmp_path / "folder.pa2").mkdir()
    assert "expected a PA2 file" in refusal(tmp_path, portfolio, tmp_path / "folder.pa2")


def test_a_line_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "long.pa2"
    path.write_text(LINES[0] + "\n" + "P " * 4000)
    with pytest.raises(MarginError, match="at most 1024 columns"):
        read_pa2(path)


def test_a_short_option_without_settlement_price_is_refused_a_long_one_counts_nothing(
    tmp_path: Path,
) -> None:
    nines = option("202601", "C", "5200", 0) | {"product": "OA"}
    found = margin(tmp_path, {"positions": [{**nines, "qty": 2}]}, SMALL)
    part = found["combined_commodities"]["CC-AU"]
    assert (part["long_option_value"], part["requirement"]) == (0, part["span_risk"])
    assert "no settlement price" in part["notes"][0]
    message = refusal(tmp_path, {"positions": [{**nines, "qty": -2}]}, SMALL)
    assert "OA 202601 C 5200 has no settlement price" in message
    # An order may sell it, or buy it at a price that nobody named.
    sell = {"orders": [{**nines, "qty": 1, "side": "SELL"}]}
    assert "may become short" in refusal(tmp_path, sell, SMALL)
    buy = {"orders": [{**nines, "qty": 1, "side": "BUY"}]}
    assert "expected a price for a buy order" in refusal(tmp_path, buy, SMALL)
    buy["orders"][0]["price"] = "0.10"
    held = margin(tmp_path, buy, SMALL)["hold"]["combined_commodities"]["CC-AU"]
    assert held["premium"] == 10


@pytest.mark.parametrize(
    ("start", "column", "text", "word"),
    [
        ("S CC-AG", 9, "99", "scanning method 99"),
        ("3 CC-AG", 9, "05", "intra-commodity method 05"),
        ("4 CC-AG", 9, "11", "delivery methods 11"),
    ],
)
def test_a_method_that_is_not_covered_is_refused_where_it_is_held(
    start: str, column: int, text: str, word: str, tmp_path: Path
) -> None:
    path = edited(tmp_path, start, column, text)
    assert word in refusal(tmp_path, {"positions": [future("SI", "202603", 1)]}, path)
    margin(tmp_path, {"positions": [future("GA", "202512", 1)]}, path)


def test_a_price_code_that_is_not_covered_is_refused_where_it_is_held(tmp_path: Path) -> None:
    path = edited(tmp_path, "P DEMOB", 40, "Q")
    bond = option("202602", "C", "114.5", 1) | {"product": "OB"}
    assert "'Q'" in refusal(tmp_path, {"positions": [bond]}, path)
    margin(tmp_path, {"positions": [future("TB", "202603", 1)]}, path)
