"""Lanes over real sockets: order, back-pressure, and what is counted and dropped."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import zmq
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.errors import LaneError, RecordError
from tidegate.native.lane import FRAME_RECORDS_MAX, LaneSource, LaneTarget
from tidegate.native.records import LAYOUT_VERSION, RECORD, RECORD_SIZE, Kind

Rows = npt.NDArray[Any]
DEADLINE_S = 20


def orders(count: int, first: int = 1) -> Rows:
    rows = np.zeros(count, RECORD)
    rows["kind"] = Kind.NEW_ORDER_SINGLE
    rows["cl_ord_id"] = np.arange(first, first + count)
    rows["layout_version"] = LAYOUT_VERSION
    rows["msg_seq_num"] = np.arange(1, count + 1)
    return rows


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, f"not within {DEADLINE_S} s: {what}"


def take(source: LaneSource, count: int, limit: int = 256) -> Rows:
    parts: list[Rows] = []

    def enough() -> bool:
        parts.append(source.take_rows(limit))
        if len(parts[-1]) == 0 and source.ring is None:
            source.socket.poll(1)
        return sum(map(len, parts)) >= count

    until(enough, f"{count} records taken")
    parts.append(source.take_rows())
    return np.concatenate(parts)


@pytest.fixture
def context() -> Iterator[zmq.Context[Any]]:
    with zmq.Context() as context:
        yield context


@pytest.fixture(params=["ipc", "tcp", "inproc", "shm"])
def endpoint(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    addresses = {
        "ipc": f"ipc://{tmp_path}/lane",
        "tcp": "tcp://127.0.0.1:*",
        "inproc": "inproc://l",
        "shm": f"shm://{tmp_path}/lane",
    }
    return addresses[request.param]


@pytest.fixture(params=["inproc", "shm"])
def near(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A lane within the process: over ZeroMQ and over shared memory."""
    return {"inproc": "inproc://near", "shm": f"shm://{tmp_path}/near"}[request.param]


def lane(context: zmq.Context[Any], endpoint: str, **fields: Any) -> tuple[LaneSource, LaneTarget]:
    source = LaneSource(context, endpoint, **fields)
    bound = endpoint if source.ring else source.socket.get_string(zmq.LAST_ENDPOINT)
    return source, LaneTarget(context, bound, **fields)


@pytest.fixture
def raw(context: zmq.Context[Any]) -> Iterator[tuple[LaneSource, zmq.Socket[bytes]]]:
    """A lane whose sender is a plain socket that can send anything."""
    source = LaneSource(context, "inproc://raw")
    with context.socket(zmq.PUSH) as socket:
        socket.connect("inproc://raw")
        yield source, socket
    source.close()


def test_records_come_out_in_order_numbered_and_whole(
    context: zmq.Context[Any], endpoint: str
) -> None:
    source, target = lane(context, endpoint)
    sent = orders(1000)
    sent["msg_seq_num"] = 77
    sent["layout_version"] = 0
    assert target.put_rows(sent) == 1000
    assert target.flush_rows() == 0
    taken = take(source, 1000)
    assert np.array_equal(taken, orders(1000))
    assert source.counters["frames"] == target.counters["frames"] == 4
    assert source.counters["gaps"] == source.counters["restarts"] == 0
    target.close()
    source.close()


@settings(deadline=None, max_examples=60)
@given(
    batches=st.lists(st.integers(1, 700), max_size=6),
    flushes=st.lists(st.booleans(), min_size=6, max_size=6),
    limit=st.integers(1, 300),
    transport=st.sampled_from(["inproc", "shm"]),
)
def test_any_batches_come_out_as_they_went_in(
    batches: list[int], flushes: list[bool], limit: int, transport: str
) -> None:
    with zmq.Context() as context, TemporaryDirectory() as place:
        source, target = lane(context, f"{transport}://{place}/batches")
        first = 1
        for size, flush in zip(batches, flushes, strict=False):
            assert target.put_rows(orders(size, first)) == size
            first += size
            if flush:
                assert target.flush_rows() == 0
        assert target.flush_rows() == 0
        assert np.array_equal(take(source, first - 1, limit), orders(first - 1))
        assert source.counters["gaps"] == 0
        target.close()
        source.close()


@pytest.mark.parametrize(("near", "hwm"), [("inproc", 2), ("shm", 256)], indirect=["near"])
def test_a_full_lane_refuses_and_loses_nothing(
    context: zmq.Context[Any], near: str, hwm: int
) -> None:
    source, target = lane(context, near, hwm=hwm)
    sent = 0
    while put := target.put_rows(orders(FRAME_RECORDS_MAX, sent + 1)):
        sent += put
    assert target.flush_rows() == FRAME_RECORDS_MAX
    assert target.counters["full"] == 1
    # Four frames with the socket or in the ring, one in the target.
    assert sent == 5 * FRAME_RECORDS_MAX
    taken = [take(source, 4 * FRAME_RECORDS_MAX)]
    until(lambda: target.flush_rows() == 0, "room again")
    assert target.put_rows(orders(1, sent + 1)) == 1
    assert target.flush_rows() == 0
    taken.append(take(source, FRAME_RECORDS_MAX + 1))
    assert np.array_equal(np.concatenate(taken), orders(sent + 1))
    target.close()
    source.close()


@pytest.mark.parametrize("transport", ["ipc", "shm"])
def test_without_a_peer_a_target_fills_and_answers(
    context: zmq.Context[Any], tmp_path: Path, transport: str
) -> None:
    endpoint = f"{transport}://{tmp_path}/lane"
    target = LaneTarget(context, endpoint, hwm=1)
    sent = 0
    while put := target.put_rows(orders(1000, sent + 1)):
        sent += put
    source = LaneSource(context, endpoint, hwm=1)
    parts: list[Rows] = []

    def is_flushed() -> bool:
        parts.append(source.take_rows())
        return target.flush_rows() == 0

    until(is_flushed, "a late receiver takes what waited")
    parts.append(take(source, sent - sum(map(len, parts))))
    assert np.array_equal(np.concatenate(parts), orders(sent))
    target.close()
    source.close()


def test_close_hands_over_what_waits(context: zmq.Context[Any], endpoint: str) -> None:
    source, target = lane(context, endpoint)
    target.put_rows(orders(10))
    target.close()
    assert target.counters["abandoned"] == 0
    assert np.array_equal(take(source, 10), orders(10))
    source.close()


def test_close_without_a_peer_is_bounded_and_counts_what_it_leaves(
    context: zmq.Context[Any], endpoint: str
) -> None:
    target = LaneTarget(context, endpoint, bind=True)
    assert target.put_rows(orders(10)) == 10
    target.close()
    assert target.counters["abandoned"] == 10
    assert target.counters["records"] == 0


@pytest.mark.parametrize(
    "size", [0, 1, RECORD_SIZE - 1, RECORD_SIZE + 1, (FRAME_RECORDS_MAX + 1) * RECORD_SIZE]
)
def test_a_frame_of_wrong_length_is_counted_and_dropped(
    raw: tuple[LaneSource, zmq.Socket[bytes]], size: int
) -> None:
    source, socket = raw
    socket.send(orders(FRAME_RECORDS_MAX + 1).tobytes()[:size])
    socket.send(orders(2).tobytes())
    assert np.array_equal(take(source, 2), orders(2))
    assert source.counters["bad_length"] == 1
    assert source.counters["records"] == 2


@pytest.mark.parametrize(
    ("field", "value", "counter"),
    [
        ("layout_version", LAYOUT_VERSION + 1, "bad_version"),
        ("layout_version", 0, "bad_version"),
        ("kind", 0, "bad_kind"),
    ],
)
def test_a_frame_with_one_bad_record_is_dropped_as_a_whole(
    raw: tuple[LaneSource, zmq.Socket[bytes]], field: str, value: int, counter: str
) -> None:
    source, socket = raw
    bad = orders(3)
    bad[2][field] = value
    good = orders(5)[3:]
    socket.send(bad.tobytes())
    socket.send(good.tobytes())
    assert np.array_equal(take(source, 2), good)
    assert source.counters[counter] == 1
    assert source.counters["gaps"] == 1
    assert source.counters["missing"] == 3


def test_a_flood_of_bad_frames_does_not_hide_the_good_one(
    raw: tuple[LaneSource, zmq.Socket[bytes]],
) -> None:
    source, socket = raw
    for _ in range(600):
        socket.send(b"bad")
    socket.send(orders(1).tobytes())
    taken: list[int] = []

    def arrived() -> bool:
        taken.append(len(source.take_rows()))
        return taken[-1] == 1

    until(arrived, "the good frame")
    assert source.counters["bad_length"] == 600


def test_gaps_and_restarts_of_the_numbers_are_counted(
    raw: tuple[LaneSource, zmq.Socket[bytes]],
) -> None:
    source, socket = raw
    rows = orders(8)
    rows["msg_seq_num"] = [1, 2, 5, 6, 1, 2, 2, 3]
    socket.send(rows.tobytes())
    assert np.array_equal(take(source, 8), rows)
    counters = source.counters
    assert (counters["gaps"], counters["missing"], counters["restarts"]) == (2, 2, 1)


def test_numbers_go_on_over_the_end_of_u32(raw: tuple[LaneSource, zmq.Socket[bytes]]) -> None:
    source, socket = raw
    rows = orders(3)
    rows["msg_seq_num"] = [2**32 - 2, 2**32 - 1, 1]
    socket.send(rows.tobytes())
    assert len(take(source, 3)) == 3
    assert source.counters["gaps"] == 1
    assert source.counters["restarts"] == 0


def test_one_source_takes_from_many_senders(context: zmq.Context[Any], near: str) -> None:
    is_shared = near.startswith("shm")
    places = [f"{near}.{sender}" if is_shared else near for sender in "abc"]
    others = places[1:] if is_shared else ()
    source = LaneSource(context, places[0], numbered=False, others=others)
    targets = [LaneTarget(context, place) for place in places]
    for index, target in enumerate(targets):
        target.put_rows(orders(50, 100 * index))
        target.close()
    assert len(take(source, 150)) == 150
    assert source.counters["gaps"] == 0
    source.close()


def test_session_records_are_not_numbered(context: zmq.Context[Any], near: str) -> None:
    source, target = lane(context, near)
    rows = orders(4)
    rows["kind"][1:3] = [Kind.LOGON, Kind.HEARTBEAT]
    target.put_rows(rows)
    target.flush_rows()
    assert take(source, 4)["msg_seq_num"].tolist() == [1, 0, 0, 2]
    assert source.counters["gaps"] == 0
    target.close()
    source.close()


def test_an_attachment_comes_with_the_last_record_of_a_take(context: zmq.Context[Any]) -> None:
    source, target = lane(context, "inproc://attached")
    logon = orders(1)
    logon["kind"] = Kind.LOGON
    target.put_rows(orders(2))
    assert target.put_attached(logon, b'{"channel": "CME"}')
    target.put_rows(orders(1, 3))
    target.flush_rows()
    taken = source.take_rows()
    assert taken["kind"].tolist() == [1, 1, Kind.LOGON]
    assert source.attachment() == b'{"channel": "CME"}'
    assert source.take_rows()["cl_ord_id"].tolist() == [3]
    assert source.attachment() is None
    with pytest.raises(RecordError, match="goes with a session record"):
        target.put_attached(orders(1), b"{}")
    with pytest.raises(RecordError, match="goes with one record, not with 2"):
        target.put_attached(orders(2), b"{}")
    target.close()
    source.close()


def test_messages_of_other_shapes_are_counted_and_dropped(
    raw: tuple[LaneSource, zmq.Socket[bytes]],
) -> None:
    source, socket = raw
    socket.send_multipart([orders(2).tobytes(), b"{}"])
    socket.send_multipart([orders(1).tobytes(), b"{}", b"{}"])
    socket.send_multipart([b"", orders(1).tobytes()])
    socket.send(orders(1).tobytes())
    assert len(take(source, 1)) == 1
    assert source.attachment() is None
    assert source.counters["bad_part"] == 3


def test_one_dealer_socket_carries_both_directions(context: zmq.Context[Any]) -> None:
    with context.socket(zmq.ROUTER) as venue:
        venue.bind("inproc://venue")
        target = LaneTarget(context, "inproc://venue", socket_type=zmq.DEALER)
        source = LaneSource(context, "inproc://venue", socket=target.socket)
        target.put_rows(orders(3))
        target.flush_rows()
        identity, frame = venue.recv_multipart()
        assert np.array_equal(np.frombuffer(frame, RECORD), orders(3))
        venue.send_multipart([identity, orders(2).tobytes()])
        assert np.array_equal(take(source, 2), orders(2))
        source.close()
        assert not target.socket.closed
        target.close()
        assert target.socket.closed


def test_socket_options_are_set_before_the_connection(context: zmq.Context[Any]) -> None:
    with context.socket(zmq.ROUTER) as venue:
        venue.bind("inproc://venue")
        target = LaneTarget(
            context,
            "inproc://venue",
            socket_type=zmq.DEALER,
            options={zmq.ROUTING_ID: b"channel"},
        )
        target.put_rows(orders(1))
        target.close()
        assert venue.recv_multipart()[0] == b"channel"


def test_what_cannot_be_put_is_refused_and_nothing_is_sent(
    context: zmq.Context[Any], near: str
) -> None:
    source, target = lane(context, near)
    rows = orders(3)
    rows["kind"][1] = 0
    with pytest.raises(RecordError, match="record 1 of 3 has no kind"):
        target.put_rows(rows)
    with pytest.raises(RecordError, match="expected an array of records, not of int64"):
        target.put_rows(np.zeros(16, np.int64))
    assert target.counters["records"] == 0
    with pytest.raises(LaneError, match="cannot take 0 records"):
        source.take_rows(0)
    target.close()
    source.close()
    with pytest.raises(LaneError, match=f"{near} is closed"):
        target.put_rows(orders(1))
    with pytest.raises(LaneError, match=f"{near} is closed"):
        source.take_rows()


def test_an_endpoint_that_cannot_be_used_is_named(
    context: zmq.Context[Any], tmp_path: Path
) -> None:
    with pytest.raises(LaneError, match=r"cannot bind a lane to 'ipc:///no/such/lane'"):
        LaneSource(context, "ipc:///no/such/lane")
    with pytest.raises(LaneError, match=r"cannot connect a lane to 'smoke://signals'"):
        LaneTarget(context, "smoke://signals")
    with pytest.raises(LaneError, match="is longer than 107 characters"):
        LaneSource(context, f"ipc://{tmp_path}/{'x' * 120}")
