"""CURVE on tcp with the right key, a wrong one and none; the same key check on ipc."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zmq
from gateway_rig import House, house, universe_of

from tidegate import Client, topology
from tidegate.errors import SessionError
from tidegate.native.records import Reason
from tidegate.run_dir import RunDir

SERVER_PUBLIC, SERVER_SECRET = (key.decode() for key in zmq.curve_keypair())
ONE_PUBLIC, ONE_SECRET = (key.decode() for key in zmq.curve_keypair())
TWO_PUBLIC, TWO_SECRET = (key.decode() for key in zmq.curve_keypair())
_, STRANGER_SECRET = (key.decode() for key in zmq.curve_keypair())


def free_port() -> str:
    """A port that was free a moment ago."""
    context: zmq.Context[Any] = zmq.Context()
    socket = context.socket(zmq.ROUTER)
    port = socket.bind_to_random_port("tcp://127.0.0.1")
    socket.close(linger=0)
    context.term()
    return f"tcp://127.0.0.1:{port}"


@pytest.fixture
def guarded(short_path: Path) -> Iterator[House]:
    """A gateway on ipc and tcp whose sessions have keys."""
    run_dir = RunDir(short_path)
    run_dir.create()
    sessions = universe_of(run_dir).sessions[:2]
    key_file = short_path / "gateway.key"
    key_file.write_text(SERVER_SECRET + "\n")
    front = msgspec.structs.replace(
        universe_of(run_dir).gateway,
        endpoints=(topology.default_front(run_dir), free_port()),
        secret_key_file=str(key_file),
    )
    keyed = tuple(
        msgspec.structs.replace(session, public_key=key)
        for session, key in zip(sessions, (ONE_PUBLIC, TWO_PUBLIC), strict=True)
    )
    with house(short_path, sessions=keyed, gateway=front) as opened:
        yield opened


def tcp_of(guarded: House) -> str:
    return guarded.universe.gateway.endpoints[1]


def test_the_right_key_may_trade_over_tcp(guarded: House) -> None:
    with Client(tcp_of(guarded), "one", ONE_SECRET, SERVER_PUBLIC) as client:
        client.submit(account="dev-1", instrument="GCZ3", side="SELL", order_qty=1, price="1")
        assert guarded.risk.take()[0]["session"] == 1


def test_a_key_that_no_session_has_gets_no_connection(guarded: House) -> None:
    with pytest.raises(SessionError, match=r"no gateway answers at tcp://.*are the keys right"):
        Client(tcp_of(guarded), "one", STRANGER_SECRET, SERVER_PUBLIC).connect(timeout=1)
    assert guarded.count("frames") == 0


def test_the_key_of_another_session_is_refused(guarded: House) -> None:
    with pytest.raises(SessionError, match="not the key of session 'one'"):
        Client(tcp_of(guarded), "one", TWO_SECRET, SERVER_PUBLIC).connect()
    assert guarded.count("refused", Reason.LOGON_REFUSED) == 1


@pytest.mark.parametrize("name", ["key", "server_key"])
def test_what_is_no_key_is_refused_by_name(name: str) -> None:
    keys = {"key": ONE_SECRET, "server_key": SERVER_PUBLIC, name: "x"}
    with pytest.raises(SessionError, match=f"^{name}: expected a CURVE key"):
        Client("tcp://127.0.0.1:9", "one", **keys).connect()


def test_a_gateway_with_another_key_is_not_believed(guarded: House) -> None:
    with pytest.raises(SessionError, match=r"no gateway answers at tcp://.*are the keys right"):
        Client(tcp_of(guarded), "one", ONE_SECRET, ONE_PUBLIC).connect(timeout=1)


def test_no_key_cannot_even_connect_over_tcp(guarded: House) -> None:
    with pytest.raises(SessionError, match="needs key and server_key"):
        Client(tcp_of(guarded), "one").connect()
    context: zmq.Context[Any] = zmq.Context()
    plain = context.socket(zmq.DEALER)
    plain.connect(tcp_of(guarded))
    plain.send_multipart([bytes(128), b"{}"])
    assert not plain.poll(500)
    plain.close(linger=0)
    context.term()
    assert guarded.count("frames") == 0


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (None, "secret_key was not shown"),
        (TWO_SECRET, "not the one of session 'one'"),
        ("short", "not a Z85 key"),
        ("\u00e9" * 40, "not a Z85 key"),
    ],
    # Keys differ each time, and tests that run two at a time must have the same names.
    ids=["none", "of another", "short", "no ASCII"],
)
def test_on_ipc_the_key_is_shown_and_checked(guarded: House, key: str | None, words: str) -> None:
    with pytest.raises(SessionError, match=words):
        Client(guarded.front, "one", key).connect()


def test_on_ipc_the_right_key_may_trade(guarded: House) -> None:
    with Client(guarded.front, "one", ONE_SECRET) as client:
        client.submit(account="dev-1", instrument="GCZ3", side="SELL", order_qty=1, price="1")
        assert guarded.risk.take()[0]["session"] == 1
