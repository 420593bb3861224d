"""The engine in the caller's process: verdicts, reports, cancels, queries, and who is refused."""

import os
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from embedded_rig import STRATEGY, Rig, buy, one, rig, until, wide
from risk_rig import cancel, cash, execution, order, trade

from tidegate import Engine, replay, router
from tidegate.audit import audit_run
from tidegate.client.report import Report
from tidegate.errors import RunDirError, SessionError
from tidegate.inspect import Inspector
from tidegate.native.lane import LaneTarget
from tidegate.native.records import (
    ExecType,
    Flag,
    Kind,
    Level,
    Reason,
    Scope,
    Side,
)
from tidegate.native.routing import ChannelState

SUB_NAME, SISTER_NAME = "account-6", "account-7"


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory whose ipc paths fit a socket address."""
    return tmp_path_factory.mktemp("e")


@pytest.fixture
def house(place: Path) -> Iterator[Rig]:
    with rig(place) as opened:
        yield opened


def test_an_accepted_order_is_routed_and_its_fill_is_booked(house: Rig) -> None:
    verdict = buy(house.engine, order_qty=3, price=Decimal("1300.5"))
    assert verdict
    assert verdict.is_accepted
    assert verdict.reason is None
    [route] = house.routes(1)
    assert int(route["cl_ord_id"]) == verdict.cl_ord_id
    assert (int(route["price"]), int(route["order_qty"])) == (13_005, 3)
    assert route["decided_delta"] > 0
    house.router.give(trade(int(route["order_id"]), 1, 3, 13_005))
    [report] = house.reports(1)
    assert (report.cl_ord_id, report.ord_status, report.last_qty) == (
        verdict.cl_ord_id,
        "Filled",
        3,
    )
    assert [(p.instrument, p.position) for p in house.engine.positions(SUB_NAME)] == [("GC", 3)]
    assert house.engine.orders(SUB_NAME) == []
    balance = house.engine.account(SUB_NAME).balances[0]
    assert (balance.currency, balance.margin) == ("USD", "26400.0000")


def test_a_mark_that_is_too_old_to_trade_on_is_none(house: Rig) -> None:
    symbol = house.content.instruments[0].symbol
    assert house.engine.mark(symbol) is not None
    row = house.engine._risk.tables.arrays["instruments"][1]
    row["mark_ns"] -= row["stale_ns"]
    assert house.engine.mark(symbol) is None


def test_no_mark_is_shown_while_the_channel_is_down(house: Rig) -> None:
    symbol = house.content.instruments[0].symbol
    orders, channels, own = router.tables(house.run_dir, orders=2, channels=2)
    states = [(ChannelState.CHANNEL_DOWN, None), (ChannelState.CHANNEL_UP, Decimal("1300.0"))]
    for state, mark in [*states, *states]:
        channels.rows["state"][1] = state
        assert house.engine.mark(symbol) == mark
    for region in (orders, channels, own):
        region.close()


def test_a_denial_says_at_once_what_was_compared_and_is_a_report_too(house: Rig) -> None:
    verdict = buy(house.engine, order_qty=21)
    assert not verdict
    assert verdict.reason is Reason.ORDER_SIZE
    assert (verdict.limit, verdict.asked) == (20, 21)
    assert (verdict.level, verdict.scope) == (Level.SUB_ACCOUNT, Scope.SCOPE_ALL)
    assert "ORDER_SIZE" in repr(verdict)
    [report] = house.reports(1)
    assert (report.kind, report.reason, report.limit, report.asked) == (
        Kind.DENIED,
        Reason.ORDER_SIZE,
        20,
        21,
    )
    assert house.engine.poll() == []


def test_a_cl_ord_id_is_traded_once_and_a_resent_order_is_told_how_it_stands(house: Rig) -> None:
    assert buy(house.engine, cl_ord_id=77)
    assert buy(house.engine, cl_ord_id=77).reason is Reason.DUPLICATE_CL_ORD_ID
    assert buy(house.engine, cl_ord_id=77, poss_resend=True)
    assert buy(house.engine, cl_ord_id=78, order_qty=99).reason is Reason.ORDER_SIZE
    again = buy(house.engine, cl_ord_id=78, poss_resend=True)
    assert again.reason is Reason.ORDER_SIZE
    kinds = [(report.cl_ord_id, report.kind, report.exec_type) for report in house.reports(4)]
    assert kinds == [
        (77, Kind.DENIED, None),
        (77, Kind.EXECUTION_REPORT, ExecType.EXEC_RESTATED),
        (78, Kind.DENIED, None),
        (78, Kind.DENIED, None),
    ]
    assert len(house.routes(1)) == 1


def test_cancels_and_replaces_go_by_the_order_s_own_terms(house: Rig) -> None:
    verdict = buy(house.engine, order_qty=2)
    [route] = house.routes(1)
    house.router.give(execution(int(route["order_id"]), ExecType.EXEC_NEW))
    house.reports(1)
    assert house.engine.replace(verdict.cl_ord_id, price="1299.9")
    replaced = house.routes(2)[1]
    assert int(replaced["kind"]) == Kind.CANCEL_REPLACE_REQUEST
    assert (int(replaced["price"]), int(replaced["order_qty"])) == (12_999, 2)
    assert house.engine.cancel(verdict.cl_ord_id)
    assert int(house.routes(3)[2]["kind"]) == Kind.CANCEL_REQUEST
    assert house.engine.cancel(verdict.cl_ord_id).reason is Reason.REQUEST_PENDING
    house.router.give(execution(int(route["order_id"]), ExecType.EXEC_CANCELED))
    until(lambda: any(r.ord_status == "Canceled" for r in house.reports(1)), "its end")
    assert house.engine.cancel(verdict.cl_ord_id).reason is Reason.TOO_LATE
    assert house.engine.cancel(5).reason is Reason.UNKNOWN_ORDER
    assert house.engine.replace(5, price="1300.0").reason is Reason.UNKNOWN_ORDER


def test_a_mass_cancel_is_for_the_session_an_account_or_an_instrument(house: Rig) -> None:
    for account in (SUB_NAME, SUB_NAME, SISTER_NAME):
        assert buy(house.engine, account=account)
    house.routes(3)
    assert house.engine.mass_cancel(account=SISTER_NAME)
    assert [int(row["account"]) for row in house.routes(4)[3:]] == [7]
    assert house.engine.mass_cancel(instrument="IF")
    assert house.engine.mass_cancel()
    assert [int(row["account"]) for row in house.routes(6)[4:]] == [6, 6]


def test_what_a_caller_says_of_itself_is_overwritten(house: Rig) -> None:
    row = order(5, session=2, received_ns=1, msg_seq_num=9, sequence=5, reason=3, order_id=8)
    assert house.engine.native.submit_rows(row).tolist() == [0]
    [route] = house.routes(1)
    assert int(route["session"]) == 1
    assert int(route["received_ns"]) > 10**18
    assert int(route["order_id"]) != 8


def test_a_callback_that_raises_loses_nothing(house: Rig) -> None:
    for _ in range(3):
        buy(house.engine, order_qty=99)
    seen: list[int] = []

    def note(report: Report) -> None:
        seen.append(report.cl_ord_id)
        if len(seen) == 1:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        house.engine.deliver(note)
    assert len(seen) == 1
    assert house.engine.deliver(note) == 2
    assert house.engine.deliver(note) == 0
    assert seen == sorted(set(seen))
    assert len(seen) == 3


def test_reports_that_nobody_takes_stop_new_orders_and_leave_room_for_cancels(place: Path) -> None:
    with rig(place, retained=64) as house:
        verdict = buy(house.engine)
        while (denied := buy(house.engine, order_qty=99)).reason is not Reason.LANE_FULL:
            assert denied.reason is Reason.ORDER_SIZE
        assert buy(house.engine).reason is Reason.LANE_FULL
        assert house.engine.replace(verdict.cl_ord_id, order_qty=2).reason is Reason.LANE_FULL
        assert house.engine.cancel(verdict.cl_ord_id)
        taken = 0
        while reports := house.engine.poll():
            taken += len(reports)
        assert taken == 64 - 64 // 4
        assert buy(house.engine)
        assert audit_run(house.run_dir) == []


def test_a_router_that_takes_nothing_stops_new_orders_and_nothing_is_lost(place: Path) -> None:
    with rig(place, retained=16) as house:
        accepted = []
        while (verdict := buy(house.engine)).reason is not Reason.LANE_FULL:
            assert verdict
            accepted.append(verdict.cl_ord_id)
        for cl_ord_id in accepted:
            assert house.engine.cancel(cl_ord_id)
        assert buy(house.engine).reason is Reason.LANE_FULL
        routes = house.routes(2 * len(accepted))
        assert [int(row["msg_seq_num"]) for row in routes] == list(range(1, len(routes) + 1))
        assert buy(house.engine)


def test_what_is_not_flushed_leaves_with_the_next_poll_or_flush(house: Rig) -> None:
    house.engine.close()
    house.open(flush_every=64)
    assert buy(house.engine)
    assert house.engine._risk.targets["routes"].next_number == 1
    assert house.engine.flush()
    assert house.engine._risk.targets["routes"].next_number == 2
    assert buy(house.engine)
    house.engine.poll()
    assert len(house.routes(2)) == 2
    for _ in range(64):
        buy(house.engine, order_qty=99)
    assert house.engine._risk.targets["reports"].next_number == 65


def test_an_operator_is_answered_at_once_and_only_where_one_was_opened(house: Rig) -> None:
    answer = house.engine.operator.halt(account=SUB_NAME, why="feed in doubt")
    assert answer.is_done
    assert buy(house.engine).reason is Reason.HALTED_STATE
    refused = house.engine.operator.cash(
        account=SUB_NAME, currency="USD", amount="-99999999", why="too much"
    )
    assert refused.reason is Reason.CONTROL_REFUSED
    assert house.engine.operator.resume(account=SUB_NAME, why="feed is back").is_done
    assert buy(house.engine)
    assert [report.kind for report in house.engine.poll()] == [Kind.DENIED]
    house.engine.close()
    house.open(operator=None)
    with pytest.raises(SessionError, match="without an operator"):
        _ = house.engine.operator


def test_what_other_stages_say_on_the_control_lane_is_taken(house: Rig) -> None:
    target = LaneTarget(house.router.context, house.run_dir.ipc("control"), numbered=False)
    target.put_rows(cash(6, 1, 5 * 10_000))
    target.flush_rows()

    def has_come() -> bool:
        return house.engine.account(SUB_NAME).balances[0].cash == "1000005.0000"

    house.work_until(has_come, "the deposit")
    target.close()


def test_a_second_engine_on_the_directory_is_refused(house: Rig) -> None:
    with pytest.raises(RunDirError, match=f"by process {os.getpid()};"):
        Engine(house.content, house.run_dir, session=STRATEGY, starts_channels=False)
    assert buy(house.engine)


def test_after_close_every_call_is_refused_and_close_may_be_called_again(house: Rig) -> None:
    engine = house.engine
    verdict = buy(engine)
    engine.close()
    engine.close()
    for use in (
        lambda: buy(engine),
        lambda: engine.cancel(verdict.cl_ord_id),
        lambda: engine.replace(verdict.cl_ord_id, order_qty=2),
        engine.mass_cancel,
        engine.poll,
        engine.flush,
        lambda: engine.deliver(print),
        lambda: engine.positions(SUB_NAME),
        lambda: engine.native.submit_rows(order(9)),
        lambda: engine.operator.halt(account=SUB_NAME, why="closed"),
        lambda: engine.until(lambda: False, 0.0),
    ):
        with pytest.raises(SessionError, match="closed"):
            use()


def test_a_forked_child_has_no_engine_and_leaves_its_parent_s_alone(house: Rig) -> None:
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            buy(house.engine)
            os.write(write, b"traded")
        except SessionError:
            house.engine.close()
            # As an interpreter that ends in order does it, locks and all.
            for region in (*house.engine._risk.regions.values(), house.engine._latency):
                region.close()
            os.write(write, b"refused")
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    assert os.read(read, 16) == b"refused"
    os.close(read)
    os.close(write)
    with pytest.raises(RunDirError, match="stage risk is run"):
        Engine(house.content, house.run_dir, session=STRATEGY, starts_channels=False)
    assert buy(house.engine)
    assert len(house.routes(1)) == 1


def test_closing_cancels_what_accounts_say_and_waits_for_it(house: Rig) -> None:
    buy(house.engine)
    buy(house.engine, account=SISTER_NAME)
    sister = house.routes(2)[1]
    done = execution(int(sister["order_id"]), ExecType.EXEC_CANCELED)
    house.engine.native.submit_rows(one(cancel(9, int(sister["cl_ord_id"]), account=7)[0]))
    house.router.give(done)
    house.engine.close()
    engine = house.open()
    assert [order.instrument for order in engine.orders(SUB_NAME)] == ["GC"]
    assert engine.orders(SISTER_NAME) == []
    [canceled] = [r for r in engine.poll() if r.ord_status == "Canceled"]
    assert canceled.account == SISTER_NAME


def test_the_journal_replays_to_the_live_state_and_tools_read_the_directory(house: Rig) -> None:
    buy(house.engine, order_qty=4, side=Side.BUY)
    buy(house.engine, order_qty=99)
    [route] = house.routes(1)
    house.router.give(trade(int(route["order_id"]), 1, 2, 13_000))
    house.reports(2)
    assert replay.replay(house.run_dir.journal).state_hash == (
        house.engine._risk.tables.state_hash()
    )
    assert audit_run(house.run_dir) == []
    house.run_dir.write_universe(house.content)
    house.engine._tend_ns = 0
    house.engine.tend()
    inspector = Inspector(house.run_dir)
    rows = {row["count of"]: row["value"] for row in inspector.view("risk")}
    assert (rows["accepted"], rows["denied ORDER_SIZE"], rows["fills"]) == (1, 1, 1)
    assert any("refused.ORDER_SIZE" in str(row) for row in inspector.view("counters"))
    legs = {row["leg"]: row["count"] for row in inspector.view("latency")}
    assert (legs["denied"], legs["sequenced"]) == (1, 1)
    inspector.close()


def test_submitting_and_polling_allocate_nothing(place: Path) -> None:
    with rig(place, **wide()) as house:
        rows = np.concatenate([order(number, order_qty=1) for number in range(1, 21)])
        first = house.engine.native.submit_rows(rows[:10])
        house.engine.native.work()
        before = sys.getallocatedblocks()
        second = house.engine.native.submit_rows(rows[10:])
        house.engine.native.work()
        # The array of reasons, and what holds it.
        assert sys.getallocatedblocks() - before < 10
        assert not first.any()
        assert not second.any()


def test_a_resent_flag_is_no_way_around_the_checks(house: Rig) -> None:
    rows = order(3, flags=int(Flag.POSS_RESEND), order_qty=99)
    assert house.engine.native.submit_rows(rows).tolist() == [Reason.ORDER_SIZE]
