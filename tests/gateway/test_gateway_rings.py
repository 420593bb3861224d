"""Sessions that share memory with the gateway: the same as over a socket, and who may."""

import asyncio
import os
import select
import signal
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
import zmq
from gateway_rig import House, blank, next_order, shared, sharing, submit, until

from tidegate import Client, NewOrder, aio
from tidegate import session_messages as messages
from tidegate.client.trading import Trading
from tidegate.codec import SESSION
from tidegate.errors import SessionError
from tidegate.native.door import HWM
from tidegate.native.records import Flag, Kind, Reason
from tidegate.native.sessions import SessionState
from tidegate.native.shm_ring import RingTarget, ring_records


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A gateway that shares memory with each of its sessions."""
    yield from sharing(House(tmp_path))


@pytest.fixture
def patient(tmp_path: Path) -> Iterator[House]:
    """One that waits long for a client that hangs."""
    yield from sharing(House(tmp_path, heartbeat_ns=60_000_000_000))


def test_an_order_goes_out_and_its_reports_come_back(house: House) -> None:
    with Client(shared(house), "one") as client:
        before = house.count("frames")
        order = submit(client)
        row = house.risk.take()[0]
        assert (row["kind"], row["session"], row["price"]) == (Kind.NEW_ORDER_SINGLE, 1, 13135)
        order_id = house.risk.accept(row)
        house.risk.fill(row, order_id, 2, 2)
        reports = list(islice(client.reports(timeout=5), 2))
        assert [report.ord_status for report in reports] == ["New", "Filled"]
        assert house.count("frames") > before
        # A question has text, so it goes through the socket.
        with pytest.raises(SessionError, match=r"risk's tables"):
            client.positions("dev-1")
        assert order.is_final
    until(lambda: house.session(1)["state"] == SessionState.SESSION_OUT, "the logout")
    assert house.risk.take()[0]["kind"] == Kind.MASS_CANCEL_REQUEST


def test_the_asyncio_client_does_the_same(house: House) -> None:
    async def trade() -> str:
        async with aio.Client(shared(house), "one") as client:
            submit(client)
            row = (await asyncio.to_thread(house.risk.take))[0]
            house.risk.accept(row)
            async for report in client.reports(timeout=5):
                return str(report.ord_status)
        return "none"

    assert asyncio.run(trade()) == "New"


def many(count: int) -> list[NewOrder]:
    return [NewOrder(account="dev-1", instrument="GCZ3", side="BUY", order_qty=2)] * count


def test_more_orders_than_the_ring_has_room_for_all_go_out_in_order(patient: House) -> None:
    with Client(shared(patient), "one") as client:
        orders = client.submit_many(many(4 * ring_records(HWM)))
        taken = patient.risk.take(len(orders))
        assert taken["cl_ord_id"].tolist() == [order.cl_ord_id for order in orders]
        assert "resends" not in client.counters


def test_the_asyncio_client_s_orders_wait_for_room_too(patient: House) -> None:
    async def trade() -> None:
        async with aio.Client(shared(patient), "one") as client:
            orders = client.submit_many(many(4 * ring_records(HWM)))
            taken = await asyncio.to_thread(patient.risk.take, len(orders))
            assert taken["cl_ord_id"].tolist() == [order.cl_ord_id for order in orders]

    asyncio.run(trade())


def test_a_client_that_closes_lets_its_orders_out_first(patient: House) -> None:
    with Client(shared(patient), "one") as client:
        orders = client.submit_many(many(4 * ring_records(HWM)))
    taken = patient.risk.take(len(orders) + 1)
    assert taken["cl_ord_id"].tolist()[:-1] == [order.cl_ord_id for order in orders]
    assert taken["kind"][-1] == Kind.MASS_CANCEL_REQUEST
    assert patient.session(1)["state"] == SessionState.SESSION_OUT


def test_a_gateway_that_is_started_again_is_sent_what_it_has_not_taken(house: House) -> None:
    client = hung(house)
    new = NewOrder(account="dev-1", instrument="GCZ3", side="BUY", order_qty=2)
    client.submit_many([new])
    next_order(house)
    house.stop()
    order = client.submit_many([new])[0]
    house.start()

    def is_reported() -> bool:
        client.work()
        return bool(client.reports)

    def is_taken() -> bool:
        client.work()
        rows = [row for row in house.risk.take_some() if row["kind"] == Kind.NEW_ORDER_SINGLE]
        for row in rows:
            assert row["cl_ord_id"] == order.cl_ord_id
            house.risk.accept(row)
        return bool(rows)

    until(is_taken, "the order")
    until(is_reported, "its report")
    client.close()


@pytest.mark.parametrize("scheme", ["ipc", "shm"])
def test_a_client_learns_that_its_gateway_is_gone(tmp_path: Path, scheme: str) -> None:
    # In a ring at once; at a socket by its silence.
    house = House(tmp_path, heartbeat_ns=100_000_000 if scheme == "ipc" else 60_000_000_000)
    starting = sharing(house)
    next(starting)
    with Client(house.front.replace("ipc", scheme), "one") as client:
        assert client.is_logged_on
        house.stop()
        until(lambda: not client.is_logged_on, "the loss noticed")
        with pytest.raises(SessionError, match=r"no gateway answers at ipc://.*; is the run up\?"):
            submit(client)
        house.start()
        until(lambda: client.is_logged_on, "the logon")
        order = submit(client)
        assert next_order(house)["cl_ord_id"] == order.cl_ord_id
    next(starting, None)


def test_a_client_at_the_socket_needs_no_memory(house: House) -> None:
    with Client(house.front, "one") as client:
        submit(client)
        house.risk.accept(next_order(house))
        assert next(client.reports(timeout=5)).ord_status == "New"


def test_one_client_at_a_time_has_the_memory_of_a_session(house: House) -> None:
    with (
        Client(shared(house), "one"),
        pytest.raises(
            SessionError, match=r"in use by another client of this host \(.*sender already"
        ),
    ):
        Client(shared(house), "one").connect()
    with Client(shared(house), "one") as client:
        order = submit(client)
        assert next_order(house)["cl_ord_id"] == order.cl_ord_id


@pytest.mark.parametrize("scheme", ["ipc", "shm"])
def test_a_forked_child_is_refused_its_parent_s_client(house: House, scheme: str) -> None:
    with Client(house.front.replace("ipc", scheme), "one") as client:
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            # Rather than to wait for ever, as it once did.
            signal.alarm(5)
            os.write(write, told(client).encode())
            os._exit(0)
        os.close(write)
        os.waitpid(pid, 0)
        with os.fdopen(read) as said:
            assert said.read().count(f"session 'one' is of process {os.getpid()}, which has") == 3
        submit(client)
        house.risk.accept(next_order(house))
        assert next(client.reports(timeout=5)).ord_status == "New"
    assert house.count("logons") == 1


def told(client: Client) -> str:
    """What a process is told that may not use this client."""
    errors = []
    for use in (lambda: submit(client), lambda: list(client.reports()), lambda: client.counters):
        try:
            use()
        except SessionError as error:
            errors.append(str(error))
    client.close()
    return "\n".join(errors)


def test_what_comes_through_the_ring_of_a_stranger_is_refused(house: House) -> None:
    there, _ = messages.ring_places(house.front.removeprefix("ipc://"), "two")
    target = RingTarget(there, ring_records(HWM))
    rows = blank(3)
    rows["kind"] = Kind.NEW_ORDER_SINGLE
    rows["msg_seq_num"] = [1, 2, 3]
    with Client(house.front, "two"):
        assert target.put_bytes(rows.tobytes())
        until(lambda: target.waiting == 0, "the records taken")
        until(lambda: house.count("refused", Reason.NOT_LOGGED_ON) > 0, "a refusal")
    target.close()
    assert all(row["kind"] != Kind.NEW_ORDER_SINGLE for row in house.risk.take_some())


def hung(house: House, session: str = "one") -> Trading:
    """A client that is logged on and does nothing by itself."""
    trading = Trading(shared(house), session, None, None, resume=False)

    def is_ready() -> bool:
        trading.work()
        return trading.is_ready

    until(is_ready, "the logon")
    return trading


def test_a_client_at_the_socket_takes_a_session_over_from_one_that_hangs(patient: House) -> None:
    lost = hung(patient)
    with Client(patient.front, "one") as client:
        submit(client)
        patient.risk.accept(next_order(patient))
        assert next(client.reports(timeout=5)).ord_status == "New"
        lost.connection.flush(lost.core)
        lost.core.send([blank(1).tobytes()], 1)
        lost.connection.flush(lost.core)
        until(lambda: patient.count("refused", Reason.NOT_LOGGED_ON) > 0, "a refusal")
        lost.work()
        with pytest.raises(SessionError, match="logged out by the gateway"):
            lost.require_logon()
        assert client.submit_many([]) == []
    lost.connection.close()


def test_nothing_tells_a_client_that_is_logged_out_to_work(patient: House) -> None:
    lost = hung(patient)
    ring = lost.connection.fds[1]
    with Client(patient.front, "one"):
        assert select.select([ring], [], [], 5)[0]
        lost.work()
        assert not lost.core.is_logged_on
        assert not select.select([ring], [], [], 0)[0]
    lost.connection.close()


def test_a_client_says_whether_anything_came(house: House) -> None:
    client = hung(house)
    assert not client.work()
    house.risk.alert(1)
    # A heartbeat may come before it.
    until(lambda: client.work() and len(client.alerts) == 1, "the alert")
    client.close()


def fill_ring(house: House, more: int = 10) -> int:
    """As many alerts as the ring of session one has room for, and some; how many."""
    count = ring_records(HWM) + more
    for number in range(count):
        house.risk.alert(1, order_qty=number)
    return count


def test_a_logon_with_a_full_ring_gives_what_was_in_it_once(patient: House) -> None:
    client = hung(patient)
    count = fill_ring(patient)
    until(lambda: patient.count("stalls") > 0, "a full ring")
    client.core.logon(1)

    def has_all() -> bool:
        client.work()
        return len(client.alerts) >= count

    until(has_all, "the alerts")
    assert len(client.alerts) == count
    records = blank(2)
    client.core.send([row.tobytes() for row in records], 2)
    client.connection.flush(client.core)
    until(lambda: patient.session(1)["next_expected"] == 3, "the records behind the logon taken")
    client.close()


def test_a_full_ring_is_a_stall_and_no_loss_though_its_client_is_gone(patient: House) -> None:
    hung(patient).connection.close()
    fill_ring(patient)
    until(lambda: patient.count("stalls") > 0, "a full ring")
    assert patient.count("lost_peers") == 0
    # Its silence tells of it.
    assert patient.session(1)["state"] == SessionState.SESSION_ON


def test_a_logon_for_which_the_ring_has_no_room_begins_nothing(patient: House) -> None:
    lost = hung(patient)
    count = fill_ring(patient, 0)
    until(lambda: patient.session(1)["next_sent"] == count + 1, "a full ring")
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    socket = context.socket(zmq.DEALER)
    socket.connect(patient.front)
    record = SESSION.pack({"kind": Kind.LOGON, "flags": Flag.SHARES_MEMORY, "request_id": 1})
    logons = patient.session(1)["logons"]
    socket.send_multipart([record, messages.encode(messages.Logon("one"))])
    until(lambda: patient.count("answers_lost") > 0, "the logon")
    assert patient.session(1)["logons"] == logons
    # Once nobody has them open it is told so.
    lost.connection.close()
    socket.send_multipart([record, messages.encode(messages.Logon("one"))])
    assert socket.poll(5000)
    refusal = messages.decode(socket.recv_multipart()[1], messages.Refusal)
    assert "no client has" in refusal.error
    assert f"expected a client at {shared(patient)}" in refusal.error
    socket.close(linger=0)
    context.term()


def test_a_logout_behind_a_gap_in_one_frame_is_heard(house: House) -> None:
    client = hung(house)
    rows = blank(3)
    rows["kind"] = [Kind.NEW_ORDER_SINGLE, Kind.NEW_ORDER_SINGLE, Kind.LOGOUT]
    rows["msg_seq_num"] = [7, 8, 0]
    client.core.outgoing.append([rows.tobytes()])
    client.connection.flush(client.core)
    until(lambda: house.count("logouts") > 0, "the logout")
    assert house.count("gaps") == 1
    client.connection.close()
