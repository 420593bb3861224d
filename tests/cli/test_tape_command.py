"""`tidegate tape`: import, show and merge as a user calls them."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tidegate.cli import main

ENTRY = "20131007_gc_tick_trade_201312_20131227.csv"
QUOTES = "20131007_gc_minute_quote_201312_20131227.csv"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "gold.zip"
    with zipfile.ZipFile(path, "w") as written:
        written.writestr(QUOTES, "0,1,1,1,1312.9,23,1,1,1,1313.1,5\n")
        written.writestr(ENTRY, "276,1313.7,3,usa,,0\n60001,1313.0,2,usa,,0\n")
    return path


def tidegate(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["tape", *map(str, arguments)])


def import_gold(archive: Path, output: Path, *more: object) -> Result:
    return tidegate(
        "import", "--format", "lean", "--contract", "GCZ3", *more, "-o", output, archive
    )


def test_import_writes_a_tape_and_show_says_what_is_in_it(archive: Path, tmp_path: Path) -> None:
    tape = tmp_path / "gold.tape"
    done = import_gold(
        archive, tape, "--origin", "a [/test]", "--licence", "none", "--note", "[/hello]"
    )
    assert done.exit_code == 0, done.output
    assert "GCZ3" in done.stdout
    shown = tidegate("show", tape, "--events", 2)
    assert shown.exit_code == 0, shown.output
    for text in ("GCZ3", "COMEX", "1313.0 .. 1313.7", "a [/test]", "none", "[/hello]", "Events"):
        assert text in shown.stdout
    document = json.loads(tidegate("show", "--json", "--events", 99, tape).stdout)
    assert document["tape"]["contracts"][0]["counts"] == {"TRADE": 2, "QUOTE": 2}
    assert [event["kind"] for event in document["events"]] == [
        *("TRADE", "QUOTE", "QUOTE", "TRADE", "END")
    ]
    assert document["events"][0]["price"] == "1313.7"


def test_a_window_starts_with_what_stood(archive: Path, tmp_path: Path) -> None:
    tape = tmp_path / "gold.tape"
    window = ("--from", "2013-10-07T08:01:00.000500+08:00", "--to", "2013-10-07T00:01:01")
    assert import_gold(archive, tape, *window).exit_code == 0
    document = json.loads(tidegate("show", "--json", "--events", 9, tape).stdout)
    assert [event["kind"] for event in document["events"]] == ["LEVEL", "LEVEL", "TRADE", "END"]
    assert document["tape"]["span_ns"] == 999_500_000


def test_stated_sessions_open_and_close_the_market(archive: Path, tmp_path: Path) -> None:
    tape = tmp_path / "gold.tape"
    options = ("--session", "08:01-09:00", "--utc-offset", 8)
    assert import_gold(archive, tape, *options).exit_code == 0
    document = json.loads(tidegate("show", "--json", "--events", 9, tape).stdout)
    assert [event["kind"] for event in document["events"]] == [
        *("TRADE", "SESSION_OPEN", "QUOTE", "QUOTE", "TRADE", "SESSION_CLOSE", "END")
    ]
    assert document["tape"]["notes"] == ["Sessions as stated: 08:01-09:00, UTC+8."]


def test_merge_puts_contracts_side_by_side(archive: Path, tmp_path: Path) -> None:
    gold, copy, both = (tmp_path / name for name in ("a.tape", "b.tape", "both.tape"))
    assert import_gold(archive, gold).exit_code == 0
    with zipfile.ZipFile(tmp_path / "later.zip", "w") as written:
        written.writestr(ENTRY.replace("201312_20131227", "201402_20140226"), "5,1400,1,usa,,0\n")
    command = ("import", "--format", "lean", "--contract", "GCG4", "-o", copy)
    assert tidegate(*command, tmp_path / "later.zip").exit_code == 0
    done = tidegate("merge", "-o", both, gold, copy)
    assert done.exit_code == 0, done.output
    document = json.loads(tidegate("show", "--json", "--events", 2, both).stdout)
    assert [event["contract"] for event in document["events"]] == ["GCZ3", "GCG4"]
    refused = tidegate("merge", "-o", both, gold, gold)
    assert refused.exit_code == 1
    assert "expected distinct" in refused.output


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--from", "noon"), "expected such as 2013-10-08T13:30"),
        (("--to", "9999-01-01"), "expected a year of 1970 to 2261"),
        (("--tick-size", "NaN"), "expected more than 0"),
        (("--tick-size", "x"), "expected a decimal number"),
        (("--tick-size", "0.25"), "2 bad rows; expected none (or --skip-bad)"),
        (("--contract", "XYZ"), "state --product, --venue, --currency, --tick-size, --multiplier"),
        (("--contract", "GCM4"), "no entry of GCM4"),
        (("--from", "2030-01-01"), "expected a later end"),
        (("--from", "2013-10-07", "--to", "2013-10-07"), "expected a later end"),
        (("--from", "2013-10-06", "--to", "2013-10-06T01:00"), "no events from"),
        (("--session", "9-10"), "expected such as 09:30-11:30"),
        (("--format", "fix"), "'fix' is not one of"),
        (("--format", "binance"), "expected"),
    ],
)
def test_what_cannot_be_imported_is_refused_and_leaves_no_file(
    archive: Path, tmp_path: Path, options: tuple[str, ...], expected: str
) -> None:
    refused = import_gold(archive, tmp_path / "gold.tape", *options)
    assert refused.exit_code != 0
    assert expected in refused.output
    assert [path.name for path in tmp_path.iterdir()] == ["gold.zip"]


def test_the_program_refuses_in_words_without_a_traceback(archive: Path) -> None:
    command = [sys.executable, "-W", "error", "-m", "tidegate", "tape", "show", archive]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "byte 0: found" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_show_refuses_what_is_no_tape(archive: Path) -> None:
    for options in ((), ("--json",)):
        refused = tidegate("show", *options, archive)
        assert refused.exit_code == 1
        assert "byte 0: found" in refused.output


def test_an_output_that_cannot_be_written_is_refused(archive: Path, tmp_path: Path) -> None:
    refused = import_gold(archive, tmp_path / "no" / "gold.tape")
    assert refused.exit_code == 1
    assert "No such file or directory" in refused.output
