"""The venue's duty cycle over real sockets, stepped under virtual time."""

import numpy as np
import zmq
from venue_rig import BUY, SECOND, SELL, Make, Wire, assert_refused

from tidegate.native.records import (
    QUOTE_RECORD,
    ExecType,
    Flag,
    Kind,
    Reason,
    TimeInForce,
)
from tidegate.tape.events import TapeKind

MS = 1_000_000
NEW, CANCELED, EXPIRED, TRADE = (
    ExecType.EXEC_NEW,
    ExecType.EXEC_CANCELED,
    ExecType.EXEC_EXPIRED,
    ExecType.EXEC_TRADE,
)


def told(wire: Wire) -> list[tuple[int, int]]:
    """What the reports say: exec_type (0 for a cancel reject) and cl_ord_id."""
    return [(int(report["exec_type"]), int(report["cl_ord_id"])) for report in wire.reports]


def test_reports_are_numbered_from_1_and_have_rising_exec_ids(make: Make) -> None:
    wire = make().channel()
    wire.order(1, price=102, order_qty=4)
    wire.order(2, price=90)
    wire.until_reports(3)
    assert told(wire) == [(NEW, 1), (TRADE, 1), (NEW, 2)]
    assert [int(r["msg_seq_num"]) for r in wire.reports] == [1, 2, 3]
    ids = [int(r["exec_id"]) for r in wire.reports]
    assert ids == sorted(set(ids))


def test_a_request_and_its_answer_take_the_latency_each_way(make: Make) -> None:
    venue = make(latency_us=(1000, 2000))
    wire = venue.channel()
    wire.order(1, price=90)
    venue.step()
    sent_ns = venue.now_ns
    wire.until_reports(1)
    assert 2 * MS <= venue.now_ns - sent_ns <= 4 * MS + 3 * venue.STEP_NS


def test_latencies_never_reorder_a_channel(make: Make) -> None:
    wire = make(latency_us=(0, 5000)).channel()
    for number in range(1, 41):
        wire.order(number, price=90)
    wire.until_reports(40)
    assert told(wire) == [(NEW, number) for number in range(1, 41)]


def test_the_same_seed_and_steps_give_the_same_reports(make: Make) -> None:
    runs = []
    for _ in range(2):
        venue = make(latency_us=(0, 5000), reject_ppm=300_000, seed=5)
        wire = venue.channel()
        for number in range(1, 41):
            wire.order(number, price=90)
        venue.run(50 * MS)
        wire.until_reports(40)
        runs.append([report.tobytes() for report in wire.reports])
        venue.close()
    assert runs[0] == runs[1]
    assert len({report[7] for report in runs[0]}) == 2, "some were rejected, some not"


def test_requests_and_tape_meet_in_the_order_of_their_times_whatever_the_step(make: Make) -> None:
    for step_ns in (10_000, 7 * MS):
        venue = make(
            ((5 * MS, TapeKind.TRADE, SELL, 100, 12), (9 * MS, TapeKind.TRADE, SELL, 100, 12)),
            latency_us=(3000, 3000),
            start="on_request",
        )
        wire = venue.channel()
        wire.request("start")
        wire.order(1, price=100, order_qty=5)
        venue.agent.do_work(venue.now_ns)
        venue.STEP_NS = step_ns
        venue.run(21 * MS)
        wire.until_reports(3)
        quantities = [int(r["last_qty"]) for r in wire.reports if r["exec_type"] == TRADE]
        assert quantities == [2, 3]
        venue.close()


def test_a_cancel_that_a_fill_overtakes_is_too_late(make: Make) -> None:
    start_ns, trade_ns = SECOND, 20 * MS
    venue = make(((trade_ns, TapeKind.TRADE, SELL, 100, 20),), latency_us=(1000, 1000))
    wire = venue.channel()
    wire.order(1, price=100)
    wire.until_reports(1)
    venue.run(start_ns + trade_ns - MS // 2 - venue.now_ns)
    wire.order(1, Kind.CANCEL_REQUEST)
    _, fill, refusal = wire.until_reports(3)
    assert fill["exec_type"] == TRADE
    assert (refusal["kind"], refusal["reason"]) == (Kind.CANCEL_REJECT, Reason.VENUE_TOO_LATE)
    assert refusal["ref_kind"] == Kind.CANCEL_REQUEST


def test_a_silent_channel_loses_its_orders_and_finds_the_reports_later(make: Make) -> None:
    venue = make()
    lost = venue.channel()
    other = venue.channel("other", "M2")
    lost.order(1, price=90)
    lost.until_reports(1)
    other.order(1, price=90, account=2)
    other.until_reports(1)
    for _ in range(4):
        other.ask(Kind.HEARTBEAT)
        venue.run(SECOND)
    lost.take()
    assert told(lost) == [(NEW, 1)]
    assert told(other) == [(NEW, 1)], "another channel's orders are left alone"
    again = venue.wire()
    again.log_on(next_expected=1, next_sending=2)
    again.until_reports(2)
    assert told(again) == [(NEW, 1), (CANCELED, 1)]
    assert all(report["flags"] & Flag.POSS_DUP for report in again.reports)


def test_a_logon_asks_for_reports_from_its_next_expected_on_or_for_none(make: Make) -> None:
    venue = make()
    first = venue.channel()
    for number in range(1, 6):
        first.order(number, price=90)
    first.until_reports(5)
    for next_expected, expected in ((4, [4, 5, 6, 7, 8, 9, 10]), (0, [])):
        again = venue.wire()
        again.log_on(next_expected=next_expected, next_sending=6)
        again.until_reports(len(expected)) if expected else None
        venue.run(MS)
        again.take()
        old = [int(r["msg_seq_num"]) for r in again.reports]
        # The takeover has canceled the five orders: 6 to 10.
        assert old[: len(expected)] == expected


def test_orders_stay_when_the_venue_does_not_cancel_on_disconnect(make: Make) -> None:
    venue = make(cancel_on_disconnect=False)
    wire = venue.channel()
    wire.order(1, price=90)
    wire.until_reports(1)
    venue.run(4 * SECOND)
    assert len(venue.agent.exchange.working) == 1


def test_a_logout_takes_the_channel_down(make: Make) -> None:
    venue = make()
    wire = venue.channel()
    wire.order(1, price=90)
    wire.until_reports(1)
    wire.ask(Kind.LOGOUT)
    venue.run(MS)
    assert not venue.agent.exchange.working
    wire.order(2, price=90)
    assert_refused(wire, Reason.NOT_LOGGED_ON)


def test_a_heartbeat_each_second_says_the_next_number(make: Make) -> None:
    venue = make()
    wire = venue.channel()
    wire.order(1, price=90)
    for _ in range(5):
        wire.ask(Kind.HEARTBEAT)
        venue.run(SECOND)
    wire.take()
    beats = [record for record, _ in wire.sessions if record["kind"] == Kind.HEARTBEAT]
    assert len(beats) == 5
    assert beats[-1]["next_sending"] == 2
    assert all(beat["msg_seq_num"] == 0 for beat in beats)


def test_a_number_taken_before_is_dropped_and_a_gap_is_counted(make: Make) -> None:
    venue = make()
    wire = venue.channel()
    wire.order(1, price=90, msg_seq_num=1)
    wire.order(2, price=90, msg_seq_num=1)
    wire.order(3, price=90, msg_seq_num=5)
    wire.until_reports(2)
    assert told(wire) == [(NEW, 1), (NEW, 3)]
    channel = venue.agent.front.channels["router"]
    assert (channel.duplicate_count, channel.gap_count) == (1, 1)


def test_a_resend_request_of_numbers_never_sent_gets_a_sequence_reset(make: Make) -> None:
    venue = make()
    wire = venue.channel()
    wire.ask(Kind.RESEND_REQUEST, begin_seq_no=40)
    reset = wire.until(lambda: wire.sessions[1:] or None)[0][0]
    assert (reset["kind"], reset["next_sending"]) == (Kind.SEQUENCE_RESET, 1)


def test_drawn_rejects_hit_new_orders_only(make: Make) -> None:
    venue = make(reject_ppm=1_000_000)
    wire = venue.channel()
    wire.order(1, price=90)
    wire.order(1, Kind.CANCEL_REQUEST)
    rejected, late = wire.until_reports(2)
    assert rejected["exec_type"] == ExecType.EXEC_REJECTED
    assert rejected["reason"] == Reason.VENUE_REJECTED
    assert late["reason"] == Reason.VENUE_TOO_LATE


def test_an_account_of_another_channel_is_rejected_and_its_key_stays_free(make: Make) -> None:
    venue = make()
    wire, owner = venue.channel(), venue.channel("other", "M2")
    wire.order(1, price=90, account=2)
    assert wire.until_reports(1)[0]["reason"] == Reason.VENUE_REJECTED
    owner.order(1, price=90, account=2)
    assert owner.until_reports(1)[0]["exec_type"] == NEW


def test_marks_come_at_most_each_interval_and_are_not_numbered(make: Make) -> None:
    venue = make(mark_interval_ms=10)
    wire = venue.channel()
    wire.take()
    wire.marks.clear()
    venue.run(100 * MS)
    wire.take()
    assert len(wire.marks) in (10, 11)
    assert {(int(m["price"]), int(m["msg_seq_num"])) for m in wire.marks} == {(101, 0)}


def test_a_venue_that_starts_on_request_is_closed_until_then(make: Make) -> None:
    venue = make(start="on_request")
    wire = venue.channel()
    assert wire.request("status")["state"] == "waiting"
    wire.order(1, price=90)
    assert wire.until_reports(1)[0]["reason"] == Reason.VENUE_CLOSED
    assert wire.request("start")["state"] == "playing"
    wire.order(2, price=90)
    assert wire.until_reports(2)[1]["exec_type"] == NEW


def test_after_the_end_what_was_taken_comes_back_four_times_a_second(make: Make) -> None:
    venue = make(span_ns=10 * MS)
    with venue.context.socket(zmq.SUB) as market:
        market.connect("inproc://md")
        market.subscribe(b"*")
        wire = venue.channel()
        venue.run(20 * MS)
        assert wire.request("status")["state"] == "ended"
        for number in (1, 2):
            wire.order(number, price=102, order_qty=10)
        wire.until_reports(3)
        wire.ask(Kind.HEARTBEAT)
        venue.run(SECOND)
        wire.until_reports(4)
        assert told(wire) == [(NEW, 1), (TRADE, 1), (NEW, 2), (TRADE, 2)]
        ends = 0
        while market.poll(0):
            assert market.recv_multipart() == [b"*", b'{"end":true}']
            ends += 1
        assert ends == 5


def test_a_day_order_expires_at_the_close_and_another_stays(make: Make) -> None:
    venue = make(
        (
            (0, TapeKind.SESSION_OPEN, 0, -(2**63), 0),
            (5 * MS, TapeKind.SESSION_CLOSE, 0, -(2**63), 0),
        ),
        start="on_request",
    )
    wire = venue.channel()
    wire.request("start")
    wire.order(1, price=90)
    wire.order(2, price=90, time_in_force=TimeInForce.GOOD_TILL_CANCEL)
    venue.step()
    venue.run(10 * MS)
    wire.order(3, price=90)
    wire.until_reports(4)
    assert told(wire)[2:] == [(EXPIRED, 1), (ExecType.EXEC_REJECTED, 3)]


def test_a_question_that_no_venue_answers_is_told_what_is_expected(make: Make) -> None:
    wire = make().wire()
    assert "expected" in wire.request("weather")["error"]


def test_market_data_tells_trades_and_the_last_top_of_a_cycle(make: Make) -> None:
    venue = make(start="on_request")
    with venue.context.socket(zmq.SUB) as market:
        market.connect("inproc://md")
        market.subscribe(b"GCZ3")
        wire = venue.channel()
        wire.request("start")
        venue.run(MS)
        wire.order(1, price=102, order_qty=4, side=BUY)
        wire.until_reports(2)
        rows = []
        while market.poll(0):
            rows += np.frombuffer(market.recv_multipart()[1], QUOTE_RECORD).tolist()
        assert [row[1] for row in rows] == [Kind.QUOTE, Kind.TRADE, Kind.QUOTE]
        assert rows[0][-4:] == (100, 10, 102, 10)
        assert rows[-1][-4:] == (100, 10, 102, 6)


def test_a_late_subscriber_is_told_the_top_of_the_book_within_a_second(make: Make) -> None:
    venue = make()
    venue.run(SECOND // 2)
    with venue.context.socket(zmq.SUB) as market:
        market.connect("inproc://md")
        market.subscribe(b"GCZ3")
        venue.run(SECOND)
        row = np.frombuffer(market.recv_multipart(zmq.NOBLOCK)[1], QUOTE_RECORD).tolist()[0]
        assert row[-4:] == (100, 10, 102, 10)
