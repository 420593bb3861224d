"""The client's session core against a plain model of the gateway's half.

Messages are dropped, doubled and reordered both ways; after the connection is good again,
each record must have arrived once and in order on both sides.
"""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tidegate import session_messages as messages
from tidegate.client.core import SessionCore
from tidegate.codec import DENIAL, EXECUTION, ORDER, SESSION
from tidegate.native.records import RECORD_SIZE, Flag, Kind, Reason

HEARTBEAT_NS = 1_000_000_000
AT = SESSION.index


class PlainGateway:
    """The other half, in the plainest way: whole histories kept in lists."""

    def __init__(self) -> None:
        self.taken: list[int] = []
        self.history: list[int] = []
        self.sent = 0
        self.is_on = False
        self.outgoing: list[list[bytes]] = []

    def session(self, kind: Kind, **values: int) -> bytes:
        base = {"kind": kind, "next_sending": len(self.history) + 1}
        return SESSION.pack({**base, "next_expected": len(self.taken) + 1, **values})

    def report(self, cl_ord_id: int) -> None:
        self.history.append(cl_ord_id)
        if self.is_on:
            self.send_from(len(self.history))

    def send_from(self, begin: int) -> None:
        for number in range(begin, len(self.history) + 1):
            values = {"kind": Kind.EXECUTION_REPORT, "cl_ord_id": self.history[number - 1]}
            self.outgoing.append([EXECUTION.pack({**values, "msg_seq_num": number})])

    def receive(self, frames: list[bytes]) -> None:
        for offset in range(0, len(frames[0]), RECORD_SIZE):
            record = frames[0][offset : offset + RECORD_SIZE]
            if Kind(record[4]) >= Kind.LOGON:
                self.receive_session(SESSION.unpack(record))
            else:
                self.receive_order(ORDER.unpack(record))

    def receive_order(self, values: tuple[int, ...]) -> None:
        number = values[ORDER.index["msg_seq_num"]]
        if not self.is_on:
            reject = {"kind": Kind.SESSION_REJECT, "reason": Reason.NOT_LOGGED_ON}
            self.outgoing.append([DENIAL.pack(reject)])
        elif number == len(self.taken) + 1:
            self.taken.append(values[ORDER.index["cl_ord_id"]])
        elif number > len(self.taken) + 1:
            self.outgoing.append(
                [self.session(Kind.RESEND_REQUEST, begin_seq_no=len(self.taken) + 1)]
            )

    def receive_session(self, values: tuple[int, ...]) -> None:
        kind = values[AT["kind"]]
        if kind == Kind.LOGON:
            self.is_on = True
            reply = messages.LogonReply(1, {"A-1": 1}, [], HEARTBEAT_NS, started_ns=7)
            record = self.session(Kind.LOGON, request_id=values[AT["request_id"]])
            self.outgoing.append([record, messages.encode(reply)])
            if values[AT["next_expected"]]:
                self.send_from(values[AT["next_expected"]])
        elif kind == Kind.RESEND_REQUEST and self.is_on:
            self.send_from(values[AT["begin_seq_no"]])
        elif kind == Kind.HEARTBEAT and values[AT["next_sending"]] > len(self.taken) + 1:
            self.outgoing.append(
                [self.session(Kind.RESEND_REQUEST, begin_seq_no=len(self.taken) + 1)]
            )

    def tick(self) -> None:
        if self.is_on:
            self.outgoing.append([self.session(Kind.HEARTBEAT)])


def exchange(core: SessionCore, gateway: PlainGateway, now_ns: int) -> None:
    """Carries messages both ways until none is left."""
    while core.outgoing or gateway.outgoing:
        while core.outgoing:
            gateway.receive(core.outgoing.popleft())
        while gateway.outgoing:
            core.receive(gateway.outgoing.pop(0), now_ns)


def logged_on(*, resume: bool = False) -> tuple[SessionCore, PlainGateway]:
    core, gateway = SessionCore("s", resume=resume), PlainGateway()
    core.logon(1)
    exchange(core, gateway, 1)
    assert core.is_logged_on
    return core, gateway


def delivered(core: SessionCore) -> list[int]:
    return [EXECUTION.unpack(record)[EXECUTION.index["cl_ord_id"]] for record, _ in core.delivered]


STEPS = st.lists(
    st.sampled_from(
        [
            "submit",
            "submit",
            "submit_two",
            "report",
            "report",
            "to",
            "to",
            "from",
            "from",
            "drop_to",
            "drop_from",
            "twice_to",
            "twice_from",
            "swap_to",
            "swap_from",
            "tick",
            "silence",
            "forget",
        ]
    ),
    max_size=80,
)


@settings(max_examples=400, deadline=None)
@example(["silence", "to", "report", "swap_from"])
@given(STEPS)
def test_each_record_arrives_once_and_in_order_whatever_the_connection_does(
    steps: list[str],
) -> None:
    core, gateway = logged_on()
    now_ns, submitted, reported = 1, 0, 0

    def submit(count: int) -> None:
        nonlocal submitted
        if core.is_logged_on:
            rows = range(submitted + 1, submitted + 1 + count)
            core.send([ORDER.pack({"kind": 1, "cl_ord_id": row}) for row in rows], now_ns)
            submitted += count

    for step in steps:
        to, back = core.outgoing, gateway.outgoing
        queue = to if step.endswith("to") else back
        if step.startswith("submit"):
            submit(2 if step == "submit_two" else 1)
        elif step == "report":
            reported += 1
            gateway.report(reported)
        elif step == "tick":
            now_ns += HEARTBEAT_NS
            core.tick(now_ns)
            gateway.tick()
        elif step == "silence":
            now_ns += 4 * HEARTBEAT_NS
            core.tick(now_ns)
        elif step == "forget":
            gateway.is_on = False
        elif not queue:
            continue
        elif step == "to":
            gateway.receive(to.popleft())
        elif step == "from":
            core.receive(back.pop(0), now_ns)
        elif step.startswith("drop"):
            del queue[0]
        elif step.startswith("twice"):
            queue.insert(0, queue[0])
        elif len(queue) > 1:
            queue[0], queue[1] = queue[1], queue[0]
    for _ in range(8):
        exchange(core, gateway, now_ns)
        now_ns += HEARTBEAT_NS
        core.tick(now_ns)
        gateway.tick()
    exchange(core, gateway, now_ns)
    assert core.is_logged_on
    assert gateway.taken == list(range(1, submitted + 1))
    assert delivered(core) == list(range(1, reported + 1))


def test_a_restarted_client_goes_on_where_the_gateway_is() -> None:
    core, gateway = logged_on()
    core.send([ORDER.pack({"kind": 1, "cl_ord_id": n}) for n in (1, 2)], 2)
    exchange(core, gateway, 2)
    gateway.report(1)
    again = SessionCore("s")
    again.logon(3)
    exchange(again, gateway, 3)
    assert (again.next_sending, again.next_expected) == (3, 2)


def test_resume_asks_for_every_report_that_is_kept() -> None:
    _, gateway = logged_on()
    gateway.report(1)
    gateway.report(2)
    gateway.outgoing.clear()
    again = SessionCore("s", resume=True)
    again.logon(3)
    exchange(again, gateway, 3)
    assert delivered(again) == [1, 2]


def test_resent_records_say_so() -> None:
    core, gateway = logged_on()
    core.send([ORDER.pack({"kind": 1, "cl_ord_id": 1, "flags": Flag.POST_ONLY})], 2)
    core.outgoing.clear()
    core.receive([gateway.session(Kind.RESEND_REQUEST, begin_seq_no=1)], 2)
    record = ORDER.unpack(core.outgoing.popleft()[0])
    assert record[ORDER.index["flags"]] == Flag.POST_ONLY | Flag.POSS_DUP


def test_resent_records_say_how_long_they_were_held() -> None:
    core, gateway = logged_on()
    core.send([ORDER.pack({"kind": 1, "cl_ord_id": 1})], 2)
    core.outgoing.clear()
    for now_ns, held_ns in ((5_000, 4_998), (9_000, 8_998), (1, 0)):
        core.receive([gateway.session(Kind.RESEND_REQUEST, begin_seq_no=1)], now_ns)
        record = ORDER.unpack(core.outgoing.popleft()[0])
        assert record[ORDER.index["received_ns"]] == held_ns


def test_a_question_that_was_lost_is_asked_again_while_reports_go_on() -> None:
    core, gateway = logged_on()
    for number in range(1, 4):
        gateway.report(number)
        if number == 1:
            gateway.outgoing.clear()
    exchange_reports(core, gateway, 2)
    core.outgoing.clear()
    # A gateway that is busy sends no heartbeats.
    gateway.report(4)
    exchange_reports(core, gateway, 2 + HEARTBEAT_NS)
    exchange(core, gateway, 2 + HEARTBEAT_NS)
    assert delivered(core) == [1, 2, 3, 4]


def exchange_reports(core: SessionCore, gateway: PlainGateway, now_ns: int) -> None:
    while gateway.outgoing:
        core.receive(gateway.outgoing.pop(0), now_ns)


def test_a_refused_logon_is_not_tried_again() -> None:
    core = SessionCore("s")
    core.logon(1)
    core.outgoing.clear()
    reject = {"kind": Kind.SESSION_REJECT, "reason": Reason.LOGON_REFUSED, "ref_kind": Kind.LOGON}
    core.receive([DENIAL.pack(reject), messages.encode(messages.Refusal("no such session"))], 2)
    core.tick(10 * HEARTBEAT_NS)
    assert not core.outgoing
    assert core.refusal == "no such session"


def test_a_logon_is_later_than_those_of_a_process_before() -> None:
    before, after = SessionCore("one"), SessionCore("one")
    for now_ns in (10, 20, 30):
        before.logon(now_ns)
    after.logon(31)
    assert after.logon_id > before.logon_id
