"""`tidegate ctl` against a real run: what it does to orders, and what it says."""

import json
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zmq
from e2e_rig import DEADLINE_S, ENVIRONMENT, Desk, Engine, command, engine, until

from tidegate import Client, NewOrder
from tidegate.client.report import CANCELED, NEW, REJECTED
from tidegate.native.journal_reader import JournalReader
from tidegate.native.records import CONTROL_RECORD, NOTE_RECORD, Kind, Reason

SMALL = Path(__file__).with_name("small.toml")
PUBLIC, SECRET = (key.decode() for key in zmq.curve_keypair())
SUB = "sub-2"
# Far below the market, and within the collar.
RESTS = "1315.0"
MARGIN_LOT = 8800


@pytest.fixture(scope="module")
def run(place: Path) -> Iterator[Engine]:
    """One run for all tests, with an operator who has a key."""
    config = place / "desk.toml"
    tapes = SMALL.parents[2] / "configs"
    text = SMALL.read_text().replace("../../configs", str(tapes))
    text += f'\n[[sessions]]\nname = "desk"\nrole = "operator"\npublic_key = "{PUBLIC}"\n'
    # The lots that are adjusted here are made up, and a venue that is asked says so.
    text += "[reconciliation]\nevery_seconds = 0\n"
    config.write_text(text)
    (place / "desk.key").write_text(SECRET + "\n")
    with engine(config, run_dir=place / "run") as opened:
        yield opened
        opened.stop()


@pytest.fixture
def desk(run: Engine) -> Iterator[Desk]:
    """A strategy of sub-2; afterwards risk's tables add up."""
    with Client(run.front, "client") as client:
        yield Desk(client, "client")
    until(run.is_consistent, "risk's tables to add up")


def ctl(run: Engine, *words: str, why: str = "a test", operator: str = "desk") -> Any:
    """The command as a person types it: (exit status, what it said)."""
    key = ["--key", str(run.run_dir.path.parent / "desk.key")] if operator == "desk" else []
    said = command("ctl", run.run_dir.path, *words, "--operator", operator, "--why", why, *key)
    done = subprocess.run(
        said, env=ENVIRONMENT, capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout.strip() or done.stderr.strip()


def buy(order_qty: int, price: str = RESTS, side: str = "BUY") -> NewOrder:
    return NewOrder(account=SUB, instrument="GCZ3", side=side, order_qty=order_qty, price=price)


def ended(desk: Desk, new: NewOrder) -> Any:
    """Why an order was refused; None when it works. It is canceled then."""
    [order] = desk.submit([new])
    desk.take_until(lambda: order.ord_status in (NEW, REJECTED), "an answer to the order")
    if order.ord_status == NEW:
        desk.client.cancel(order)
        desk.take_until(lambda: order.ord_status == CANCELED, "its cancel")
        return None
    return order.reason


def test_a_halt_stops_orders_until_it_is_resumed(run: Engine, desk: Desk) -> None:
    assert ended(desk, buy(1)) is None
    code, said = ctl(run, "halt", "--account", SUB)
    assert code == 0
    assert said.startswith(f"Done: account {SUB} is halted (request ")
    assert ended(desk, buy(1)) == Reason.HALTED_STATE
    assert ctl(run, "reduce", "--account", SUB)[0] == 0
    assert ended(desk, buy(1)) == Reason.REDUCING_STATE
    assert ctl(run, "resume", "--account", SUB)[0] == 0
    assert ended(desk, buy(1)) is None


@pytest.mark.parametrize(
    "scope", [("--instrument", "GCZ3"), ("--product", "GC"), ("--venue", "SIM")]
)
def test_a_halt_may_be_of_what_is_traded(run: Engine, desk: Desk, scope: tuple[str, str]) -> None:
    assert ctl(run, "halt", *scope)[0] == 0
    assert ended(desk, buy(1)) == Reason.HALTED_STATE
    assert ctl(run, "resume", *scope)[0] == 0
    assert ended(desk, buy(1)) is None


@pytest.mark.parametrize("scope", [("account", SUB), ("session", "client")])
def test_a_kill_blocks_and_cancels_and_says_what(
    run: Engine, desk: Desk, scope: tuple[str, str]
) -> None:
    kind, name = scope
    orders = desk.submit([buy(1), buy(2), buy(3)])
    desk.take_until(lambda: all(order.ord_status == NEW for order in orders), "orders to rest")
    code, said = ctl(run, "kill", f"--{kind}", name)
    assert code == 0
    assert f"{kind} {name} is killed; 3 orders canceled, 0 were being canceled" in said
    desk.take_until(lambda: all(order.ord_status == CANCELED for order in orders), "the cancels")
    assert {order.reason for order in orders} == {Reason.CANCELED_BY_KILL}
    assert ended(desk, buy(1)) == Reason.KILL_SWITCH
    assert ctl(run, "resume", f"--{kind}", name)[0] == 0
    assert ended(desk, buy(1)) is None


def test_a_limit_below_what_is_in_use_stops_new_orders_only(run: Engine, desk: Desk) -> None:
    [order] = desk.submit([buy(5)])
    desk.take_until(lambda: order.ord_status == NEW, "the order to rest")
    code, said = ctl(run, "limits", "--account", SUB, "--instrument", "GCZ3", "max_long=3")
    assert (code, said.split(" (")[0]) == (
        0,
        f"Done: max_long of account {SUB}, instrument GCZ3 is 3",
    )
    alert = next(desk.client.alerts(timeout=DEADLINE_S))
    assert (alert.reason, alert.account, alert.limit) == (Reason.LIMIT_LOWERED, SUB, 3)
    assert ended(desk, buy(1)) == Reason.POSITION_LIMIT
    assert order.ord_status == NEW
    desk.client.cancel(order)
    desk.take_until(lambda: order.ord_status == CANCELED, "its cancel")
    assert ended(desk, buy(3)) is None
    assert ended(desk, buy(4)) == Reason.POSITION_LIMIT
    stated = ("limits", "--account", SUB, "--instrument", "GCZ3", "max_long=none")
    assert ctl(run, *stated)[0] == 0
    assert ended(desk, buy(4)) is None


def test_an_override_goes_back_by_itself(run: Engine, desk: Desk) -> None:
    code, said = ctl(run, "override", "--account", SUB, "max_order_qty=1", "--for", "2s")
    assert code == 0
    assert f"max_order_qty of account {SUB} is 1 for 2 s" in said
    assert ended(desk, buy(2)) == Reason.ORDER_SIZE
    until(lambda: ended(desk, buy(2)) is None, "the override to end")
    assert ended(desk, buy(20)) is None
    assert ended(desk, buy(21)) == Reason.ORDER_SIZE


def test_only_free_cash_may_leave(run: Engine, desk: Desk) -> None:
    def cash() -> Decimal:
        return Decimal(desk.client.account(SUB).balances[0].cash)

    before = cash()
    [order] = desk.submit([buy(20)])
    desk.take_until(lambda: order.ord_status == NEW, "the order to rest")
    code, said = ctl(run, "cash", "--account", SUB, "--currency", "USD", "--withdraw", str(before))
    assert code == 1
    assert said.startswith(f"Refused that a withdrawal from {SUB} of ")
    assert "risk refuses it whole (limit " in said
    desk.client.cancel(order)
    desk.take_until(lambda: order.ord_status == CANCELED, "its cancel")
    assert ctl(run, "cash", "--account", SUB, "--currency", "USD", "--withdraw", "100.5")[0] == 0
    assert cash() == before - Decimal("100.5")
    assert ctl(run, "cash", "--account", SUB, "--currency", "USD", "--deposit", "100.5")[0] == 0
    assert cash() == before


def test_cash_in_two_phases_is_held_and_then_freed_or_moved(run: Engine, desk: Desk) -> None:
    move = ("transfer", "--account", SUB, "--to", "sub-6", "--currency", "USD", "1000")
    held = Decimal(desk.client.account(SUB).balances[0].held)
    cash = Decimal(desk.client.account(SUB).balances[0].cash)
    code, said = ctl(run, *move, "--pending", "--json")
    assert code == 0
    request_id = str(json.loads(said)["request_id"])
    assert Decimal(desk.client.account(SUB).balances[0].held) == held + 1000
    assert ctl(run, *move, "--void", request_id)[0] == 0
    assert Decimal(desk.client.account(SUB).balances[0].held) == held
    assert ctl(run, *move, "--void", request_id)[0] == 1
    request_id = str(json.loads(ctl(run, *move, "--pending", "--json")[1])["request_id"])
    assert ctl(run, *move, "--post", request_id)[0] == 0
    balance = desk.client.account(SUB).balances[0]
    assert (Decimal(balance.cash), Decimal(balance.held)) == (cash - 1000, held)
    back = ("transfer", "--account", "sub-6", "--to", SUB, "--currency", "USD", "1000")
    assert ctl(run, *back)[0] == 0
    assert Decimal(desk.client.account(SUB).balances[0].cash) == cash


def test_a_lock_forbids_one_side(run: Engine, desk: Desk) -> None:
    assert ctl(run, "lock", "sells", "--account", SUB, "--instrument", "GCZ3")[0] == 0
    assert ended(desk, buy(1, "1330.0", "SELL")) == Reason.SIDE_LOCKED
    assert ended(desk, buy(1)) is None
    assert ctl(run, "lock", "none", "--account", SUB, "--instrument", "GCZ3")[0] == 0


def test_a_margin_rate_holds_for_orders_that_work(run: Engine, desk: Desk) -> None:
    def margin() -> Decimal:
        return Decimal(desk.client.account(SUB).balances[0].margin)

    before = margin()
    [order] = desk.submit([buy(2)])
    desk.take_until(lambda: order.ord_status == NEW, "the order to rest")
    assert margin() == before + 2 * MARGIN_LOT
    twice = ("--long-lot", str(2 * MARGIN_LOT), "--short-lot", str(2 * MARGIN_LOT))
    assert ctl(run, "margin", "GCZ3", *twice)[0] == 0
    assert margin() == before + 4 * MARGIN_LOT
    assert ctl(run, "margin", "GCZ3")[0] == 1, "a lot without margin"
    # Changes are ordered by the second.
    once = ("--long-lot", str(MARGIN_LOT), "--short-lot", str(MARGIN_LOT))
    until(lambda: ctl(run, "margin", "GCZ3", *once)[0] == 0, "the margin as it was")
    assert margin() == before + 2 * MARGIN_LOT
    desk.client.cancel(order)
    desk.take_until(lambda: order.ord_status == CANCELED, "its cancel")


def test_the_journal_says_who_and_why(run: Engine) -> None:
    why = "the trader called; nothing else could be done about it"
    assert ctl(run, "re-enable", "--account", SUB, why=why)[0] == 0
    desk = next(row.handle for row in run.run_dir.read_universe().sessions if row.name == "desk")
    rows = np.concatenate(list(JournalReader(run.run_dir.journal).batches()))
    record = rows[rows["kind"] == Kind.RE_ENABLE].view(CONTROL_RECORD)[-1]
    assert record["actor"] == desk
    notes = rows[(rows["kind"] == Kind.NOTE) & (rows["cl_ord_id"] == record["cl_ord_id"])]
    assert (notes["sequence"] < record["sequence"]).all()
    text = b"".join(note["text"].tobytes().rstrip(b"\0") for note in notes.view(NOTE_RECORD))
    assert text.decode() == why


def test_who_is_no_operator_is_refused(run: Engine, desk: Desk) -> None:
    code, said = ctl(run, "kill", "--account", "sub-1", operator="raw")
    assert code == 2
    assert "session 'raw' is a strategy's; expected an operator's" in said
    key = run.run_dir.path.parent / "wrong.key"
    key.write_text(zmq.curve_keypair()[1].decode())
    wrong = command("ctl", run.run_dir.path, "kill", "--firm", "--operator", "desk", "--why", "x")
    done = subprocess.run(
        [*wrong, "--key", str(key)], env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == "secret_key is not the one of session 'desk'\n"
    assert ctl(run, "kill", "--firm", operator="nobody")[1] == "there is no session 'nobody'"
    assert ended(desk, buy(1)) is None


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_adjusted_lots_are_settled_when_a_day_ends(run: Engine, desk: Desk, side: str) -> None:
    """The next day takes them back, and may use the numbers of the first again."""
    day = {"buy": "20231114", "sell": "20231115"}[side]
    lots = ("adjust", "lots", "--account", SUB, "--instrument", "GCZ3", side, "2", "1325.0")
    code, said = ctl(run, *lots)
    done = {"buy": "bought", "sell": "sold"}[side]
    assert code == 0
    assert said.startswith(f"Done: account {SUB} has {done} 2 GCZ3 at 1325.0 (request")
    if side == "buy":
        code, said = ctl(run, "day-roll", "--day", day)
        assert code == 1
        assert "1 instruments with lots are not settled, the first is GCZ3" in said
    assert ctl(run, "settlement", "GCZ3", "1325.0")[0] == 0
    code, said = ctl(run, "day-roll", "--day", day)
    assert (code, said.split(" (")[0]) == (0, f"Done: day {day} has ended")
    assert ctl(run, "day-roll", "--day", day)[0] == 1
    assert ended(desk, buy(1)) is None


def test_cash_and_orders_are_adjusted_to_what_the_venue_has(run: Engine, desk: Desk) -> None:
    cash = Decimal(desk.client.account(SUB).balances[0].cash)
    change = ("adjust", "cash", "--account", SUB, "--currency", "USD")
    assert ctl(run, *change, "-12.5")[0] == 0
    assert Decimal(desk.client.account(SUB).balances[0].cash) == cash - Decimal("12.5")
    assert ctl(run, *change, "12.5")[0] == 0
    [order] = desk.submit([buy(1)])
    desk.take_until(lambda: order.ord_status == NEW, "the order to rest")
    assert ctl(run, "adjust", "order", str(order.order_id))[0] == 0
    desk.take_until(lambda: order.ord_status == CANCELED, "its end")
    code, _ = ctl(run, "adjust", "dismiss", "--account", "sim-master", "--currency", "USD")
    assert code == 1, "there is no difference"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("adjust", "dismiss", "--account", SUB), "give one of --instrument, --currency"),
        (("adjust", "order", "0"), "0 is not in the range"),
        (("day-roll", "--day", "today"), "'today' is not a valid integer"),
        (("kill",), "give one scope, or --firm for everything"),
        (("kill", "--firm", "--account", SUB), "give one scope, or --firm for everything"),
        (("halt",), "give one of --account, --instrument, --product, --venue"),
        (("halt", "--account", SUB, "--venue", "SIM"), "give one of --account"),
        (("limits", "--account", SUB, "max_long"), "expected KIND=AMOUNT"),
        (("limits", "--account", SUB, "max_loss=5"), "max_loss needs --currency"),
        (
            ("limits", "--account", SUB, "--currency", "USD", "max_long=5"),
            "max_long has no currency",
        ),
        (
            ("cash", "--account", SUB, "--currency", "USD", "5", "--deposit", "--withdraw"),
            "give --deposit or --withdraw",
        ),
        (("limits", "--account", SUB, "max_long=3/4"), "only rates have a burst"),
        (("limits", "--account", SUB, "speed=3"), "limit 'speed' is unknown; expected one of max_"),
        (("override", "--account", SUB, "max_long=3", "--for", "2d"), "expected such as 30s"),
        (("cash", "--account", SUB, "--currency", "USD", "5"), "give --deposit or --withdraw"),
        (("halt", "--account", "sub-9"), "account 'sub-9' is not of this session"),
        (("halt", "--instrument", "XX"), "instrument 'XX' is unknown"),
        (("lock", "buys"), "give --account, --instrument, or both"),
        (("lock", "up", "--account", SUB), "'up' is not one of"),
        (("settlement", "GCZ3", "1325.15"), "1325.15"),
    ],
)
def test_what_makes_no_sense_is_refused_before_risk_hears_of_it(
    run: Engine, words: tuple[str, ...], said: str
) -> None:
    code, text = ctl(run, *words)
    assert code in (1, 2)
    assert said in text
