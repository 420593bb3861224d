"""The router with real sockets: refusals, numbering, resends, loss of the venue, back-pressure."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from router_rig import Peer, Rig, reasons, request, session

from tidegate.errors import RegionInUseError
from tidegate.native.clock import wall_ns
from tidegate.native.order_map import RouteState
from tidegate.native.records import ExecType, Kind, Reason
from tidegate.native.routing import ChannelState
from tidegate.router import Router


@pytest.fixture
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with Rig(tmp_path_factory.mktemp("r")) as made:
        yield made


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("r")


def test_an_order_goes_to_the_venue_and_its_answers_come_back(rig: Rig) -> None:
    rig.log_on()
    asked = rig.accept(7)
    assert (asked["instrument"], asked["account"], asked["cl_ord_id"]) == (901, 77, 7)
    rig.venue.report(asked, ExecType.EXEC_TRADE, 2, cum_qty=2, last_qty=2, last_px=13250)
    rig.until(lambda: len(rig.risk.executions) == 2)
    accepted, trade = rig.risk.executions
    assert (accepted["order_id"], accepted["cl_ord_id"], accepted["account"]) == (7, 1007, 4)
    assert (trade["exec_type"], trade["instrument"], trade["cum_qty"]) == (
        ExecType.EXEC_TRADE,
        1,
        2,
    )
    assert 0 < accepted["routed_delta"] <= accepted["venue_delta"]
    assert accepted["received_ns"] > 0
    assert rig.router.routes.rows[7]["state"] == RouteState.ROUTE_DONE


def test_order_before_the_venue_is_there_is_refused_at_once(place: Path) -> None:
    with Rig(place, has_peer=False) as rig:
        rig.risk.put(request(1), request(1, Kind.CANCEL_REQUEST))
        rig.until(lambda: rig.risk.executions and rig.risk.rejects)
        assert reasons(rig.risk.executions + rig.risk.rejects) == [Reason.VENUE_DOWN] * 2
        rig.peer = Peer(rig.context, rig.universe)
        rig.log_on()
        rig.step()
        assert rig.peer.requests == []


def test_an_order_that_waited_too_long_for_the_router_does_not_reach_the_venue(rig: Rig) -> None:
    rig.log_on()
    late = wall_ns() - rig.universe.order_age_ms_max * 10**6
    # As one that has its tables for longer: of what is older than they are it knows nothing.
    rig.router.own.rows["born_ns"] = late
    rig.risk.put(request(1, received_ns=late), request(2))
    rig.until(lambda: rig.risk.executions and rig.venue.requests)
    assert reasons(rig.risk.executions) == [Reason.STALE_ORDER]
    assert [row["cl_ord_id"] for row in rig.venue.requests] == [2]
    assert rig.row["refused_stale"] == 1


def test_ctp_flow_limit_the_router_throttles_itself_and_never_queues(place: Path) -> None:
    with Rig(place, message_rate=1, message_burst=2) as rig:
        rig.log_on()
        rig.risk.put(*(request(number) for number in range(1, 5)))
        rig.risk.put(request(1, Kind.CANCEL_REQUEST))
        rig.until(lambda: len(rig.risk.executions) == 2 and len(rig.venue.requests) == 3)
        assert reasons(rig.risk.executions) == [Reason.VENUE_THROTTLE] * 2
        assert [row["cl_ord_id"] for row in rig.venue.requests] == [1, 2, 1]
        assert rig.row["refused_throttle"] == 2


@pytest.mark.parametrize(
    "listing",
    [
        {"securities": [{"code": "GCG4", "security_id": 901, "tick_size": "0.1"}]},
        {"securities": [{"code": "GCZ3", "security_id": 901, "tick_size": "0.05"}]},
        {"accounts": {"other": 1}},
    ],
)
def test_what_the_venue_does_not_list_is_refused(place: Path, listing: dict[str, object]) -> None:
    with Rig(place) as rig:
        rig.venue.listing |= listing
        rig.log_on()
        rig.risk.put(request(1))
        rig.until(lambda: rig.risk.executions)
        assert reasons(rig.risk.executions) == [Reason.VENUE_CODE_MISSING]


def test_repeated_report_is_dropped_by_number_and_by_exec_id(rig: Rig) -> None:
    rig.log_on()
    asked = rig.accept(1)
    trade = rig.venue.report(asked, ExecType.EXEC_TRADE, 2, cum_qty=1, last_qty=1)
    rig.venue.send(trade)
    rig.venue.report(asked, ExecType.EXEC_TRADE, 2, cum_qty=1, last_qty=1)
    rig.venue.report(asked, ExecType.EXEC_TRADE, 3, cum_qty=2, last_qty=1)
    rig.until(lambda: len(rig.risk.executions) == 3)
    assert [row["exec_id"] for row in rig.risk.executions] == [1, 2, 3]
    assert rig.row["duplicates"] == 1
    assert rig.router.links[0].channel.counters["duplicates"] == 1


def test_reset_to_a_number_that_was_taken_takes_nothing_back(rig: Rig) -> None:
    rig.log_on()
    asked = rig.accept(1)
    rig.venue.send(session(Kind.SEQUENCE_RESET, next_sending=1))
    rig.venue.report(asked, ExecType.EXEC_TRADE, 2, cum_qty=1, last_qty=1)
    rig.until(lambda: len(rig.risk.executions) == 2)
    counters = rig.router.links[0].channel.counters
    assert (counters["resets"], counters["gaps"]) == (1, 0)


def test_lost_report_is_asked_for_and_comes_in_order(rig: Rig) -> None:
    rig.log_on()
    asked = rig.accept(1)
    rig.venue.is_silent = True
    rig.venue.report(asked, ExecType.EXEC_TRADE, 2, cum_qty=1, last_qty=1)
    rig.venue.is_silent = False
    rig.venue.report(asked, ExecType.EXEC_TRADE, 3, cum_qty=2, last_qty=1)
    rig.until(lambda: len(rig.risk.executions) == 3)
    assert [row["exec_id"] for row in rig.risk.executions] == [1, 2, 3]
    assert rig.router.links[0].channel.counters["gaps"] == 1


def test_heartbeat_tells_of_a_lost_last_report(rig: Rig) -> None:
    rig.log_on()
    asked = rig.accept(1)
    rig.venue.is_silent = True
    rig.venue.report(asked, ExecType.EXEC_TRADE, 2, cum_qty=2, last_qty=2)
    rig.venue.is_silent = False
    rig.venue.beat()
    rig.until(lambda: len(rig.risk.executions) == 2)


def test_silent_venue_is_down_and_its_reports_come_after_the_next_logon(rig: Rig) -> None:
    rig.log_on()
    asked = rig.accept(1)
    rig.venue.is_silent = True
    rig.venue.report(asked, ExecType.EXEC_TRADE, 2, cum_qty=2, last_qty=2)
    rig.until(lambda: rig.risk.states == [1, 3])
    rig.risk.put(request(2))
    rig.until(lambda: len(rig.risk.executions) == 2)
    assert reasons(rig.risk.executions[1:]) == [Reason.VENUE_DOWN]
    rig.venue.is_silent = False
    rig.until(lambda: len(rig.risk.executions) == 3 and rig.risk.states == [1, 3, 1])
    assert rig.risk.executions[2]["exec_id"] == 2
    assert len(rig.venue.requests) == 1


def test_request_that_the_venue_never_got_is_refused_after_logon(rig: Rig) -> None:
    rig.log_on()
    rig.accept(1)
    rig.venue.is_deaf = True
    rig.risk.put(request(2), request(1, Kind.CANCEL_REQUEST, cl_ord_id=9))
    rig.until(lambda: rig.venue.unheard_count == 2)
    native = rig.router.links[0].channel.native
    assert native is not None
    native.disconnect()
    rig.until(lambda: rig.risk.states == [1, 3, 1])
    rig.until(lambda: len(rig.risk.executions) == 2 and len(rig.risk.rejects) == 1)
    assert reasons(rig.risk.executions[1:] + rig.risk.rejects) == [Reason.VENUE_DOWN] * 2
    assert rig.risk.rejects[0]["cl_ord_id"] == 9
    assert rig.row["requests_lost"] == 2
    rig.venue.is_deaf = False
    rig.risk.put(request(3))
    rig.until(lambda: len(rig.venue.requests) == 2)
    assert rig.venue.requests[1]["msg_seq_num"] == 2


def test_vanished_venue_gets_nothing_that_was_meant_for_the_one_before(rig: Rig) -> None:
    rig.log_on()
    asked = rig.accept(1)
    rig.venue.close()
    rig.peer = None
    number = 1
    while not any(row["reason"] for row in rig.risk.executions):
        number += 1
        rig.risk.put(request(number))
        rig.until(lambda: rig.row["submitted"] + rig.row["refused_down"] == number)  # noqa: B023
        rig.step()
    rig.peer = Peer(rig.context, rig.universe, incarnation=2)
    rig.until(lambda: rig.risk.states == [1, 3, 1])
    assert rig.venue.requests == []
    # All others were refused, and the one that the venue before had accepted is ended.
    rig.until(lambda: len(rig.risk.executions) == number + 1)
    assert set(reasons(rig.risk.executions[1:])) == {Reason.VENUE_DOWN}
    ended = [row for row in rig.risk.executions[1:] if row["order_id"] == 1]
    assert [row["exec_type"] for row in ended] == [ExecType.EXEC_CANCELED]
    assert rig.row["orders_forgotten"] == 1
    # This venue may give exec_ids again.
    rig.risk.put(request(1, Kind.CANCEL_REQUEST))
    rig.until(lambda: rig.venue.requests)
    rig.venue.report(asked, ExecType.EXEC_CANCELED, 1)
    rig.until(lambda: len(rig.risk.executions) == number + 2)


def test_slow_risk_stops_the_venues_reports_and_nothing_is_lost(place: Path) -> None:
    with Rig(place, retained=1024) as rig:
        rig.log_on()
        asked = rig.accept(1)
        count = 20_000
        rig.risk.is_stuck = True
        rig.venue.report_many(asked, range(2, count + 2))
        native = rig.router.links[0].channel.native
        assert native is not None
        rig.until(lambda: rig.router.agent.counters["waits_for_room"])
        for _ in range(10):
            rig.step()
        assert native.next_expected < count
        # Risk may be waiting until its routes are taken.
        rig.risk.put(request(2))
        rig.until(lambda: len(rig.venue.requests) == 2)
        rig.risk.is_stuck = False
        rig.until(lambda: len(rig.risk.executions) == count + 1)
        assert [row["exec_id"] for row in rig.risk.executions] == list(range(1, count + 2))


def test_logon_that_cannot_be_read_is_refused_and_tried_again(rig: Rig) -> None:
    channel = rig.router.links[0].channel
    listing = rig.venue.listing.copy()
    rig.venue.listing = {"venue": "SIM"}
    rig.until(lambda: channel.counters["refused_logons"])
    assert rig.row["state"] != ChannelState.CHANNEL_UP
    rig.venue.listing = listing
    rig.log_on()


def test_router_that_comes_back_knows_its_orders_and_asks_for_what_it_missed(place: Path) -> None:
    with Rig(place) as rig:
        rig.log_on()
        asked = rig.accept(1)
        rig.venue.is_deaf = True
        rig.risk.put(request(2))
        rig.until(lambda: rig.venue.unheard_count == 1)
        rig.router.close()
        rig.venue.is_deaf = False
        rig.venue.report(asked, ExecType.EXEC_TRADE, 2, cum_qty=2, last_qty=2)
        rig.router = Router(rig.universe, rig.run_dir, rig.context)
        rig.until(lambda: rig.risk.states == [1, 1] and len(rig.risk.executions) == 3)
        lost, trade = rig.risk.executions[1:]
        assert (lost["order_id"], lost["reason"]) == (2, Reason.VENUE_DOWN)
        assert trade["exec_id"] == 2
        assert (trade["cl_ord_id"], trade["account"]) == (1001, 4)
        assert rig.venue.sessions[-1]["next_sending"] == 3
        assert rig.venue.sessions[-1]["next_expected"] == 2, "only what is missing comes again"


def test_router_and_venue_that_both_come_back_end_what_is_forgotten(place: Path) -> None:
    with Rig(place) as rig:
        rig.log_on()
        rig.accept(1)
        rig.accept(2)
        rig.risk.put(request(1, Kind.CANCEL_REQUEST, cl_ord_id=9))
        rig.until(lambda: len(rig.venue.requests) == 3)
        rig.router.close()
        rig.venue.close()
        rig.peer = Peer(rig.context, rig.universe, incarnation=2)
        rig.router = Router(rig.universe, rig.run_dir, rig.context)
        rig.until(lambda: rig.risk.states == [1, 1])
        rig.until(lambda: len(rig.risk.executions) == 4)
        ends = rig.risk.executions[2:]
        assert [(row["order_id"], row["cl_ord_id"]) for row in ends] == [(1, 9), (2, 1002)]
        assert reasons(ends) == [Reason.VENUE_DOWN] * 2
        assert rig.risk.rejects == []
        rig.accept(3)
        assert rig.venue.requests[-1]["msg_seq_num"] == 1


def test_router_that_is_stopped_says_so_without_waiting(rig: Rig) -> None:
    assert rig.router.agent.run(0)
    rig.router.poller.stop()
    assert not rig.router.agent.run(0)


def test_order_map_of_another_size_is_said_and_replaced(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Rig(place) as rig:
        rig.router.close()
        capacity = msgspec.structs.replace(rig.universe.capacity, orders=7)
        universe = msgspec.structs.replace(rig.universe, capacity=capacity)
        rig.router = Router(universe, rig.run_dir, rig.context)
        assert "rows, expected 8" in capsys.readouterr().err
        assert rig.router.routes.capacity == 8


def test_order_map_that_cannot_be_read_is_said_and_replaced(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Rig(place) as rig:
        rig.router.close()
        region = rig.run_dir.region("routes")
        region.write_bytes(b"x" * 5000)
        rig.router = Router(rig.universe, rig.run_dir, rig.context)
        assert "the order map starts empty" in capsys.readouterr().err
        rig.log_on()


def test_a_second_router_touches_nothing_of_the_first(rig: Rig) -> None:
    """It once removed the first one's row before it was refused: the next found no order map."""
    path = rig.run_dir.region("router")
    before = path.stat().st_ino
    with pytest.raises(RegionInUseError, match="writes this region"):
        Router(rig.universe, rig.run_dir, rig.context)
    assert path.stat().st_ino == before
