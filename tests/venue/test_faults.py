"""What a bad venue does: each behaviour by itself, drawn from its seed."""

from venue_rig import SECOND, SELL, Make, Stepped, Wire

from tidegate.native.records import ExecType, Kind, Reason

ALWAYS = 1_000_000
MS = 1_000_000


def told(wire: Wire) -> list[tuple[int, int, int, int]]:
    return [
        (int(r["exec_type"]), int(r["cl_ord_id"]), int(r["exec_id"]), int(r["msg_seq_num"]))
        for r in wire.reports
    ]


def test_a_report_given_twice_has_its_exec_id_and_another_number(make: Make) -> None:
    venue = make(resend_ppm=ALWAYS)
    wire = venue.channel()
    wire.order(1, price=102, order_qty=3)
    wire.until_reports(4)
    new, trade, *again = told(wire)
    assert [row[:3] for row in again] == [new[:3], trade[:3]]
    assert [row[3] for row in (new, trade, *again)] == [1, 2, 3, 4]
    account = wire.request("statement")["accounts"]["M1"]  # type: ignore[index]
    assert account["position"] == {"GCZ3": 3}, "it was traded once"
    assert venue.agent.counters["resent_by_draw"] == 2


def test_cancel_rejects_are_not_given_twice(make: Make) -> None:
    venue = make(resend_ppm=ALWAYS)
    wire = venue.channel()
    wire.order(1, Kind.CANCEL_REQUEST)
    wire.until_reports(1)
    venue.run(MS)
    wire.take()
    assert [row["kind"] for row in wire.reports] == [Kind.CANCEL_REJECT]


def test_a_late_fill_follows_the_cancel_that_it_overtook(make: Make) -> None:
    venue = make(late_fill_ppm=ALWAYS)
    wire = venue.channel()
    wire.order(1, side=SELL, price=105, order_qty=6)
    wire.order(1, Kind.CANCEL_REQUEST)
    _, canceled, fill = wire.until_reports(3)
    assert (canceled["exec_type"], canceled["cum_qty"]) == (ExecType.EXEC_CANCELED, 0)
    assert (fill["exec_type"], fill["last_px"]) == (ExecType.EXEC_TRADE, 105)
    assert 1 <= fill["last_qty"] == fill["cum_qty"] <= 6
    assert fill["exec_id"] > canceled["exec_id"]
    assert fill["reason"] == Reason.REASON_NONE
    account = wire.request("statement")["accounts"]["M1"]  # type: ignore[index]
    assert account["position"] == {"GCZ3": -int(fill["last_qty"])}
    assert account["last_exec_id"] == fill["exec_id"]
    assert account["orders"] == []


def test_a_late_fill_never_exceeds_what_was_canceled(make: Make) -> None:
    venue = make(late_fill_ppm=ALWAYS)
    wire = venue.channel()
    for number in range(1, 31):
        wire.order(number, price=90, order_qty=2)
        wire.order(number, Kind.CANCEL_REQUEST)
    wire.until_reports(90)
    fills = [row for row in wire.reports if row["exec_type"] == ExecType.EXEC_TRADE]
    assert {int(row["last_qty"]) for row in fills} == {1, 2}


def beating(venue: Stepped, wire: Wire, duration_ns: int) -> None:
    """Lets time pass for a channel that sends its heartbeats."""
    for _ in range(duration_ns // (SECOND // 2)):
        wire.ask(Kind.HEARTBEAT)
        venue.run(SECOND // 2)


def test_a_venue_that_hangs_up_cancels_and_refuses_until_the_next_logon(make: Make) -> None:
    venue = make(disconnect_every_ms=1000)
    wire = venue.channel()
    wire.order(1, price=90)
    wire.until_reports(1)
    beating(venue, wire, 2 * SECOND)
    assert venue.agent.counters["hang_ups"] >= 1
    assert not venue.agent.exchange.working
    again = venue.wire()
    again.log_on(next_expected=1, next_sending=2)
    again.until_reports(2)
    assert [row[0] for row in told(again)] == [ExecType.EXEC_NEW, ExecType.EXEC_CANCELED]


def test_a_channel_is_told_of_the_hang_up_or_finds_out(make: Make) -> None:
    venue = make(disconnect_every_ms=200)
    heard: set[int] = set()
    for _ in range(40):
        wire = venue.channel()
        venue.run(300 * MS)
        wire.ask(Kind.HEARTBEAT)
        venue.step()
        venue.step()
        wire.take()
        kinds = {int(record["kind"]) for record, _ in wire.sessions}
        heard |= kinds & {Kind.LOGOUT, Kind.SESSION_REJECT}
        wire.close()
        if len(heard) == 2:
            return
    raise AssertionError(f"heard of {heard} only")


def test_a_venue_without_faults_draws_nothing_for_them(make: Make) -> None:
    venue = make(late_fill_ppm=0, resend_ppm=0, reject_ppm=0)
    wire = venue.channel()
    state = venue.agent._random.getstate()
    venue.agent._latency_ns = lambda: 0
    wire.order(1, price=90)
    wire.order(1, Kind.CANCEL_REQUEST)
    wire.until_reports(2)
    assert venue.agent._random.getstate() == state
