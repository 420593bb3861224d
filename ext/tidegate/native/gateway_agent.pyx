"""The gateway's agent: one thread, the only one that touches the front door and the regions.

    front, door -> intake_step -> lane "orders"  lane "reports" -> outbox -> front, door
                        '-> lane "control", what operators send
    front <-> desk: logons and requests, answered by the Python half on another thread

Nothing here blocks on a client, on risk or on Python. Each refusal is counted by reason.
"""
from libc.errno cimport EAGAIN
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset, strlen

from tidegate.native.clock cimport monotonic_ns, now_ns
from tidegate.native.crash_point cimport TG_HAS_CRASH_POINTS
from tidegate.native.door cimport Door
from tidegate.native.front cimport JSON_SIZE_MAX, RECORDS_SIZE_MAX, Front
from tidegate.native.intake cimport (
    INTAKE_DUPLICATE,
    INTAKE_FORWARD,
    INTAKE_GAP,
    INTAKE_TAKEN,
    intake_step,
    is_control,
    permission,
)
from tidegate.native.invariant cimport must
from tidegate.native.intents cimport Intents
from tidegate.native.legs cimport Legs
from tidegate.native.link cimport Link
from tidegate.native.mortal cimport live
from tidegate.native.outbox cimport Outbox
from tidegate.native.poll cimport POLL_STOPPED, Poller
from tidegate.native.records cimport (
    CANCEL_REJECT,
    CONTROL_ANSWER,
    DENIED,
    FRAME_KIND,
    FRAME_LENGTH,
    FRAME_PARTS,
    FRAME_VERSION,
    LANE_FULL,
    LOGON,
    NEW_ORDER_SINGLE,
    NOT_LOGGED_ON,
    POSS_DUP,
    REQUEST,
    RESPONSE,
    ROUTING_ID,
    SESSION_REJECT,
    TG_LAYOUT_VERSION,
    TG_RECORD_SIZE,
    denial_record,
    record,
    session_record,
)
from tidegate.native.refusal cimport refuse
from tidegate.native.reserve cimport ReservedTarget
from tidegate.native.session_control cimport SessionControl
from tidegate.native.sessions cimport SESSION_ON, TG_REASONS, Peers, gateway_row, session_row
from tidegate.native.zmqlib cimport (
    ZMQ_DONTWAIT,
    ZMQ_SNDMORE,
    lib,
    socket_pointer,
)


cdef enum:
    TICK_NS = 10_000_000
    TICK_MS = 10
    COMMANDS_A_CYCLE = 16


# How long its client has held a record that it sends again: risk and router refuse what is too old.
cdef inline int64_t held_ns(const record* r, int64_t now) noexcept nogil:
    return r.received_ns if r.flags & POSS_DUP and 0 < r.received_ns < now else 0


cdef int cycle(void* agent) noexcept nogil:
    return (<GatewayAgent>agent).do_work()


cdef class GatewayAgent:
    def __cinit__(self, *, front, Door door not None, desk, Link link not None,
                  Poller poller not None, sessions, outbox, Intents intents not None, counters,
                  latency, accounts, uint32_t account_count, operators):
        cdef const uint64_t[:, ::1] words = accounts
        cdef const uint8_t[::1] roles = operators
        cdef int index
        if words.shape[0] != len(sessions) or words.shape[1] != account_count // 64 + 1:
            raise ValueError("expected one row of account bits for each session")
        if roles.shape[0] != len(sessions):
            raise ValueError("expected for each session whether it is an operator's")
        for index in range(3):
            lib.frame_init(&self.command[index])
        self.front = Front(front)
        self.door = door
        self.outbox = Outbox(self.front, door, Peers(len(sessions)), sessions, outbox, counters)
        self.link = link
        self.orders = ReservedTarget(link.target)
        self.controls = link.second_target
        self.intents = intents
        self.control = SessionControl(self.outbox, self.orders, self.intents)
        self.reports = link.source
        self.legs = Legs(latency)
        self.poller = poller
        self.desk = desk
        self.desk_handle = socket_pointer(desk)
        self.arrays = (accounts, operators)
        self.operators = &roles[0]
        self.account_words = &words[0, 0]
        self.words_a_session = words.shape[1]
        self.account_count = account_count
        poller.watch(front, &self.front.drained)
        poller.watch(desk, &self.desk_drained)
        poller.add_source(self.reports.lane)
        if door.lane is not None:
            poller.add_source(door.lane)

    def __dealloc__(self):
        cdef int index
        for index in range(3):
            lib.frame_close(&self.command[index])

    def run(self):
        """Work until the poller is stopped; what is in the lanes is flushed."""
        cdef int stopped = 0
        with nogil:
            self.poller.begin()
            while stopped != POLL_STOPPED:
                stopped = self.poller.wait_after(self.do_work(), TICK_MS)
            self.poller.end()
            self.finish()

    def work(self):
        """One duty cycle without waiting; how many messages, reports and answers it took."""
        cdef int count
        with nogil:
            count = live(cycle, <void*>self) if TG_HAS_CRASH_POINTS else self.do_work()
        return count

    cdef void finish(self) noexcept nogil:
        self.link.tend(monotonic_ns())
        self.outbox.flush(now_ns())

    cdef int do_work(self) noexcept nogil:
        cdef int work
        self.now = now_ns()
        work = self.take_ring()
        while work < FRAMES_A_CYCLE and self.take_message():
            work += 1
        self.orders.lane.flush()
        self.controls.flush()
        work += self.take_reports()
        # Refusals of this cycle are in the outbox too.
        self.outbox.flush(self.now)
        work += self.take_command()
        if self.now >= self.next_tick_ns:
            self.next_tick_ns = self.now + TICK_NS
            self.control.tick(self.now)
        self.link.tend(monotonic_ns())
        self.outbox.counters.cancels_reserved = self.orders.reserved_count
        return work

    cdef int take_message(self) noexcept nogil:
        cdef size_t size
        cdef record nothing
        if not self.front.receive():
            return 0
        memset(&nothing, 0, sizeof(nothing))
        size = lib.frame_size(&self.front.first)
        self.outbox.counters.frames += 1
        if self.front.peer == 0:
            self.refuse_message(&nothing, ROUTING_ID)
        elif self.front.part_count == 0 or self.front.part_count > 2:
            self.refuse_message(&nothing, FRAME_PARTS)
        elif size == 0 or size % TG_RECORD_SIZE or size > RECORDS_SIZE_MAX:
            self.refuse_message(&nothing, FRAME_LENGTH)
        elif self.front.part_count == 2:
            self.take_attached()
        else:
            self.take_records(
                self.outbox.rows + self.outbox.peers.find(self.front.peer),
                <const unsigned char*>lib.frame_data(&self.front.first), size // TG_RECORD_SIZE,
            )
        return 1

    # Of one session; a ring that its session has not logged on with is a stranger's.
    cdef int take_ring(self) noexcept nogil:
        cdef uint16_t session = 0
        cdef Py_ssize_t count = self.door.take(self.batch, REPORTS_A_CYCLE, &session)
        if count == 0:
            return 0
        self.outbox.counters.frames += 1
        self.door_session = session
        self.take_records(self.outbox.rows + (session if self.door.has(session) else 0),
                          <const unsigned char*>&self.batch[0], <size_t>count)
        self.door_session = 0
        return 1

    cdef void take_records(self, session_row* row, const unsigned char* data,
                           size_t count) noexcept nogil:
        cdef record r
        cdef size_t index
        row.heard_ns = self.now
        for index in range(count):
            memcpy(&r, data + index * TG_RECORD_SIZE, TG_RECORD_SIZE)
            self.outbox.counters.records += 1
            r.received_ns = self.now - held_ns(&r, self.now)
            if not self.take_record(row, &r):
                return

    cdef int take_record(self, session_row* row, record* r) noexcept nogil:
        cdef int verdict
        if r.layout_version == TG_LAYOUT_VERSION and LOGON <= r.kind <= RESPONSE:
            if row.state != SESSION_ON:
                self.refuse_message(r, NOT_LOGGED_ON)
            elif not self.control.take(row, r, self.now):
                self.refuse_message(r, FRAME_PARTS)
            # A logout or a lost connection: what follows has no session any more.
            return row.state == SESSION_ON
        self.intents.begin_record(row)
        verdict = self.take_numbered(row, r)
        self.intents.end()
        return verdict

    cdef int take_numbered(self, session_row* row, record* r) noexcept nogil:
        cdef int verdict = intake_step(row, self.permission_of(row), r)
        if verdict == INTAKE_FORWARD:
            self.submit(row, r)
        elif verdict == INTAKE_TAKEN:
            r.session = row.handle
            self.refuse_taken(r, SESSION_REJECT, r.reason)
        elif verdict == INTAKE_DUPLICATE:
            self.outbox.counters.duplicates += 1
        elif verdict == INTAKE_GAP:
            # What follows may be of another frame, and no number: a ring melts frames together.
            self.control.ask_again(row, self.now)
        else:
            self.refuse_message(r, r.reason)
            return r.reason != NOT_LOGGED_ON
        return 1

    cdef void submit(self, session_row* row, record* r) noexcept nogil:
        cdef uint32_t number = r.msg_seq_num
        cdef bint is_order = not is_control(r.kind)
        if self.orders.put(r) if is_order else self.controls.put(r):
            self.outbox.counters.forwarded += 1
            return
        r.msg_seq_num = number
        r.session = row.handle
        if is_order:
            self.refuse_taken(r, DENIED if r.kind == NEW_ORDER_SINGLE else CANCEL_REJECT, LANE_FULL)
        else:
            self.refuse_taken(r, CONTROL_ANSWER, LANE_FULL)

    # A logon or a request: passed on with who asks, for the desk to answer.
    cdef void take_attached(self) noexcept nogil:
        cdef record r
        cdef uint64_t peer = self.front.peer
        cdef session_row* row = self.outbox.rows + self.outbox.peers.find(peer)
        cdef const char* user_id = self.front.user_id()
        memcpy(&r, lib.frame_data(&self.front.first), TG_RECORD_SIZE)
        row.heard_ns = self.now
        if lib.frame_size(&self.front.first) != TG_RECORD_SIZE:
            self.refuse_message(&r, FRAME_PARTS)
        elif r.layout_version != TG_LAYOUT_VERSION:
            self.refuse_message(&r, FRAME_VERSION)
        elif r.kind != LOGON and r.kind != REQUEST:
            self.refuse_message(&r, FRAME_KIND)
        elif lib.frame_size(&self.front.second) > JSON_SIZE_MAX:
            self.refuse_message(&r, FRAME_LENGTH)
        elif r.kind == REQUEST and row.state != SESSION_ON:
            self.refuse_message(&r, NOT_LOGGED_ON)
        else:
            r.session = row.handle
            # Sending may use up the sign of an answer.
            if self.desk_drained != NULL:
                self.desk_drained[0] = False
            if lib.send(self.desk_handle, &peer, sizeof(peer), ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0:
                # The desk is behind by its whole queue.
                self.refuse_message(&r, LANE_FULL)
                return
            lib.send(self.desk_handle, &r, sizeof(r), ZMQ_DONTWAIT | ZMQ_SNDMORE)
            lib.send(self.desk_handle, user_id, strlen(user_id) if user_id != NULL else 0,
                     ZMQ_DONTWAIT | ZMQ_SNDMORE)
            lib.frame_send(&self.front.second, self.desk_handle, ZMQ_DONTWAIT)

    cdef int take_reports(self) noexcept nogil:
        cdef Py_ssize_t index, count = self.reports.take(self.batch, REPORTS_A_CYCLE)
        cdef int64_t back
        if count == 0:
            return 0
        back = now_ns()
        for index in range(count):
            self.legs.stamp(&self.batch[index], back)
            self.take_report(&self.batch[index])
        return <int>count

    cdef void take_report(self, const record* r) noexcept nogil:
        cdef uint32_t session = r.session if r.session < self.outbox.session_count else 0
        if r.msg_seq_num == 0:
            self.outbox.deliver(r)
            return
        self.intents.begin_report(self.outbox.rows + session, r.msg_seq_num)
        self.outbox.deliver(r)
        self.intents.end_report(r.msg_seq_num)
        self.reports.taken = r.msg_seq_num

    # From the desk: peer, record, JSON. A LOGON with a session binds it to the peer.
    cdef int take_command(self) noexcept nogil:
        cdef session_record r
        cdef uint64_t peer
        cdef int part, taken = 0
        cdef session_row* row
        if self.desk_drained != NULL and self.desk_drained[0]:
            return 0
        while taken < COMMANDS_A_CYCLE:
            for part in range(3):
                if lib.frame_recv(&self.command[part], self.desk_handle, ZMQ_DONTWAIT) < 0:
                    if self.desk_drained != NULL and part == 0 and lib.failure() == EAGAIN:
                        self.desk_drained[0] = True
                    return taken
            taken += 1
            memcpy(&peer, lib.frame_data(&self.command[0]), sizeof(peer))
            memcpy(&r, lib.frame_data(&self.command[1]), sizeof(r))
            if r.kind == LOGON:
                if not self.control.logon(peer, &r, self.now):
                    self.outbox.counters.answers_lost += 1
                    continue
            elif r.kind == RESPONSE:
                self.outbox.counters.requests += 1
                if r.session != 0:
                    # Only the answer that sets its dead-man timer names a session.
                    row = self.outbox.rows + r.session
                    row.dead_man_ns = self.now + r.heartbeat_ns if r.heartbeat_ns else 0
            else:
                self.count_refusal(r.reason)
            if self.front.send_two(peer, &r, sizeof(r), lib.frame_data(&self.command[2]),
                                   lib.frame_size(&self.command[2])) != 0:
                self.outbox.counters.answers_lost += 1
            elif r.kind == LOGON:
                row = self.outbox.rows + r.session
                self.outbox.send_due(row, self.now)
        return taken

    # What was refused before its number counted: the answer has no number either.
    cdef void refuse_message(self, const record* r, int reason) noexcept nogil:
        cdef denial_record answer
        cdef int code
        refuse(&answer, r, SESSION_REJECT, reason)
        answer.msg_seq_num = 0
        self.count_refusal(reason)
        if self.door_session != 0:
            code = self.door.send(self.door_session, &answer, sizeof(answer))
        else:
            code = self.front.answer(&answer, sizeof(answer))
        if code != 0:
            self.outbox.counters.answers_lost += 1

    # What was taken by its number and refused: the answer is a numbered report.
    cdef void refuse_taken(self, const record* r, int kind, int reason) noexcept nogil:
        cdef denial_record answer
        refuse(&answer, r, kind, reason)
        self.count_refusal(reason)
        self.outbox.deliver(<record*>&answer)

    cdef void count_refusal(self, int reason) noexcept nogil:
        cdef gateway_row* counters = self.outbox.counters
        must(0 < reason < TG_REASONS)
        counters.refused[reason] += 1

    cdef permission permission_of(self, const session_row* row) noexcept nogil:
        cdef permission allowed
        allowed.words = self.account_words + <size_t>row.handle * self.words_a_session
        allowed.count = self.account_count + 1
        allowed.is_operator = self.operators[row.handle] != 0
        return allowed
