"""The client's half of the session protocol, without sockets or a clock.

Frames and the time go in, frames and records come out. Records are numbered each way; what
is missing is asked for again, what is known is dropped, so each record is delivered once and
in order whatever the connection does. Orders and their meaning are in orders.py.
"""

from collections import Counter, deque
from collections.abc import Iterable
from struct import Struct

from tidegate import session_messages as messages
from tidegate.codec import DENIAL, SESSION, offset_of
from tidegate.errors import SessionError
from tidegate.native.records import RECORD_SIZE, Flag, Kind, Reason

FRAME_RECORDS_MAX = 256
RESEND_CAPACITY = 65536
LOGON_RETRY_NS = 250_000_000
SILENT_HEARTBEATS = 3

_KIND = offset_of("kind")
_FLAGS = offset_of("flags")
_AGE_AT = offset_of("received_ns")
_AGE = Struct("<q")
_NUMBER_AT = offset_of("msg_seq_num")
_NUMBER = Struct("<I")
_SESSION_KINDS = range(Kind.LOGON, Kind.QUOTE)
_AT = SESSION.index


class SessionCore:
    """One session: state, numbers both ways, and what is kept for resending."""

    def __init__(
        self,
        session: str,
        *,
        secret_key: str | None = None,
        resume: bool = False,
        shares_memory: bool = False,
        resend_capacity: int = RESEND_CAPACITY,
    ) -> None:
        self.name = session
        self.outgoing: deque[list[bytes]] = deque()
        self.delivered: deque[tuple[bytes, str | None]] = deque()
        self.responses: dict[int, bytes] = {}
        self.refused_requests: dict[int, str] = {}
        self.reply: messages.LogonReply | None = None
        self.is_logged_on = False
        self.refusal: str | None = None
        self.counters: Counter[str] = Counter()
        # Counts how often reports may have been lost for good: orders must be asked about.
        self.losses = 0
        self.next_sending = 0
        self.next_expected = 1 if resume else 0
        # Each with the time at which it was first sent.
        self._kept: deque[tuple[bytes, int]] = deque(maxlen=resend_capacity)
        self._taken = 0
        self._asked_from = 0
        self._asked_ns = 0
        self.is_wanted = False
        # The request_id of the last logon; its answer has it too.
        self.logon_id = 0
        self._logon_ns = 0
        self._heard_ns = 0
        self._sent_ns = 0
        body = messages.Logon(session=session, secret_key=secret_key)
        self._logon_frame = messages.encode(body)
        self._logon_flags = Flag.SHARES_MEMORY if shares_memory else 0

    def logon(self, now_ns: int) -> None:
        """Asks to be logged on; repeated by tick() until it is answered."""
        self.is_wanted = True
        self.is_logged_on = False
        self.refusal = None
        # Later than any that a process before this one has left in the session's rings.
        self.logon_id = max(self.logon_id + 1, now_ns)
        self._logon_ns = now_ns
        self._put_session(
            Kind.LOGON,
            now_ns,
            flags=self._logon_flags,
            request_id=self.logon_id,
            frame=self._logon_frame,
        )

    def logout(self, now_ns: int) -> None:
        """Ends the session; the gateway cancels what the account says."""
        if self.is_logged_on:
            self._put_session(Kind.LOGOUT, now_ns)
        self.is_wanted = self.is_logged_on = False

    def refuse(self, why: str) -> None:
        """There is no session to be had: it is not tried again, and each use says why."""
        self.is_wanted = self.is_logged_on = False
        self.refusal = why

    def send(self, records: Iterable[bytes], now_ns: int) -> None:
        """Numbers the records, keeps them for resending and queues them in few frames."""
        if not self.is_logged_on:
            raise SessionError(self.refusal or f"session {self.name!r} is not logged on")
        numbered = []
        for record in records:
            numbered.append(
                record[:_NUMBER_AT] + _NUMBER.pack(self.next_sending) + record[_NUMBER_AT + 4 :]
            )
            self.next_sending += 1
        self._kept.extend((record, now_ns) for record in numbered)
        self._put_records(numbered, now_ns)

    def request(self, request_id: int, body: messages.Request, now_ns: int) -> None:
        """Asks a question; the answer comes in `responses` or `refused_requests`."""
        if not self.is_logged_on:
            raise SessionError(self.refusal or f"session {self.name!r} is not logged on")
        frame = messages.encode(body)
        self._put_session(Kind.REQUEST, now_ns, request_id=request_id, frame=frame)

    def tick(self, now_ns: int) -> None:
        """Keeps the session alive: heartbeats, and a new logon when the gateway is silent."""
        if not self.is_wanted:
            return
        if not self.is_logged_on:
            if now_ns - self._logon_ns >= LOGON_RETRY_NS:
                self.logon(now_ns)
            return
        heartbeat_ns = self.heartbeat_ns
        if now_ns - self._heard_ns > SILENT_HEARTBEATS * heartbeat_ns:
            self.counters["silences"] += 1
            self.logon(now_ns)
        elif now_ns - self._sent_ns >= heartbeat_ns:
            self._put_session(Kind.HEARTBEAT, now_ns)

    @property
    def kept(self) -> list[tuple[int, bytes]]:
        """What was sent, by number, as far back as it is kept."""
        first = self.next_sending - len(self._kept)
        return list(enumerate((record for record, _ in self._kept), first))

    @property
    def heartbeat_ns(self) -> int:
        """How often each side must be heard; the gateway says it at logon."""
        return self.reply.heartbeat_ns if self.reply else LOGON_RETRY_NS

    def receive(self, frames: list[bytes], now_ns: int) -> None:
        """Takes one message from the gateway."""
        first = frames[0] if frames else b""
        if not first or len(first) % RECORD_SIZE or len(frames) > 2:
            self.counters["bad_frames"] += 1
            return
        self._heard_ns = now_ns
        if len(frames) == 2:
            self._take_with_json(first, frames[1], now_ns)
            return
        for offset in range(0, len(first), RECORD_SIZE):
            record = first[offset : offset + RECORD_SIZE]
            if record[_KIND] in _SESSION_KINDS:
                self._take_session(record, now_ns)
            else:
                self._take_record(record, now_ns)

    def _take_record(self, record: bytes, now_ns: int) -> None:
        number = int(_NUMBER.unpack_from(record, _NUMBER_AT)[0])
        if number == 0:
            self._take_unnumbered(record, None, now_ns)
        elif not self.is_logged_on or self.next_expected == 0:
            # The answer to the logon may say less than this number, and it comes again then.
            self.counters["before_logon"] += 1
        elif number == self.next_expected:
            self.next_expected += 1
            self.delivered.append((record, None))
        elif number < self.next_expected:
            self.counters["duplicates"] += 1
        else:
            self._ask_again(now_ns)

    def _take_unnumbered(self, record: bytes, text: str | None, now_ns: int) -> None:
        """A refusal of something that the gateway has not taken."""
        if DENIAL.unpack(record)[DENIAL.index["reason"]] == Reason.NOT_LOGGED_ON:
            self.counters["not_logged_on"] += 1
            if self.is_logged_on:
                self.logon(now_ns)
            return
        self.delivered.append((record, text))

    def _take_with_json(self, record: bytes, frame: bytes, now_ns: int) -> None:
        values = SESSION.unpack(record)
        kind = values[_AT["kind"]]
        if kind == Kind.LOGON:
            if values[_AT["request_id"]] == self.logon_id and not self.is_logged_on:
                self._take_logon(
                    values[_AT["next_expected"]],
                    values[_AT["next_sending"]],
                    messages.decode(frame, messages.LogonReply),
                    now_ns,
                )
        elif kind == Kind.RESPONSE:
            self.responses[values[_AT["request_id"]]] = frame
        elif kind == Kind.SESSION_REJECT:
            self._take_refusal(record, messages.decode(frame, messages.Refusal).error, now_ns)
        else:
            self.counters["bad_frames"] += 1

    def _take_refusal(self, record: bytes, error: str, now_ns: int) -> None:
        values = DENIAL.unpack(record)
        ref_kind = values[DENIAL.index["ref_kind"]]
        if ref_kind == Kind.LOGON:
            if not self.is_logged_on:
                self.refuse(error)
        elif ref_kind == Kind.REQUEST:
            self.refused_requests[values[DENIAL.index["cl_ord_id"]]] = error
        else:
            self._take_unnumbered(record, error, now_ns)

    def _take_logon(
        self, expected: int, sending: int, reply: messages.LogonReply, now_ns: int
    ) -> None:
        """Agrees on the numbers. A restarted gateway knows them; one that begins anew does not."""
        is_anew = self.reply is not None and (
            self.next_expected > sending or not self._taken <= expected <= self.next_sending
        )
        self.reply = reply
        self.is_logged_on = True
        self._asked_from = 0
        if self.next_expected == 0 or self.next_expected > sending:
            self.next_expected = sending
        if expected > self.next_sending or expected < self._taken:
            # Another process used this session, or the gateway began a new day.
            self._kept.clear()
            self.next_sending = self._taken = expected
        self._taken = max(self._taken, expected)
        self._resend(expected, now_ns)
        if is_anew:
            self.losses += 1

    def _take_session(self, record: bytes, now_ns: int) -> None:
        values = SESSION.unpack(record)
        kind, sending = values[_AT["kind"]], values[_AT["next_sending"]]
        if not self.is_logged_on:
            self.counters["before_logon"] += 1
        elif kind == Kind.HEARTBEAT:
            self._taken = max(self._taken, min(values[_AT["next_expected"]], self.next_sending))
            if sending > self.next_expected:
                self._asked_from = 0
                self._ask_again(now_ns)
        elif kind == Kind.RESEND_REQUEST:
            self.counters["resends"] += 1
            self._resend(values[_AT["begin_seq_no"]], now_ns)
        elif kind == Kind.SEQUENCE_RESET:
            if sending > self.next_expected:
                self.counters["reports_missed"] += sending - self.next_expected
                self.next_expected = sending
                self.losses += 1
        elif kind == Kind.LOGOUT:
            self.refuse(f"session {self.name!r} was logged out by the gateway")
        else:
            self.counters["bad_frames"] += 1

    def _ask_again(self, now_ns: int) -> None:
        """Once for each gap: what follows it is dropped and will come again.

        A question that was lost is asked again: a gateway that is busy sends no heartbeats.
        """
        is_due = now_ns - self._asked_ns >= self.heartbeat_ns
        if self._asked_from != self.next_expected or is_due:
            self._asked_from = self.next_expected
            self._asked_ns = now_ns
            self.counters["gaps"] += 1
            self._put_session(Kind.RESEND_REQUEST, now_ns, begin=self.next_expected)

    def _resend(self, begin: int, now_ns: int) -> None:
        first = self.next_sending - len(self._kept)
        if begin < first:
            self._put_session(Kind.SEQUENCE_RESET, now_ns, next_sending=first)
        skipped = max(0, begin - first)
        again = []
        for record, sent_ns in list(self._kept)[skipped:]:
            changed = bytearray(record)
            changed[_FLAGS] |= Flag.POSS_DUP
            # What waited here too long is refused there as what waited on its way.
            _AGE.pack_into(changed, _AGE_AT, max(0, now_ns - sent_ns))
            again.append(bytes(changed))
        self._put_records(again, now_ns)

    def _put_records(self, records: list[bytes], now_ns: int) -> None:
        for start in range(0, len(records), FRAME_RECORDS_MAX):
            self.outgoing.append([b"".join(records[start : start + FRAME_RECORDS_MAX])])
            self._sent_ns = now_ns

    def _put_session(
        self,
        kind: Kind,
        now_ns: int,
        *,
        frame: bytes | None = None,
        flags: int = 0,
        request_id: int = 0,
        begin: int = 0,
        next_sending: int | None = None,
    ) -> None:
        record = SESSION.pack(
            {
                "kind": kind,
                "flags": flags,
                "next_sending": self.next_sending if next_sending is None else next_sending,
                "next_expected": self.next_expected,
                "begin_seq_no": begin,
                "request_id": request_id,
            }
        )
        self.outgoing.append([record] if frame is None else [record, frame])
        self._sent_ns = now_ns
