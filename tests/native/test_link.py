"""Retained lanes: whatever the wire and the ends do, each record arrives once and in order."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
import zmq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from link_rig import MS, Pair, SharedWire, Wire, records, ring

from tidegate.errors import LaneError, RecordError
from tidegate.native.link import Link
from tidegate.native.numbered import NumberedSource
from tidegate.native.records import RECORD, RECORD_SIZE, SESSION_RECORD, Kind
from tidegate.native.retained import RetainedTarget

LAST_BEFORE_WRAP = 2**32 - 6


@pytest.fixture(params=["socket", "shm"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    pair = Pair(place=tmp_path if request.param == "shm" else None)
    yield pair
    pair.close()


def kinds_on(wire: Wire | SharedWire) -> list[int]:
    wire.collect()
    return [int(row["kind"]) for frame in wire.frames for row in np.frombuffer(frame, RECORD)]


ENDS = st.sampled_from(["x", "y"])
LANES = st.integers(0, 2)
OPERATIONS = st.one_of(
    st.tuples(st.just("put"), LANES, st.integers(1, 40)),
    st.tuples(st.just("take"), LANES, st.integers(1, 20)),
    st.tuples(st.just("take_and_die"), LANES, st.integers(0, 3)),
    st.tuples(st.just("tend"), ENDS, st.sampled_from([0, 5, 20, 100])),
    st.tuples(st.just("restart"), ENDS, st.just(0)),
    st.tuples(st.just("deliver"), LANES, st.integers(1, 3)),
    st.tuples(st.just("drop"), LANES, st.integers(0, 5)),
    st.tuples(st.just("double"), LANES, st.integers(0, 5)),
    st.tuples(st.just("swap"), LANES, st.integers(0, 5)),
    st.tuples(st.just("damage"), LANES, st.integers(0, 50 * RECORD_SIZE * 8)),
    st.tuples(st.just("replay"), LANES, st.integers(0, 30)),
)


class Faults:
    """Applies drawn operations to a pair; every frame ever sent may come again at any time."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.seen: dict[int, list[bytes]] = {0: [], 1: [], 2: []}

    def apply(self, name: str, where: Any, much: int) -> None:
        pair = self.pair
        if name == "tend":
            pair.now_ns += much * MS
            getattr(pair, where).link.tend_at(pair.now_ns)
        elif name == "restart":
            getattr(pair, where).restart()
        elif name == "put":
            sender = pair.y if where == 2 else pair.x
            sender.put(where % 2, much)
        elif name in ("take", "take_and_die"):
            receiver = pair.x if where == 2 else pair.y
            receiver.take(where % 2, 8, None if name == "take" else much)
        else:
            self.disturb(name, where, much)

    def disturb(self, name: str, where: int, much: int) -> None:
        wire = self.pair.wires[where]
        before = len(wire.frames)
        wire.collect()
        self.seen[where].extend(list(wire.frames)[before:])
        frames = wire.frames
        if name == "replay" and self.seen[where]:
            frames.append(self.seen[where][much % len(self.seen[where])])
        if not frames:
            return
        at = much % len(frames)
        if name == "deliver":
            wire.deliver(much)
        elif name == "drop":
            del frames[at]
        elif name == "double":
            frames.insert(at, frames[at])
        elif name == "swap":
            frames.append(frames[at])
            del frames[at]
        elif name == "damage":
            bits = bytearray(frames[at])
            bit = much % (8 * len(bits))
            bits[bit // 8] ^= 1 << bit % 8
            frames[at] = bytes(bits)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    operations=st.lists(OPERATIONS, max_size=120),
    capacity=st.sampled_from([8, 64]),
    last=st.sampled_from([0, LAST_BEFORE_WRAP]),
    is_shared=st.booleans(),
)
def test_each_record_arrives_once_and_in_order_whatever_the_wire_and_the_ends_do(
    operations: list[tuple[str, Any, int]], capacity: int, last: int, is_shared: bool
) -> None:
    place = TemporaryDirectory()
    pair = Pair(capacity=capacity, last=last, place=Path(place.name) if is_shared else None)
    faults = Faults(pair)
    try:
        for operation in operations:
            faults.apply(*operation)
            for sent, done in pair.lanes():
                assert done == sent[: len(done)]
        assert pair.settle() < 400, "the link never falls silent"
        for sent, done in pair.lanes():
            assert done == sent
        for end in (*pair.x.sources, *pair.y.sources):
            assert end.counters["lost"] == 0
    finally:
        pair.close()
        place.cleanup()


def test_where_all_is_taken_there_is_silence(pair: Pair) -> None:
    pair.x.put(0, 10)
    pair.y.put(0, 10)
    assert pair.settle() < 20
    for _ in range(100):
        pair.tend(100)
    assert not any(kinds_on(wire) for wire in pair.wires)


def test_a_lost_tail_is_asked_for_by_the_next_heartbeat(pair: Pair) -> None:
    pair.settle()
    pair.x.put(0, 5)
    pair.x.link.tend_at(pair.now_ns)
    pair.wires[0].collect()
    pair.wires[0].frames.clear()
    assert pair.settle() <= 12
    assert pair.y.done[0] == [0, 1, 2, 3, 4]
    assert pair.x.targets[0].counters["resends"] >= 1


def test_a_lost_acknowledgement_is_told_again(pair: Pair) -> None:
    pair.settle()
    pair.x.put(0, 5)
    pair.x.link.tend_at(pair.now_ns)
    pair.wires[0].deliver()
    pair.y.take(0, 64)
    pair.tend()
    pair.tend(20)
    pair.wires[2].collect()
    assert pair.wires[2].frames
    pair.wires[2].frames.clear()
    assert pair.x.targets[0].counters["unacked"] == 5
    pair.settle()
    assert pair.x.targets[0].counters["unacked"] == 0
    assert pair.y.done[0] == [0, 1, 2, 3, 4]


def test_a_full_ring_takes_no_more_until_the_other_end_has_taken(pair: Pair) -> None:
    pair.x.put(0, 100)
    assert len(pair.x.sent[0]) == 64
    assert pair.x.targets[0].counters["full"] == 1
    pair.settle()
    pair.x.put(0, 36)
    pair.settle()
    assert pair.y.done[0] == list(range(100))


def test_an_eighth_of_the_ring_is_acknowledged_without_waiting_for_the_time(pair: Pair) -> None:
    pair.settle()
    pair.x.put(0, 8)
    pair.tend()
    pair.wires[0].deliver()
    pair.y.take(0, 64)
    pair.tend()
    assert kinds_on(pair.wires[2]) == [Kind.HEARTBEAT]


def test_while_records_move_a_word_between_them_is_said_every_200_ms(pair: Pair) -> None:
    pair.settle()
    told: list[int] = []
    for _ in range(30):
        pair.x.put(0, 1)
        pair.tend(40)
        pair.wires[0].deliver()
        pair.y.take(0, 64)
        told += kinds_on(pair.wires[2])
        pair.wires[2].frames.clear()
    assert told == [Kind.HEARTBEAT] * len(told)
    assert 5 <= len(told) <= 6
    pair.settle()
    assert pair.y.done[0] == list(range(30))


def test_a_gap_is_asked_for_at_once_and_then_each_100_ms(pair: Pair) -> None:
    pair.settle()
    pair.x.put(0, 4)
    pair.tend()
    pair.wires[0].collect()
    rows = np.frombuffer(pair.wires[0].frames.popleft(), RECORD)
    pair.wires[0].pass_on(rows[1:].tobytes())
    pair.y.take(0, 64)
    asked = []
    for _ in range(21):
        pair.y.link.tend_at(pair.now_ns)
        asked += [kind for kind in kinds_on(pair.wires[2]) if kind == Kind.RESEND_REQUEST]
        pair.wires[2].frames.clear()
        pair.now_ns += 10 * MS
    assert len(asked) == 3
    assert pair.y.done[0] == []
    assert pair.y.sources[0].counters["gaps"] == 3


def test_a_receiver_without_history_begins_with_the_oldest_that_is_kept(pair: Pair) -> None:
    pair.x.put(0, 20)
    pair.settle()
    pair.y.taken[0] = 0
    pair.y.restart()
    pair.x.put(0, 3)
    pair.settle()
    assert pair.y.done[0] == list(range(23))
    assert pair.y.sources[0].counters["lost"] == 0


def test_what_a_sender_no_longer_has_is_counted_as_lost_and_the_rest_is_taken(pair: Pair) -> None:
    pair.x.put(0, 20)
    pair.settle()
    pair.y.taken[0] = 12
    pair.y.restart()
    pair.x.put(0, 3)
    pair.settle()
    assert pair.y.done[0] == [*range(20), 20, 21, 22]
    assert pair.y.sources[0].counters["lost"] == 8


def test_a_sender_with_a_fresh_ring_is_followed_back_to_its_first_number(pair: Pair) -> None:
    pair.x.put(0, 20)
    pair.settle()
    pair.x.rings[0] = ring()
    pair.x.sent[0].clear()
    pair.x.restart()
    pair.y.done[0].clear()
    pair.x.put(0, 3)
    pair.settle()
    assert pair.y.done[0] == [0, 1, 2]
    assert pair.y.sources[0].counters["resets"] == 1


def test_skimming_hears_acknowledgements_and_leaves_the_records_to_come_again(pair: Pair) -> None:
    pair.settle()
    pair.y.put(0, 64)
    pair.tend()
    pair.wires[2].deliver()
    pair.x.take(0, 64)
    pair.x.put(0, 10)
    pair.tend(20)
    pair.wires[0].deliver()
    pair.y.sources[0].skim_all()
    pair.tend()
    assert pair.y.targets[0].counters["unacked"] == 0
    assert pair.y.sources[0].counters["skimmed"] == 10
    assert Kind.RESEND_REQUEST not in kinds_on(pair.wires[2])
    pair.settle()
    assert pair.y.done[0] == list(range(10))


def test_records_without_a_number_are_taken_as_they_come(pair: Pair) -> None:
    pair.settle()
    loose = records(range(7, 8), Kind.CASH)
    loose["layout_version"] = 3
    pair.wires[1].pass_on(loose.tobytes())
    rows = pair.y.sources[1].take_rows(8)
    assert list(rows["cl_ord_id"]) == [7]
    assert pair.y.link.quiet


def given_ring(context: zmq.Context[Any], rows: Any) -> RetainedTarget:
    return RetainedTarget(context, "inproc://given", rows, given=True)


def test_a_lane_of_a_step_takes_the_next_number_only_and_answers_without_one() -> None:
    rows = ring()
    with zmq.Context() as context:
        target = given_ring(context, rows)
        given = records(range(3))
        given["msg_seq_num"] = [1, 2, 0]
        given[2:]["kind"] = Kind.DENIED
        given.view(np.uint8).reshape(3, -1)[2, 120:124] = np.array([77], np.uint32).view(np.uint8)
        assert target.put_rows(given) == 3
        assert (target.given, target.next_number, target.answered) == (2, 4, 77)
        with pytest.raises(RecordError, match="the last that was put"):
            target.put_rows(given[1:2])
        target.close()
        again = given_ring(context, rows)
        assert (again.given, again.next_number, again.answered) == (2, 4, 77)
        again.close()


def test_what_an_answer_answers_counts_only_when_the_answer_does() -> None:
    """A process killed on either side of the one store that gives the number."""
    for is_put in (False, True):
        rows = ring()
        head = rows[:1].view(np.uint32)
        head[0] = 4 + is_put
        head[3], head[4], head[5] = 50, 77, 4
        with zmq.Context() as context:
            target = given_ring(context, rows)
            assert target.answered == (77 if is_put else 50)
            target.close()


def test_ends_refuse_what_cannot_be_a_lane() -> None:
    with zmq.Context() as context:
        for rows in (np.zeros(4, RECORD), np.zeros(1, RECORD), np.zeros(3, np.uint8)):
            with pytest.raises(LaneError, match="a power of two"):
                RetainedTarget(context, "inproc://never", rows)
        with pytest.raises(LaneError, match="every 0"):
            NumberedSource(context, "inproc://never", ack_every=0)
        target = RetainedTarget(context, "inproc://never", ring())
        source = NumberedSource(context, "inproc://here")
        with pytest.raises(LaneError, match="two and two"):
            Link(target, source, second_target=target, second_source=source)
        target.close()
        source.close()
        with pytest.raises(LaneError, match="closed"):
            target.put_rows(records(range(1)))
        with pytest.raises(LaneError, match="closed"):
            source.take_rows()


def test_a_message_of_the_lane_says_what_both_ends_have(pair: Pair) -> None:
    pair.settle()
    pair.x.put(0, 3)
    pair.y.put(0, 2)
    pair.tend()
    pair.wires[2].deliver()
    pair.x.take(0, 64)
    pair.tend()
    pair.tend(20)
    pair.wires[0].collect()
    told = np.frombuffer(pair.wires[0].frames[-1], SESSION_RECORD)[-1]
    assert told["kind"] == Kind.HEARTBEAT
    assert (told["next_sending"], told["next_expected"], told["end_seq_no"]) == (4, 3, 1)
