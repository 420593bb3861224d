"""The venue's side of one channel: numbering both ways, requests and reports on their way.

Pure state: the agent gives it the time and the drawn latencies, and does the sending.
"""

from collections import deque

import msgspec

from tidegate.venue import wire
from tidegate.venue.memory import Kept, Memory
from tidegate.venue.wire import Records, Row

# Reports kept for a channel that comes back.
REPORTS_KEPT = 65_536
HEARTBEAT_NS = 1_000_000_000
MISSED_MAX = 3


class Logon(msgspec.Struct, frozen=True):
    """What a channel says of itself; incarnation = the one that its next_expected counts in.

    rings: records go through the rings that this channel shares with the venue.
    """

    channel: str
    accounts: tuple[str, ...]
    incarnation: int = 0
    rings: bool = False


class Channel:
    """One channel by name; it outlives its connections."""

    def __init__(self, name: str, memory: Memory | None = None) -> None:
        self.name = name
        self._memory = memory
        self.accounts: frozenset[int] = frozenset()
        # Routing id of the connection; None = down.
        self.identity: bytes | None = None
        self.heard_ns = 0
        self.next_expected = 1
        # The last request that had its effect; the venue's memory has it.
        self.served = 0
        self.next_sending = 1
        self.duplicate_count = 0
        self.gap_count = 0
        # Due time and request; None = cancel all, because the channel went down.
        self.inbound: deque[tuple[int, Row | None]] = deque()
        self.outbound: deque[tuple[int, list[Row]]] = deque()
        self._kept: deque[Records] = deque()
        self._kept_count = 0

    def connect(self, identity: bytes, now_ns: int, next_sending: int) -> None:
        """A logon was accepted; next_sending is the channel's."""
        self.identity = identity
        self.heard_ns = now_ns
        if next_sending < self.next_expected:
            self.next_expected = max(1, next_sending)

    def take(self, row: Row, due_ns: int) -> None:
        """A request arrived; it reaches the matching at due_ns, not before earlier ones."""
        seq_num = row[wire.MSG_SEQ_NUM]
        if seq_num < self.next_expected:
            self.duplicate_count += 1
            return
        if seq_num > self.next_expected:
            self.gap_count += 1
        self.next_expected = seq_num + 1
        self._enqueue(due_ns, row)

    def disconnect(self, now_ns: int, *, cancel: bool) -> None:
        """The connection is lost; requests on their way still arrive, then all is canceled."""
        self.identity = None
        if cancel:
            self._enqueue(now_ns, None)

    def report(self, rows: list[Row], due_ns: int) -> None:
        """Reports leave at due_ns, not before earlier ones."""
        if rows:
            if self._memory is not None:
                self._memory.reported(self.name, rows)
            last_ns = self.outbound[-1][0] if self.outbound else 0
            self.outbound.append((max(due_ns, last_ns), rows))

    def due(self, now_ns: int) -> Records | None:
        """Reports that leave now: numbered, and kept for a resend."""
        rows: list[Row] = []
        while self.outbound and self.outbound[0][0] <= now_ns:
            rows += self.outbound.popleft()[1]
        if not rows:
            return None
        return self.number(rows)

    def number(self, rows: list[Row]) -> Records:
        """Reports under their numbers, kept for a resend; those of before a restart too."""
        records = wire.reports(rows, self.next_sending)
        self.next_sending += len(rows)
        self._kept.append(records)
        self._kept_count += len(rows)
        while self._kept_count - len(self._kept[0]) >= REPORTS_KEPT:
            self._kept_count -= len(self._kept.popleft())
        return records

    def next_given(self) -> int:
        """The number of the next report that is caused, when all before it have left."""
        return self.next_sending + sum(len(rows) for _, rows in self.outbound)

    def kept(self, begin_seq_no: int) -> list[Records]:
        """Reports from begin_seq_no on, marked as sent before; the first may be a later one."""
        found = []
        for records in self._kept:
            numbered = records[records["msg_seq_num"] >= begin_seq_no]
            if len(numbered):
                found.append(wire.repeated(numbered))
        return found

    def all_kept(self) -> Kept:
        """Every report that is kept or on its way, for the venue's memory."""
        rows = [row for records in self._kept for row in wire.as_rows(records)]
        first = self.next_sending - len(rows)
        rows += [row for _, waiting in self.outbound for row in waiting]
        return Kept(self.name, first, [list(row) for row in rows])

    def is_silent(self, now_ns: int) -> bool:
        """Whether a connected channel has missed its heartbeats."""
        return self.identity is not None and now_ns - self.heard_ns > MISSED_MAX * HEARTBEAT_NS

    def _enqueue(self, due_ns: int, row: Row | None) -> None:
        last_ns = self.inbound[-1][0] if self.inbound else 0
        self.inbound.append((max(due_ns, last_ns), row))
