"""The venue's front door: channels' logons, numbering, heartbeats and resends on a ROUTER.

Order requests go into the inbound queue of their channel; what else a message asks is handed up.
A message that is wrong is answered, counted and forgotten. One channel may share memory with the
venue: it logs on here like any other, then its records come and go through rings.
"""

import select
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
import zmq

from tidegate.errors import LaneError, VenueError
from tidegate.native.records import RECORD_SIZE, Kind, Reason
from tidegate.ring_pair import RETRY_S, RingPair
from tidegate.venue import wire
from tidegate.venue.channel import HEARTBEAT_NS, Channel, Logon
from tidegate.venue.memory import Line, LoggedOn, Memory, Served
from tidegate.venue.order import Order
from tidegate.venue.settings import HWM_RINGS, Settings, bind
from tidegate.venue.wire import Records, Row

MESSAGES_MAX = 64
CHANNELS_MAX = 64


class Question(NamedTuple):
    """A REQUEST and whom to answer."""

    identity: bytes
    request_id: int
    text: bytes


class Front:
    """All connections of a venue. `incarnation` tells channels that the venue was restarted."""

    def __init__(
        self,
        settings: Settings,
        context: zmq.Context[Any],
        incarnation: int,
        working: Callable[[frozenset[int]], list[Order]],
        memory: Memory | None = None,
    ) -> None:
        self.channels: dict[str, Channel] = {}
        self.counters = dict.fromkeys(("messages", "bad_messages", "logons", "disconnects"), 0)
        self._settings = settings
        self.incarnation = incarnation
        self._working = working
        self._memory = memory
        self._by_identity: dict[bytes, Channel] = {}
        self._by_account: dict[int, Channel] = {}
        self.socket = bind(context, zmq.ROUTER, settings.endpoint)
        self._rings = open_rings(settings)
        # The connection that has last logged on with them.
        self._ring_identity: bytes | None = None

    def take(self, now_ns: int, latency_ns: Callable[[], int]) -> tuple[int, list[Question]]:
        """Takes what has arrived, at most MESSAGES_MAX; returns how much, and the questions."""
        questions: list[Question] = []
        taken = self._take_rings(now_ns, latency_ns)
        for count in range(MESSAGES_MAX):
            try:
                identity, *parts = self.socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return taken + count, questions
            self.counters["messages"] += 1
            question = self._receive(identity, parts, now_ns, latency_ns)
            if question is not None:
                questions.append(question)
        return taken + MESSAGES_MAX, questions

    def wait(self, wait_ms: int) -> bool:
        """Sleep until something comes, or room may be there for what waits; whether it has."""
        if self._rings is None:
            return bool(self.socket.poll(wait_ms))
        if self._rings.rearm() or self.socket.poll(0):
            return True
        fds = (int(self.socket.get(zmq.FD)), self._rings.fd)
        wait_s = min(wait_ms / 1000, RETRY_S) if self._rings.has_unsent else wait_ms / 1000
        return bool(select.select(fds, (), (), wait_s)[0])

    def close(self) -> None:
        """Gives the endpoint back."""
        self.socket.close(0)
        if self._rings is not None:
            self._rings.close()

    def report(self, rows: list[Row], due_ns: int) -> None:
        """Puts reports on their way, each to the channel of its account."""
        by_channel: dict[str, list[Row]] = {}
        for row in rows:
            channel = self._by_account[row[wire.ACCOUNT]]
            by_channel.setdefault(channel.name, []).append(row)
        for name, own in by_channel.items():
            self.channels[name].report(own, due_ns)

    def put(self, now_ns: int) -> int:
        """Sends the reports that are due; returns how many."""
        count = 0
        if self._rings is not None:
            self._rings.push()
        for channel in self.channels.values():
            records = channel.due(now_ns)
            if records is not None:
                count += len(records)
                self._send_records(channel, records, now_ns)
        return count

    def put_all(self, records: Records, now_ns: int) -> None:
        """Sends records that are not numbered to every channel that is up."""
        for channel in list(self._by_identity.values()):
            self._send_records(channel, records, now_ns)

    def beat(self, now_ns: int) -> None:
        """Sends a heartbeat to every channel that is up."""
        for channel in list(self._by_identity.values()):
            beat = wire.session(Kind.HEARTBEAT, next_sending=channel.next_sending)
            self._send_records(channel, beat, now_ns)

    def shares_memory(self, channel: Channel) -> bool:
        """Whether a channel that is up has the rings."""
        return channel.identity is not None and channel.identity == self._ring_identity

    def admit(self, name: str, accounts: frozenset[int]) -> Channel:
        """The channel of that name, and the accounts are its own from now on."""
        channel = self.channels.setdefault(name, Channel(name, self._memory))
        channel.accounts |= accounts
        self._by_account.update(dict.fromkeys(accounts, channel))
        return channel

    def picture(self) -> list[Line]:
        """What the channels have: accounts, requests served, and reports to be had again."""
        found: list[Line] = []
        for channel in self.channels.values():
            found.append(LoggedOn(channel.name, tuple(sorted(channel.accounts))))
            found.append(Served(channel.name, channel.served))
            found.append(channel.all_kept())
        return found

    def hang_up(self, now_ns: int, says_so: Callable[[], bool]) -> None:
        """Drops every channel that is up, with a LOGOUT or without a word."""
        for channel in list(self._by_identity.values()):
            if says_so():
                self._send_records(channel, wire.session(Kind.LOGOUT), now_ns)
            self._disconnect(channel, now_ns)

    def drop_silent(self, now_ns: int) -> None:
        """Takes down the channels that have missed their heartbeats."""
        for channel in list(self._by_identity.values()):
            is_gone = (
                self._rings is not None and self.shares_memory(channel) and not self._rings.has_peer
            )
            if is_gone or channel.is_silent(now_ns):
                self._disconnect(channel, now_ns)

    def answer(self, question: Question, body: dict[str, object]) -> None:
        """Answers a REQUEST."""
        response = wire.session(Kind.RESPONSE, request_id=question.request_id)
        self._send(question.identity, [response.tobytes(), msgspec.json.encode(body)])

    def _take_rings(self, now_ns: int, latency_ns: Callable[[], int]) -> int:
        """A frame's records of the channel that has the rings; of nobody, they are dropped."""
        frame = self._rings.take() if self._rings is not None else b""
        if self._ring_identity is None:
            self.counters["bad_messages"] += len(frame) // RECORD_SIZE
            return 0
        for at in range(0, len(frame), RECORD_SIZE):
            self.counters["messages"] += 1
            self._receive(self._ring_identity, [frame[at : at + RECORD_SIZE]], now_ns, latency_ns)
        return len(frame) // RECORD_SIZE

    def _receive(
        self, identity: bytes, parts: list[bytes], now_ns: int, latency_ns: Callable[[], int]
    ) -> Question | None:
        rows = wire.rows_of(parts[0]) if parts else Reason.FRAME_LENGTH
        channel = self._by_identity.get(identity)
        if channel is not None:
            channel.heard_ns = now_ns
        if isinstance(rows, Reason):
            self._refuse(identity, rows)
            return None
        kind = rows[0][wire.KIND]
        if len(parts) != (2 if kind in (Kind.LOGON, Kind.REQUEST) else 1):
            self._refuse(identity, Reason.FRAME_LENGTH)
        elif kind == Kind.REQUEST:
            return Question(identity, rows[0][wire.REQUEST_ID], parts[1])
        elif kind == Kind.LOGON:
            self._log_on(identity, rows[0], parts[1], now_ns)
        elif channel is None:
            self._refuse(identity, Reason.NOT_LOGGED_ON)
        elif kind == Kind.LOGOUT:
            self._disconnect(channel, now_ns)
        elif kind == Kind.RESEND_REQUEST:
            self._resend(channel, rows[0][wire.BEGIN_SEQ_NO], now_ns)
        elif kind != Kind.HEARTBEAT:
            for row in rows:
                channel.take(row, now_ns + latency_ns())
        return None

    def _log_on(self, identity: bytes, row: Row, text: bytes, now_ns: int) -> None:
        try:
            logon = msgspec.json.decode(text, type=Logon)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            self._refuse_logon(identity, f"logon says: {error}")
            return
        problem = self._problem(identity, logon)
        if problem:
            self._refuse_logon(identity, problem)
            return
        accounts = frozenset(self._settings.accounts[name] for name in logon.accounts)
        channel = self.channels.get(logon.channel)
        if self._memory is not None and (channel is None or not accounts <= channel.accounts):
            self._memory.logged_on(logon.channel, accounts)
        channel = self.admit(logon.channel, accounts)
        if channel.identity not in (None, identity):
            self._disconnect(channel, now_ns)
        channel.connect(identity, now_ns, row[wire.NEXT_SENDING])
        if logon.rings and self._rings is not None:
            self._ring_identity = identity
            self._rings.empty()
        elif self._ring_identity == identity:
            self._ring_identity = None
        self._by_identity[identity] = channel
        self.counters["logons"] += 1
        answer = wire.session(
            Kind.LOGON,
            next_sending=channel.next_sending,
            next_expected=channel.next_expected,
            heartbeat_ns=HEARTBEAT_NS,
        )
        welcome = self._welcome(logon, channel, accounts)
        self._send(identity, [answer.tobytes(), msgspec.json.encode(welcome)])
        if row[wire.NEXT_EXPECTED]:
            is_other = logon.incarnation not in (0, self.incarnation)
            self._resend(channel, 1 if is_other else row[wire.NEXT_EXPECTED], now_ns)

    def _problem(self, identity: bytes, logon: Logon) -> str:
        """Why a logon is refused; empty if it is not."""
        known = self._settings.accounts
        if not logon.accounts or not set(logon.accounts) <= set(known):
            return f"accounts {list(logon.accounts)}; expected some of {list(known)}"
        if logon.rings and self._rings is None:
            return "it has rings, and this venue shares no memory"
        owner = self._by_identity.get(self._ring_identity or b"")
        if logon.rings and owner is not None and owner.name != logon.channel:
            return "it has rings, and another channel shares them; expected one channel with rings"
        other = self._by_identity.get(identity)
        if other is not None and other.name != logon.channel:
            return f"this connection is channel {other.name!r}; expected one channel a connection"
        for name in logon.accounts:
            owner = self._by_account.get(known[name])
            if owner is not None and owner.name != logon.channel:
                return f"account {name!r} belongs to channel {owner.name!r}"
        if logon.channel not in self.channels and len(self.channels) >= CHANNELS_MAX:
            return f"one more than {CHANNELS_MAX} channels"
        return ""

    def _welcome(
        self, logon: Logon, channel: Channel, accounts: frozenset[int]
    ) -> dict[str, object]:
        return {
            "venue": self._settings.name,
            "incarnation": self.incarnation,
            "next_report": channel.next_given(),
            "working": [
                {
                    "cl_ord_id": order.cl_ord_id,
                    "order_id": order.order_id,
                    "account": order.account,
                    "security_id": order.security_id,
                    "leaves_qty": order.leaves_qty,
                    "cum_qty": order.cum_qty,
                }
                for order in self._working(accounts)
            ],
            "accounts": {name: self._settings.accounts[name] for name in logon.accounts},
            "securities": [
                {
                    "code": security.code,
                    "security_id": security.security_id,
                    "tick_size": str(security.tick_size),
                }
                for security in self._settings.securities
            ],
        }

    def _disconnect(self, channel: Channel, now_ns: int) -> None:
        if channel.identity is None:
            return
        self.counters["disconnects"] += 1
        del self._by_identity[channel.identity]
        channel.disconnect(now_ns, cancel=self._settings.cancel_on_disconnect)

    def _resend(self, channel: Channel, begin_seq_no: int, now_ns: int) -> None:
        """Sends kept reports again, and says from which number on there are any."""
        kept = channel.kept(begin_seq_no)
        first = int(kept[0]["msg_seq_num"][0]) if kept else channel.next_sending
        if first != begin_seq_no:
            self._send_records(
                channel, wire.session(Kind.SEQUENCE_RESET, next_sending=first), now_ns
            )
        for records in kept:
            self._send_records(channel, records, now_ns)

    def _refuse(self, identity: bytes, reason: Reason) -> None:
        self.counters["bad_messages"] += 1
        self._send(identity, [wire.session(Kind.SESSION_REJECT, reason=reason).tobytes()])

    def _refuse_logon(self, identity: bytes, problem: str) -> None:
        self.counters["bad_messages"] += 1
        refusal = wire.session(Kind.SESSION_REJECT, reason=Reason.LOGON_REFUSED)
        self._send(identity, [refusal.tobytes(), msgspec.json.encode({"error": problem})])

    def _send_records(self, channel: Channel, records: Records, now_ns: int) -> None:
        """Sends to a channel that is up; one that cannot take it is lost."""
        for frame in wire.frames(records):
            if channel.identity is None:
                return
            if self._rings is not None and channel.identity == self._ring_identity:
                is_sent = self._rings.put(frame)
            else:
                is_sent = self._send(channel.identity, [frame])
            if not is_sent:
                self._disconnect(channel, now_ns)

    def _send(self, identity: bytes, parts: list[bytes]) -> bool:
        try:
            self.socket.send_multipart([identity, *parts], zmq.NOBLOCK)
        except zmq.ZMQError as error:
            if error.errno not in (zmq.EAGAIN, zmq.EHOSTUNREACH):
                raise
            return False
        return True


def open_rings(settings: Settings) -> RingPair | None:
    """Reports there, requests back; None = this venue shares no memory."""
    if settings.rings is None:
        return None
    requests, reports = settings.rings
    try:
        return RingPair(reports, requests, HWM_RINGS)
    except LaneError as error:
        raise VenueError(f"venue {settings.name}: {error}") from error
