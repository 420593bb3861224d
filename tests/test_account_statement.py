"""Statements of the golden journal's days, and of one whose beginning is gone."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tidegate import replay
from tidegate.account_statement import statement
from tidegate.errors import ReplayError

GOLDEN = Path(__file__).parent / "replay" / "golden" / "layout-3"
DAY = 20231114
USD, GOLD = 1, 1
ACCOUNTS = ("tidewater", "sim-master", "dev-owner", "dev-1", "dev-2")


def test_a_day_has_each_fill_move_and_adjustment_and_ends_with_its_variation_margin() -> None:
    found = statement(GOLDEN, "dev-1", DAY)
    assert found.is_over
    assert [
        (each.what, each.instrument, each.lots, each.price, each.cash.get(USD, 0), each.fees)
        for each in found.lines
    ] == [
        ("fill", GOLD, 1, 13_250, -23_200, {USD: 23_200}),
        ("cash", 0, 0, None, -123_400, {}),
        ("adjustment", GOLD, 1, 13_245, 0, {}),
        ("day roll", 0, 0, None, -1_100_000, {}),
    ]
    assert found.opening.lots == {}
    assert found.closing.lots[GOLD].net == 2


@pytest.mark.parametrize("name", ACCOUNTS)
def test_the_lines_of_every_level_add_up_to_what_the_journal_gives(name: str) -> None:
    over, present = statement(GOLDEN, name, DAY), statement(GOLDEN, name)
    assert present.opening == over.closing
    arrays = replay.replay(GOLDEN).tables.arrays
    row = arrays["balances"][present.account * (len(present.closing.money) + 1) + USD]
    lines = [*over.lines, *present.lines]
    assert (
        over.opening.money[USD].cash + sum(each.cash.get(USD, 0) for each in lines) == row["cash"]
    )
    assert sum(each.fees.get(USD, 0) for each in lines) == row["fees"]


def test_levels_add_up(tmp_path: Path) -> None:
    below = [statement(GOLDEN, name, DAY) for name in ("dev-1", "dev-2")]
    above = statement(GOLDEN, "sim-master", DAY)
    fills = [each for found in below for each in found.lines if each.what == "fill"]
    own = [each for each in above.lines if each.what == "fill"]
    assert [each.sequence for each in own] == sorted(each.sequence for each in fills)


@pytest.mark.parametrize(
    ("name", "day", "said"),
    [
        ("dev-3", DAY, "account 'dev-3' is unknown; there are tidewater, sim-master"),
        (
            "dev-1",
            DAY + 1,
            f"whole day {DAY + 1} that has ended; the last one that has is {DAY}",
        ),
        ("dev-1", 7, "has no whole day 7"),
    ],
)
def test_what_is_not_there_is_refused(name: str, day: int, said: str) -> None:
    with pytest.raises(ReplayError, match=said):
        statement(GOLDEN, name, day)


def test_the_command_says_it_in_units(tmp_path: Path) -> None:
    shutil.copytree(GOLDEN, tmp_path / "journal")
    command = [sys.executable, "-m", "tidegate", "statement", str(tmp_path), "--account", "dev-1"]
    done = subprocess.run(
        [*command, "--day", str(DAY), "--json"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    first = found["lines"][0]
    assert (first["what"], first["lots"], first["price"], first["fee"], first["cash"]) == (
        *("fill", "1", "1325.0"),
        *("2.3200", "-2.3200"),
    )
    assert found["closing"]["positions"] == [{"instrument": "GCZ3", "lots": "2"}]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("account dev-1, the day that goes on\n")
