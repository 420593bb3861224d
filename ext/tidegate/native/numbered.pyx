"""The receiving end of a retained lane: takes each record once and in order.

A record is taken when its number is the expected one. A lower one is a duplicate; a higher one
shows a gap, and is dropped, because what is missing comes again with all that follows it; a
record whose checksum is wrong is dropped like a lost one. Each is counted. A record with number
0 is of a sender that keeps no numbers and is taken as it comes. HEARTBEAT, RESEND_REQUEST and
SEQUENCE_RESET are the lane's own and never reach the stage: link.pyx acts on them.

`taken` is what the other end is told: the last record whose effect stands. The stage moves it,
so that what it held in hand when it was killed is sent again.
"""
from libc.stdint cimport uint32_t

import numpy as np

from tidegate.errors import LaneError
from tidegate.native.records import RECORD

from tidegate.native.checksum cimport crc32c
from tidegate.native.lane cimport FRAME_RECORDS, LaneSource
from tidegate.native.numbers cimport is_before, number_after
from tidegate.native.records cimport (
    HEARTBEAT,
    RESEND_REQUEST,
    SEQUENCE_RESET,
    TG_RECORD_SIZE,
    record,
    session_record,
)


cdef inline bint is_whole(const record* r) noexcept nogil:
    return r.checksum == crc32c(
        <const char*>r + sizeof(r.checksum), TG_RECORD_SIZE - sizeof(r.checksum)
    )


cdef class NumberedSource:
    def __cinit__(self, context, str endpoint, *, uint32_t taken=0, uint32_t ack_every=2048,
                  int hwm=1000, others=()):
        if ack_every == 0:
            raise LaneError(f"the lane from {endpoint} acknowledges every 0 records")
        self.lane = LaneSource(
            context, endpoint, hwm=hwm, numbered=False, others=others
        )
        self.ack_every = ack_every
        self.taken = taken
        self.expected = number_after(taken)

    cdef Py_ssize_t take(self, record* out, Py_ssize_t limit) noexcept nogil:
        cdef Py_ssize_t index, count, kept = 0
        self.is_skimming = False
        while kept < limit:
            count = self.lane.take(out + kept, limit - kept)
            if count == 0:
                break
            count += kept
            for index in range(kept, count):
                if self._is_next(&out[index]):
                    if kept != index:
                        out[kept] = out[index]
                    kept += 1
        self.record_count += kept
        return kept

    cdef bint _is_next(self, record* r) noexcept nogil:
        if r.msg_seq_num == 0 and r.checksum == 0:
            self.unnumbered_count += 1
            return True
        if not is_whole(r):
            self.bad_checksum_count += 1
            self.is_behind = True
            return False
        if HEARTBEAT <= r.kind <= SEQUENCE_RESET:
            self._hear(<const session_record*>r)
            return False
        if r.msg_seq_num == self.expected:
            self.expected = number_after(self.expected)
            self.is_behind = False
            r.checksum = 0
            return True
        if is_before(r.msg_seq_num, self.expected):
            self.duplicate_count += 1
        else:
            self.gap_count += 1
            self.is_behind = True
        return False

    cdef void _hear(self, const session_record* message) noexcept nogil:
        if message.kind == SEQUENCE_RESET:
            self._reset(message)
            return
        # It is sent behind all records before it, so what it counts and we lack is lost.
        self.is_behind = message.next_sending != self.expected
        # Who asks gets an answer even where nothing is sent again: then nothing was missing.
        if message.kind == RESEND_REQUEST or message.end_seq_no != number_after(self.taken):
            self.is_untold = True
        self.is_heard = True
        self.is_asked = self.is_asked or message.kind == RESEND_REQUEST
        self.heard_expected = message.next_expected
        self.heard_second = message.begin_seq_no

    cdef void _reset(self, const session_record* message) noexcept nogil:
        cdef bint is_ahead = is_before(self.expected, message.next_sending)
        # Back only as the answer to what was asked for just now: a late one is ignored.
        if message.next_sending == self.expected or not (
            is_ahead or message.begin_seq_no == self.expected
        ):
            return
        if is_ahead and self.taken != 0:
            self.lost_count += message.next_sending - self.expected
        if self.expected == number_after(self.taken):
            self.taken = message.next_sending - 1
        self.expected = message.next_sending
        self.is_behind = False
        self.is_untold = True
        self.reset_count += 1

    cdef void skim(self) noexcept nogil:
        cdef record left[FRAME_RECORDS]
        cdef Py_ssize_t index, count = self.lane.take(left, FRAME_RECORDS)
        self.is_skimming = True
        while count != 0:
            for index in range(count):
                if not is_whole(&left[index]):
                    self.is_behind = True
                elif HEARTBEAT <= left[index].kind <= SEQUENCE_RESET:
                    self._hear(<const session_record*>&left[index])
                else:
                    self.skimmed_count += 1
                    self.is_behind = True
            count = self.lane.take(left, FRAME_RECORDS)

    def take_rows(self, Py_ssize_t limit=FRAME_RECORDS):
        if limit < 1:
            raise LaneError(f"cannot take {limit} records; expected at least 1")
        self._check_open()
        out = np.zeros(limit, RECORD)
        cdef record[::1] rows = out
        return out[:self.take(&rows[0], limit)]

    def skim_all(self):
        self._check_open()
        self.skim()

    def note_taken(self, uint32_t number):
        """The effect of this record and of all before it stands."""
        self.taken = number

    @property
    def next_expected(self):
        return self.expected

    @property
    def counters(self):
        return self.lane.counters | {
            "records": self.record_count,
            "unnumbered": self.unnumbered_count,
            "duplicates": self.duplicate_count,
            "gaps": self.gap_count,
            "bad_checksum": self.bad_checksum_count,
            "skimmed": self.skimmed_count,
            "resets": self.reset_count,
            "lost": self.lost_count,
        }

    def close(self):
        self.lane.close()

    def _check_open(self):
        if not self.lane.is_open:
            raise LaneError(f"the lane from {self.lane.endpoint} is closed")
