"""Lean zips: contract chosen, bars at their end, dropped rows counted, bad rows refused."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tidegate.errors import TapeError
from tidegate.tape import lean
from tidegate.tape.events import Events
from tidegate.tape.recording import Terms

TICKS = "20131007_gc_tick_trade_201312_20131227.csv"
QUOTES = "20131007_gc_minute_quote_201312_20131227.csv"
TRADES = "20131007_gc_minute_trade_201312_20131227.csv"
MIDNIGHT_MS = 1_381_104_000_000
Said = Callable[[Events], list[Any]]


def zipped(folder: Path, entries: dict[str, str]) -> Path:
    path = folder / (next(iter(entries)).rsplit("_", 2)[0] + ".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in entries.items():
            archive.writestr(name, text)
    return path


def at(ms: int) -> int:
    return (MIDNIGHT_MS + ms) * 1_000_000


def test_trades_and_bars_of_the_contract_become_events(
    tmp_path: Path, gold: Terms, said: Said
) -> None:
    other = TICKS.replace("201312_20131227", "201402_20140226")
    paths = [
        zipped(
            tmp_path,
            {
                other: "1,1400.0,1,usa,,0\n",
                TICKS: "276,1313.7,3,usa,,0\n277,1313.6,0,usa,,0\n60000,1313.5,1,usa,,0\n"
                "60001,999,1,usa,,1\n",
            },
        ),
        zipped(
            tmp_path,
            {QUOTES: "0,1,1,1,1312.9,23,1,1,1,1313.1,5\n60000,,,,,0,1,1,1,1313.1,4\n"},
        ),
        zipped(tmp_path, {TRADES: "0,1313.7,1313.7,1313,1313,49\n"}),
    ]
    recording = lean.read(paths, gold, origin="a test", licence="none")
    assert said(recording.events) == [
        (at(276), "TRADE", "", 13_137, 3),
        (at(60_000), "QUOTE", "BUY", 13_129, 23),
        (at(60_000), "QUOTE", "SELL", 13_131, 5),
        (at(60_000), "TRADE", "", 13_135, 1),
        (at(120_000), "QUOTE", "BUY", None, 0),
        (at(120_000), "QUOTE", "SELL", 13_131, 4),
    ]
    assert recording.counts == {
        "minute_quote rows": 2,
        "minute_trade rows not used: the day has tick trades": 1,
        "tick_trade rows": 4,
        "trades dropped: quantity 0": 1,
        "trades dropped: suspicious": 1,
    }
    assert [source.licence for source in recording.sources] == ["none"] * 3


def test_minute_trades_stand_in_where_there_are_no_ticks(
    tmp_path: Path, gold: Terms, said: Said
) -> None:
    path = zipped(tmp_path, {TRADES: "0,1313.7,1313.7,1313,1313.2,49\n"})
    assert said(lean.read([path], gold).events) == [(at(60_000), "TRADE", "", 13_132, 49)]


def test_a_quote_whose_bid_is_not_below_its_ask_is_dropped_and_counted(
    tmp_path: Path, gold: Terms
) -> None:
    path = zipped(tmp_path, {QUOTES: "0,1,1,1,1313.1,23,1,1,1,1313.1,5\n"})
    recording = lean.read([path], gold)
    assert len(recording.events) == 0
    assert recording.counts["quotes dropped: bid not below ask"] == 1


@pytest.mark.parametrize(
    ("entry", "line", "expected"),
    [
        (TICKS, "1,1313.75,1,usa,,0", "price is 1313.75; expected a multiple of 0.1"),
        (TICKS, "1,NaN,1,usa,,0", "price is 'NaN'; expected a decimal number"),
        (TICKS, f"1,{'9' * 40},1,usa,,0", "expected a decimal number"),
        (TICKS, "1,1313.7,0.5,usa,,0", "quantity is 0.5; expected a multiple of 1"),
        (TICKS, "1,1313.7,-1,usa,,0", "quantity -1; expected 0 or more"),
        (TICKS, "1,1313.7,1", "3 fields; expected 6"),
        (TICKS, "", "1 fields; expected 6"),
        (TICKS, "86400000,1313.7,1,usa,,0", "expected ms of one day"),
        (TICKS, "-1,1313.7,1,usa,,0", "time is '-1'; expected a whole number"),
        (QUOTES, "0,1,1,1,,5,1,1,1,1,1", "expected both or neither"),
        (QUOTES, "0,1,1,1,1,-5,1,1,1,1,1", "expected both or neither"),
    ],
)
def test_a_bad_row_is_refused_or_skipped_and_counted(
    tmp_path: Path, gold: Terms, entry: str, line: str, expected: str
) -> None:
    path = zipped(tmp_path, {entry: f"{line}\n"})
    with pytest.raises(TapeError, match=f"1 bad rows.*\n.*{entry} line 1: .*{expected}"):
        lean.read([path], gold)
    recording = lean.read([path], gold, skip_bad=True)
    assert (len(recording.events), recording.counts["bad rows"]) == (0, 1)


def test_a_contract_that_is_not_there_or_not_clear_is_refused(tmp_path: Path, gold: Terms) -> None:
    later = TICKS.replace("201312_20131227", "202312_20231227")
    path = zipped(tmp_path, {TICKS: "", later: ""})
    with pytest.raises(TapeError, match="GCZ3 may be any of 201312, 202312"):
        lean.read([path], gold)
    for code, expected in (
        ("GCG4", "no entry of GCG4 among 2"),
        ("ESZ3", "no entry of ESZ3"),
        ("gold", "expected root, month letter and year"),
    ):
        with pytest.raises(TapeError, match=expected):
            lean.read([path], msgspec.structs.replace(gold, code=code))


def test_a_file_that_is_no_zip_is_refused(tmp_path: Path, gold: Terms) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(b"no zip")
    with pytest.raises(TapeError, match=r"x\.zip: .*; expected a Lean zip"):
        lean.read([path], gold)
