"""Lanes: one-way bounded queues of records between two agents, over ZeroMQ or shared memory.

A message is one frame of 1..256 records, or one session record and an attachment frame; in
shared memory there are records alone.
One thread a lane end. Nothing here blocks, drops a good record, or grows.
"""
from libc.stdint cimport uint32_t, uint64_t

from tidegate.native.records cimport record
from tidegate.native.shm_ring cimport RingSource, RingTarget
from tidegate.native.zmqlib cimport zmq_frame


cdef enum:
    FRAME_RECORDS = 256


# An array of records as a flat array of the one dtype; RecordError for any other.
cdef rows_of(array)


cdef class LaneTarget:
    # A socket or a ring; the other one is None.
    cdef readonly object socket
    cdef readonly RingTarget ring
    cdef readonly str endpoint
    cdef void* handle
    cdef bint is_open
    cdef bint is_owner
    cdef bint is_numbered
    cdef record* frame
    cdef int unsent_count
    cdef uint32_t last_number
    cdef int error
    cdef uint64_t record_count
    cdef uint64_t frame_count
    cdef uint64_t full_count
    cdef uint64_t abandoned_count

    # False = full: 256 records wait here and the socket would block.
    cdef bint put(self, const record* r) noexcept nogil
    # How many records are still unsent; 0 = all are with the socket.
    cdef int flush(self) noexcept nogil
    cdef bint _send(self) noexcept nogil


cdef class LaneSource:
    cdef readonly object socket
    cdef readonly RingSource ring
    cdef readonly str endpoint
    cdef void* handle
    cdef bint is_open
    cdef bint is_owner
    cdef bint is_numbered
    cdef record* frame
    cdef Py_ssize_t frame_index
    cdef Py_ssize_t frame_size
    cdef zmq_frame part
    cdef zmq_frame extra
    # True after a take whose last record came with an attachment.
    cdef bint has_attachment
    # While a poller watches (poll.pxd); else NULL.
    cdef bint* drained
    cdef uint32_t last_number
    cdef int error
    cdef uint64_t record_count
    cdef uint64_t frame_count
    cdef uint64_t bad_length_count
    cdef uint64_t bad_version_count
    cdef uint64_t bad_kind_count
    cdef uint64_t bad_part_count
    cdef uint64_t gap_count
    cdef uint64_t missing_count
    cdef uint64_t restart_count

    cdef Py_ssize_t take(self, record* out, Py_ssize_t limit) noexcept nogil
    # Of a lane in shared memory: whether take would give something.
    cdef bint has_records(self) noexcept nogil
    cdef bint _receive(self) noexcept nogil
    cdef Py_ssize_t _take_ring(self, record* out, Py_ssize_t limit) noexcept nogil
    cdef bint _receive_extra(self, size_t size) noexcept nogil
    cdef bint _is_good(self, size_t size) noexcept nogil
    cdef bint _are_good(self, const record* rows, Py_ssize_t count) noexcept nogil
    cdef void _check_numbers(self, const record* rows, Py_ssize_t count) noexcept nogil
