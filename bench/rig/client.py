"""The bench's end of a path: numbers records, sends them when they are due, counts what came.

The same client drives the engine, to which it logs on, and a raw chain, which gives each record
back; so what it costs is in both.
"""

import json
import time
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import zmq
from rig.bench import hashed

from tidegate.codec import SESSION
from tidegate.native.door import HWM as RINGS_HWM
from tidegate.native.load_bench import Load
from tidegate.native.records import ExecType, Flag, Kind
from tidegate.session_messages import ring_places

Rows = npt.NDArray[Any]
PATIENCE_NS = 5_000_000_000
HWM = 100_000


class Driven(NamedTuple):
    """What became of each row, and counts."""

    ns: Rows
    states: Rows
    ends: Rows
    counts: dict[str, int]

    @property
    def seconds(self) -> float:
        """From the first send to the last answer."""
        return self.counts["ns"] / 1e9

    @property
    def result(self) -> str:
        """A hash of how each row ended."""
        return hashed(self.states.tobytes(), self.ends.tobytes())


class Client:
    """One connection."""

    def __init__(
        self,
        context: zmq.Context[Any],
        endpoint: str,
        session: str | None = None,
        *,
        shares: bool = False,
    ) -> None:
        """Logs on when a session is named; shares = its records go through shared memory."""
        self.socket = context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.set_hwm(HWM)
        self.socket.connect(endpoint)
        self.next_number = self.next_id = 1
        rings = None
        if shares and session is not None:
            rings = ring_places(endpoint.removeprefix("ipc://"), session)
        # The rings are there before the logon, which the gateway does not answer otherwise.
        self.load = Load(self.socket, rings, RINGS_HWM)
        if session is not None:
            self._log_on(session, Flag.SHARES_MEMORY if shares else 0)

    def _log_on(self, session: str, flags: int) -> None:
        record = SESSION.pack(
            {"kind": Kind.LOGON, "flags": flags, "next_sending": 1, "request_id": 1}
        )
        self.socket.send_multipart([record, json.dumps({"session": session}).encode()])
        if not self.socket.poll(10_000):
            raise SystemExit(f"session {session}: no answer to the logon in 10 s")
        answer, body = self.socket.recv_multipart()
        values = SESSION.unpack(answer)
        if values[SESSION.index["kind"]] != Kind.LOGON:
            raise SystemExit(f"session {session} was not logged on: {body.decode()}")
        self.next_number = values[SESSION.index["next_expected"]]

    def number(self, rows: Rows) -> Rows:
        """Give the rows their numbers; a cancel's orig_cl_ord_id is a place in them before."""
        ids = np.arange(self.next_id, self.next_id + len(rows), dtype=np.uint64)
        is_cancel = rows["kind"] == Kind.CANCEL_REQUEST
        if is_cancel.any():
            rows["body"][is_cancel, 0] += np.uint64(self.next_id)
        rows["cl_ord_id"] = ids
        rows["msg_seq_num"] = np.arange(self.next_number, self.next_number + len(rows))
        self.next_id += len(rows)
        self.next_number += len(rows)
        return rows

    def drive(
        self,
        rows: Rows,
        due_ns: Rows | None = None,
        *,
        window: int = 0,
        frame_records: int = 1,
        patience_ns: int = PATIENCE_NS,
        spins: bool = False,
    ) -> Driven:
        """Send the rows; due_ns from the start, or a closed loop of `window` rows on their way."""
        canceled_by = np.full(len(rows), -1, np.int64)
        cancels = np.flatnonzero(rows["kind"] == Kind.CANCEL_REQUEST)
        canceled_by[rows["body"][cancels, 0].astype(np.int64)] = cancels
        due = np.zeros(len(rows), np.int64) if due_ns is None else due_ns
        found = self.load.drive(
            self.number(rows),
            due,
            canceled_by=canceled_by,
            window=window,
            frame_records=frame_records,
            patience_ns=patience_ns,
            spins=spins,
        )
        return Driven(*found)

    def wait_up(self, rows: Rows, seconds: float = 30.0) -> None:
        """Send the first row until the venue has answered it: the whole path is up."""
        deadline = time.monotonic() + seconds
        while True:
            found = self.drive(rows[:1].copy(), window=1)
            if found.ends[0] == ExecType.EXEC_EXPIRED:
                return
            if time.monotonic() > deadline:
                raise SystemExit(f"the path is not up after {seconds} s: end {found.ends[0]}")
            time.sleep(0.05)
