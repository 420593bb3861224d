"""The simulator's ends of sockets: messages as bytes, taken and given in one thread.

A socket sees what others did to it (a new connection, room in a pipe) when libzmq looks into its
mailbox, at times that depend on the processor's counter. Here it looks before each use, so that
the same calls give the same answers in every run.
"""
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.errno cimport EINTR

from tidegate.native.zmqlib cimport (
    ZMQ_DONTWAIT,
    ZMQ_EVENTS,
    ZMQ_POLLIN,
    ZMQ_POLLOUT,
    ZMQ_SNDMORE,
    lib,
    socket_pointer,
    zmq_frame,
)


cdef enum:
    ENDS_MAX = 64


# 0 too when the socket or its context is gone.
cdef int events_of(void* handle) noexcept nogil:
    cdef int events = 0
    cdef size_t size = sizeof(events)
    while lib.getsockopt(handle, ZMQ_EVENTS, &events, &size) < 0:
        if lib.failure() != EINTR:
            return 0
    return events


cdef class WireEnd:
    cdef readonly object socket
    cdef void* handle
    cdef zmq_frame part

    def __cinit__(self, socket):
        self.socket = socket
        self.handle = socket_pointer(socket)
        lib.frame_init(&self.part)

    def __dealloc__(self):
        lib.frame_close(&self.part)

    cdef bytes _take(self):
        if lib.frame_recv(&self.part, self.handle, ZMQ_DONTWAIT) < 0:
            return None
        return PyBytes_FromStringAndSize(
            <char*>lib.frame_data(&self.part), <Py_ssize_t>lib.frame_size(&self.part)
        )

    def can_write(self):
        return events_of(self.handle) & ZMQ_POLLOUT != 0

    def receive(self):
        cdef list parts
        cdef bytes part
        if not events_of(self.handle) & ZMQ_POLLIN:
            return None
        parts = [self._take()]
        while lib.frame_more(&self.part):
            part = self._take()
            if part is None:
                break
            parts.append(part)
        return parts

    def take(self, int limit):
        cdef list found = []
        cdef bytes frame
        if not events_of(self.handle) & ZMQ_POLLIN:
            return found
        while len(found) < limit:
            frame = self._take()
            if frame is None:
                break
            found.append(frame)
        return found

    def send(self, list parts not None):
        cdef Py_ssize_t index, count = len(parts)
        cdef bytes part
        if not events_of(self.handle) & ZMQ_POLLOUT:
            return False
        for index in range(count):
            part = parts[index]
            if lib.send(
                self.handle, PyBytes_AS_STRING(part), <size_t>PyBytes_GET_SIZE(part),
                ZMQ_DONTWAIT | (ZMQ_SNDMORE if index < count - 1 else 0),
            ) < 0:
                return False
        return True


cdef class Ends:
    cdef void* handles[ENDS_MAX]
    cdef int count
    cdef list sockets

    def __cinit__(self, sockets):
        self.sockets = list(sockets)
        if len(self.sockets) > ENDS_MAX:
            raise ValueError(f"{len(self.sockets)} sockets; expected at most {ENDS_MAX}")
        for socket in self.sockets:
            self.handles[self.count] = socket_pointer(socket)
            self.count += 1

    def settle(self):
        cdef int index
        for index in range(self.count):
            events_of(self.handles[index])
