"""What a logon settles: what only one side has is ended or canceled, nothing is guessed."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from router_rig import Rig, reasons, request
from routing_rig import SECOND, Tables
from routing_rig import report as said
from routing_rig import request as asked

from tidegate.native import region as seqlock
from tidegate.native import resolving
from tidegate.native.order_map import RouteState
from tidegate.native.records import ExecType, Kind, Reason
from tidegate.native.routing import ChannelState
from tidegate.router import Router


@pytest.fixture
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with Rig(tmp_path_factory.mktemp("r")) as made:
        yield made


def listed(cl_ord_id: int, **fields: int) -> dict[str, int]:
    standard = {"order_id": 5000 + cl_ord_id, "account": 77, "security_id": 901}
    return {"cl_ord_id": cl_ord_id, **standard, "leaves_qty": 2, "cum_qty": 0} | fields


def reconnect(rig: Rig, *working: dict[str, int], next_report: int = 0) -> None:
    """The connection breaks; at the next logon the venue lists this."""
    rig.venue.listing |= {"working": list(working), "next_report": next_report}
    native = rig.router.links[0].channel.native
    assert native is not None
    native.disconnect()
    states = len(rig.risk.states)
    rig.until(lambda: len(rig.risk.states) > states)


def up(rig: Rig) -> None:
    rig.until(lambda: rig.risk.states[-1] == 1)


def test_an_order_that_the_venue_has_no_more_is_ended_before_the_channel_is_up(rig: Rig) -> None:
    rig.log_on()
    for number in (1, 2, 3):
        rig.accept(number)
    rig.risk.put(request(1, Kind.CANCEL_REQUEST, cl_ord_id=9))
    rig.until(lambda: len(rig.venue.requests) == 4)
    reconnect(rig, listed(2))
    up(rig)
    rig.until(lambda: len(rig.risk.executions) == 5)
    ends = rig.risk.executions[3:]
    assert [(row["order_id"], row["cl_ord_id"]) for row in ends] == [(1, 9), (3, 1003)]
    assert reasons(ends) == [Reason.VENUE_DOWN] * 2
    assert {int(row["exec_type"]) for row in ends} == {ExecType.EXEC_CANCELED}
    states = [rig.router.routes.rows[number]["state"] for number in (1, 2, 3)]
    assert states == [RouteState.ROUTE_ENDED, RouteState.ROUTE_WORKING, RouteState.ROUTE_ENDED]
    assert rig.row["orders_forgotten"] == 2


def test_an_order_that_was_taken_and_not_answered_is_left_alone(rig: Rig) -> None:
    rig.log_on()
    rig.risk.put(request(1))
    rig.until(lambda: rig.venue.requests)
    reconnect(rig)
    up(rig)
    assert rig.router.routes.rows[1]["state"] == RouteState.ROUTE_PENDING_NEW
    rig.venue.report(rig.venue.requests[0], ExecType.EXEC_NEW, 1)
    rig.until(lambda: rig.risk.executions)
    assert rig.risk.executions[0]["exec_type"] == ExecType.EXEC_NEW


def test_nothing_is_compared_and_nothing_sent_before_all_reports_are_in(rig: Rig) -> None:
    rig.log_on()
    first = rig.accept(1)
    # Canceled there as its second report, which is still on its way: not in the list any more.
    reconnect(rig, next_report=3)
    rig.until(lambda: rig.row["state"] == ChannelState.CHANNEL_RESOLVING)
    rig.risk.put(request(2))
    rig.until(lambda: len(rig.risk.executions) == 2)
    assert reasons(rig.risk.executions[1:]) == [Reason.VENUE_DOWN]
    assert rig.router.routes.rows[1]["state"] == RouteState.ROUTE_WORKING
    assert rig.risk.states == [1, 3]
    rig.venue.report(first, ExecType.EXEC_CANCELED, 2)
    up(rig)
    assert [row["exec_id"] for row in rig.risk.executions[2:]] == [2]
    assert rig.row["orders_forgotten"] == 0


def test_an_order_that_only_the_venue_has_is_canceled_there_and_told_to_risk(rig: Rig) -> None:
    rig.log_on()
    rig.accept(1)
    rig.venue.requests.clear()
    stranger = 7 << 32 | 5
    reconnect(rig, listed(1), listed(stranger))
    up(rig)
    rig.until(lambda: rig.venue.requests)
    (cancel,) = rig.venue.requests
    assert (cancel["kind"], cancel["cl_ord_id"]) == (Kind.CANCEL_REQUEST, stranger)
    assert (cancel["account"], cancel["instrument"]) == (77, 901)
    assert (cancel["order_id"], cancel["msg_seq_num"]) == (5000 + stranger, 2)
    assert rig.row["unknown_canceled"] == 1
    rig.venue.report(cancel, ExecType.EXEC_CANCELED, 2)
    rig.until(lambda: len(rig.risk.executions) == 2)
    canceled = rig.risk.executions[1]
    assert (canceled["order_id"], canceled["exec_type"]) == (stranger, ExecType.EXEC_CANCELED)
    assert (canceled["cl_ord_id"], canceled["instrument"]) == (0, 1)
    rig.risk.put(request(2))
    rig.until(lambda: len(rig.venue.requests) == 2)
    assert rig.venue.requests[1]["msg_seq_num"] == 3


def test_an_order_that_was_refused_as_lost_and_yet_works_is_canceled(rig: Rig) -> None:
    rig.log_on()
    rig.accept(1)
    rig.venue.is_deaf = True
    rig.risk.put(request(2))
    rig.until(lambda: rig.venue.unheard_count == 1)
    rig.venue.is_deaf = False
    reconnect(rig, listed(1), listed(2))
    up(rig)
    rig.until(lambda: len(rig.venue.requests) == 2)
    assert rig.venue.requests[1]["cl_ord_id"] == 2
    assert rig.row["unknown_canceled"] == 1


def test_another_filled_quantity_there_is_counted(rig: Rig) -> None:
    rig.log_on()
    rig.accept(1)
    reconnect(rig, listed(1, leaves_qty=1, cum_qty=1))
    up(rig)
    assert rig.row["orders_differ"] == 1
    assert rig.router.routes.rows[1]["state"] == RouteState.ROUTE_WORKING


def test_a_lost_map_with_a_venue_that_goes_on(rig: Rig) -> None:
    rig.log_on()
    requests = [rig.accept(number) for number in (1, 2)]
    rig.router.close()
    for name in ("routes", "channels", "router"):
        rig.run_dir.region(name).unlink()
    rig.router = Router(rig.universe, rig.run_dir, rig.context)
    rig.until(lambda: rig.risk.states == [1, 1])
    rig.risk.put(request(3))
    rig.until(lambda: len(rig.venue.requests) == 3)
    assert [row["cl_ord_id"] for row in rig.venue.requests] == [1, 2, 3], "none is sent again"
    # Risk's cancel of an order that is not in the map, by its order_id.
    rig.risk.put(request(1, Kind.CANCEL_REQUEST, cl_ord_id=9))
    rig.until(lambda: len(rig.venue.requests) == 4)
    assert rig.venue.requests[3]["cl_ord_id"] == 1
    told = len(rig.risk.executions)
    rig.venue.report(requests[0], ExecType.EXEC_CANCELED, 3)
    rig.venue.report(requests[1], ExecType.EXEC_TRADE, 4, cum_qty=1, last_qty=1, last_px=13250)
    rig.until(lambda: len(rig.risk.executions) == told + 2)
    canceled, fill = rig.risk.executions[told:]
    assert (canceled["order_id"], canceled["cl_ord_id"]) == (1, 9)
    assert (fill["order_id"], fill["last_qty"], fill["instrument"]) == (2, 1, 1)


def test_a_router_that_was_killed_in_a_change_keeps_its_map(
    rig: Rig, capsys: pytest.CaptureFixture[str]
) -> None:
    rig.log_on()
    rig.accept(1)
    seqlock.begin(rig.router.routes)
    rig.router.close()
    assert int(rig.router.routes.header["version"]) % 2 == 1
    rig.router = Router(rig.universe, rig.run_dir, rig.context)
    assert capsys.readouterr().err == ""
    assert rig.router.routes.rows[1]["state"] == RouteState.ROUTE_WORKING
    assert int(rig.router.routes.header["version"]) % 2 == 0


def told(tables: Tables, order_id: int, exec_id: int) -> Any:
    return tables.report(1, said(ExecType.EXEC_NEW, exec_id, cl_ord_id=order_id), SECOND)


def test_what_is_unknown_is_what_does_not_live_in_the_map_of_that_channel() -> None:
    tables = Tables()
    for index in range(3):
        tables.route(asked(order_id=1 << 32 | index, cl_ord_id=index + 1), SECOND)
        told(tables, 1 << 32 | index, index + 1)
    done = said(ExecType.EXEC_CANCELED, 9, cl_ord_id=1 << 32)
    tables.report(1, done, SECOND)
    order_ids = np.array([1 << 32, 1 << 32 | 1, 2 << 32 | 1, 1 << 32 | 7], np.uint64)
    assert resolving.unknown(tables.routing, 1, order_ids, [0] * 4) == [0, 2, 3]
    assert resolving.unknown(tables.routing, 2, order_ids, [0] * 4) == [0, 1, 2, 3]
    assert tables.channels[1]["orders_differ"] == 0
    assert tables.missing(1, [1 << 32 | 1])["order_id"].tolist() == [1 << 32 | 2]


def test_a_cancel_that_no_client_sent_goes_out_beside_a_live_order_in_its_place() -> None:
    tables = Tables()
    tables.route(asked(), SECOND)
    before = tables.routes.tobytes()
    stranger = asked(Kind.CANCEL_REQUEST, order_id=9 << 32 | 3, cl_ord_id=0, msg_seq_num=5)
    routed, out = tables.route(stranger, SECOND)
    assert (routed, out["cl_ord_id"][0], out["msg_seq_num"][0]) == (1, 9 << 32 | 3, 2)
    assert tables.routing.taken == 5
    assert tables.routes.tobytes() == before
    refusal = tables.withdrawn(1, out)
    assert (refusal["kind"][0], refusal["order_id"][0]) == (Kind.CANCEL_REJECT, 9 << 32 | 3)
    assert refusal["reason"][0] == Reason.VENUE_DOWN
    assert tables.routes.tobytes() == before


def test_a_clients_cancel_of_an_order_that_has_no_place_is_refused() -> None:
    tables = Tables()
    tables.route(asked(), SECOND)
    stranger = asked(Kind.CANCEL_REQUEST, order_id=9 << 32 | 3, cl_ord_id=8)
    routed, out = tables.route(stranger, SECOND)
    assert (routed, out["reason"][0]) == (0, Reason.UNKNOWN_ORDER)
    assert tables.routes[3]["order_id"] == 1 << 32 | 3
