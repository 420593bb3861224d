"""The simulator's ends of sockets."""

from collections.abc import Iterator

import pytest
import zmq

from tidegate.native.wire_end import Ends, WireEnd


@pytest.fixture
def pair() -> Iterator[tuple[WireEnd, WireEnd]]:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    sender, receiver = context.socket(zmq.PUSH), context.socket(zmq.PULL)
    for socket in (sender, receiver):
        socket.linger = 0
        socket.set_hwm(2)
    receiver.bind("inproc://wire")
    sender.connect("inproc://wire")
    yield WireEnd(sender), WireEnd(receiver)
    context.destroy(linger=0)


def test_messages_of_several_parts_come_whole_and_in_order(pair: tuple[WireEnd, WireEnd]) -> None:
    sender, receiver = pair
    assert receiver.receive() is None
    assert sender.send([b"one", b"two"])
    assert sender.send([b"three"])
    assert receiver.receive() == [b"one", b"two"]
    assert receiver.take(10) == [b"three"]
    assert receiver.take(10) == []


def test_a_full_socket_takes_nothing_and_has_room_once_it_was_read(
    pair: tuple[WireEnd, WireEnd],
) -> None:
    sender, receiver = pair
    sent = 0
    while sender.send([b"%d" % sent]):
        sent += 1
    assert sent == 4
    assert not sender.can_write()
    assert receiver.take(100) == [b"0", b"1", b"2", b"3"]
    Ends([sender.socket, receiver.socket]).settle()
    assert sender.can_write()


def test_only_so_many_sockets_are_settled_at_once(pair: tuple[WireEnd, WireEnd]) -> None:
    with pytest.raises(ValueError, match="expected at most 64"):
        Ends([pair[0].socket] * 65)
