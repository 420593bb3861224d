"""What the simulator's lanes do to frames, and the tail that it tears."""

from pathlib import Path
from random import Random

import numpy as np
import zmq

from tidegate.native.journal import Journal
from tidegate.native.journal_reader import JournalReader
from tidegate.native.records import RECORD, Kind
from tidegate.simulation.disk import tear
from tidegate.simulation.faults import EVENT_FAULTS, FRAME_FAULTS, Faults
from tidegate.simulation.lanes import Lane, damaged
from tidegate.simulation.sockets import Place


def faults(*wanted: str) -> Faults:
    """These frame faults, at each frame."""
    made = Faults(Random(1), frozenset((*FRAME_FAULTS, *EVENT_FAULTS)))
    made.frame_faults = list(wanted)
    made.rates = dict.fromkeys(wanted, 1 / max(1, len(wanted)))
    made.frame_rate = float(bool(wanted))
    return made


class Rig:
    """A lane between two places, with the stages' own ends."""

    def __init__(self, made: Faults) -> None:
        self.places = Place(), Place()
        self.sender = self.places[0].socket(zmq.PUSH)
        self.sender.connect("inproc://lane")
        self.receiver = self.places[1].socket(zmq.PULL)
        self.receiver.bind("inproc://lane")
        self.lane = Lane("lane", made, Random(2))
        self.lane.sender_up(self.places[0])
        self.lane.receiver_up(self.places[1])

    def carry(self, frames: list[bytes], at_ns: int = 1) -> list[bytes]:
        for frame in frames:
            self.sender.send(frame, zmq.NOBLOCK)
            self.lane.move(at_ns)
        return self.read()

    def read(self) -> list[bytes]:
        found = []
        while self.receiver.poll(0):
            found.append(self.receiver.recv())
        return found

    def close(self) -> None:
        for place in self.places:
            place.end()


def test_a_lane_without_faults_carries_all_in_order() -> None:
    rig = Rig(faults())
    assert rig.carry([b"a", b"b", b"c"]) == [b"a", b"b", b"c"]
    rig.close()


def test_dropped_doubled_and_delayed_frames_are() -> None:
    rig = Rig(faults("drop"))
    assert rig.carry([b"a", b"b"]) == []
    rig.close()
    rig = Rig(faults("duplicate"))
    assert rig.carry([b"a"]) == [b"a", b"a"]
    rig.close()
    rig = Rig(faults("delay"))
    assert rig.carry([b"a"]) == []
    rig.lane.move(10**9)
    assert rig.read() == [b"a"]
    rig.close()


def test_a_stopped_lane_carries_nothing_until_it_goes_on() -> None:
    rig = Rig(faults())
    rig.lane.stopped_until = 100
    assert rig.carry([b"a"], 99) == []
    rig.lane.move(100)
    assert rig.read() == [b"a"]
    rig.close()


def test_a_damaged_frame_differs() -> None:
    draw = Random(3)
    frame = bytes(range(128))
    assert all(damaged(frame, draw) != frame for _ in range(200))


def test_a_torn_tail_is_seen_as_torn_and_cut(tmp_path: Path) -> None:
    rows = np.zeros(3, RECORD)
    rows["kind"], rows["sequence"] = Kind.TICK, (1, 2, 3)
    rows["received_ns"] = 7
    journal = Journal(tmp_path, segment_records=8)
    journal.append_rows(rows)
    journal.close()
    assert tear(tmp_path, Random(4))
    reader = JournalReader(tmp_path)
    assert sum(len(batch) for batch in reader.batches()) == 3
    assert reader.end is not None
    assert reader.end.reason == "torn"
    Journal(tmp_path, append=True).close()
    again = JournalReader(tmp_path)
    assert sum(len(batch) for batch in again.batches()) == 3
    assert again.end is not None
    assert again.end.reason == "clean"
