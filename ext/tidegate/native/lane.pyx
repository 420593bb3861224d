"""Lanes over ZeroMQ or shared memory: the sender connects and numbers, the receiver checks.

shm:///PATH is a ring in that file, which either end makes: same host, one sender, one receiver.
"""
from libc.errno cimport EAGAIN, EINTR
from libc.stdint cimport uint8_t, uint32_t
from libc.stdlib cimport free
from libc.string cimport memcpy, memset

import numpy as np
import zmq

from tidegate.errors import LaneError, RecordError
from tidegate.native.records import RECORD
from tidegate.native.shm_ring import ring_path, ring_records

from tidegate.native.invariant cimport must
from tidegate.native.numbers cimport number_after
from tidegate.native.records cimport (
    KIND_NONE,
    LOGON,
    RESPONSE,
    TG_LAYOUT_VERSION,
    TG_RECORD_SIZE,
    record,
)
from tidegate.native.shm_ring cimport RingSource, RingTarget
from tidegate.native.zmqlib cimport ZMQ_DONTWAIT, lib, socket_pointer

cdef extern from "<stdlib.h>" nogil:
    void* aligned_alloc(size_t alignment, size_t size)


FRAME_RECORDS_MAX = FRAME_RECORDS
# How long close() waits for a peer to take what is left.
LINGER_MS = 500


cdef inline bint is_numbered_kind(uint8_t kind) noexcept nogil:
    return kind < LOGON or kind > RESPONSE


cdef record* new_frame() except NULL:
    cdef record* frame = <record*>aligned_alloc(64, FRAME_RECORDS * TG_RECORD_SIZE)
    if frame == NULL:
        raise MemoryError("no memory for a lane's frame")
    memset(frame, 0, FRAME_RECORDS * TG_RECORD_SIZE)
    return frame


def open_socket(context, endpoint, socket_type, bind, hwm, options):
    socket = context.socket(socket_type)
    try:
        socket.set(zmq.LINGER, LINGER_MS)
        socket.set_hwm(hwm)
        for option, value in options.items():
            socket.set(option, value)
        if bind:
            socket.bind(endpoint)
        else:
            socket.connect(endpoint)
    except (zmq.ZMQError, TypeError, ValueError) as error:
        socket.close(linger=0)
        does = "bind" if bind else "connect"
        raise LaneError(f"cannot {does} a lane to {endpoint!r}: {error}") from error
    return socket


cdef rows_of(array):
    rows = np.ascontiguousarray(array).reshape(-1)
    if rows.dtype.itemsize != TG_RECORD_SIZE or rows.dtype.names is None:
        raise RecordError(f"expected an array of records, not of {rows.dtype}")
    return rows.view(RECORD)


cdef class LaneTarget:
    def __cinit__(self, context, str endpoint, *, bint bind=False, int hwm=1000,
                  int socket_type=zmq.PUSH, socket=None, options=None, bint numbered=True):
        self.frame = new_frame()
        self.is_numbered = numbered
        self.endpoint = endpoint
        self.is_owner = socket is None
        path = ring_path(endpoint) if self.is_owner else None
        if path is not None:
            self.ring = RingTarget(path, ring_records(hwm))
        else:
            if self.is_owner:
                socket = open_socket(context, endpoint, socket_type, bind, hwm, options or {})
            self.socket = socket
            self.handle = socket_pointer(socket)
        self.is_open = True

    def __dealloc__(self):
        free(self.frame)

    cdef bint put(self, const record* r) noexcept nogil:
        cdef record* slot
        must(r.kind != KIND_NONE)
        if self.unsent_count == FRAME_RECORDS and self.flush() != 0:
            self.full_count += 1
            return False
        if not self.is_open:
            self.full_count += 1
            return False
        slot = self.frame + self.unsent_count
        slot[0] = r[0]
        slot.layout_version = TG_LAYOUT_VERSION
        if self.is_numbered and is_numbered_kind(r.kind):
            self.last_number = number_after(self.last_number)
            slot.msg_seq_num = self.last_number
        else:
            slot.msg_seq_num = 0
            slot.checksum = 0
        self.unsent_count += 1
        self.record_count += 1
        return True

    cdef int flush(self) noexcept nogil:
        if self.unsent_count == 0 or not self.is_open or not self._send():
            return self.unsent_count
        self.frame_count += 1
        self.unsent_count = 0
        return 0

    cdef bint _send(self) noexcept nogil:
        cdef int code
        if self.ring is not None:
            return self.ring.put(self.frame, <size_t>self.unsent_count)
        while lib.send(self.handle, self.frame, <size_t>self.unsent_count * TG_RECORD_SIZE,
                       ZMQ_DONTWAIT) < 0:
            code = lib.failure()
            if code == EINTR:
                continue
            if code != EAGAIN:
                self.error = code
            return False
        return True

    def put_rows(self, array):
        cdef record[::1] rows = rows_of(array)
        cdef Py_ssize_t index
        self._check_open()
        for index in range(rows.shape[0]):
            if rows[index].kind == KIND_NONE:
                raise RecordError(f"record {index} of {rows.shape[0]} has no kind")
        for index in range(rows.shape[0]):
            if not self.put(&rows[index]):
                return index
        return rows.shape[0]

    def put_attached(self, row, bytes attachment not None):
        rows = rows_of(row).copy()
        if rows.size != 1:
            raise RecordError(f"an attachment goes with one record, not with {rows.size}")
        self._check_open()
        rows["layout_version"] = TG_LAYOUT_VERSION
        rows["msg_seq_num"] = 0
        if is_numbered_kind(rows["kind"][0]):
            raise RecordError("an attachment goes with a session record, from LOGON to RESPONSE")
        if self.socket is None:
            raise LaneError(f"the lane to {self.endpoint} carries no attachments")
        if self.flush() != 0:
            return False
        try:
            self.socket.send_multipart([rows.tobytes(), attachment], flags=zmq.DONTWAIT)
        except zmq.Again:
            return False
        self.record_count += 1
        self.frame_count += 1
        return True

    def flush_rows(self):
        self._check_open()
        return self.flush()

    @property
    def counters(self):
        return {
            "records": self.record_count,
            "frames": self.frame_count,
            "unsent": self.unsent_count,
            "full": self.full_count,
            "abandoned": self.abandoned_count,
            "error": self.error,
        }

    def close(self):
        if not self.is_open:
            return
        if self.flush() != 0 and self.socket is not None:
            self.socket.poll(LINGER_MS, zmq.POLLOUT)
            self.flush()
        left = self.unsent_count
        if self.ring is not None and not self.ring.has_peer:
            left += self.ring.waiting
        self.abandoned_count += left
        self.record_count -= left
        self.unsent_count = 0
        self.is_open = False
        self.handle = NULL
        if self.ring is not None:
            self.ring.close()
        elif self.is_owner:
            self.socket.close(linger=LINGER_MS)

    def _check_open(self):
        if not self.is_open:
            raise LaneError(f"the lane to {self.endpoint} is closed")


cdef class LaneSource:
    def __cinit__(self, context, str endpoint, *, bint bind=True, int hwm=1000,
                  int socket_type=zmq.PULL, socket=None, options=None, bint numbered=True,
                  others=()):
        self.frame = new_frame()
        lib.frame_init(&self.part)
        lib.frame_init(&self.extra)
        self.endpoint = endpoint
        self.is_numbered = numbered
        self.is_owner = socket is None
        path = ring_path(endpoint) if self.is_owner else None
        if path is not None:
            self.ring = RingSource([path, *map(ring_path, others)], ring_records(hwm))
        else:
            if self.is_owner:
                socket = open_socket(context, endpoint, socket_type, bind, hwm, options or {})
            self.socket = socket
            self.handle = socket_pointer(socket)
        self.is_open = True

    def __dealloc__(self):
        free(self.frame)
        lib.frame_close(&self.part)
        lib.frame_close(&self.extra)

    cdef Py_ssize_t take(self, record* out, Py_ssize_t limit) noexcept nogil:
        cdef Py_ssize_t taken = 0, run
        self.has_attachment = False
        if self.ring is not None:
            return self._take_ring(out, limit)
        while taken < limit:
            if self.frame_index == self.frame_size and not self._receive():
                break
            run = self.frame_size - self.frame_index
            if run > limit - taken:
                run = limit - taken
            memcpy(out + taken, self.frame + self.frame_index, <size_t>run * TG_RECORD_SIZE)
            self.frame_index += run
            taken += run
            if self.has_attachment:
                break
        self.record_count += taken
        return taken

    cdef bint has_records(self) noexcept nogil:
        return self.ring is not None and self.ring.has_records()

    # Brings the next good message into `frame`; False when there is none.
    cdef bint _receive(self) noexcept nogil:
        cdef size_t size
        cdef int code, _bad
        # Bounded, so that a flood of bad messages cannot hold the agent here.
        for _bad in range(FRAME_RECORDS):
            if self.handle == NULL or (self.drained != NULL and self.drained[0]):
                return False
            while lib.frame_recv(&self.part, self.handle, ZMQ_DONTWAIT) < 0:
                code = lib.failure()
                if code == EINTR:
                    continue
                if code != EAGAIN:
                    self.error = code
                elif self.drained != NULL:
                    self.drained[0] = True
                return False
            size = lib.frame_size(&self.part)
            self.frame_count += 1
            if lib.frame_more(&self.part) and not self._receive_extra(size):
                self.bad_part_count += 1
                continue
            if self._is_good(size):
                self.frame_index = 0
                self.frame_size = <Py_ssize_t>(size // TG_RECORD_SIZE)
                if self.is_numbered:
                    self._check_numbers(self.frame, self.frame_size)
                return True
            self.has_attachment = False
        return False

    # Straight from the ring: what is not taken stays there, for the next receiver too.
    cdef Py_ssize_t _take_ring(self, record* out, Py_ssize_t limit) noexcept nogil:
        cdef Py_ssize_t count, taken = 0
        cdef int _bad
        for _bad in range(FRAME_RECORDS):
            if taken == limit or not self.is_open:
                break
            count = self.ring.take(out + taken, min(limit - taken, <Py_ssize_t>FRAME_RECORDS))
            if count == 0:
                break
            self.frame_count += 1
            if not self._are_good(out + taken, count):
                continue
            if self.is_numbered:
                self._check_numbers(out + taken, count)
            taken += count
        self.record_count += taken
        return taken

    # Takes the other parts of a message; True when it was one, after one record.
    cdef bint _receive_extra(self, size_t size) noexcept nogil:
        cdef int part_count = 0
        cdef bint more = True
        while more:
            if lib.frame_recv(&self.extra, self.handle, ZMQ_DONTWAIT) < 0:
                if lib.failure() == EINTR:
                    continue
                return False
            more = lib.frame_more(&self.extra)
            part_count += 1
        self.has_attachment = part_count == 1 and size == TG_RECORD_SIZE
        return self.has_attachment

    # A message is good as a whole or not at all, so that a sender's batch is never split.
    cdef bint _is_good(self, size_t size) noexcept nogil:
        if size == 0 or size % TG_RECORD_SIZE or size > FRAME_RECORDS * TG_RECORD_SIZE:
            self.bad_length_count += 1
            return False
        memcpy(self.frame, lib.frame_data(&self.part), size)
        return self._are_good(self.frame, <Py_ssize_t>(size // TG_RECORD_SIZE))

    cdef bint _are_good(self, const record* rows, Py_ssize_t count) noexcept nogil:
        cdef Py_ssize_t index
        for index in range(count):
            if rows[index].layout_version != TG_LAYOUT_VERSION:
                self.bad_version_count += 1
                return False
            if rows[index].kind == KIND_NONE:
                self.bad_kind_count += 1
                return False
        return True

    # Only counts: what was lost on the way is lost, and what came is good.
    cdef void _check_numbers(self, const record* rows, Py_ssize_t count) noexcept nogil:
        cdef Py_ssize_t index
        cdef uint32_t number, expected
        for index in range(count):
            if not is_numbered_kind(rows[index].kind):
                continue
            number = rows[index].msg_seq_num
            expected = number_after(self.last_number)
            if number != expected:
                if number == 1:
                    self.restart_count += 1
                else:
                    self.gap_count += 1
                    if number > expected:
                        self.missing_count += number - expected
            self.last_number = number

    def take_rows(self, Py_ssize_t limit=FRAME_RECORDS):
        if not self.is_open:
            raise LaneError(f"the lane from {self.endpoint} is closed")
        if limit < 1:
            raise LaneError(f"cannot take {limit} records; expected at least 1")
        out = np.zeros(limit, RECORD)
        cdef record[::1] rows = out
        return out[:self.take(&rows[0], limit)]

    def attachment(self):
        if not self.has_attachment:
            return None
        return (<char*>lib.frame_data(&self.extra))[:lib.frame_size(&self.extra)]

    @property
    def counters(self):
        return {
            "records": self.record_count,
            "frames": self.frame_count,
            "bad_length": self.bad_length_count,
            "bad_version": self.bad_version_count,
            "bad_kind": self.bad_kind_count,
            "bad_part": self.bad_part_count,
            "gaps": self.gap_count,
            "missing": self.missing_count,
            "restarts": self.restart_count,
            "error": self.error,
        }

    def close(self):
        if not self.is_open:
            return
        self.is_open = False
        self.handle = NULL
        self.frame_size = self.frame_index
        if self.ring is not None:
            self.ring.close()
        elif self.is_owner:
            self.socket.close(linger=0)
