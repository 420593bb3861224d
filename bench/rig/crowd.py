"""Many strategies at once: a connection and a session each, and orders on all of them."""

import json
import socket
from typing import Any

import numpy as np
import numpy.typing as npt
from rig.client import PATIENCE_NS, Driven

from tidegate.codec import SESSION
from tidegate.native.crowd_bench import Crowd as NativeCrowd
from tidegate.native.records import RECORD_SIZE, Kind

Rows = npt.NDArray[Any]
# ZMTP 3.0: signature, version, the mechanism NULL; then a DEALER says what it is.
GREETING = b"\xff" + bytes(8) + b"\x7f" + b"\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
READY = b"\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER"
MORE, LONG, COMMAND = 1, 2, 4


class Crowd:
    """Connections to one ipc endpoint, logged on; session k of `names` is connection k."""

    def __init__(self, endpoint: str, names: list[str]) -> None:
        path = endpoint.removeprefix("ipc://")
        self.sockets = [connected(path) for _ in names]
        for connection, name in zip(self.sockets, names, strict=True):
            log_on(connection, name)
        self.native = NativeCrowd([each.fileno() for each in self.sockets])
        self.next_id = 1
        self.next_numbers = np.ones(len(names), np.int64)

    def drive(self, rows: Rows, owners: Rows, due_ns: Rows) -> Driven:
        """Send the rows when they are due, each on its owner's connection."""
        rows["cl_ord_id"] = np.arange(self.next_id, self.next_id + len(rows), dtype=np.uint64)
        self.next_id += len(rows)
        order = np.argsort(owners, kind="stable")
        counts = np.bincount(owners, minlength=len(self.next_numbers))
        firsts = np.repeat(self.next_numbers, counts)
        within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        rows["msg_seq_num"][order] = firsts + within
        self.next_numbers += counts
        found = self.native.drive(rows, due_ns, owners.astype(np.uint32), patience_ns=PATIENCE_NS)
        return Driven(*found)

    def close(self) -> None:
        """Hang up."""
        for each in self.sockets:
            each.close()


def connected(path: str) -> socket.socket:
    """A connection whose handshake is done."""
    found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    found.connect(path)
    found.sendall(GREETING)
    take(found, len(GREETING))
    found.sendall(bytes((COMMAND, len(READY))) + READY)
    frame(found)
    return found


def log_on(connection: socket.socket, name: str) -> None:
    """SystemExit when the gateway does not want this session."""
    record = SESSION.pack({"kind": Kind.LOGON, "next_sending": 1, "request_id": 1})
    body = json.dumps({"session": name}).encode()
    connection.sendall(
        bytes((MORE, RECORD_SIZE)) + record + bytes((0, len(body))) + body,
    )
    answer, text = frame(connection), frame(connection)
    if answer[4] != Kind.LOGON:
        raise SystemExit(f"session {name} was not logged on: {text.decode()}")


def frame(connection: socket.socket) -> bytes:
    """The next frame's content."""
    flags = take(connection, 1)[0]
    size = int.from_bytes(take(connection, 8 if flags & LONG else 1), "big")
    return take(connection, size)


def take(connection: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        part = connection.recv(size - len(found))
        if not part:
            raise SystemExit("the gateway has closed a connection")
        found += part
    return found
