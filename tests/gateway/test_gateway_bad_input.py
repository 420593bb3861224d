"""What no client of ours sends: each is refused with its reason, counted, and harms nobody."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import zmq
from gateway_rig import HEARTBEAT_NS, House, blank, until

from tidegate.native.clock import wall_ns
from tidegate.native.records import (
    DENIAL_RECORD,
    LAYOUT_VERSION,
    ORDER_RECORD,
    RECORD,
    SESSION_RECORD,
    Flag,
    Kind,
    Reason,
)

SELL = b'{"request": "sell", "account": "dev-1"}'
NOT_ITS_OWN = b'{"request": "orders", "account": "dev-2"}'


class Raw:
    """A DEALER that sends whatever it is told to."""

    def __init__(self, endpoint: str, routing_id: bytes | None = None) -> None:
        self._context: zmq.Context[Any] = zmq.Context()
        self.socket = self._context.socket(zmq.DEALER)
        self.socket.linger = 0
        if routing_id is not None:
            self.socket.routing_id = routing_id
        self.socket.connect(endpoint)

    def send(self, *frames: bytes) -> None:
        self.socket.send_multipart(frames)

    def receive(self, kind: Kind) -> list[bytes]:
        """The next message of this kind; heartbeats and others before it are skipped."""
        while True:
            assert self.socket.poll(5000), f"no {kind.name} came"
            frames: list[bytes] = self.socket.recv_multipart()
            if frames[0][4] == kind:
                return frames

    def refusal(self) -> np.void:
        """The next SESSION_REJECT."""
        row: np.void = np.frombuffer(self.receive(Kind.SESSION_REJECT)[0], DENIAL_RECORD)[0]
        return row

    def logon(self, name: str = "one", **body: int) -> np.void:
        self.send(session(Kind.LOGON, **body), json.dumps({"session": name}).encode())
        row: np.void = np.frombuffer(self.receive(Kind.LOGON)[0], SESSION_RECORD)[0]
        return row

    def close(self) -> None:
        self.socket.close()
        self._context.term()


def session(kind: Kind, **fields: int) -> bytes:
    row = np.zeros(1, SESSION_RECORD)
    row["kind"], row["layout_version"] = kind, LAYOUT_VERSION
    for name, value in fields.items():
        row[name] = value
    return row.tobytes()


def order(number: int, **fields: int) -> npt.NDArray[Any]:
    row = np.zeros(1, ORDER_RECORD)
    row["kind"], row["layout_version"] = Kind.NEW_ORDER_SINGLE, LAYOUT_VERSION
    row["msg_seq_num"], row["cl_ord_id"], row["instrument"] = number, 1000 + number, 1
    row["order_qty"] = 1
    for name, value in fields.items():
        row[name] = value
    return row


@pytest.fixture
def raw(gateway: House) -> Iterator[Raw]:
    opened = Raw(gateway.front)
    yield opened
    opened.close()


@pytest.fixture
def account(gateway: House) -> int:
    return gateway.universe.sessions[0].accounts[0]


def check_alive(gateway: House, raw: Raw, number: int, account: int) -> None:
    """The session still trades."""
    raw.send(order(number, account=account).tobytes())
    assert gateway.risk.take()[0]["cl_ord_id"] == 1000 + number


@pytest.mark.parametrize("size", [1, 127, 129, 0, 128 * 257])
def test_a_frame_of_wrong_length(gateway: House, raw: Raw, account: int, size: int) -> None:
    raw.logon()
    raw.send(bytes(size))
    assert raw.refusal()["reason"] == Reason.FRAME_LENGTH
    assert gateway.count("refused", Reason.FRAME_LENGTH) == 1
    check_alive(gateway, raw, 1, account)


def test_a_frame_beyond_every_bound_ends_only_that_connection(gateway: House) -> None:
    big, small = Raw(gateway.front), Raw(gateway.front)
    big.logon("one")
    small.logon("two")
    big.send(bytes(2 << 20))
    check_alive(gateway, small, 1, gateway.universe.sessions[1].accounts[0])
    big.close()
    small.close()


def test_another_layout_version(gateway: House, raw: Raw, account: int) -> None:
    raw.logon()
    raw.send(order(1, account=account, layout_version=9).tobytes())
    assert raw.refusal()["reason"] == Reason.FRAME_VERSION
    check_alive(gateway, raw, 1, account)


@pytest.mark.parametrize("kind", [0, Kind.EXECUTION_REPORT, Kind.MARK, Kind.TICK, 200])
def test_a_kind_that_no_client_may_send(gateway: House, raw: Raw, account: int, kind: int) -> None:
    raw.logon()
    raw.send(order(1, account=account, kind=kind).tobytes())
    refusal = raw.refusal()
    assert (refusal["reason"], refusal["ref_kind"]) == (Reason.FRAME_KIND, kind)
    assert (refusal["ref_seq_num"], refusal["msg_seq_num"]) == (1, 1)
    check_alive(gateway, raw, 2, account)
    assert gateway.risk.nothing()


def test_an_order_before_the_logon(gateway: House, raw: Raw, account: int) -> None:
    raw.send(np.concatenate([order(1, account=account), order(2, account=account)]).tobytes())
    refusal = raw.refusal()
    assert (refusal["reason"], refusal["ref_seq_num"]) == (Reason.NOT_LOGGED_ON, 1)
    assert refusal["msg_seq_num"] == 0
    assert gateway.risk.nothing()
    assert gateway.count("refused", Reason.NOT_LOGGED_ON) == 1


def test_a_heartbeat_and_a_request_before_the_logon(gateway: House, raw: Raw) -> None:
    raw.send(session(Kind.HEARTBEAT))
    assert raw.refusal()["reason"] == Reason.NOT_LOGGED_ON
    raw.send(session(Kind.REQUEST), b'{"request": "orders", "account": "dev-1"}')
    assert raw.refusal()["reason"] == Reason.NOT_LOGGED_ON


@pytest.mark.parametrize("handle", [0, 1, 5, 63, 64, 4_000_000_000])
def test_an_account_of_somebody_else(gateway: House, raw: Raw, account: int, handle: int) -> None:
    raw.logon()
    handle = gateway.universe.sessions[1].accounts[0] if handle == 5 else handle
    raw.send(order(1, account=handle).tobytes())
    refusal = raw.refusal()
    assert (refusal["reason"], refusal["cl_ord_id"]) == (Reason.ACCOUNT_NOT_OF_SESSION, 1001)
    assert refusal["account"] == handle
    check_alive(gateway, raw, 2, account)
    assert gateway.risk.nothing()


def test_what_a_client_says_about_itself_is_overwritten(
    gateway: House, raw: Raw, account: int
) -> None:
    raw.logon()
    lies = {"session": 2, "sequence": 7, "received_ns": 1, "decided_delta": 9, "reason": 3}
    raw.send(order(1, account=account, **lies).tobytes())
    row = gateway.risk.take()[0]
    assert (row["session"], row["sequence"], row["decided_delta"], row["reason"]) == (1, 0, 0, 0)
    assert row["received_ns"] > 10**18


def test_what_its_client_has_held_is_as_old_as_that(gateway: House, raw: Raw, account: int) -> None:
    """Risk and router refuse what is too old, wherever it waited."""
    raw.logon()
    begin_ns = wall_ns()
    # Longer than there were clocks, and less than nothing, are no times.
    for number, held_ns in enumerate((10**12, 2**62, 0, -5), 1):
        record = order(number, account=account, received_ns=held_ns, flags=Flag.POSS_DUP)
        raw.send(record.tobytes())
    ages = wall_ns() - gateway.risk.take(4)["received_ns"]
    passed_ns = wall_ns() - begin_ns
    assert all(
        abs(age - held) <= passed_ns for age, held in zip(ages, (10**12, 0, 0, 0), strict=True)
    )


def test_a_gap_is_asked_for_once_and_what_follows_is_not_taken(
    gateway: House, raw: Raw, account: int
) -> None:
    raw.logon()
    raw.send(order(2, account=account).tobytes())
    raw.send(order(3, account=account).tobytes())
    asked = np.frombuffer(raw.receive(Kind.RESEND_REQUEST)[0], SESSION_RECORD)[0]
    assert (asked["begin_seq_no"], asked["reason"]) == (1, Reason.SEQUENCE_GAP)
    for number in (1, 2, 3):
        raw.send(order(number, account=account, flags=Flag.POSS_DUP).tobytes())
    assert list(gateway.risk.take(3)["cl_ord_id"]) == [1001, 1002, 1003]
    assert gateway.count("gaps") == 1


def test_a_low_number_is_refused_but_a_duplicate_is_ignored(
    gateway: House, raw: Raw, account: int
) -> None:
    raw.logon()
    check_alive(gateway, raw, 1, account)
    raw.send(order(1, account=account, flags=Flag.POSS_DUP).tobytes())
    raw.send(order(1, account=account).tobytes())
    refusal = raw.refusal()
    assert (refusal["reason"], refusal["ref_seq_num"]) == (Reason.SEQUENCE_LOW, 1)
    assert gateway.count("duplicates") == 1
    check_alive(gateway, raw, 2, account)
    assert gateway.risk.nothing()


@pytest.mark.parametrize(
    ("frames", "reason"),
    [
        ((b"", b"", b""), Reason.FRAME_PARTS),
        ((session(Kind.REQUEST), b"{}", b"{}"), Reason.FRAME_PARTS),
        ((session(Kind.REQUEST),), Reason.FRAME_PARTS),
        ((session(Kind.REQUEST) * 2, b"{}"), Reason.FRAME_PARTS),
        ((session(Kind.HEARTBEAT), b"{}"), Reason.FRAME_KIND),
        ((order(1).tobytes(), b"{}"), Reason.FRAME_KIND),
        ((session(Kind.REQUEST, layout_version=LAYOUT_VERSION + 1), b"{}"), Reason.FRAME_VERSION),
        ((session(Kind.REQUEST), bytes(65537)), Reason.FRAME_LENGTH),
        ((session(Kind.REQUEST), b"\xff\xfe"), Reason.REQUEST_UNKNOWN),
        ((session(Kind.REQUEST), b"{"), Reason.REQUEST_UNKNOWN),
        ((session(Kind.REQUEST), b""), Reason.REQUEST_UNKNOWN),
        ((session(Kind.REQUEST), SELL), Reason.REQUEST_UNKNOWN),
        ((session(Kind.REQUEST), NOT_ITS_OWN), Reason.REQUEST_UNKNOWN),
        ((session(Kind.LOGON), b"not json"), Reason.LOGON_REFUSED),
        ((session(Kind.LOGON), b'{"session": "one", "secret_key": 5}'), Reason.LOGON_REFUSED),
    ],
)
def test_messages_of_the_wrong_shape(
    gateway: House, raw: Raw, account: int, frames: tuple[bytes, ...], reason: Reason
) -> None:
    raw.logon()
    raw.send(*frames)
    assert raw.refusal()["reason"] == reason
    assert gateway.count("refused", reason) == 1
    check_alive(gateway, raw, 1, account)


@pytest.mark.parametrize("routing_id", [b"a", b"abcd", b"abcde", b"a" * 40])
def test_a_routing_id_of_its_own_choice(gateway: House, routing_id: bytes) -> None:
    raw = Raw(gateway.front, routing_id)
    raw.send(session(Kind.LOGON), b'{"session": "one"}')
    assert raw.refusal()["reason"] == Reason.ROUTING_ID
    raw.close()


def test_random_bytes_harm_nobody(gateway: House, raw: Raw, account: int) -> None:
    random = np.random.default_rng(7)
    raw.logon()
    for _ in range(300):
        raw.send(random.bytes(128 * int(random.integers(1, 4))))
    until(lambda: gateway.count("frames") == 301, "taking every frame")
    for kind in range(256):
        rows = blank()
        rows["kind"] = kind
        rows["account"] = account
        if kind not in (Kind.LOGOUT, Kind.MASS_CANCEL_REQUEST):
            raw.send(rows.tobytes())
    until(lambda: gateway.count("frames") == 301 + 254, "taking every kind")
    expected = int(gateway.session(1)["next_expected"])
    assert expected == 1
    check_alive(gateway, raw, expected, account)
    assert gateway.risk.nothing()


def test_a_silent_client_is_disconnected_and_its_orders_are_cancelled(
    gateway: House, raw: Raw, account: int
) -> None:
    raw.logon()
    check_alive(gateway, raw, 1, account)
    row = gateway.risk.take()[0]
    assert (row["kind"], row["session"], row["mass_cancel_type"]) == (
        Kind.MASS_CANCEL_REQUEST,
        1,
        ord("d"),
    )
    assert gateway.count("disconnects") == 1
    raw.send(order(2, account=account).tobytes())
    assert raw.refusal()["reason"] == Reason.NOT_LOGGED_ON
    assert raw.logon()["next_expected"] == 2


def test_a_killed_client_is_noticed_and_its_orders_are_cancelled(
    gateway: House, account: int
) -> None:
    raw = Raw(gateway.front)
    raw.logon()
    check_alive(gateway, raw, 1, account)
    raw.close()
    assert gateway.risk.take()[0]["kind"] == Kind.MASS_CANCEL_REQUEST


def test_a_logout_cancels_at_once(gateway: House, raw: Raw) -> None:
    raw.logon()
    raw.send(session(Kind.LOGOUT))
    raw.receive(Kind.LOGOUT)
    assert gateway.risk.take()[0]["kind"] == Kind.MASS_CANCEL_REQUEST
    assert gateway.count("logouts") == 1


def test_heartbeats_come_and_say_what_is_next(gateway: House, raw: Raw) -> None:
    reply = raw.logon()
    assert reply["heartbeat_ns"] == HEARTBEAT_NS
    beat = np.frombuffer(raw.receive(Kind.HEARTBEAT)[0], SESSION_RECORD)[0]
    assert (beat["next_sending"], beat["next_expected"]) == (1, 1)


def test_a_heartbeat_shows_a_lost_tail(gateway: House, raw: Raw) -> None:
    raw.logon()
    raw.send(session(Kind.HEARTBEAT, next_sending=4))
    asked = np.frombuffer(raw.receive(Kind.RESEND_REQUEST)[0], SESSION_RECORD)[0]
    assert asked["begin_seq_no"] == 1
    raw.send(session(Kind.SEQUENCE_RESET, next_sending=4))
    check_alive(gateway, raw, 4, gateway.universe.sessions[0].accounts[0])


def test_reports_are_sent_again_with_poss_dup(gateway: House, raw: Raw, account: int) -> None:
    raw.logon()
    check_alive_order = order(1, account=account)
    raw.send(check_alive_order.tobytes())
    gateway.risk.accept(gateway.risk.take()[0])
    assert raw.receive(Kind.EXECUTION_REPORT)[0][6] == 0
    raw.send(session(Kind.RESEND_REQUEST, begin_seq_no=1))
    again = np.frombuffer(raw.receive(Kind.EXECUTION_REPORT)[0], RECORD)[0]
    assert (again["flags"], again["msg_seq_num"]) == (Flag.POSS_DUP, 1)
