"""Kill, disconnect and dead-man timer while the pipeline is full: every order in scope ends, at
every level of the hierarchy, and no order out of scope does."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e_rig import Desk, Engine, engine, until

from tidegate import Client, NewOrder
from tidegate.client.report import NEW
from tidegate.native.records import Reason

CONFIG = Path(__file__).with_name("kill.toml")
# Far below the market, and within the collar: it rests.
RESTS = "1305.0"
FLOOD = 3000
BATCH = 250
EVERYTHING = {"firm": None, "instrument": "GCZ3", "product": "GC", "venue": "SIM"}
OF_A = {"master": "master-a", "group": "group-a", "sub": "sub-a", "strategy": "strategy-a"}


@pytest.fixture(scope="module")
def run(place: Path) -> Iterator[Engine]:
    """One run for all tests."""
    with engine(CONFIG, run_dir=place / "run") as opened:
        yield opened
        opened.stop()


@pytest.fixture
def a(run: Engine) -> Iterator[Desk]:
    """The strategy whose orders are killed."""
    with Client(run.front, "a") as client:
        yield Desk(client, "a")
    until(run.is_consistent, "risk's tables to add up")


@pytest.fixture
def b(run: Engine) -> Iterator[Desk]:
    """Its neighbour below another master."""
    with Client(run.front, "b") as client:
        yield Desk(client, "b")


def buys(account: str, count: int) -> list[NewOrder]:
    return [
        NewOrder(account=account, instrument="GCZ3", side="BUY", order_qty=1, price=RESTS)
        for _ in range(count)
    ]


def flood(desk: Desk, account: str) -> None:
    """More orders than the pipeline takes at once: some work, some are on their way."""
    for _ in range(FLOOD // BATCH):
        desk.submit(buys(account, BATCH))
    desk.take_until(lambda: len(desk.reports) > BATCH, "the first of the flood to work")


def killed(run: Engine, a: Desk, scope: dict[str, str], canceled: int) -> None:
    """Kills amid a flood; all of the flood ends, what comes later is denied, until resumed."""
    with Client(run.front, "desk") as operator:
        flood(a, "strategy-a")
        answer = operator.operator.kill(why="a test", **scope)
        assert answer.reason is None
        late = a.submit(buys("strategy-a", 1))[0]
        outcome = a.settle()
        assert outcome.sent == FLOOD + 1
        assert late.reason == Reason.KILL_SWITCH
        assert (answer.limit or 0) >= canceled
        ends = a.reasons()
        assert ends.get("CANCELED_BY_KILL", 0) >= canceled
        resumed = scope or {"account": "firm"}
        assert operator.operator.resume(why="a test", **resumed).reason is None


@pytest.mark.parametrize("level", OF_A)
def test_a_kill_amid_a_flood_ends_all_orders_below_and_no_others(
    run: Engine, a: Desk, b: Desk, level: str
) -> None:
    rests = b.submit(buys("sub-b", 5))
    b.take_until(lambda: all(order.ord_status == NEW for order in rests), "b's orders to work")
    killed(run, a, {"account": OF_A[level]}, canceled=1)
    assert [order.ord_status for order in rests] == [NEW] * 5
    assert len(b.client.orders("sub-b")) == 5
    for order in rests:
        b.client.cancel(order)
    assert b.settle().cancels == 5


@pytest.mark.parametrize("scope", EVERYTHING)
def test_a_kill_of_all_amid_a_flood_ends_everybodys_orders(
    run: Engine, a: Desk, b: Desk, scope: str
) -> None:
    b.submit(buys("sub-b", 5))
    b.take_until(lambda: len(b.reports) == 5, "b's orders to work")
    name = EVERYTHING[scope]
    killed(run, a, {} if name is None else {scope: name}, canceled=6)
    b.settle()
    assert b.reasons() == {"CANCELED_BY_KILL": 5}


def test_a_kill_of_a_session_amid_a_flood_ends_its_orders(run: Engine, a: Desk) -> None:
    killed(run, a, {"session": "a"}, canceled=1)


def test_a_dead_man_timer_amid_a_flood_ends_the_sessions_orders(run: Engine, a: Desk) -> None:
    flood(a, "strategy-a")
    a.client.dead_man(0.001)
    outcome = a.settle()
    assert outcome.cancels == FLOOD
    until(lambda: run.count("gateway", "gateway.dead_man_timers") == 1, "the timer to be counted")


def test_a_strategy_that_dies_amid_a_flood_leaves_no_order_working(run: Engine) -> None:
    pid = os.fork()
    if pid == 0:
        client = Client(run.front, "c").connect()
        flood(Desk(client, "c"), "sub-c")
        os.kill(os.getpid(), signal.SIGKILL)
    assert os.waitpid(pid, 0)[1] == signal.SIGKILL
    until(lambda: sum(run.held().values()) > 0, "the flood to be held")
    until(lambda: sum(run.held().values()) == 0, "every order to be canceled")
