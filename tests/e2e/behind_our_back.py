"""Deals at a real simulated venue that this side does not know of."""

from collections import deque
from typing import Any, Self

import msgspec
import numpy as np
import zmq

from tidegate.native.records import (
    EXECUTION_RECORD,
    LAYOUT_VERSION,
    ORDER_RECORD,
    RECORD,
    SESSION_RECORD,
    ExecType,
    Kind,
    OrdType,
    Side,
    TimeInForce,
)

TIMEOUT_MS = 20_000
# Above every order_id of ours.
STRANGE_ID = 1 << 60


def row(dtype: np.dtype[Any], kind: Kind, **fields: Any) -> bytes:
    found = np.zeros(1, dtype)
    found["kind"], found["layout_version"] = kind, LAYOUT_VERSION
    for name, value in fields.items():
        found[name] = value
    return found.tobytes()


class Behind:
    """Takes the router's place at the venue for a moment, and trades its master account.

    The router notices that it is silent, logs on again and is sent what it missed: reports of an
    order that nobody here has sent.
    """

    def __init__(self, endpoint: str, master: str) -> None:
        self.context: zmq.Context[Any] = zmq.Context()
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.connect(endpoint)
        self.waiting: deque[tuple[Any, bytes]] = deque()
        logon = row(SESSION_RECORD, Kind.LOGON, next_sending=2**32 - 1)
        text = msgspec.json.encode({"channel": "router", "accounts": [master]})
        self.socket.send_multipart([logon, text])
        answer, said = self.take(Kind.LOGON)
        self.next_sending = int(answer.view(SESSION_RECORD)["next_expected"][0])
        self.account = msgspec.json.decode(said)["accounts"][master]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()
        self.context.term()

    def order(self, side: Side, lots: int, price: int) -> None:
        """An order that may rest; returns once the venue has it."""
        self.socket.send(
            row(
                ORDER_RECORD,
                Kind.NEW_ORDER_SINGLE,
                msg_seq_num=self.next_sending,
                cl_ord_id=STRANGE_ID + self.next_sending,
                account=self.account,
                instrument=1,
                side=side,
                order_qty=lots,
                price=price,
                ord_type=OrdType.LIMIT,
                time_in_force=TimeInForce.DAY,
            )
        )
        self.next_sending += 1
        self.report(ExecType.EXEC_NEW)

    def deal(self, side: Side, lots: int, price: int) -> int:
        """An order that is filled; its last price."""
        self.order(side, lots, price)
        while True:
            fill = self.report(ExecType.EXEC_TRADE)
            if int(fill["cum_qty"][0]) == lots:
                return int(fill["last_px"][0])

    def report(self, exec_type: ExecType) -> Any:
        while True:
            report, _ = self.take(Kind.EXECUTION_REPORT)
            found = report.view(EXECUTION_RECORD)
            if found["exec_type"][0] == exec_type:
                return found

    def take(self, kind: Kind) -> tuple[Any, bytes]:
        """The next record of this kind, and what came with it."""
        while True:
            while not self.waiting:
                assert self.socket.poll(TIMEOUT_MS), f"no {kind.name} came"
                frame, *more = self.socket.recv_multipart()
                rows = np.frombuffer(frame, RECORD)
                said = more[0] if more else b""
                self.waiting += [(rows[at : at + 1], said) for at in range(len(rows))]
            record, said = self.waiting.popleft()
            if record["kind"][0] == kind:
                return record, said
