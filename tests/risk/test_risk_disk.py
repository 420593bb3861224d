"""Risk on a disk that is full, slow or shared: what adds risk waits, what lowers it goes on."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq
from risk_rig import GOLD, cancel, mark, order, replace, settlement, trade
from test_backend import texts
from test_risk_agent import DEADLINE_S, Ends, Rig, is_marked, live_hash, placed, start, until

from tidegate import replay
from tidegate.card import attach_card
from tidegate.counters import read as counters_of
from tidegate.native import clock
from tidegate.native.card import Card
from tidegate.native.card_page import CardMemory, Register
from tidegate.native.journal_reader import JournalReader
from tidegate.native.records import ExecType, Kind, Reason
from tidegate.risk import Risk
from tidegate.run_dir import RunDir
from tidegate.universe import Journaling

SEGMENT = 1024
RESERVE = 256
POWER = Journaling(durability="power")


def filled_to_the_reserve(rig: Rig) -> int:
    """Send orders until one is denied for want of room; the number of the next."""
    number = 100

    def is_denied() -> bool:
        nonlocal number
        number += 1
        rig.ends.put("orders", order(number, order_qty=99))
        rig.work()
        rig.ends.take("reports")
        return rig.risk.agent.counters["denied_in_reserve"] > 0

    until(is_denied, "an order denied in the reserve")
    rig.ends.wait("reports", number - 100, rig.work)
    return number + 1


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """One with a working order, and a directory where the next segment should go."""
    rig = Rig(tmp_path)
    rig.mark()
    rig.ends.put("orders", order(1, order_qty=5), order(2, order_qty=5))
    rig.ends.wait("routes", 2, rig.work)
    (rig.run_dir.journal / "next.segment").mkdir()
    yield rig
    rig.close()


def test_in_the_reserve_orders_are_denied_and_all_else_goes_on(rig: Rig) -> None:
    number = filled_to_the_reserve(rig)
    row = rig.risk.journal.counters["row"]
    assert SEGMENT - RESERVE <= row < SEGMENT
    order_id = int(rig.ends.taken["routes"][0]["order_id"])
    count = len(rig.ends.taken["reports"])
    rig.ends.put("orders", order(number), replace(number + 1, 1, 4, 13_000))
    refused = rig.ends.wait("reports", count + 2, rig.work)[count:]
    assert [Reason(int(one["reason"])) for one in refused] == [Reason.JOURNAL_UNAVAILABLE] * 2
    assert [int(one["kind"]) for one in refused] == [Kind.DENIED, Kind.CANCEL_REJECT]
    rig.ends.put("orders", cancel(number + 2, 2))
    assert int(rig.ends.wait("routes", 3, rig.work)[2]["kind"]) == Kind.CANCEL_REQUEST
    rig.ends.put("executions", trade(order_id, 1, 5, 13_000))
    filled = rig.ends.wait("reports", count + 3, rig.work)[-1]
    assert int(filled["exec_type"]) == ExecType.EXEC_TRADE
    rig.ends.put("control", settlement(GOLD, 13_050))
    prices = rig.risk.tables.arrays["instruments"]["settlement_px"]
    until(lambda: rig.work() or int(prices[GOLD]) == 13_050, "a settlement price")
    assert rig.risk.journal.counters["row"] > row
    assert replay.replay(rig.run_dir.journal).state_hash == rig.risk.tables.state_hash()


def test_an_order_denied_without_a_journal_is_not_taken_again_by_the_next_risk(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("r")
    rig = Rig(path, endpoint=RunDir(path).ipc)
    rig.mark()
    rig.ends.put("orders", order(1, order_qty=5), order(2, order_qty=5))
    rig.ends.wait("routes", 2, rig.work)
    (rig.run_dir.journal / "next.segment").mkdir()
    number = filled_to_the_reserve(rig)
    denied = rig.risk.agent.counters["unjournaled"]
    rig.ends.put("orders", order(number))
    until(
        lambda: rig.work() or rig.risk.agent.counters["unjournaled"] > denied,
        "an order denied of which the gateway has not yet heard",
    )
    (rig.run_dir.journal / "next.segment").rmdir()
    rig.risk.close()
    rig.risk = Risk(rig.content, rig.run_dir, rig.context)
    rig.ends.put("orders", order(number + 1))
    rig.ends.wait("routes", 3, rig.work)
    assert [int(row["cl_ord_id"]) for row in rig.ends.take("routes")] == [1, 2, number + 1]
    told = [int(row["cl_ord_id"]) for row in rig.ends.take("reports")]
    assert told.count(number) == 1
    rig.close()


def test_with_no_reserve_left_cancels_are_refused_and_reports_wait(rig: Rig) -> None:
    number = filled_to_the_reserve(rig)
    order_id = int(rig.ends.taken["routes"][0]["order_id"])

    def is_refused() -> bool:
        nonlocal number
        number += 1
        rig.ends.put("orders", cancel(number, 99_999))
        rig.work()
        rig.ends.take("reports")
        return rig.risk.agent.counters["journal_code"] != 0

    until(is_refused, "a cancel refused for want of room")
    before = rig.risk.tables.state_hash()
    rig.ends.put("executions", trade(order_id, 1, 5, 13_000))
    rig.ends.wait("reports", len(rig.ends.taken["reports"]) + 1, lambda: again(rig))
    refused = rig.ends.taken["reports"][-1]
    assert Reason(int(refused["reason"])) == Reason.JOURNAL_UNAVAILABLE
    assert int(refused["kind"]) == Kind.CANCEL_REJECT
    assert rig.risk.tables.state_hash() == before
    (rig.run_dir.journal / "next.segment").rmdir()
    until(lambda: rig.work() or has_fill(rig), "the fill that waited")
    assert replay.replay(rig.run_dir.journal).state_hash == rig.risk.tables.state_hash()


def test_a_card_that_goes_out_is_said_at_once_and_noted_when_there_is_room(
    rig: Rig, capsys: pytest.CaptureFixture[str]
) -> None:
    memory = CardMemory()
    rig.risk.watch_card(attach_card(rig.risk.tables, memory, Card()))
    memory.write(Register.REG_HOLD, 1)
    rig.ends.put("orders", order(10))

    def is_full() -> bool:
        rig.ends.put("orders", *(cancel(50_000, 99_999) for _ in range(50)))
        rig.work()
        rig.ends.take("reports")
        return rig.risk.agent.counters["journal_code"] != 0

    until(is_full, "a cancel refused for want of room")
    capsys.readouterr()
    for _ in range(2):
        rig.risk.publish()
    said = capsys.readouterr().err
    assert said.count("the card stands still; orders go on without it") == 1
    assert texts(rig.run_dir.journal) == []
    (rig.run_dir.journal / "next.segment").rmdir()
    until(lambda: has_note(rig), "a note of the card")
    rig.risk.publish()
    assert texts(rig.run_dir.journal) == [b"card is out: stands still".ljust(32, b"\0")]
    assert "the card" not in capsys.readouterr().err


def has_note(rig: Rig) -> bool:
    rig.work()
    rig.risk.publish()
    return texts(rig.run_dir.journal) != []


def again(rig: Rig) -> None:
    rig.ends.put("orders", cancel(50_000, 99_999))
    rig.work()


def has_fill(rig: Rig) -> bool:
    return any(int(one["exec_type"]) == ExecType.EXEC_TRADE for one in rig.ends.take("reports"))


def test_orders_go_on_when_the_disk_has_room_again(rig: Rig) -> None:
    number = filled_to_the_reserve(rig)
    (rig.run_dir.journal / "next.segment").rmdir()
    rig.ends.put("orders", order(number))
    assert int(rig.ends.wait("routes", 3, rig.work)[2]["cl_ord_id"]) == number
    for more in range(number + 1, number + 600, 50):
        rig.ends.put("orders", *(order(n, order_qty=99) for n in range(more, more + 50)))
        rig.work()
    until(lambda: rig.work() or rig.risk.journal.counters["segment"] == 2, "the next segment")
    assert replay.replay(rig.run_dir.journal).state_hash == rig.risk.tables.state_hash()


@pytest.fixture
def full_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunDir]:
    """A run directory whose journal has a disk of its own, with room for one segment."""
    run_dir = RunDir(tmp_path_factory.mktemp("r"))
    run_dir.create()
    options = ("mount", "-t", "tmpfs", "-o", "size=200k", "tidegate", str(run_dir.journal))
    done = subprocess.run(options, capture_output=True)
    if done.returncode:
        pytest.skip(f"cannot mount a small file system: {done.stderr.decode().strip()}")
    yield run_dir
    subprocess.run(["umount", "-l", str(run_dir.journal)], check=True)


def test_a_real_full_disk_stops_new_orders_alone_until_there_is_room(full_disk: RunDir) -> None:
    full_disk.write_universe(placed(full_disk.ipc, segment_records=SEGMENT))
    with zmq.Context() as context:
        ends = Ends(context, full_disk.read_universe())
        process = start(full_disk)
        ends.put("executions", mark(GOLD, 13_000))
        until(lambda: is_marked(full_disk), "a mark")
        ends.put("orders", order(1, order_qty=5))
        ends.wait("routes", 1, int)
        number = 100

        def is_denied() -> bool:
            nonlocal number
            number += 1
            ends.put("orders", order(number, order_qty=99))
            return any(
                Reason(int(one["reason"])) == Reason.JOURNAL_UNAVAILABLE
                for one in ends.take("reports")
            )

        until(is_denied, "an order denied for want of room")
        ends.put("orders", cancel(number + 1, 1))
        assert int(ends.wait("routes", 2, int)[1]["kind"]) == Kind.CANCEL_REQUEST
        subprocess.run(["mount", "-o", "remount,size=1m", str(full_disk.journal)], check=True)
        until(lambda: bool(counters_of(full_disk)["risk"]["journal.prepared"]), "a segment")
        ends.put("orders", order(number + 2, order_qty=3))
        assert int(ends.wait("routes", 3, int)[2]["cl_ord_id"]) == number + 2
        process.terminate()
        assert process.wait(DEADLINE_S) == 0
        process.communicate()
        assert counters_of(full_disk)["risk"]["agent.denied_in_reserve"] > 0
        assert replay.replay(full_disk.journal).state_hash == live_hash(full_disk)
        ends.close()


def test_risk_does_not_start_on_a_full_disk_and_says_so(full_disk: RunDir) -> None:
    full_disk.write_universe(placed(full_disk.ipc, segment_records=SEGMENT * 4))
    done = subprocess.run(
        [sys.executable, "-m", "tidegate.stage", "risk", str(full_disk.path)],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
    )
    assert done.returncode == 1
    assert done.stderr == (
        f"{full_disk.journal}: sequence 1: cannot make a segment: No space left on device\n"
    )


def test_a_second_risk_process_on_one_run_directory_refuses(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    run_dir = RunDir(tmp_path_factory.mktemp("r"))
    run_dir.create()
    run_dir.write_universe(placed(run_dir.ipc))
    with zmq.Context() as context:
        ends = Ends(context, run_dir.read_universe())
        process = start(run_dir)
        ends.put("executions", mark(GOLD, 13_000))
        until(lambda: is_marked(run_dir), "a mark")
        ends.put("orders", order(1, order_qty=5))
        ends.wait("routes", 1, int)
        before = live_hash(run_dir)
        second = subprocess.run(
            [sys.executable, "-m", "tidegate.stage", "risk", str(run_dir.path)],
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
        )
        assert second.returncode == 1
        assert f"process {process.pid} writes this region" in second.stderr
        assert live_hash(run_dir) == before
        ends.put("orders", order(2, order_qty=5))
        ends.wait("routes", 2, int)
        process.terminate()
        assert process.wait(DEADLINE_S) == 0
        process.communicate()
        ends.close()


def test_in_power_mode_nothing_leaves_before_it_is_synced(tmp_path: Path) -> None:
    rig = Rig(tmp_path, journaling=POWER)
    rig.mark()
    for number in range(1, 40):
        rig.ends.put("orders", order(number, order_qty=99 if number % 3 else 1))
        name = "reports" if number % 3 else "routes"
        count = len(rig.ends.taken[name])
        newest = int(rig.ends.wait(name, count + 1, rig.work)[-1]["sequence"])
        synced = JournalReader(rig.run_dir.journal).synced
        assert synced is not None
        assert synced >= newest > 0
    assert 0 < rig.risk.journal.counters["syncs"] <= rig.risk.journal.next_sequence
    rig.close()
    assert JournalReader(rig.run_dir.journal).synced == rig.risk.journal.next_sequence - 1


def test_a_slow_disk_stops_new_orders_until_a_sync_is_quick(tmp_path: Path) -> None:
    rig = Rig(tmp_path, journaling=Journaling(durability="power", slow_ms=0))
    rig.mark()
    rig.ends.put("orders", order(1))
    denied = rig.ends.wait("reports", 1, rig.work)[0]
    assert Reason(int(denied["reason"])) == Reason.JOURNAL_UNAVAILABLE
    assert rig.risk.journal.is_slow
    assert rig.risk.journal.counters["slow_syncs"] > 0
    now = clock.latest_ns()
    try:
        # A sync takes no time where time stands still.
        clock.set_virtual(now + 10_000_000, now)
        rig.ends.put("orders", order(2))
        until(lambda: rig.risk.agent.work() and not rig.risk.journal.is_slow, "a quick sync")
        rig.ends.put("orders", order(3))
        until(lambda: rig.risk.agent.work() or rig.ends.take("routes"), "an order")
    finally:
        clock.set_virtual(0)
    assert int(rig.ends.wait("routes", 1, rig.work)[0]["cl_ord_id"]) == 3
    rig.close()


def test_time_does_not_go_back_over_a_restart(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.mark()
    then = int(rig.risk.tables.arrays["risk"]["now_ns"][0])
    rig.close()
    before = clock.back_count()
    try:
        # The clock was set back an hour while risk was down.
        clock.set_virtual(then - 3_600_000_000_000)
        rig = Rig(tmp_path)
        rig.ends.put("orders", order(1))
        until(lambda: rig.risk.agent.work() > 0, "an order taken")
        assert clock.wall_ns() == clock.latest_ns() == then
        rig.risk.publish()
        assert counters_of(rig.run_dir)["risk"]["clock.set_back"] == before + 1
        times = [
            row["received_ns"]
            for rows in JournalReader(rig.run_dir.journal).batches()
            for row in rows[rows["kind"] == Kind.TICK]
        ]
        assert times == sorted(times)
        rig.close()
    finally:
        clock.set_virtual(0)


def test_who_watches_the_run_is_told_once_that_the_disk_is_full_and_once_that_it_is_not(
    rig: Rig, capsys: pytest.CaptureFixture[str]
) -> None:
    filled_to_the_reserve(rig)
    for _ in range(3):
        rig.risk.publish()
    said = capsys.readouterr().err
    assert said.count("cannot be written on") == said.count("\n") == 1
    (rig.run_dir.journal / "next.segment").rmdir()
    rig.ends.put("orders", order(90_000))
    until(lambda: rig.work() or len(rig.ends.take("routes")) > 2, "an order that passes")
    rig.risk.publish()
    rig.risk.publish()
    assert capsys.readouterr().err.count("is written again") == 1
