"""The conversation of two stages about the lanes between them, so that no record is lost.

    gateway   target = orders, second_target = control      source = reports
    risk      target = reports       source = orders, second_source = control
    risk      target = routes        source = executions
    router    target = executions    source = routes

A sender keeps each record until the other end says that its effect stands; a receiver takes
each number once and in order. What they tell each other goes on the same lanes, between the
records, with number 0 and a checksum:

    HEARTBEAT        next_sending   the sender's next number on this lane
                     next_expected  what it expects next on the lane from the other end
                     begin_seq_no   the same of the second lane from there (control, into risk)
                     end_seq_no     the oldest record that the other end has not yet taken, as far
                                    as the sender knows: a receiver that knows better says so
    RESEND_REQUEST   the same, and "send again from next_expected (and begin_seq_no) on"
    SEQUENCE_RESET   next_sending = the oldest that is kept: what was asked for, begin_seq_no, is
                     not kept any more or was never given; the receiver counts what it lost

next_expected 0 = "I have no history": it acknowledges nothing and asks for the oldest kept.
A HEARTBEAT goes out when something is owed and nothing has moved for 20 ms, every 200 ms while
records move, and at once when an eighth of a ring was taken. A RESEND_REQUEST goes out at the
start, for each new gap, and every 100 ms while a gap stays.
Where all is sent and taken there is silence. Time is what the caller says it is.
"""
from libc.stdint cimport int64_t, uint32_t
from libc.string cimport memset

from tidegate.errors import LaneError

from tidegate.native.numbered cimport NumberedSource
from tidegate.native.numbers cimport number_after
from tidegate.native.records cimport HEARTBEAT, RESEND_REQUEST, session_record
from tidegate.native.retained cimport RetainedTarget


cdef int64_t BEAT_NS = 20_000_000
# Records that move say by themselves that both ends are there: a word between them would only wait
# in their way.
cdef int64_t BUSY_BEAT_NS = 200_000_000
cdef int64_t ASK_NS = 100_000_000
# An agent whose link is not quiet sleeps no longer.
QUIET_MS_MAX = 20


# What is told of the records that were taken: 0 where there is no history.
cdef inline uint32_t next_of(NumberedSource source) noexcept nogil:
    return 0 if source.taken == 0 else number_after(source.taken)


# Something is missing, and there is room for it when it comes.
cdef inline bint is_lacking(NumberedSource source) noexcept nogil:
    return source.is_behind and not source.is_skimming


cdef class Link:
    def __cinit__(self, RetainedTarget target not None, NumberedSource source not None, *,
                  RetainedTarget second_target=None, NumberedSource second_source=None):
        if second_target is not None and second_source is not None:
            raise LaneError("a link has two lanes one way and one back, not two and two")
        self.target = target
        self.source = source
        self.second_target = second_target
        self.second_source = second_source
        self.is_starting = True

    cdef void tend(self, int64_t now_ns) noexcept nogil:
        self._notice(now_ns)
        if self.source.is_heard:
            self._hear()
        if self.second_source is not None:
            self.second_source.is_heard = False
        self.target.flush()
        if self.second_target is not None:
            self.second_target.flush()
            if self._is_time(now_ns, self.second_told_ns) and (
                self.is_second_due or self.second_target.unacked()
            ):
                self._tell_second(now_ns)
        if self.is_starting or self._is_asking(now_ns):
            self._tell(RESEND_REQUEST, now_ns)
        elif self._is_much() or (self._is_owing() and self._is_time(now_ns, self.told_ns)):
            self._tell(HEARTBEAT, now_ns)

    # When a record was last put or taken.
    cdef void _notice(self, int64_t now_ns) noexcept nogil:
        cdef uint32_t moved = self.target.head.last.next_number + self.source.expected
        if self.second_target is not None:
            moved += self.second_target.head.last.next_number
        if self.second_source is not None:
            moved += self.second_source.expected
        if moved != self.moved:
            self.moved = moved
            self.moved_ns = now_ns

    cdef bint _is_time(self, int64_t now_ns, int64_t told_ns) noexcept nogil:
        return now_ns - told_ns >= BEAT_NS and (
            now_ns - self.moved_ns >= BEAT_NS or now_ns - told_ns >= BUSY_BEAT_NS
        )

    cdef void _hear(self) noexcept nogil:
        self.source.is_heard = False
        self.target.acknowledge(self.source.heard_expected)
        if self.second_target is not None:
            self.second_target.acknowledge(self.source.heard_second)
        if self.source.is_asked:
            self.source.is_asked = False
            self.target.rewind(self.source.heard_expected)
            if self.second_target is not None:
                self.second_target.rewind(self.source.heard_second)
                self.is_second_due = True

    # Once for each place where something is missing, and again while it stays missing.
    cdef bint _is_asking(self, int64_t now_ns) noexcept nogil:
        cdef bint is_again = now_ns - self.asked_ns >= ASK_NS
        cdef bint is_due = is_lacking(self.source) and (
            is_again or self.asked != self.source.expected
        )
        if not self.source.is_behind:
            self.asked = 0
        if self.second_source is None:
            return is_due
        if not self.second_source.is_behind:
            self.second_asked = 0
        return is_due or is_lacking(self.second_source) and (
            is_again or self.second_asked != self.second_source.expected
        )

    cdef bint _is_owing(self) noexcept nogil:
        if self.target.unacked() or self.source.is_untold or self.told != self.source.taken:
            return True
        return self.second_source is not None and (
            self.second_source.is_untold or self.second_told != self.second_source.taken
        )

    cdef bint _is_much(self) noexcept nogil:
        if <uint32_t>(self.source.taken - self.told) >= self.source.ack_every:
            return True
        return self.second_source is not None and (
            <uint32_t>(self.second_source.taken - self.second_told)
            >= self.second_source.ack_every
        )

    cdef bint is_quiet(self) noexcept nogil:
        if self.is_starting or self._is_owing() or self.source.is_behind:
            return False
        if self.second_source is not None and self.second_source.is_behind:
            return False
        return self.second_target is None or not (
            self.is_second_due or self.second_target.unacked()
        )

    cdef void _tell(self, int kind, int64_t now_ns) noexcept nogil:
        cdef session_record message
        memset(&message, 0, sizeof(message))
        message.kind = kind
        message.next_sending = self.target.head.last.next_number
        message.next_expected = next_of(self.source)
        message.end_seq_no = number_after(self.target.head.acked)
        if self.second_source is not None:
            message.begin_seq_no = next_of(self.second_source)
        # A socket that is full tells nothing now; the time passes on, so it is not tried at once.
        self.told_ns = now_ns
        if self.target.next_unsent != self.target.head.last.next_number \
                or not self.target.put_session(&message):
            return
        self.told = self.source.taken
        self.source.is_untold = False
        if self.second_source is not None:
            self.second_told = self.second_source.taken
            self.second_source.is_untold = False
        if kind == RESEND_REQUEST:
            self.is_starting = False
            self.asked_ns = now_ns
            self.asked = self.source.expected
            if self.second_source is not None:
                self.second_asked = self.second_source.expected

    cdef void _tell_second(self, int64_t now_ns) noexcept nogil:
        cdef session_record message
        memset(&message, 0, sizeof(message))
        message.kind = HEARTBEAT
        message.next_sending = self.second_target.head.last.next_number
        message.end_seq_no = number_after(self.second_target.head.acked)
        self.second_told_ns = now_ns
        if self.second_target.next_unsent == self.second_target.head.last.next_number \
                and self.second_target.put_session(&message):
            self.is_second_due = False

    def tend_at(self, int64_t now_ns):
        """tend(), for what is not compiled."""
        self.tend(now_ns)

    @property
    def quiet(self):
        return self.is_quiet()
