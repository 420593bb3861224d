"""A router and a venue that share memory: full rings, an end that is gone, who has them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zmq
from router_rig import DEADLINE_S, Rig, reasons, request, session

from tidegate.native.clock import wall_ns
from tidegate.native.records import RECORD_SIZE, ExecType, Kind
from tidegate.native.shm_ring import RingTarget, ring_records
from tidegate.ring_pair import FRAME_RECORDS_MAX
from tidegate.venue import feed_of
from tidegate.venue.agent import VenueAgent
from tidegate.venue.settings import HWM_RINGS, settings_of

# Below the tape's prices: it rests.
RESTS = 12_000
ACCEPTED, REFUSED = ExecType.EXEC_NEW, ExecType.EXEC_REJECTED


class Shared(Rig):
    """A router and a venue in one thread, each stepped by the test; real rings between them."""

    def __init__(self, path: Path, **venue: object) -> None:
        rates = {"message_rate": 1_000_000, "message_burst": 1_000_000}
        super().__init__(path, has_peer=False, shm=True, **rates, **venue)
        self.settings = settings_of(self.universe, "SIM")
        self.serves = self.has_router = True
        self.agent: VenueAgent | None = None
        self.start_venue()

    def start_venue(self) -> None:
        self.agent = VenueAgent(self.settings, feed_of(self.settings), self.context, wall_ns())

    def stop_venue(self) -> None:
        if self.agent is not None:
            self.agent.close()
        self.agent = None

    def stop_router(self) -> None:
        self.router.close()
        self.has_router = False

    def step(self) -> None:
        super().step()
        if self.serves:
            self.serve()

    def serve(self) -> None:
        if self.agent is not None:
            self.agent.do_work(wall_ns())

    @property
    def front(self) -> Any:
        assert self.agent is not None
        return self.agent.front

    def types(self, order_id: int) -> list[int]:
        return [row["exec_type"] for row in self.risk.executions if row["order_id"] == order_id]

    def answers(self) -> dict[int, tuple[int, ...]]:
        """What every order was told, in order."""
        found: dict[int, tuple[int, ...]] = {}
        for row in self.risk.executions:
            order_id = int(row["order_id"])
            found[order_id] = (*found.get(order_id, ()), int(row["exec_type"]))
        return found

    def rest(self, order_id: int) -> None:
        """An order that works at the venue, however often the channel had to come up first."""
        self.until(lambda: self.risk.states[-1:] == [1])
        self.risk.put(request(order_id, price=RESTS))
        self.until(lambda: self.types(order_id))

    def __exit__(self, *_: object) -> None:
        self.stop_venue()
        if self.has_router:
            self.stop_router()
        self.risk.close()
        self.context.term()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Shared]:
    with Shared(tmp_path) as rig:
        rig.log_on()
        yield rig


def channel(rig: Shared, name: str, *, rings: bool) -> dict[str, Any]:
    """Logs another connection on as the channel of that name; the answer's JSON."""
    socket = rig.context.socket(zmq.DEALER)
    socket.linger = 0
    socket.connect(rig.settings.endpoint)
    body = {"channel": name, "accounts": list(rig.settings.accounts), "rings": rings}
    logon = session(Kind.LOGON, next_sending=1).tobytes()
    socket.send_multipart([logon, json.dumps(body).encode()])
    rig.until(lambda: socket.poll(0))
    found: dict[str, Any] = json.loads(socket.recv_multipart()[1])
    socket.close()
    return found


def test_an_order_goes_there_and_back_without_the_socket(rig: Shared) -> None:
    before = rig.front.counters["messages"]
    rig.rest(1)
    assert rig.types(1) == [ExecType.EXEC_NEW]
    assert rig.front.counters["messages"] > before
    assert rig.router.links[0].channel.counters["out_records"] > 0


def test_requests_that_do_not_fit_are_refused_and_the_others_reach_the_venue(rig: Shared) -> None:
    rig.serves = False
    fit, sent = ring_records(HWM_RINGS), range(1, ring_records(HWM_RINGS) + 301)
    for number in sent:
        rig.risk.put(request(number, price=RESTS))
    rig.until(lambda: rig.types(sent[-1]))
    refused = sorted(rig.answers())
    assert set(rig.answers().values()) == {(REFUSED,)}
    # Frames go in whole or not at all.
    assert 300 <= len(refused) < 300 + FRAME_RECORDS_MAX
    assert refused[0] <= fit + 1
    rig.serves = True
    rig.until(lambda: len(rig.risk.executions) >= len(sent) and len(rig.answers()) == len(sent))
    # Where this took so long that the one was silent to the other, the rest has ended by that.
    assert set(rig.answers().values()) <= {
        (ACCEPTED,),
        (REFUSED,),
        (ACCEPTED, ExecType.EXEC_CANCELED),
    }
    rig.rest(sent[-1] + 1)


def test_reports_that_do_not_fit_wait_and_nothing_is_canceled(tmp_path: Path) -> None:
    with Shared(tmp_path, latency_us=(200_000, 200_000)) as rig:
        rig.log_on()
        sent = range(1, ring_records(HWM_RINGS) + 1000)
        channel = rig.front.channels["router"]
        for number in sent:
            rig.risk.put(request(number, price=RESTS))
        rig.until(lambda: channel.next_expected > sent[-1])
        rig.risk.put(request(sent[-1] + 1, price=RESTS))
        # The router takes nothing for as long as the venue reports.
        while channel.next_sending <= sent[-1]:
            rig.router.links[0].channel.native.put_heartbeat(1, wall_ns())
            rig.serve()
        rig.until(lambda: len(rig.answers()) > len(sent))
        assert set(rig.answers().values()) == {(ACCEPTED,)}
        assert rig.front.counters["disconnects"] == 0


def test_a_channel_for_which_too_much_waits_is_down_and_comes_back(rig: Shared) -> None:
    rig.rest(1)
    disconnects = rig.front.counters["disconnects"]
    beats = np.tile(session(Kind.HEARTBEAT, next_sending=1), FRAME_RECORDS_MAX)
    while rig.front.counters["disconnects"] == disconnects:
        rig.front.put_all(beats, wall_ns())
    # The venue cancels what works for a channel that is down.
    rig.until(lambda: ExecType.EXEC_CANCELED in rig.types(1))
    rig.rest(2)
    assert rig.types(2) == [ExecType.EXEC_NEW]


def test_a_venue_that_is_gone_is_noticed_at_once_and_the_next_one_is_logged_on_at(
    rig: Shared,
) -> None:
    rig.rest(1)
    rig.stop_venue()
    rig.until(lambda: rig.risk.states[-1:] != [1])
    rig.risk.put(request(2, price=RESTS))
    rig.until(lambda: rig.types(2))
    assert rig.types(2) == [ExecType.EXEC_REJECTED]
    rig.start_venue()
    rig.rest(3)
    # Another incarnation, which remembers nothing: what worked has ended.
    assert rig.types(1) == [ExecType.EXEC_NEW, ExecType.EXEC_CANCELED]
    assert rig.types(3) == [ExecType.EXEC_NEW]
    assert reasons(rig.risk.rejects) == []


def test_the_rings_of_a_router_that_is_gone_take_its_channel_down(rig: Shared) -> None:
    rig.rest(1)
    assert rig.agent is not None
    disconnects = rig.front.counters["disconnects"]
    rig.stop_router()
    end_ns = wall_ns() + int(DEADLINE_S * 1e9)
    while rig.front.counters["disconnects"] == disconnects:
        rig.agent.do_work(wall_ns())
        assert wall_ns() < end_ns, "the router is missed"
    assert rig.front.channels["router"].identity is None


def test_who_takes_the_channel_over_at_the_socket_gets_no_rings_and_the_router_logs_on_anew(
    rig: Shared,
) -> None:
    rig.rest(1)
    assert channel(rig, "router", rings=False)["venue"] == "SIM"
    rig.rest(2)
    rig.until(lambda: rig.front.shares_memory(rig.front.channels["router"]))
    rig.rest(3)
    assert rig.types(3) == [ExecType.EXEC_NEW]


def test_the_rings_are_one_channel_s(rig: Shared) -> None:
    answer = channel(rig, "other", rings=True)
    assert "expected one channel with rings" in answer["error"]


def test_what_is_in_the_ring_of_no_channel_is_dropped_and_counted(tmp_path: Path) -> None:
    with Shared(tmp_path) as rig:
        there, _ = rig.settings.rings or ("", "")
        rig.stop_router()
        target = RingTarget(there, ring_records(HWM_RINGS))
        target.put_bytes(bytes(3 * RECORD_SIZE))
        rig.serve()
        target.close()
        assert rig.front.counters["bad_messages"] == 3


def test_a_venue_that_shares_nothing_refuses_a_channel_with_rings(tmp_path: Path) -> None:
    with Rig(tmp_path, has_peer=False) as rig:
        settings = settings_of(rig.universe, "SIM")
        agent = VenueAgent(settings, feed_of(settings), rig.context, wall_ns())
        socket = rig.context.socket(zmq.DEALER)
        socket.linger = 0
        socket.connect(settings.endpoint)
        body = {"channel": "x", "accounts": list(settings.accounts), "rings": True}
        socket.send_multipart([session(Kind.LOGON).tobytes(), json.dumps(body).encode()])
        while not socket.poll(1):
            agent.do_work(wall_ns())
        frame, text = socket.recv_multipart()
        assert "shares no memory" in json.loads(text)["error"]
        assert len(frame) == 128
        socket.close()
        agent.close()
