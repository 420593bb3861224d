"""The venue's own report against the books, with real processes."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zmq
from behind_our_back import Behind
from e2e_rig import DEADLINE_S, ENVIRONMENT, Desk, Engine, command, engine, until

from tidegate import Client, NewOrder, topology
from tidegate.client.report import CANCELED, FILLED, NEW, REJECTED
from tidegate.config import load_universe
from tidegate.demo.proofs import replays
from tidegate.native.records import DENIAL_RECORD, Kind, Reason, Side
from tidegate.native.tables import DTYPES
from tidegate.region import Region
from tidegate.run_dir import RunDir

SMALL = Path(__file__).with_name("small.toml")
SUB, MASTER = "sub-2", "sim-master"
# Deals at once; rests far below or above the market, and within the collar.
DEALS_BUY, RESTS_BUY, DEALS_SELL, RESTS_SELL = "1332.0", "1315.0", "1318.0", "1335.0"
# Above any offer, and nothing of ours checks it.
FAR_TICKS = 13_600
MULTIPLIER = 100
SIGNS = {"BUY": 1, "SELL": -1}


@pytest.fixture
def run(request: pytest.FixtureRequest, place: Path) -> Iterator[Engine]:
    """A run that is looked at each second, with an operator; the parameter is its venue's."""
    venue = getattr(request, "param", "")
    home = place / str(len(list(place.iterdir())))
    home.mkdir()
    text = SMALL.read_text().replace("../../configs", str(SMALL.parents[2] / "configs"))
    text = text.replace("message_rate_per_s", f"speed = 20\n{venue}\nmessage_rate_per_s", 1)
    text += (
        '\n[[sessions]]\nname = "desk"\nrole = "operator"\n[reconciliation]\nevery_seconds = 1\n'
    )
    (home / "desk.toml").write_text(text)
    with engine(home / "desk.toml", run_dir=home / "run") as opened:
        yield opened


@pytest.fixture
def desk(run: Engine) -> Iterator[Desk]:
    with Client(run.front, "client") as client:
        yield Desk(client, "client")


def tell(run: Engine, *words: str) -> tuple[int, str]:
    """A command as a person types it: (exit status, what it said)."""
    done = subprocess.run(
        command(*words),
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout.strip() or done.stderr.strip()


def ctl(run: Engine, *words: str) -> str:
    """An operator's word that is carried out."""
    place = str(run.run_dir.path)
    code, said = tell(run, "ctl", place, *words, "--operator", "desk", "--why", "a test")
    assert code == 0, said
    return said


def table(run: Engine) -> tuple[int, dict[str, dict[str, str]]]:
    """`tidegate reconcile`: exit status, and its lines by what they are of."""
    code, said = tell(run, "reconcile", str(run.run_dir.path), "--json")
    return code, {line["what"]: line for line in json.loads(said)}


def statement(run: Engine, *words: str) -> Any:
    """The day of the strategy's account."""
    place = str(run.run_dir.path)
    code, said = tell(run, "statement", place, "--account", SUB, *words, "--json")
    assert code == 0, said
    return json.loads(said)


def breaks(run: Engine) -> list[tuple[int, int]]:
    """(amount, is_dismissed) of the differences that stand."""
    region = Region.attach(run.run_dir.region("breaks"), DTYPES["breaks"])
    rows = region.rows[region.rows["account"] != 0]
    found = [(int(each["amount"]), int(each["is_dismissed"])) for each in rows]
    region.close()
    return found


def looks(run: Engine) -> int:
    return run.count("reconcile", "SIM.looks")


def await_looks(run: Engine, more: int) -> None:
    """So many looks that have not begun yet are over."""
    at = looks(run) + more + 1
    until(lambda: looks(run) >= at, "another look")


def new(lots: int, price: str, side: str = "BUY") -> NewOrder:
    return NewOrder(account=SUB, instrument="GCZ3", side=side, order_qty=lots, price=price)


def filled(desk: Desk, lots: int, side: str = "BUY") -> None:
    price = DEALS_BUY if side == "BUY" else DEALS_SELL
    [order] = desk.submit([new(lots, price, side)])
    desk.take_until(lambda: order.is_final, "the fill")
    assert order.ord_status == FILLED, order.reason


def verdict(desk: Desk, order: NewOrder) -> Any:
    """Why an order was refused; None when it works or is filled, and then it is over."""
    [sent] = desk.submit([order])
    desk.take_until(lambda: sent.ord_status in (NEW, REJECTED, FILLED), "an answer to the order")
    if sent.ord_status == NEW:
        desk.client.cancel(sent)
        desk.take_until(lambda: sent.ord_status == CANCELED, "its cancel")
    return sent.reason if sent.ord_status == REJECTED else None


def kill(run: Engine, stage: str) -> None:
    """SIGKILL, and until the next one is there."""
    before = run.pids()[stage]
    os.kill(before, signal.SIGKILL)
    until(lambda: run.pids()[stage] != before, f"another {stage}")
    until(
        lambda: json.loads(run.run_dir.stages.read_text())[stage]["is_ready"],
        f"{stage} to be ready",
    )


def test_a_run_that_trades_differs_in_nothing(run: Engine, desk: Desk) -> None:
    at = looks(run)
    turn = 0
    while looks(run) < at + 4:
        turn += 1
        side = "BUY" if turn % 2 else "SELL"
        desk.submit([new(1, DEALS_BUY if turn % 2 else DEALS_SELL, side), new(1, RESTS_BUY)])
        desk.drain()
        for order in desk.tally.unfinished():
            desk.client.cancel(order)
    desk.settle()
    # Some of these were canceled before they met anybody, on a slow machine three buys.
    _, found = table(run)
    filled(desk, 4 if found["lots GCZ3"]["ours"] == "-3" else 3)
    code, found = table(run)
    assert code == 0, found
    assert found["lots GCZ3"]["ours"] == found["lots GCZ3"]["theirs"] != "0"
    assert found["traded value USD"]["ours"] == found["traded value USD"]["theirs"] != "0.0000"
    assert found["fees USD"]["ours"] == found["fees USD"]["theirs"]
    assert run.count("reconcile", "SIM.told") == 0
    assert breaks(run) == []


def subscribed(run: Engine) -> "zmq.Socket[bytes]":
    """The drop copy, which has every report and alert."""
    socket = zmq.Context.instance().socket(zmq.SUB)
    socket.linger = 0
    socket.setsockopt(zmq.SUBSCRIBE, b"")
    socket.connect(topology.endpoint(run.run_dir.read_universe(), "drop_copy"))
    return socket


def alerts(socket: "zmq.Socket[bytes]") -> list[tuple[int, int]]:
    """(amount before, amount now) of the differences that were told so far."""
    found = []
    while socket.poll(500):
        rows = np.frombuffer(socket.recv(), DENIAL_RECORD)
        for row in rows[(rows["kind"] == Kind.ALERT) & (rows["reason"] == Reason.RECONCILE_BREAK)]:
            found.append((int(row["used_value"]), int(row["asked_value"])))
    return found


def test_a_deal_behind_our_back_ends_with_its_adjustment(
    run: Engine, desk: Desk, request: pytest.FixtureRequest
) -> None:
    copy = subscribed(run)
    request.addfinalizer(copy.close)
    filled(desk, 3)
    [venue] = run.run_dir.read_universe().venues
    with run.frozen("router"), Behind(venue.endpoint, MASTER) as behind:
        price = behind.deal(Side.BUY, 1, FAR_TICKS)
    until(lambda: len(breaks(run)) == 2, "lots and traded value that differ")
    assert verdict(desk, new(1, RESTS_BUY)) == Reason.REDUCING_STATE
    assert verdict(desk, new(2, RESTS_SELL, "SELL")) is None, "a close, and its cancel"
    filled(desk, 1, "SELL")
    code, found = table(run)
    assert code == 1
    assert (found["lots GCZ3"]["difference"], found["lots GCZ3"]["state"]) == ("1", "break")
    money = -price * MULTIPLIER * 1000
    assert {amount for amount, _ in breaks(run)} == {1, money}
    assert {now for before, now in alerts(copy) if before == 0} == {1, money}
    dollars = str(Decimal(price) / 10)
    ctl(run, "adjust", "lots", "--account", SUB, "--instrument", "GCZ3", "buy", "1", dollars)
    until(lambda: not breaks(run), "the difference to go")
    code, found = table(run)
    assert (code, found["lots GCZ3"]["state"], found["lots GCZ3"]["ours"]) == (0, "same", "3")
    assert [int(each.position) for each in desk.client.positions(SUB)] == [3]
    assert {now for before, now in alerts(copy) if before != 0} == {0}
    assert verdict(desk, new(1, RESTS_BUY)) is None


def test_an_order_that_was_ended_here_by_mistake_is_canceled_at_the_venue(
    run: Engine, desk: Desk
) -> None:
    [order] = desk.submit([new(2, RESTS_BUY)])
    desk.take_until(lambda: order.ord_status == NEW, "the order to rest")
    order_id = str(order.order_id)
    ctl(run, "adjust", "order", order_id)
    desk.take_until(lambda: order.is_final, "its end here")
    assert (order.ord_status, order.reason) == (CANCELED, Reason.ADJUSTED)
    until(lambda: breaks(run) == [(2, 0)], "an order that only the venue has")
    assert verdict(desk, new(1, RESTS_BUY)) == Reason.REDUCING_STATE
    code, found = table(run)
    [strange] = [line for what, line in found.items() if what.startswith("order ")]
    assert strange["what"] == f"order {order_id} GCZ3"
    assert (code, strange["ours"], strange["theirs"], strange["state"]) == (1, "0", "2", "break")
    ctl(run, "adjust", "order", order_id, "--account", SUB, "--instrument", "GCZ3")
    until(lambda: not breaks(run), "the venue to cancel it")
    assert verdict(desk, new(1, RESTS_BUY)) is None


def test_a_venue_that_is_killed_and_remembers_differs_in_nothing(run: Engine, desk: Desk) -> None:
    filled(desk, 2)
    kill(run, "venue:SIM")
    await_looks(run, 3)
    code, found = table(run)
    assert (code, found["lots GCZ3"]["theirs"], breaks(run)) == (0, "2", [])


MOODY = "resend_ppm = 400_000\nlate_fill_ppm = 200_000\ndisconnect_every_ms = 1500"


@pytest.mark.parametrize("run", [MOODY], indirect=True)
def test_reports_that_come_twice_or_late_are_booked_once(run: Engine, desk: Desk) -> None:
    at = looks(run)
    turn = 0
    while looks(run) < at + 8:
        turn += 1
        side, price = ("BUY", DEALS_BUY) if turn % 2 else ("SELL", DEALS_SELL)
        desk.submit([new(1, price, side), new(2, RESTS_BUY)])
        desk.drain()
        for order in desk.tally.unfinished():
            desk.client.cancel(order)
    desk.take_until(lambda: not desk.tally.unfinished(), "a final state of every order")
    until(lambda: not breaks(run) and table(run)[0] == 0, "the venue and us to say the same")
    desk.drain()
    [position] = [int(each.position) for each in desk.client.positions(SUB)] or [0]
    assert desk.tally.positions[SUB] == position
    assert run.risk("fills") == desk.tally.outcome.fills > 0
    assert run.count("router", "routing-SIM.duplicates") > 0


@pytest.mark.parametrize("run", ["persist = false"], indirect=True)
def test_a_venue_that_forgets_is_a_difference_until_it_is_dismissed(
    run: Engine, desk: Desk
) -> None:
    filled(desk, 2)
    assert table(run)[0] == 0
    kill(run, "venue:SIM")
    until(lambda: len(breaks(run)) == 2, "positions that the venue forgot")
    assert verdict(desk, new(1, RESTS_BUY)) == Reason.REDUCING_STATE
    ctl(run, "adjust", "dismiss", "--account", MASTER, "--instrument", "GCZ3")
    assert verdict(desk, new(1, RESTS_BUY)) == Reason.REDUCING_STATE, "the money still differs"
    ctl(run, "adjust", "dismiss", "--account", MASTER, "--currency", "USD")
    assert verdict(desk, new(1, RESTS_BUY)) is None
    filled(desk, 2)
    await_looks(run, 3)
    code, found = table(run)
    assert (code, found["lots GCZ3"]["difference"]) == (0, "-2")
    assert {found[what]["state"] for what in ("lots GCZ3", "traded value USD")} == {"dismissed"}
    assert all(is_dismissed for _, is_dismissed in breaks(run))
    kill(run, "venue:SIM")
    until(lambda: -4 in dict(breaks(run)), "the same difference of another amount")
    assert dict(breaks(run))[-4] == 0
    assert verdict(desk, new(1, RESTS_BUY)) == Reason.REDUCING_STATE


@pytest.mark.parametrize("run", ["persist = false"], indirect=True)
def test_what_stands_survives_every_stage(run: Engine, desk: Desk) -> None:
    filled(desk, 2)
    kill(run, "venue:SIM")
    until(lambda: len(breaks(run)) == 2, "positions that the venue forgot")
    stood = sorted(breaks(run))
    ctl(run, "adjust", "dismiss", "--account", MASTER, "--currency", "USD")
    for stage in ("reconcile", "risk", "router", "gateway"):
        kill(run, stage)
        await_looks(run, 3)
        assert sorted(amount for amount, _ in breaks(run)) == [amount for amount, _ in stood]
        assert sum(is_dismissed for _, is_dismissed in breaks(run)) == 1
        until(lambda: verdict(desk, new(1, RESTS_BUY)) == Reason.REDUCING_STATE, "the same verdict")
    run.terminate()
    assert replays(run.run_dir).against == []


def test_a_day_ends_in_one_command_and_trading_goes_on(run: Engine, desk: Desk) -> None:
    filled(desk, 2)
    filled(desk, 1, "SELL")
    before = desk.client.account(SUB).balances[0]
    prices = run.run_dir.path / "settlements.toml"
    prices.write_text('GCZ3 = "1331.5"\n')
    cash = ("cash", "--account", SUB, "--currency", "USD", "--deposit", "250")
    ctl(run, *cash)
    words = ("end-of-day", "--day", "20261122", "--settlements", str(prices))
    said = ctl(run, *words)
    assert "Done: the settlement price of GCZ3 is 1331.5" in said
    assert "Done: day 20261122 has ended" in said
    assert said.endswith("nothing differs")
    after = desk.client.account(SUB).balances[0]
    assert Decimal(after.cash) != Decimal(before.cash) + 250, "variation margin was paid"
    filled(desk, 1)
    ctl(run, *cash)
    kill(run, "reconcile")
    await_looks(run, 2)
    code, found = table(run)
    assert (code, found["lots GCZ3"]["ours"], breaks(run)) == (0, "2", [])
    day = statement(run, "--day", "20261122")
    assert [line["kind"] for line in day["moves"]] == ["deposit"]
    assert sum(line["qty"] * SIGNS[line["side"]] for line in day["fills"]) == 1
    present = statement(run)
    (now,) = present["money"]
    assert now["opening_cash"] == day["money"][0]["closing_cash"]
    assert [len(present["fills"]), len(present["moves"])] == [1, 1]
    cash_now = desk.client.account(SUB).balances[0].cash
    assert Decimal(now["closing_cash"]) == Decimal(cash_now)
    code, said = tell(
        run, "ctl", str(run.run_dir.path), *words, "--operator", "desk", "--why", "twice"
    )
    assert code == 1
    assert "Refused that day 20261122 has ended" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('GCZ3 = "1331.55"', "GCZ3: price 1331.55 is not a multiple of tick size 0.1"),
        ("GCZ3 = 1331.5", "GCZ3: 1331.5; expected a decimal in quotes"),
        ('GCZ4 = "1331.5"', "GCZ4: unknown instrument; did you mean 'GCZ3'?"),
        ("GCZ3", "expected TOML such as GCZ3"),
        ("", "no prices"),
    ],
)
def test_settlement_prices_that_are_wrong_are_refused_before_any_is_sent(
    place: Path, text: str, said: str
) -> None:
    run_dir = RunDir(place / "no-run")
    run_dir.create()
    run_dir.write_universe(load_universe(SMALL, run_dir))
    prices = place / "wrong.toml"
    prices.write_text(text)
    words = ["end-of-day", "--day", "20261122", "--settlements", str(prices)]
    done = subprocess.run(
        command("ctl", run_dir.path, *words, "--operator", "desk", "--why", "a test"),
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert done.returncode == 1
    assert f"{prices}: {said}" in done.stderr or said in done.stderr
    assert "Traceback" not in done.stderr
