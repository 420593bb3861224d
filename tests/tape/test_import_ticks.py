"""Tick CSV: trades from volume, quotes, limits; bad rows refused."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tidegate.errors import TapeError
from tidegate.tape import ticks
from tidegate.tape.events import Events
from tidegate.tape.recording import Terms, known_terms

HEADER = (
    "trading_day,time_hhmmssmmm,last,volume,total_volume,turnover,open_interest,"
    "bid1,bid_qty1,ask1,ask_qty1,upper_limit,lower_limit,pre_settle\n"
)
FIRST = "20210104,92900400,5230.0,240,240,0.0,9,5230.0,1,5230.8,2,5737.8,4694.6,5216.2\n"
SECOND = "20210104,93000400,5230.8,0,240,0.0,9,0.0,0,5231.6,1,5737.8,4694.6,5216.2\n"
THIRD = "20210104,93000900,5231.0,5,245,0.0,9,5231.0,3,5231.6,1,5737.8,4700.0,5216.2\n"
# 2021-01-04 09:29:00.400 at UTC+8.
FIRST_NS = 1_609_723_740_400_000_000
Said = Callable[[Events], list[Any]]


@pytest.fixture
def index_future() -> Terms:
    terms = known_terms("IF2101")
    assert terms is not None
    return terms


def test_rows_become_trades_quotes_and_limits(
    tmp_path: Path, index_future: Terms, said: Said
) -> None:
    path = tmp_path / "if.csv.gz"
    path.write_bytes(gzip.compress((HEADER + FIRST + SECOND + THIRD).encode()))
    recording = ticks.read([path], index_future)
    assert recording.counts == {"tick rows": 3}
    second, third = FIRST_NS + 60_000_000_000, FIRST_NS + 60_500_000_000
    assert said(recording.events) == [
        (FIRST_NS, "UPPER_LIMIT", "", 28_689, 0),
        (FIRST_NS, "LOWER_LIMIT", "", 23_473, 0),
        (FIRST_NS, "SETTLEMENT", "", 26_081, 0),
        (FIRST_NS, "TRADE", "", 26_150, 240),
        (FIRST_NS, "QUOTE", "BUY", 26_150, 1),
        (FIRST_NS, "QUOTE", "SELL", 26_154, 2),
        (second, "QUOTE", "BUY", None, 0),
        (second, "QUOTE", "SELL", 26_158, 1),
        (third, "LOWER_LIMIT", "", 23_500, 0),
        (third, "TRADE", "", 26_155, 5),
        (third, "QUOTE", "BUY", 26_155, 3),
        (third, "QUOTE", "SELL", 26_158, 1),
    ]


def test_the_clock_may_be_another_one(tmp_path: Path, index_future: Terms) -> None:
    path = tmp_path / "if.csv"
    path.write_text(HEADER + FIRST)
    recording = ticks.read([path], index_future, utc_offset_hours=0)
    assert recording.events["time_ns"][0] == FIRST_NS + 8 * 3_600_000_000_000


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("5230.8", "5230.9", "price is 5230.9; expected a multiple of 0.2"),
        ("5231.6,", "NaN,", "price is 'NaN'"),
        ("5231.6,", "7" * 40 + ",", "expected a decimal number"),
        ("0.0,0,5231.6", "5231.6,1,5231.6", "bid 5231.6 not below ask 5231.6"),
        (",0,240,", ",1,240,", "volume 1, total 240; expected total 240"),
        (",0,240,", ",0,239,", "volume 0, total 239"),
        ("93000400", "92900000", "expected rows in order of time"),
        ("93000400", "213000400", "of a night session"),
        ("93000400", "97000400", "expected a time"),
        ("93000400", "9:30", "expected a whole number"),
        ("20210104", "20210230", "expected a time"),
        (",5216.2", "", "price is ''"),
        (",5216.2", ",5216.2,1", "more fields than columns"),
    ],
)
def test_a_bad_row_is_refused_or_skipped_and_counted(
    tmp_path: Path, index_future: Terms, old: str, new: str, expected: str
) -> None:
    path = tmp_path / "if.csv"
    assert old in SECOND
    path.write_text(HEADER + FIRST + SECOND.replace(old, new))
    with pytest.raises(TapeError, match=rf"1 bad rows.*\n.*if\.csv line 3: .*{expected}"):
        ticks.read([path], index_future)
    recording = ticks.read([path], index_future, skip_bad=True)
    assert recording.counts == {"bad rows": 1, "tick rows": 2}
    assert set(recording.events["time_ns"].tolist()) == {FIRST_NS}


def test_a_foreign_file_is_refused(tmp_path: Path, index_future: Terms) -> None:
    for name, content, expected in (
        ("a.csv", b"id,price\n1,2\n", "no column trading_day, .*; expected tick CSV"),
        ("b.csv", b"", "expected tick CSV"),
        ("c.csv", b"\xff\xfe\x00", "expected CSV in UTF-8"),
        ("d.csv.gz", b"no gzip", "expected a whole gzip file"),
        ("e.csv.gz", gzip.compress(FIRST.encode())[:-9], "expected a whole gzip file"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(TapeError, match=rf"{name}: .*{expected}"):
            ticks.read([path], index_future)
