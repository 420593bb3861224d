"""The sending end of a retained lane: a ring of records in a region, which outlives its process.

A record is numbered, stands in the ring, and leaves from there in frames of up to 256; it is
kept until the other end says that it has taken it (link.pyx has the conversation). A record is
written before its number counts, so a process killed anywhere leaves no hole. Numbers are from 1
and wrap past 0; each record carries CRC32C of its other 124 bytes.

Where a step numbers what it gives (`given`), a record must bring the number that follows the
last one; so a journal that is replayed after a kill shows what was never put. A record with
number 0 is an answer that no step gave: it is retained too, and `answered` tells the restarted
process which of the records that it takes have such an answer.
"""
from libc.errno cimport EAGAIN, EINTR
from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memset

import zmq

from tidegate.errors import LaneError, RecordError
from tidegate.native.lane import open_socket as _open_socket
from tidegate.native.records import RECORD
from tidegate.native.shm_ring import ring_path, ring_records

from tidegate.native.checksum cimport crc32c
from tidegate.native.crash_point cimport crash_point
from tidegate.native.invariant cimport must
from tidegate.native.lane cimport FRAME_RECORDS, rows_of
from tidegate.native.numbers cimport is_before, number_after
from tidegate.native.records cimport (
    KIND_NONE,
    SEQUENCE_RESET,
    TG_LAYOUT_VERSION,
    TG_RECORD_SIZE,
    denial_record,
    record,
    session_record,
)
from tidegate.native.shm_ring cimport RingTarget
from tidegate.native.zmqlib cimport ZMQ_DONTWAIT, lib, socket_pointer

cdef enum:
    # For what is on its way to a receiver that is there. The ring keeps it in any case, and a stage
    # that stops after its receiver, as the router does, has but 600 ms for all of its end.
    CLOSE_LINGER_MS = 100


cdef extern from "<sys/mman.h>" nogil:
    int madvise(void* address, size_t size, int advice)


cdef extern from "lanes.h" nogil:
    int TG_POPULATE_WRITE
    void TG_SEAL(uint64_t place, uint64_t value)


cdef inline uint32_t checksum_of(const record* r) noexcept nogil:
    return crc32c(<const char*>r + sizeof(r.checksum), TG_RECORD_SIZE - sizeof(r.checksum))


cdef class RetainedTarget:
    def __cinit__(self, context, str endpoint, rows, *, bint given=False, int hwm=1000):
        cdef record[::1] view
        if rows.dtype != RECORD or len(rows) < 2 or (len(rows) - 1) & (len(rows) - 2):
            raise LaneError(
                f"the ring of the lane to {endpoint} has {len(rows)} rows of {rows.itemsize} "
                "bytes; expected a head and a power of two of records"
            )
        view = rows
        self.owner = rows
        self.head = <lane_head*>&view[0]
        self.ring = &view[0] + 1
        self.capacity = <uint32_t>(len(rows) - 1)
        self.is_given = given
        # Faults the pages in here, off the path. An older kernel refuses: then put faults.
        madvise(self.head, len(rows) * TG_RECORD_SIZE, TG_POPULATE_WRITE)
        if self.head.last.next_number == 0:
            self.head.last.next_number = 1
        if self.head.answering_number != 0 and is_before(
            self.head.answering_number, self.head.last.next_number
        ):
            self.head.answered = self.head.answering
        self.head.answering_number = 0
        self.next_unsent = number_after(self.head.acked)
        self.endpoint = endpoint
        path = ring_path(endpoint) if context is not None else None
        if path is not None:
            self.way = RingTarget(path, ring_records(hwm))
        elif context is not None:
            self.socket = _open_socket(context, endpoint, zmq.PUSH, False, hwm, {})
            self.handle = socket_pointer(self.socket)
        self.is_open = context is not None

    cdef bint put(self, const record* r) noexcept nogil:
        cdef lane_last last = self.head.last
        cdef uint32_t number = last.next_number
        cdef record* slot = self.ring + (number & (self.capacity - 1))
        must(r.kind != KIND_NONE)
        last.next_number = number_after(number)
        if <uint32_t>(last.next_number - 1 - self.head.acked) > self.capacity:
            self.full_count += 1
            return False
        if self.is_given:
            self._put_given(r, &last)
        slot[0] = r[0]
        slot.layout_version = TG_LAYOUT_VERSION
        slot.msg_seq_num = number
        slot.checksum = checksum_of(slot)
        crash_point()
        TG_SEAL(self.head.last.word, last.word)
        crash_point()
        if self.head.answering_number == number:
            self.head.answered = self.head.answering
            self.head.answering_number = 0
        self.record_count += 1
        return True

    cdef bint _put_given(self, const record* r, lane_last* last) noexcept nogil:
        if r.msg_seq_num != 0:
            must(r.msg_seq_num == number_after(last.given))
            last.given = r.msg_seq_num
            return True
        # Which record it answers counts from the moment that its own number does.
        self.head.answering = (<const denial_record*>r).ref_seq_num
        TG_SEAL(self.head.answering_number, self.head.last.next_number)
        return False

    cdef uint32_t room(self) noexcept nogil:
        # Less one, for the number 0 that is left out once in 2^32.
        cdef uint32_t used = self.unacked()
        return self.capacity - used if used < self.capacity else 0

    cdef uint32_t unacked(self) noexcept nogil:
        return self.head.last.next_number - 1 - self.head.acked

    cdef uint32_t flush(self) noexcept nogil:
        cdef uint32_t count, start
        if self.reset_asked != 0 and not self._put_reset():
            return self.head.last.next_number - self.next_unsent
        while self.next_unsent != self.head.last.next_number:
            start = self.next_unsent & (self.capacity - 1)
            count = self.head.last.next_number - self.next_unsent
            # A run ends where the ring does, and so before the number 0 too.
            count = min(count, min(self.capacity - start, <uint32_t>FRAME_RECORDS))
            if not self._send(self.ring + start, count):
                break
            self.next_unsent = number_after(self.next_unsent + count - 1)
        return self.head.last.next_number - self.next_unsent

    cdef bint _send(self, const void* data, size_t count) noexcept nogil:
        cdef int code
        if not self.is_open:
            return False
        if self.way is not None:
            if not self.way.put(data, count):
                return False
            self.frame_count += 1
            return True
        while lib.send(self.handle, data, count * TG_RECORD_SIZE, ZMQ_DONTWAIT) < 0:
            code = lib.failure()
            if code == EINTR:
                continue
            if code != EAGAIN:
                self.error = code
            return False
        self.frame_count += 1
        return True

    cdef bint put_session(self, session_record* r) noexcept nogil:
        r.layout_version = TG_LAYOUT_VERSION
        r.checksum = checksum_of(<record*>r)
        return self._send(r, 1)

    cdef void acknowledge(self, uint32_t next_expected) noexcept nogil:
        cdef uint32_t acked = next_expected - 1
        if next_expected == 0 or <uint32_t>(acked - self.head.acked) > self.unacked():
            return
        self.head.acked = acked
        if is_before(self.next_unsent, next_expected):
            self.next_unsent = next_expected

    cdef void rewind(self, uint32_t begin) noexcept nogil:
        cdef uint32_t oldest = number_after(self.head.acked)
        self.resend_count += 1
        if <uint32_t>(begin - oldest) > <uint32_t>(self.head.last.next_number - oldest):
            # Not kept any more, or never given; 0 is neither.
            self.reset_asked = begin if begin != 0 else oldest
            begin = oldest
        elif begin == 0:
            begin = oldest
        if is_before(begin, self.next_unsent):
            self.next_unsent = begin

    # Says from where on records are there; what was asked for tells a late one from this one.
    cdef bint _put_reset(self) noexcept nogil:
        cdef session_record reset
        memset(&reset, 0, sizeof(reset))
        reset.kind = SEQUENCE_RESET
        reset.next_sending = number_after(self.head.acked)
        reset.begin_seq_no = self.reset_asked
        if not self.put_session(&reset):
            return False
        self.next_unsent = reset.next_sending
        self.reset_asked = 0
        self.reset_count += 1
        return True

    def put_rows(self, array):
        cdef record[::1] rows = rows_of(array)
        cdef Py_ssize_t index
        self._check_open()
        for index in range(rows.shape[0]):
            if rows[index].kind == KIND_NONE:
                raise RecordError(f"record {index} of {rows.shape[0]} has no kind")
            if self.is_given and rows[index].msg_seq_num not in (
                0, number_after(self.head.last.given)
            ):
                raise RecordError(
                    f"record {index} has number {rows[index].msg_seq_num}; the last that was "
                    f"put on the lane to {self.endpoint} has {self.head.last.given}"
                )
            if not self.put(&rows[index]):
                return index
        return rows.shape[0]

    def flush_rows(self):
        self._check_open()
        return self.flush()

    def skip_to(self, uint32_t given):
        """Begin behind what a step has given before this ring was made."""
        if self.head.last.given != 0 or self.record_count != 0:
            raise LaneError(f"the lane to {self.endpoint} has records in its ring already")
        self.head.last.given = given

    @property
    def next_number(self):
        return self.head.last.next_number

    @property
    def given(self):
        return self.head.last.given

    @property
    def answered(self):
        return self.head.answered

    @property
    def acked(self):
        return self.head.acked

    @property
    def counters(self):
        return {
            "records": self.record_count,
            "frames": self.frame_count,
            "unsent": self.head.last.next_number - self.next_unsent,
            "unacked": self.unacked(),
            "full": self.full_count,
            "resends": self.resend_count,
            "resets": self.reset_count,
            "error": self.error,
        }

    def close(self):
        if not self.is_open:
            return
        self.flush()
        self.is_open = False
        self.handle = NULL
        if self.way is not None:
            self.way.close()
        else:
            self.socket.close(linger=CLOSE_LINGER_MS)

    def _check_open(self):
        if not self.is_open:
            raise LaneError(f"the lane to {self.endpoint} is closed")
