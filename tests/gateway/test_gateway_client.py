"""tidegate.Client and tidegate.aio.Client against a real gateway; the test plays risk."""

import asyncio
from decimal import Decimal
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import uvloop
from gateway_rig import House, house, until

from tidegate import Client, NewOrder, Order, aio
from tidegate.errors import PriceError, SessionError
from tidegate.native.histogram import HISTOGRAM, name_of
from tidegate.native.records import ExecType, Kind, Reason, Side
from tidegate.region import Region


def submit(client: Client | aio.Client, price: str = "1313.5", order_qty: int = 2) -> Order:
    return client.submit(
        account="dev-1",
        instrument="GCZ3",
        side="BUY",
        order_qty=order_qty,
        price=price,
    )


def new(price: str) -> NewOrder:
    return NewOrder(account="dev-1", instrument="GCZ3", side="SELL", order_qty=1, price=price)


def test_an_order_goes_out_and_its_reports_come_back(gateway: House) -> None:
    with Client(gateway.front, "one") as client:
        order = submit(client)
        assert order.ord_status == "PendingNew"
        row = gateway.risk.take()[0]
        assert (row["kind"], row["session"], row["price"]) == (Kind.NEW_ORDER_SINGLE, 1, 13135)
        order_id = gateway.risk.accept(row)
        gateway.risk.fill(row, order_id, 1, 1)
        gateway.risk.fill(row, order_id, 1, 2)
        reports = list(islice(client.reports(timeout=5), 3))
    assert [report.ord_status for report in reports] == ["New", "PartiallyFilled", "Filled"]
    assert reports[0].exec_type == ExecType.EXEC_NEW
    first, last = reports[1:]
    assert (first.last_px, first.last_qty, first.leaves_qty) == (Decimal("1313.5"), 1, 1)
    assert (last.account, last.instrument, last.side) == ("dev-1", "GCZ3", Side.BUY)
    assert (order.ord_status, order.cum_qty, order.order_id) == ("Filled", 2, order_id)


def test_the_asyncio_client_does_the_same_under_uvloop(gateway: House) -> None:
    async def trade() -> list[str | None]:
        async with aio.Client(gateway.front, "one") as client:
            order = submit(client)
            row = (await asyncio.to_thread(gateway.risk.take))[0]
            order_id = gateway.risk.accept(row)
            gateway.risk.fill(row, order_id, 2, 2)
            statuses = []
            async for report in client.reports(timeout=5):
                statuses.append(report.ord_status)
                if report.is_final:
                    break
            assert order.is_final
            with pytest.raises(SessionError, match=r"risk's tables"):
                await client.positions("dev-1")
            return statuses

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(trade()) == ["New", "Filled"]


def test_a_denial_says_what_was_compared(gateway: House) -> None:
    with Client(gateway.front, "one") as client:
        order = submit(client, order_qty=21)
        gateway.risk.deny(gateway.risk.take()[0], Reason.ORDER_SIZE)
        report = next(client.reports(timeout=5))
    assert (report.kind, report.reason) == (Kind.DENIED, Reason.ORDER_SIZE)
    assert (report.limit, report.used, report.asked) == (20, 0, 21)
    assert (order.ord_status, order.reason) == ("Rejected", Reason.ORDER_SIZE)
    assert "ORDER_SIZE" in str(report)


def test_cancel_and_replace_name_the_order(gateway: House) -> None:
    with Client(gateway.front, "one") as client:
        order = submit(client)
        order_id = gateway.risk.accept(gateway.risk.take()[0])
        assert next(client.reports(timeout=5)).order_id == order_id
        client.replace(order, price="1313.4", order_qty=3)
        client.cancel(order.cl_ord_id)
        replaced, canceled = gateway.risk.take(2)
    assert (replaced["kind"], replaced["price"], replaced["order_qty"]) == (3, 13134, 3)
    assert (canceled["kind"], canceled["orig_cl_ord_id"]) == (2, order.cl_ord_id)
    assert len({int(canceled["cl_ord_id"]), int(replaced["cl_ord_id"]), order.cl_ord_id}) == 3


def test_many_orders_travel_in_one_frame(gateway: House) -> None:
    with Client(gateway.front, "one") as client:
        orders = client.submit_many([new(f"{1300 + index}.0") for index in range(300)])
        rows = gateway.risk.take(300)
    assert list(rows["cl_ord_id"]) == [order.cl_ord_id for order in orders]
    assert gateway.count("records") < 310
    assert gateway.count("frames") < 20


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"account": "dev-2"}, "'dev-2' is not of this session; it has dev-1"),
        ({"instrument": "XX"}, "'XX' is unknown; there are GCZ3"),
        ({"side": "buy"}, "neither BUY nor SELL"),
        ({"order_qty": 2**63}, f"order_qty {2**63}: expected 1 to {2**31 - 1}"),
        ({"order_qty": 0}, f"order_qty 0: expected 1 to {2**31 - 1}"),
        ({"price": "1313.55"}, "nearest is 1313.6"),
        ({"price": "NaN"}, "not finite"),
        ({"price": "1" * 40}, "more than 36 digits"),
    ],
)
def test_what_cannot_be_an_order_is_refused_here(
    gateway: House, changes: dict[str, str], words: str
) -> None:
    base: dict[str, object] = {"account": "dev-1", "instrument": "GCZ3", "side": "BUY"}
    arguments = {**base, "order_qty": 1, "price": "1313.5", **changes}
    with Client(gateway.front, "one") as client:
        with pytest.raises((SessionError, PriceError), match=words):
            client.submit(**arguments)  # type: ignore[arg-type]
        assert gateway.risk.nothing()


def test_an_unknown_session_is_told_so(gateway: House) -> None:
    with pytest.raises(SessionError, match="there is no session 'three'"):
        Client(gateway.front, "three").connect()
    assert gateway.count("refused", Reason.LOGON_REFUSED) == 1


@pytest.mark.parametrize(
    ("endpoint", "words"),
    [
        ("shm://none/front", "no gateway has made /.*none/front; is that the path"),
        ("ipc://none/front", "no gateway has made /.*none/front; is that the path"),
        ("tcp://127.0.0.1:9", "it needs key and server_key"),
        ("tcp://127.0.0.1:9 x", "expected ipc://PATH, shm://PATH or tcp://HOST:PORT"),
        ("shmm:///tmp/front", "expected ipc://PATH, shm://PATH or tcp://HOST:PORT"),
        ("ipc://", "expected ipc://PATH, shm://PATH or tcp://HOST:PORT"),
    ],
)
def test_an_endpoint_where_nothing_can_be_is_told_so(endpoint: str, words: str) -> None:
    with pytest.raises(SessionError, match=words):
        Client(endpoint, "one").connect(timeout=0.1)


def test_a_gateway_that_is_not_there_is_named(gateway: House) -> None:
    gateway.stop()
    silence = r"no gateway answers at ipc://.*front; is the run up\? \(waited"
    with pytest.raises(SessionError, match=silence):
        Client(gateway.front, "one").connect(timeout=0.3)


def test_an_order_without_a_logon_is_refused_here(gateway: House) -> None:
    with pytest.raises(SessionError, match="not connected"):
        submit(Client(gateway.front, "one"))


def test_reports_go_on_after_a_gateway_restart_and_nothing_is_sent_twice(
    short_path: Path,
) -> None:
    # Longer than usual, so that the new gateway does not give the session up before it is back.
    with (
        house(short_path, heartbeat_ns=500_000_000) as gateway,
        Client(gateway.front, "one") as client,
    ):
        submit(client)
        row = gateway.risk.take()[0]
        order_id = gateway.risk.accept(row)
        assert next(client.reports(timeout=5)).msg_seq_num == 1
        gateway.stop()
        gateway.start()
        gateway.risk.fill(row, order_id, 2, 2)
        report = next(client.reports(timeout=10))
        assert gateway.risk.nothing()
    assert (report.msg_seq_num, report.ord_status) == (2, "Filled")


def test_a_restarted_client_sees_kept_reports_when_it_resumes(gateway: House) -> None:
    with Client(gateway.front, "one") as client:
        submit(client)
        row = gateway.risk.take()[0]
        order_id = gateway.risk.accept(row)
        next(client.reports(timeout=5))
    assert gateway.risk.take()[0]["kind"] == Kind.MASS_CANCEL_REQUEST
    gateway.risk.fill(row, order_id, 2, 2)
    until(lambda: gateway.count("reports") == 2, "the report of the absent client")
    with Client(gateway.front, "one", resume=True) as client:
        reports = list(islice(client.reports(timeout=5), 2))
        assert [report.msg_seq_num for report in reports] == [1, 2]
        assert [report.is_poss_dup for report in reports] == [True, False]
        submit(client)
        assert gateway.risk.take()[0]["kind"] == Kind.NEW_ORDER_SINGLE


def test_the_newest_logon_of_a_session_wins_and_the_other_is_told(gateway: House) -> None:
    with Client(gateway.front, "one") as first, Client(gateway.front, "one") as second:
        submit(second)
        assert gateway.risk.take()[0]["session"] == 1
        with pytest.raises(SessionError, match="logged out by the gateway"):
            next(first.reports(timeout=5))


def test_latency_is_recorded_by_leg_for_the_report_that_answers(gateway: House) -> None:
    with Client(gateway.front, "one") as client:
        submit(client)
        row = gateway.risk.take()[0]
        gateway.risk.fill(row, gateway.risk.accept(row), 2, 2)
        list(islice(client.reports(timeout=5), 2))
    region = Region.attach(gateway.run_dir.region("latency"), HISTOGRAM)
    counts = {name_of(row): int(row["count"]) for row in region.read_rows()}
    region.close()
    assert counts.pop("denied") == 0
    assert set(counts.values()) == {1}


def test_orders_of_one_session_do_not_reach_the_other(gateway: House) -> None:
    with Client(gateway.front, "one") as one, Client(gateway.front, "two") as two:
        submit(one)
        order = gateway.risk.take()[0]
        gateway.risk.accept(order)
        assert next(one.reports(timeout=5)).cl_ord_id == order["cl_ord_id"]
        assert not list(two.reports(timeout=0.1))
        assert np.array_equal(gateway.session(2)["next_out"], 1)
