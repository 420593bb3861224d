"""The gateway's front door: a ROUTER socket, one message at a time."""
from libc.stdint cimport uint64_t

from tidegate.native.zmqlib cimport zmq_frame


cdef enum:
    ROUTING_ID_SIZE = 5
    # Bounds of a message; more is received, but only to be refused.
    RECORDS_SIZE_MAX = 256 * 128
    JSON_SIZE_MAX = 65536
    PEER_LOST = 1
    PEER_SLOW = 2


cdef class Front:
    cdef readonly object socket
    cdef void* handle
    # The message that receive() took: valid until the next one.
    cdef zmq_frame identity
    cdef zmq_frame first
    cdef zmq_frame second
    cdef int part_count
    # While a poller watches (poll.pxd); else NULL.
    cdef bint* drained
    cdef uint64_t peer

    # False = nothing there.
    cdef bint receive(self) noexcept nogil
    # 0 = with the socket; else PEER_LOST or PEER_SLOW, and nothing of it was sent.
    cdef int send(self, uint64_t peer, const void* data, size_t size) noexcept nogil
    cdef int send_two(self, uint64_t peer, const void* data, size_t size,
                      const void* more, size_t more_size) noexcept nogil
    # To whoever sent the message that receive() took, whatever its routing id.
    cdef int answer(self, const void* data, size_t size) noexcept nogil
    cdef int _send(self, const void* identity, size_t identity_size, const void* data, size_t size,
                   const void* more, size_t more_size) noexcept nogil
    cdef bint _receive_part(self, zmq_frame* part) noexcept nogil
    # The key that CURVE proved for the sender; NULL on ipc.
    cdef const char* user_id(self) noexcept nogil
