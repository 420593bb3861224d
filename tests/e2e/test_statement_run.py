"""`tidegate statement` of a real run whose day was ended, while it goes on trading."""

import json
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from e2e_rig import DEADLINE_S, ENVIRONMENT, Desk, Engine, command, engine

from tidegate import Client, NewOrder
from tidegate.client.report import FILLED

SMALL = Path(__file__).with_name("small.toml")
SUB, DAY = "sub-2", "2026-11-22"
DEALS = {"BUY": "1332.0", "SELL": "1318.0"}


@pytest.fixture(scope="module")
def run(place: Path) -> Iterator[Engine]:
    """A run in which a day has ended: 2 bought, 1 sold, 250 deposited; then 1 more bought."""
    config = place / "desk.toml"
    text = SMALL.read_text().replace("../../configs", str(SMALL.parents[2] / "configs"))
    config.write_text(text + '\n[[sessions]]\nname = "desk"\nrole = "operator"\n')
    with engine(config, run_dir=place / "run") as opened:
        with Client(opened.front, "client") as client:
            desk = Desk(client, "client")
            filled(desk, 2, "BUY")
            filled(desk, 1, "SELL")
            ctl(opened, "cash", "--account", SUB, "--currency", "USD", "--deposit", "250")
            ctl(opened, "settlement", "GCZ3", "1331.5")
            ctl(opened, "day-roll", "--day", DAY.replace("-", ""))
            filled(desk, 1, "BUY")
        yield opened
        opened.stop()


def filled(desk: Desk, order_qty: int, side: str) -> None:
    price = DEALS[side]
    new = NewOrder(account=SUB, instrument="GCZ3", side=side, order_qty=order_qty, price=price)
    [order] = desk.submit([new])
    desk.take_until(lambda: order.is_final, "a fill")
    assert order.ord_status == FILLED, order.reason


def ctl(run: Engine, *words: str) -> None:
    code, said = tidegate("ctl", run.run_dir.path, *words, "--operator", "desk", "--why", "a test")
    assert code == 0, said


def tidegate(*words: str | Path) -> tuple[int, str]:
    done = subprocess.run(
        command(*words),
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout or done.stderr


def as_json(run: Engine, account: str, day: str) -> Any:
    code, said = tidegate(
        "statement", run.run_dir.path, "--account", account, "--day", day, "--json"
    )
    assert code == 0, said
    return json.loads(said)


def test_the_day_that_ended_adds_up_from_its_fills_to_its_cash(run: Engine) -> None:
    found = as_json(run, SUB, DAY)
    (money,) = found["money"]
    assert [(one["side"], one["qty"]) for one in found["fills"]][-1] == ("SELL", 1)
    assert sum(one["qty"] for one in found["fills"] if one["side"] == "BUY") == 2
    assert [one["kind"] for one in found["moves"]] == ["deposit"]
    (position,) = found["positions"]
    assert (position["long"], position["short"], position["price"]) == (1, 0, "1331.5")
    cash = Decimal(money["opening_cash"]) + 250
    for one in found["fills"]:
        value = Decimal(one["price"]) * 100 * one["qty"]
        cash += (-value if one["side"] == "BUY" else value) - Decimal(one["fee"])
    assert cash + Decimal(position["worth"]) == Decimal(money["closing_cash"])


def test_the_open_day_begins_where_that_one_ended(run: Engine) -> None:
    first, then = as_json(run, SUB, DAY), as_json(run, SUB, "open")
    assert then["opening_sequence"] == first["closing_sequence"]
    assert then["money"][0]["opening_cash"] == first["money"][0]["closing_cash"]
    assert (then["provisional"], then["fills"][-1]["qty"]) == (True, 1)
    assert [one["long"] for one in then["positions"]] == [2]


def test_people_read_a_table_with_the_sum_that_was_checked(run: Engine) -> None:
    words = ("statement", run.run_dir.path, "--account", SUB, "--day", DAY)
    code, said = tidegate(*words)
    assert code == 0, said
    for part in (f"{SUB}, day {DAY}", "variation margin", "opening + moves", "holds", "deposit"):
        assert part in said


@pytest.mark.parametrize(
    ("account", "day", "status", "said"),
    [
        ("sub-99", DAY, 1, "account 'sub-99': expected one of"),
        (SUB, "2026-11-21", 1, f"day 2026-11-21 never ended with a DAY_ROLL; ended are {DAY}"),
        (SUB, "yesterday", 2, "expected YYYY-MM-DD, or open for the day that has not ended"),
    ],
)
def test_what_is_not_there_is_said(
    run: Engine, account: str, day: str, status: int, said: str
) -> None:
    words = ("statement", run.run_dir.path, "--account", account, "--day", day)
    code, found = tidegate(*words)
    assert (code, said in found) == (status, True), found


def test_a_directory_without_a_journal_is_said(tmp_path: Path) -> None:
    code, said = tidegate("statement", tmp_path, "--account", SUB, "--day", DAY)
    assert (code, "no universe.json there" in said) == (1, True)
