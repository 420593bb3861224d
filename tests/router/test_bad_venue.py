"""A router and a venue as processes, both killed, and a venue that repeats, fills late, hangs up.

In the end risk and the venue must say the same, and risk must have each report once, in order.
"""

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from random import Random
from typing import Any

import pytest
import zmq
from router_rig import request as routed
from router_rig import session
from test_router_process import Desk, stage

from tidegate.native.crash_point import HAS_CRASH_POINTS
from tidegate.native.records import ExecType, Kind, Side
from tidegate.run_dir import RunDir

BATCHES = 12
BATCH = 20
ENDS = (ExecType.EXEC_CANCELED, ExecType.EXEC_EXPIRED, ExecType.EXEC_REJECTED)
BAD = {
    "resend_ppm": 300_000,
    "late_fill_ppm": 400_000,
    "disconnect_every_ms": 250,
    "latency_us": (100, 3000),
}


@pytest.fixture(params=[False, True], ids=["socket", "rings"])
def desk(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Desk]:
    with zmq.Context() as context:
        made = Desk(RunDir(tmp_path_factory.mktemp("r")), context, **BAD, shm=request.param)
        yield made
        made.risk.close()


# A router that dies at its crash point of that number, counted from when the channel is up.
DYING = """
import sys
from pathlib import Path
import zmq
from tidegate.native.crash_point import die_at
from tidegate.router import Router
from tidegate.run_dir import RunDir

run_dir, number, when = RunDir(Path(sys.argv[1])), int(sys.argv[2]), sys.argv[3]
if when == "at once":
    die_at(number)
router = Router(run_dir.read_universe(), run_dir, zmq.Context())
is_armed = when == "at once"
while True:
    router.tend()
    router.agent.run(router.run_ms)
    if router.links[0].is_up and not is_armed:
        is_armed = True
        die_at(number)
"""


class Book:
    """What risk's end of the lane says: positions by fills, and the orders that work."""

    def __init__(self, desk: Desk) -> None:
        self.position = 0
        self.traded = 0
        self.orders: dict[int, int] = {}
        self.exec_ids: list[int] = []
        self.late_fills = 0
        ended: set[int] = set()
        filled: dict[int, int] = defaultdict(int)
        for row in desk.risk.executions:
            order_id, exec_type = int(row["order_id"]), row["exec_type"]
            if row["exec_id"]:
                self.exec_ids.append(int(row["exec_id"]))
            if exec_type == ExecType.EXEC_TRADE:
                qty = int(row["last_qty"])
                self.position += qty if row["side"] == Side.BUY else -qty
                self.traded += qty
                filled[order_id] += qty
                self.late_fills += order_id in ended
            if exec_type in ENDS or filled[order_id] >= row["order_qty"]:
                ended.add(order_id)
                self.orders.pop(order_id, None)
            elif order_id not in ended:
                self.orders[order_id] = int(row["order_qty"]) - filled[order_id]


def statement(desk: Desk, context: zmq.Context[Any], endpoint: str) -> Any:
    with context.socket(zmq.DEALER) as asking:
        asking.linger = 0
        asking.connect(endpoint)
        body = json.dumps({"request": "statement"}).encode()
        asking.send_multipart([session(Kind.REQUEST, request_id=1).tobytes(), body])
        desk.until(lambda: asking.poll(0))
        (account,) = json.loads(asking.recv_multipart()[1])["accounts"].values()
        return account


class Market:
    """Orders and cancels in batches, each at a channel that is up."""

    def __init__(self, desk: Desk, seed: int) -> None:
        self.desk = desk
        self.draw = Random(seed)
        self.price = 0
        self.last = 0

    def up(self) -> bool:
        return self.desk.risk.states[-1:] == [1]

    def open(self) -> None:
        self.desk.until(lambda: self.up() and self.desk.risk.marks)
        self.price = int(self.desk.risk.marks[0]["price"])

    def put(self) -> range:
        """A batch; the numbers of its orders."""
        numbers = range(self.last + 1, self.last + BATCH + 1)
        self.last += BATCH
        for number in numbers:
            side = self.draw.choice((Side.BUY, Side.SELL))
            away = self.draw.choice((-40, 3, 60)) * (1 if side == Side.BUY else -1)
            qty = self.draw.randint(1, 4)
            row = routed(number, side=side, price=self.price + away, order_qty=qty)
            self.desk.risk.put(row)
            if self.draw.random() < 0.7:
                old = self.draw.randint(max(1, number - BATCH), number)
                self.desk.risk.put(routed(old, Kind.CANCEL_REQUEST, cl_ord_id=10_000 + number))
        return numbers

    def is_answered(self, numbers: range) -> bool:
        return all(self.desk.types(number) for number in numbers)


def agree(desk: Desk, context: zmq.Context[Any]) -> Book:
    """Waits until both sides say the same."""
    endpoint = desk.run_dir.ipc("venue-SIM")
    books: list[Book] = []

    def is_same() -> bool:
        said = statement(desk, context, endpoint)
        books[:] = [Book(desk)]
        orders = {row["cl_ord_id"]: row["leaves_qty"] for row in said["orders"]}
        return (
            books[0].position == sum(said["position"].values())
            and books[0].orders == orders
            and max(books[0].exec_ids, default=0) >= said["last_exec_id"]
        )

    desk.until(is_same)
    assert len(books[0].exec_ids) == len(set(books[0].exec_ids))
    assert books[0].exec_ids == sorted(books[0].exec_ids)
    assert books[0].traded != 0
    return books[0]


def test_after_all_that_a_bad_venue_did_both_sides_say_the_same(desk: Desk) -> None:
    market = Market(desk, 3)
    with ExitStack() as stack, zmq.Context() as context:
        venue = stack.enter_context(stage("venue:SIM", desk.run_dir))
        router = stack.enter_context(stage("router", desk.run_dir))
        market.open()
        for batch in range(BATCHES):
            desk.until(market.up)
            numbers = market.put()
            if batch % 5 == 2:
                venue.kill()
                venue.wait()
                venue = stack.enter_context(stage("venue:SIM", desk.run_dir))
            if batch % 4 == 1:
                router.kill()
                router.wait()
                router = stack.enter_context(stage("router", desk.run_dir))
            desk.until(lambda: market.is_answered(numbers))  # noqa: B023
        # However quick the batches were, it hangs up while a router watches.
        desk.until(lambda: desk.risk.states.count(3) > 1)
        book = agree(desk, context)
    assert book.late_fills > 0


@pytest.mark.skipif(not HAS_CRASH_POINTS, reason="only the debug build has crash points")
@pytest.mark.parametrize("seed", range(2))
def test_a_router_that_dies_at_its_crash_points_over_and_over(desk: Desk, seed: int) -> None:
    market, draw = Market(desk, seed), Random(seed)
    deaths = 0
    with ExitStack() as stack, zmq.Context() as context:
        stack.enter_context(stage("venue:SIM", desk.run_dir))
        router = stack.enter_context(stage("router", desk.run_dir))
        market.open()
        for number in range(BATCHES):
            # In what it does for requests and reports, or already while it starts.
            # What was put meanwhile is refused, so some must live on to trade.
            when, most = ("at once", 300) if number % 3 == 2 else ("up", 2000)
            numbers = market.put()
            router.kill()
            router.wait()
            router = stack.enter_context(dying(desk.run_dir, draw.randint(1, most), when))
            states = len(desk.risk.states)
            desk.until(lambda: router.poll() is not None or len(desk.risk.states) > states)  # noqa: B023
            numbers = market.put()
            desk.until(lambda: router.poll() is not None or market.is_answered(numbers))  # noqa: B023
            deaths += router.poll() is not None
        router.kill()
        router.wait()
        stack.enter_context(stage("router", desk.run_dir))
        desk.until(lambda: market.is_answered(range(1, market.last + 1)))
        book = agree(desk, context)
    assert deaths > BATCHES // 3
    assert len(book.exec_ids) > BATCHES * BATCH // 2, "most orders came to the venue"


@contextmanager
def dying(run_dir: RunDir, number: int, when: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A router that is killed at its crash point of that number."""
    command = [sys.executable, "-c", DYING, str(run_dir.path), str(number), when]
    process = subprocess.Popen(command)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
