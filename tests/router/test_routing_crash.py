"""The router killed at every crash point of every step: nothing is lost, nothing is doubled."""

from collections.abc import Callable
from typing import Any

import pytest
from crash_rig import World, is_killed
from routing_rig import request

from tidegate.native.crash_point import HAS_CRASH_POINTS
from tidegate.native.order_map import RouteState
from tidegate.native.records import DENIAL_RECORD, EXECUTION_RECORD, ExecType, Kind, Reason
from tidegate.native.routing import Step

CANCEL, REPLACE = Kind.CANCEL_REQUEST, Kind.CANCEL_REPLACE_REQUEST
LIVE = (RouteState.ROUTE_PENDING_NEW, RouteState.ROUTE_WORKING)
A, B, C, D = (1 << 32 | index for index in (1, 2, 3, 4))
LATER_D = 2 << 32 | 4


def asked(order_id: int, cl_ord_id: int, kind: Kind = Kind.NEW_ORDER_SINGLE, **fields: int) -> Any:
    return request(kind, order_id=order_id, cl_ord_id=cl_ord_id, **fields)


def requests() -> list[Any]:
    return [
        asked(A, 101),
        asked(B, 102),
        asked(A, 103, REPLACE, order_qty=9),
        asked(B, 104, CANCEL),
        # Refused: the venue does not list it; its channel is down.
        asked(C, 105, instrument=4),
        asked(C, 106, instrument=3),
        # An order that the map does not have, and a second cancel of one that is over.
        asked(D, 107, CANCEL),
        asked(B, 108, CANCEL),
        # The same place, used again.
        asked(LATER_D, 109, received_ns=2 * 10**9),
        asked(LATER_D, 110, REPLACE, order_qty=3),
    ]


def take(world: World) -> None:
    world.take_request()


def report(world: World) -> None:
    world.take_report()


def shut(world: World) -> None:
    """The socket does not take what is submitted."""
    world.is_shut = True
    world.take_request()
    world.is_shut = False


def deaf(world: World) -> None:
    """The connection breaks with the request in it."""
    world.is_deaf = True
    world.take_request()
    world.is_deaf = False


def log_on(world: World) -> None:
    world.log_on()


def resolve(world: World) -> None:
    world.resolve()


def fill(world: World) -> None:
    world.venue.fill(A, 2)


def vanish(world: World) -> None:
    """The venue ends an order and never says so."""
    world.venue.orders[LATER_D].is_over = True


# What happens before a tick is not the router's, and happens in this process.
SCRIPT: list[tuple[Callable[[World], None], ...]] = [
    *((take,), (take,), (report,), (report,)),
    *((fill, report), (take,), (fill, report), (report,)),
    *((take,), (report,), (take,), (take,), (take,), (report,)),
    *((shut,), (take,), (report,), (deaf,), (log_on,), (vanish, resolve)),
]


def play(world: World, index: int) -> Callable[[], None]:
    """What is before the tick is done; the tick itself is given back."""
    *before, tick = SCRIPT[index]
    for each in before:
        each(world)
    return lambda: tick(world)


def test_the_script_meets_every_step_and_ends_in_order() -> None:
    world = World(requests())
    for index in range(len(SCRIPT)):
        play(world, index)()
        world.serve()
    world.settle()
    check(world)
    refused = [Reason(row["reason"]) for row in world.given() if row["reason"]]
    assert refused.count(Reason.VENUE_DOWN) == 4
    assert Reason.VENUE_CODE_MISSING in refused
    assert world.routes[4]["state"] == RouteState.ROUTE_ENDED


@pytest.mark.skipif(not HAS_CRASH_POINTS, reason="only the debug build has crash points")
@pytest.mark.parametrize("index", range(len(SCRIPT)))
def test_a_kill_at_any_crash_point_of_a_step_loses_and_doubles_nothing(index: int) -> None:
    number, is_over = 0, False
    while not is_over:
        number += 1
        world = World(requests())
        for before in range(index):
            play(world, before)()
            world.serve()
        tick = play(world, index)
        is_over = not is_killed(tick, number)
        world.serve()
        if not is_over:
            world.start()
            assert world.own[0]["step"] == Step.STEP_NONE
            world.settle()
        for after in range(index + 1, len(SCRIPT)):
            if is_possible(world, after):
                play(world, after)()
                world.serve()
        world.settle()
        check(world)
    assert number > 1, "no crash point was met"


def is_possible(world: World, index: int) -> bool:
    """A router that was started anew has taken what came later in the script."""
    *before, tick = SCRIPT[index]
    if tick in (take, shut, deaf) and world.routing.taken == len(world.requests):
        return False
    order = world.venue.orders.get(A)
    if fill in before and (order is None or order.is_over):
        return False
    if vanish in before and LATER_D not in world.venue.orders:
        return False
    return tick is not report or world.has_report() or fill in before


def check(world: World) -> None:
    """What risk was given against what the venue got and said."""
    rows = world.given()
    assert world.routing.taken == len(world.requests)
    assert world.channels["next_report"][1] == len(world.venue.reports) + 1
    assert world.channels["next_sending"][1] == world.wire_count[0] + 1
    numbers = [row["msg_seq_num"] for row in world.wire[: world.wire_count[0]]]
    assert numbers == list(range(1, len(numbers) + 1))
    check_fates(world, rows)
    check_reports(world, rows)
    for row in world.routes:
        if row["order_id"]:
            order = world.venue.orders.get(int(row["order_id"]))
            is_live = order is not None and not order.is_over
            assert (row["state"] in LIVE) == is_live, hex(row["order_id"])
            assert [row[f"{kind}_seq_num"] for kind in ("new", "cancel", "replace")] == [0] * 3


def check_fates(world: World, rows: list[Any]) -> None:
    """Each request went out once or was refused once."""
    sent = [(int(row["cl_ord_id"]), int(row["kind"])) for row in world.wire[: world.wire_count[0]]]
    refused = []
    for row in rows:
        is_ours = row["reason"] in (Reason.VENUE_DOWN, Reason.VENUE_CODE_MISSING)
        if row["kind"] == Kind.CANCEL_REJECT and is_ours:
            kind = row.reshape(1).view(DENIAL_RECORD)["ref_kind"][0]
            refused.append((int(row["order_id"]), int(kind)))
        elif row["exec_type"] == ExecType.EXEC_REJECTED:
            refused.append((int(row["order_id"]), int(Kind.NEW_ORDER_SINGLE)))
    wanted = [(int(row["order_id"][0]), int(row["kind"][0])) for row in world.requests]
    assert sorted(sent + refused) == sorted(wanted)


def check_reports(world: World, rows: list[Any]) -> None:
    """Each report of the venue came once, in order; an order that it has no more ended once."""
    executions = [row.reshape(1).view(EXECUTION_RECORD)[0] for row in rows]
    given = [
        int(row["exec_id"])
        for row in executions
        if row["kind"] == Kind.EXECUTION_REPORT and row["exec_id"]
    ]
    made = [int(row.view(EXECUTION_RECORD)["exec_id"][0]) for row in world.venue.reports]
    kinds = [int(row["kind"][0]) for row in world.venue.reports]
    assert given == [
        exec_id for exec_id, kind in zip(made, kinds, strict=True) if kind == Kind.EXECUTION_REPORT
    ]
    rejects = [
        row
        for row in rows
        if row["kind"] == Kind.CANCEL_REJECT and row["reason"] == Reason.VENUE_TOO_LATE
    ]
    assert len(rejects) == kinds.count(Kind.CANCEL_REJECT)
    endings = [
        int(row["order_id"])
        for row in executions
        if row["exec_type"] == ExecType.EXEC_CANCELED and row["exec_id"] == 0
    ]
    assert len(endings) == len(set(endings))
    assert set(endings) <= {D, LATER_D}, "only these the venue never reported as over"
