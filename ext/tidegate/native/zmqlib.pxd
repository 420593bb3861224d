"""libzmq without the GIL: entry points of the very library that pyzmq loaded.

A second libzmq in the process would take our pointers and corrupt its memory, so none is
ever linked: zmqlib.pyx looks each symbol up in pyzmq's own extension module.
"""

cdef extern from "zmqlib.h" nogil:
    ctypedef struct zmq_frame:
        pass

    ctypedef struct zmq_pollitem:
        void* socket
        int fd
        short events
        short revents


cdef enum:
    ZMQ_DONTWAIT = 1
    ZMQ_SNDMORE = 2
    ZMQ_POLLIN = 1
    ZMQ_POLLOUT = 2
    ZMQ_EVENTS = 15


# All return -1 on failure; failure() then tells the errno of this thread.
cdef struct libzmq:
    int (*failure)() noexcept nogil
    int (*send)(void* socket, const void* data, size_t size, int flags) noexcept nogil
    int (*recv)(void* socket, void* data, size_t size, int flags) noexcept nogil
    int (*poll)(zmq_pollitem* items, int count, long timeout_ms) noexcept nogil
    int (*frame_init)(zmq_frame* frame) noexcept nogil
    int (*frame_init_size)(zmq_frame* frame, size_t size) noexcept nogil
    int (*frame_send)(zmq_frame* frame, void* socket, int flags) noexcept nogil
    int (*frame_recv)(zmq_frame* frame, void* socket, int flags) noexcept nogil
    int (*frame_close)(zmq_frame* frame) noexcept nogil
    void* (*frame_data)(zmq_frame* frame) noexcept nogil
    size_t (*frame_size)(const zmq_frame* frame) noexcept nogil
    int (*frame_more)(const zmq_frame* frame) noexcept nogil
    const char* (*frame_gets)(const zmq_frame* frame, const char* name) noexcept nogil
    int (*getsockopt)(void* socket, int option, void* value, size_t* size) noexcept nogil


cdef libzmq lib

cdef void* socket_pointer(object socket) except NULL
