"""The gateway's front door over libzmq's entry points. Never blocks, never closes the socket.

A peer is the routing id that ROUTER gave a connection: a zero byte and 32 bits. It fits a
u64; ids that a client chose for itself have another shape and are refused.
"""
from libc.errno cimport EHOSTUNREACH, EINTR
from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcpy

from tidegate.native.zmqlib cimport (
    ZMQ_DONTWAIT,
    ZMQ_SNDMORE,
    lib,
    socket_pointer,
    zmq_frame,
)


cdef class Front:
    def __cinit__(self, socket):
        lib.frame_init(&self.identity)
        lib.frame_init(&self.first)
        lib.frame_init(&self.second)
        self.socket = socket
        self.handle = socket_pointer(socket)

    def __dealloc__(self):
        lib.frame_close(&self.identity)
        lib.frame_close(&self.first)
        lib.frame_close(&self.second)

    cdef bint receive(self) noexcept nogil:
        self.peer = 0
        self.part_count = 0
        if self.drained != NULL and self.drained[0]:
            return False
        if not self._receive_part(&self.identity):
            if self.drained != NULL:
                self.drained[0] = True
            return False
        self.peer = peer_of(&self.identity)
        # ROUTER passes whole messages only: the parts are there once the first is.
        if not lib.frame_more(&self.identity) or not self._receive_part(&self.first):
            return True
        self.part_count = 1
        if not lib.frame_more(&self.first):
            return True
        while self._receive_part(&self.second):
            self.part_count += 1
            if not lib.frame_more(&self.second):
                break
        return True

    cdef bint _receive_part(self, zmq_frame* part) noexcept nogil:
        while lib.frame_recv(part, self.handle, ZMQ_DONTWAIT) < 0:
            if lib.failure() != EINTR:
                return False
        return True

    cdef int send(self, uint64_t peer, const void* data, size_t size) noexcept nogil:
        return self.send_two(peer, data, size, NULL, 0)

    cdef int send_two(self, uint64_t peer, const void* data, size_t size,
                      const void* more, size_t more_size) noexcept nogil:
        cdef unsigned char identity[ROUTING_ID_SIZE]
        cdef uint32_t number = <uint32_t>peer
        identity[0] = 0
        memcpy(identity + 1, &number, 4)
        return self._send(identity, ROUTING_ID_SIZE, data, size, more, more_size)

    cdef int answer(self, const void* data, size_t size) noexcept nogil:
        return self._send(lib.frame_data(&self.identity), lib.frame_size(&self.identity),
                          data, size, NULL, 0)

    # With ROUTER_MANDATORY the first part is refused when the peer is gone or does not read;
    # once it is taken, the others are.
    cdef int _send(self, const void* identity, size_t identity_size, const void* data, size_t size,
                   const void* more, size_t more_size) noexcept nogil:
        # Sending may use up the sign of a message.
        if self.drained != NULL:
            self.drained[0] = False
        while lib.send(self.handle, identity, identity_size, ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0:
            if lib.failure() == EINTR:
                continue
            return PEER_LOST if lib.failure() == EHOSTUNREACH else PEER_SLOW
        send_part(self.handle, data, size, more != NULL)
        if more != NULL:
            send_part(self.handle, more, more_size, False)
        return 0

    cdef const char* user_id(self) noexcept nogil:
        return lib.frame_gets(&self.first, b"User-Id")


cdef void send_part(void* handle, const void* data, size_t size, bint has_more) noexcept nogil:
    cdef int flags = ZMQ_DONTWAIT | ZMQ_SNDMORE if has_more else ZMQ_DONTWAIT
    while lib.send(handle, data, size, flags) < 0:
        if lib.failure() != EINTR:
            return


cdef uint64_t peer_of(zmq_frame* identity) noexcept nogil:
    cdef const unsigned char* bytes_ = <const unsigned char*>lib.frame_data(identity)
    cdef uint32_t number
    if lib.frame_size(identity) != ROUTING_ID_SIZE or bytes_[0] != 0:
        return 0
    memcpy(&number, bytes_ + 1, 4)
    # Bit 32 keeps a peer apart from 0 = none.
    return <uint64_t>number | <uint64_t>1 << 32
