"""The stage over risk's real tables and a real lane; the venue states what a test says."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import zmq
from reconcile_rig import CONFIG, NET, OPERATOR, SIDED, TICK_VALUE, Rig

from tidegate import topology
from tidegate.config import load_universe
from tidegate.native.records import CONTROL_RECORD, ExecType, Kind, PositionEffect, Side
from tidegate.native.routing import ChannelState
from tidegate.reconciliation.report import NO_ANSWER, report
from tidegate.reconciliation.statement import StatedOrder
from tidegate.run_dir import RunDir

AU = 1
USD = 1
DAY = 20261122


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with zmq.Context() as context:
        found = Rig(tmp_path, context)
        yield found
        found.close()


def lots(rig: Rig, amount: int, account: str = "plain") -> dict[str, int]:
    return said(rig, amount, account, instrument=NET)


def said(rig: Rig, amount: int, account: str = "plain", **fields: int) -> dict[str, int]:
    blank = dict.fromkeys(("instrument", "currency", "order_id"), 0)
    return {"account": rig.handles[account], **blank, **fields, "amount": amount}


def standing(rig: Rig) -> int:
    """Differences of the first master that nobody has decided, as risk counts them."""
    return int(rig.tables.arrays["accounts"]["breaks"][rig.handles["plain"]])


def test_the_same_books_differ_in_nothing_whoever_s_money_it_is(rig: Rig) -> None:
    for account in ("one", "member-1", "member-2"):
        rig.deal(account, NET, 7, 1010)
        rig.deal(account, NET, -10, 1003)
        rig.deal(account, SIDED, 6, 990)
        rig.deal(account, SIDED, -2, 1001)
        rig.deal(account, SIDED, -4, 999, effect=PositionEffect.CLOSE)
    assert rig.look(25.0) == []
    assert rig.counts()["looks"] >= 3
    assert rig.counts()["differences"] == 0


def test_money_that_comes_and_goes_is_no_difference(rig: Rig) -> None:
    rig.deal("one", NET, 3, 1000)
    rig.deal("member-1", NET, 2, 1000)
    rig.look()
    for account, amount in (("one", 5000), ("plain", 7000), ("pooled", 90), ("member-1", 60)):
        rig.control_word(Kind.CASH, account=rig.handles[account], currency=USD, amount=amount)
    rig.control_word(
        Kind.TRANSFER,
        account=rig.handles["plain"],
        to_account=rig.handles["one"],
        currency=USD,
        amount=123,
    )
    rig.control_word(Kind.ADJUSTMENT, account=rig.handles["one"], currency=USD, amount=-77)
    rig.control_word(Kind.ADJUSTMENT, account=rig.handles["member-2"], currency=USD, amount=44)
    assert rig.look(12.0) == []
    assert rig.counts()["differences"] == 0


def test_the_end_of_a_day_is_no_difference_nor_is_the_day_after(rig: Rig) -> None:
    for account in ("one", "member-1"):
        rig.deal(account, NET, 7, 1010)
        rig.deal(account, SIDED, -5, 990)
    rig.control_word(Kind.CASH, account=rig.handles["plain"], currency=USD, amount=5000)
    rig.look()
    for instrument, price in ((NET, 1040), (SIDED, 1033)):
        rig.control_word(Kind.SETTLEMENT, instrument=instrument, price=price)
    before = rig.counts()["looks"]
    rig.control_word(Kind.DAY_ROLL, amount=DAY)
    rig.look(0.3)
    assert rig.counts()["looks"] == before + 1, "a day's end is looked at at once"
    rig.control_word(Kind.CASH, account=rig.handles["plain"], currency=USD, amount=-3000)
    rig.deal("one", NET, -9, 1037)
    rig.deal("member-1", SIDED, -1, 1030)
    assert rig.look(12.0) == []
    assert rig.counts()["differences"] == 0
    # A stage that is started again on the second day knows the deposits of the first.
    rig.stage.close()
    rig.stage.counters.region.close()
    rig.stage = rig.start_stage()
    assert rig.look(3.0) == []
    assert rig.counts()["differences"] == 0


def test_a_deal_that_we_do_not_know_is_told_once_after_two_looks(rig: Rig) -> None:
    rig.deal("one", NET, 3, 1000)
    rig.look()
    rig.venue.deal("plain", "AU", 2, 1001)
    assert rig.look(10.0) == [], "at intervals"
    told = rig.look(2.0)
    money = said(rig, -2 * 1001 * TICK_VALUE, currency=USD)
    assert sorted(told, key=lambda each: each["currency"]) == [lots(rig, 2), money]
    assert standing(rig) == 2
    assert rig.look(5.0) == [], "what stands is not told again"


def test_it_goes_once_the_lots_are_booked_here(rig: Rig) -> None:
    rig.venue.deal("plain", "AU", 2, 1001)
    rig.look(3.0)
    assert standing(rig) == 2
    rig.control_word(
        Kind.ADJUSTMENT,
        account=rig.handles["one"],
        instrument=NET,
        side=Side.BUY,
        order_qty=2,
        price=1001,
    )
    told = rig.look(3.0)
    assert sorted(each["amount"] for each in told) == [0, 0]
    assert standing(rig) == 0
    assert rig.counts()["gone"] == 2


def test_lots_booked_at_another_price_leave_the_money_that_differs(rig: Rig) -> None:
    rig.venue.deal("plain", "AU", 2, 1001)
    rig.look(3.0)
    fields = {"instrument": NET, "side": Side.BUY, "order_qty": 2, "price": 1000}
    rig.control_word(Kind.ADJUSTMENT, account=rig.handles["one"], **fields)
    rig.look(3.0)
    assert standing(rig) == 1
    rig.control_word(Kind.ADJUSTMENT, account=rig.handles["plain"], currency=USD)
    rig.look(3.0)
    assert standing(rig) == 0, "dismissed"
    rig.venue.deal("plain", "AU", 1, 1001)
    rig.venue.deal("plain", "AU", -1, 1000)
    rig.look(13.0)
    assert standing(rig) == 1, "another amount is another difference"


def test_what_was_booked_between_two_looks_is_on_its_way_and_no_difference(rig: Rig) -> None:
    rig.look()
    for _ in range(12):
        # The venue's report of each deal comes half a second late.
        rig.venue.deal("plain", "AU", 1, 1000)
        rig.look(0.5)
        rig.fill("one", NET, 1, 1000)
        assert rig.look(0.5) == []
    assert standing(rig) == 0


def test_a_break_of_before_a_fill_is_stale(rig: Rig) -> None:
    rig.venue.deal("plain", "AU", 2, 1001)
    rig.given.statement = rig.venue.statement()
    while not rig.work():
        pass
    rig.fill("one", NET, 2, 1001)
    rig.told()
    assert standing(rig) == 0
    assert int(rig.tables.arrays["risk"]["stale_breaks"][0]) == 2
    assert rig.look(3.0) == []


def test_orders_that_work_on_one_side_alone_are_told_and_go(rig: Rig) -> None:
    ours = rig.order("one", NET, 5, 990)
    theirs, partial = 4_000_000_009, rig.order("one", NET, 4, 980)
    rig.venue.orders["plain", theirs] = StatedOrder(theirs, "AU", 3)
    rig.venue.orders["plain", partial] = StatedOrder(partial, "AU", 1)
    told = sorted(rig.look(3.0), key=lambda each: each["amount"])
    assert told == [
        said(rig, -5, instrument=NET, order_id=ours),
        said(rig, -3, instrument=NET, order_id=partial),
        said(rig, 3, instrument=NET, order_id=theirs),
    ]
    assert standing(rig) == 3
    rig.control_word(Kind.ADJUSTMENT, order_id=ours)
    routes, _ = rig.run(
        CONTROL_RECORD,
        Kind.ADJUSTMENT,
        order_id=theirs,
        account=rig.handles["one"],
        instrument=NET,
        actor=OPERATOR,
    )
    assert routes["order_id"].tolist() == [theirs], "a cancel of what we do not know"
    del rig.venue.orders["plain", theirs]
    rig.venue.orders["plain", partial] = StatedOrder(partial, "AU", 4)
    assert {each["amount"] for each in rig.look(3.0)} == {0}
    assert standing(rig) == 0


def test_an_order_that_waits_for_its_venue_is_on_its_way(rig: Rig) -> None:
    order_id = rig.order("one", NET, 5, 990)
    rig.venue.orders["plain", order_id] = StatedOrder(order_id, "AU", 5)
    rig.look()
    rig.cancel(order_id)
    del rig.venue.orders["plain", order_id]
    assert rig.look(8.0) == []
    rig.report(order_id, ExecType.EXEC_CANCELED)
    assert rig.look(13.0) == []


def test_nothing_is_told_while_the_channel_is_down_and_a_look_follows_its_return(rig: Rig) -> None:
    rig.look()
    rig.set_channel(ChannelState.CHANNEL_DOWN)
    rig.venue.deal("plain", "AU", 2, 1001)
    before = rig.given.questions
    assert rig.look(30.0) == []
    assert rig.given.questions == before
    rig.set_channel(ChannelState.CHANNEL_UP)
    assert rig.look(0.3) == []
    assert rig.given.questions > before
    assert len(rig.look(2.0)) == 2


def test_a_venue_started_anew_is_not_compared_until_the_router_knows(rig: Rig) -> None:
    rig.deal("one", NET, 2, 1001)
    rig.look()
    rig.venue.positions.clear()
    rig.venue.traded.clear()
    rig.venue.incarnation = 2
    assert rig.look(15.0) == []
    rig.channels.rows["incarnation"][1] = 2
    assert len(rig.look(3.0)) == 2
    assert standing(rig) == 2


def test_a_venue_that_does_not_answer_changes_nothing(rig: Rig) -> None:
    rig.venue.deal("plain", "AU", 2, 1001)
    rig.look(3.0)
    assert standing(rig) == 2
    rig.given.statement = None
    assert sum(rig.work() for _ in range(120)) == 0
    assert standing(rig) == 2
    assert rig.counts()["unanswered"] >= 3


@pytest.mark.parametrize("stage", ["risk", "router"])
def test_nothing_is_told_while_risk_or_router_is_not_there(rig: Rig, stage: str) -> None:
    rig.look()
    stages = {
        name: {"pid": 1, "restarts": 0, "is_ready": name != stage} for name in ("risk", "router")
    }
    rig.run_dir.stages.write_bytes(msgspec.json.encode(stages))
    rig.venue.deal("plain", "AU", 2, 1001)
    assert rig.look(15.0) == []
    stages[stage]["is_ready"] = True
    rig.run_dir.stages.write_bytes(msgspec.json.encode(stages))
    assert len(rig.look(3.0)) == 2


def test_a_difference_of_the_other_master_is_its_own(rig: Rig) -> None:
    rig.deal("member-1", NET, 4, 1000)
    rig.venue.deal("pooled", "AU", -1, 1000)
    told = rig.look(3.0)
    assert {each["account"] for each in told} == {rig.handles["pooled"]}
    assert standing(rig) == 0


def test_lots_of_what_the_config_does_not_have_are_said_once(
    rig: Rig, capfd: pytest.CaptureFixture[str]
) -> None:
    rig.venue.deal("plain", "CU", 4, 1001)
    rig.venue.traded.clear()
    assert rig.look(15.0) == []
    said = capfd.readouterr().err
    assert said.splitlines() == ["venue X states 4 lots of CU, which the config does not have"]


def test_a_report_on_demand_names_a_venue_that_does_not_answer(rig: Rig) -> None:
    lines = report(rig.run_dir)
    assert [(line.account, line.state) for line in lines] == [
        ("plain", NO_ANSWER),
        ("pooled", NO_ANSWER),
    ]


def test_every_0_seconds_is_never(tmp_path: Path) -> None:
    config = tmp_path / "off.toml"
    config.write_text(CONFIG + "\n[reconciliation]\nevery_seconds = 0\n")
    found = load_universe(config, RunDir(tmp_path / "run"))
    assert "reconcile" not in topology.stages(found)
