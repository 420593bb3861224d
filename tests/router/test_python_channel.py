"""A channel written in Python, over TCP and its own protocol, driven by the same agent."""

import json
import socket
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from router_rig import Rig, reasons, request

from tidegate.channel import ChannelState, Listing, Progress, Security
from tidegate.native.records import (
    EXECUTION_RECORD,
    LAYOUT_VERSION,
    RECORD,
    ExecType,
    Kind,
    Reason,
)

Rows = np.ndarray[Any, Any]
LISTING = Listing(
    incarnation=1,
    next_expected=1,
    accounts={"sim-master": 3},
    securities=(Security(code="GCZ3", security_id=5, tick_size=Decimal("0.1")),),
)


class LineChannel:
    """One JSON object a line: {"id", "code", "qty"} out, {"id", "exec_id", "cum_qty"} in."""

    native = None
    next_report = 0

    def __init__(self, address: tuple[str, int]) -> None:
        self.address = address
        self.socket: socket.socket | None = None
        self.rest = b""
        self.listing: Listing | None = None
        self.counters: dict[str, int] = {}

    @property
    def state(self) -> ChannelState:
        return ChannelState.CHANNEL_UP if self.socket else ChannelState.CHANNEL_DOWN

    def tend(self, now_ns: int, progress: Progress) -> None:
        if self.socket is None:
            try:
                self.socket = socket.create_connection(self.address)
            except ConnectionRefusedError:
                return
            self.socket.setblocking(False)
            self.listing = LISTING

    def submit(self, request: Rows) -> bool:
        asked = {name: int(request[name][0]) for name in ("cl_ord_id", "instrument", "order_qty")}
        if self.socket is None:
            return False
        try:
            # A line fits an empty send buffer; a real channel would keep what is left of it.
            self.socket.sendall(json.dumps(asked).encode() + b"\n")
        except OSError:
            self.drop()
            return False
        return True

    def poll(self) -> Rows:
        if self.socket is not None:
            try:
                data = self.socket.recv(65536)
            except BlockingIOError:
                return np.zeros(0, RECORD)
            except OSError:
                data = b""
            if not data:
                self.drop()
            self.rest += data
        *lines, self.rest = self.rest.split(b"\n")
        rows = np.zeros(len(lines), EXECUTION_RECORD)
        for row, line in zip(rows, lines, strict=True):
            row["kind"], row["layout_version"] = Kind.EXECUTION_REPORT, LAYOUT_VERSION
            row["exec_type"] = ExecType.EXEC_TRADE
            for name, value in json.loads(line).items():
                row[name] = value
        return rows.view(RECORD)

    def drop(self) -> None:
        assert self.socket is not None
        self.socket.close()
        self.socket = None

    def close(self) -> None:
        if self.socket is not None:
            self.drop()


def test_agent_drives_a_python_channel(tmp_path_factory: pytest.TempPathFactory) -> None:
    place: Path = tmp_path_factory.mktemp("r")
    server = socket.create_server(("127.0.0.1", 0))
    channel = LineChannel(server.getsockname())
    with server, Rig(place, channels={"SIM": channel}, has_peer=False) as rig:
        rig.log_on()
        venue, _ = server.accept()
        with venue:
            rig.risk.put(request(7))
            rig.until(lambda: rig.row["submitted"] == 1)
            asked = json.loads(venue.makefile("rb").readline())
            assert asked == {"cl_ord_id": 7, "instrument": 5, "order_qty": 2}
            fill = {"cl_ord_id": 7, "exec_id": 1, "order_qty": 2, "cum_qty": 2, "last_qty": 2}
            venue.sendall(json.dumps(fill).encode() + b"\n")
            rig.until(lambda: rig.risk.executions)
            report = rig.risk.executions[0]
            assert (report["order_id"], report["cl_ord_id"], report["instrument"]) == (7, 1007, 1)
        server.close()
        rig.until(lambda: rig.risk.states == [1, 3])
        rig.risk.put(request(8))
        rig.until(lambda: len(rig.risk.executions) == 2)
        assert reasons(rig.risk.executions[1:]) == [Reason.VENUE_DOWN]
