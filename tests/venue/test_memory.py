"""A venue that is killed and started again: what it remembers, and what it gives again."""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from venue_rig import SECOND, SELL, Stepped, Wire, two_sided, write_tape

from tidegate.errors import VenueError
from tidegate.native.records import ExecType, Kind, Reason
from tidegate.venue.memory import Memory
from tidegate.venue.wire import CL_ORD_ID

NEW, CANCELED, TRADE = ExecType.EXEC_NEW, ExecType.EXEC_CANCELED, ExecType.EXEC_TRADE


class Desk:
    """A venue with a memory."""

    def __init__(self, place: Path) -> None:
        tape = write_tape(place / "small.tape", two_sided(), span_ns=1000 * SECOND)
        self.memory = place / "memory"
        self.venue = Stepped(tape, self.memory)

    def restart(self) -> Wire:
        """Killed and started again; a connection that has not logged on."""
        self.venue.kill()
        for wire in self.venue.wires:
            wire.close()
        self.venue.wires.clear()
        self.venue.now_ns += SECOND
        self.venue.start(self.memory)
        return self.venue.wire()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.venue.close()


def trade(wire: Wire) -> None:
    """Three lots bought; two orders rest, one of them partly filled."""
    wire.order(1, price=102, order_qty=3)
    wire.order(2, price=102, order_qty=9)
    wire.order(3, side=SELL, price=110, order_qty=2)
    wire.order(4, price=90, order_qty=0)
    wire.until_reports(6)


def test_a_venue_that_was_killed_has_its_positions_and_money(desk: Desk) -> None:
    wire = desk.venue.channel()
    trade(wire)
    before = wire.request("statement")
    after = desk.restart().request("statement")
    assert after["incarnation"] == before["incarnation"]
    for name in ("M1", "M2"):
        old, new = (said["accounts"][name] for said in (before, after))  # type: ignore[index]
        for key in ("number", "position", "cash", "codes", "traded_value", "fees", "volume"):
            assert new[key] == old[key], key
    assert len(before["accounts"]["M1"]["orders"]) == 2  # type: ignore[index]
    assert after["accounts"]["M1"]["orders"] == []  # type: ignore[index]


def test_what_worked_is_canceled_and_every_report_can_be_had_again(desk: Desk) -> None:
    wire = desk.venue.channel()
    trade(wire)
    before = [row.tobytes() for row in wire.reports]
    again = desk.restart()
    welcome = again.log_on(next_expected=1, next_sending=5)
    again.until_reports(8)
    old, new = again.reports[:6], again.reports[6:]
    for row in old:
        row = row.copy()
        row["flags"] = 0
        assert row.tobytes() in before
    assert [(row["exec_type"], row["cl_ord_id"], row["cum_qty"]) for row in new] == [
        (CANCELED, 2, 7),
        (CANCELED, 3, 0),
    ]
    assert [int(row["msg_seq_num"]) for row in again.reports] == list(range(1, 9))
    assert (welcome["working"], welcome["next_report"]) == ([], 9)


def test_keys_ids_and_request_numbers_go_on_where_they_were(desk: Desk) -> None:
    wire = desk.venue.channel()
    trade(wire)
    last = max(int(row["exec_id"]) for row in wire.reports)
    again = desk.restart()
    again.log_on(next_expected=0, next_sending=5)
    assert desk.venue.agent.front.channels["router"].next_expected == 5
    again.sent = 4
    again.order(1, price=90)
    again.order(2, Kind.CANCEL_REQUEST)
    duplicate, late = again.until_reports(4)[2:]
    assert duplicate["reason"] == Reason.VENUE_DUPLICATE
    assert duplicate["exec_id"] > last
    assert late["reason"] == Reason.VENUE_TOO_LATE


def test_a_request_that_was_not_served_is_not_counted_as_received(desk: Desk) -> None:
    wire = desk.venue.channel()
    trade(wire)
    desk.venue.settings = msgspec.structs.replace(desk.venue.settings, latency_us=(9000, 9000))
    desk.venue.agent._settings = desk.venue.settings
    wire.order(5, price=90)
    wire.take()
    assert desk.venue.agent.front.channels["router"].next_expected == 6
    desk.restart().log_on(next_expected=0, next_sending=6)
    assert desk.venue.agent.front.channels["router"].next_expected == 5


def test_a_line_never_has_what_a_request_led_to_without_the_request(desk: Desk) -> None:
    trade(desk.venue.channel())
    served = reported = 0
    for line in desk.memory.read_bytes().splitlines():
        for kind, _, *rest in msgspec.json.decode(line):
            if kind == "served":
                served = rest[0]
            elif kind == "reported":
                # The orders' keys are the numbers of their requests.
                reported = max([reported, *(row[CL_ORD_ID] for row in rest[0])])
        assert reported <= served
    assert reported == 4


def test_repeats_and_late_fills_are_remembered_once(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.venue.kill()
    faults = {"resend_ppm": 1_000_000, "late_fill_ppm": 1_000_000}
    desk.venue.settings = msgspec.structs.replace(desk.venue.settings, **faults)
    desk.venue.start(desk.memory)
    wire = desk.venue.channel()
    trade(wire)
    wire.order(3, Kind.CANCEL_REQUEST)
    wire.until_reports(15)
    before = wire.request("statement")["accounts"]["M1"]  # type: ignore[index]
    desk.venue.settings = msgspec.structs.replace(desk.venue.settings, late_fill_ppm=0)
    after = desk.restart().request("statement")["accounts"]["M1"]  # type: ignore[index]
    assert before["position"]["GCZ3"] < 10, "the cancel was followed by a fill"
    assert (after["codes"], after["cash"]) == (before["codes"], before["cash"])
    desk.venue.close()


def test_a_line_that_was_cut_is_forgotten(desk: Desk) -> None:
    trade(desk.venue.channel())
    whole = desk.memory.read_bytes()
    for cut in (1, 40, len(whole.splitlines()[-1])):
        desk.memory.write_bytes(whole[:-cut])
        lines = Memory(desk.memory, desk.venue.settings, 1).lines
        assert len(lines) == whole[:-cut].count(b"\n") - 1
        assert desk.memory.read_bytes().endswith(b"\n")


def test_a_file_that_is_no_memory_is_refused(desk: Desk) -> None:
    desk.memory.write_bytes(b'["opened",1]\n')
    with pytest.raises(VenueError, match="line 1"):
        Memory(desk.memory, desk.venue.settings, 1)
    desk.memory.write_bytes(b'[["served","router",1]]\n')
    with pytest.raises(VenueError, match="other accounts or securities"):
        Memory(desk.memory, desk.venue.settings, 1)


def test_a_memory_of_other_accounts_is_refused(desk: Desk) -> None:
    other = msgspec.structs.replace(desk.venue.settings, accounts={"M2": 1})
    with pytest.raises(VenueError, match="expected those of this config"):
        Memory(desk.memory, other, 1)


def state(desk: Desk) -> tuple[object, ...]:
    """All that a restart must bring back."""
    front, exchange = desk.venue.agent.front, desk.venue.agent.exchange
    kept = [channel.all_kept() for channel in front.channels.values()]
    return exchange.picture(), kept, [each.next_expected for each in front.channels.values()]


def test_a_large_memory_is_written_anew_and_says_the_same(desk: Desk) -> None:
    """Killed after it was written anew, or never: the venue that comes back is the same one."""
    trade(desk.venue.channel())
    before = desk.memory.read_bytes()
    memory = desk.venue.agent._memory
    assert memory is not None
    memory.large = 1
    desk.venue.step()
    assert b'["reported"' not in desk.memory.read_bytes()
    anew = desk.memory.read_bytes()
    desk.restart()
    given = state(desk)
    after = desk.memory.read_bytes()
    assert after.startswith(anew)
    assert len(after.splitlines()) > len(anew.splitlines()), "it goes on in the new file"
    desk.memory.write_bytes(before)
    desk.venue.now_ns -= SECOND
    desk.restart()
    assert state(desk) == given


def test_a_memory_that_cannot_be_written_anew_goes_on_as_it_is(desk: Desk) -> None:
    trade(desk.venue.channel())
    memory = desk.venue.agent._memory
    assert memory is not None
    before = desk.memory.read_bytes()
    desk.memory.with_suffix(".partial").mkdir()
    memory.large = 1
    desk.venue.step()
    assert desk.memory.read_bytes() == before
    assert not memory.is_large


def test_a_venue_on_a_full_disk_stands_still_until_there_is_room(
    desk: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    wire = desk.venue.channel()
    trade(wire)
    memory = desk.venue.agent._memory
    assert memory is not None
    # What a write to it is answered is what one to a full disk is.
    file, memory.fd = memory.fd, os.open("/dev/full", os.O_WRONLY)
    wire.order(5, price=102, order_qty=1)
    wire.order(6, price=90)
    for _ in range(50):
        desk.venue.step()
        wire.take()
    assert len(wire.reports) == 6
    assert desk.venue.agent.is_full
    os.close(memory.fd)
    memory.fd = file
    last = wire.until_reports(8)[-1]
    assert (last["exec_type"], last["cl_ord_id"]) == (NEW, 6)
    before = wire.request("statement")["accounts"]["M1"]  # type: ignore[index]
    after = desk.restart().request("statement")["accounts"]["M1"]  # type: ignore[index]
    assert (after["position"], after["cash"]) == (before["position"], before["cash"])
    said = capfd.readouterr().err.splitlines()
    assert said == [
        f"{desk.memory}: its disk is full; the venue stands still until there is room",
        f"{desk.memory}: there is room again",
    ]
