"""Raw libzmq for bench/pipeline.py and bench/lanes.py: a chain of nodes that pass frames on, and a
pair of sockets with nothing above them. Nothing that runs imports it.

A node has two ways, there and back, as a stage has; it waits on both sources with zmq_poll and
moves each frame as it is, without a copy. The first node's source is a ROUTER, whose peer it
remembers for the way back.
"""
from libc.errno cimport EINTR

from libc.stdint cimport int64_t
from libc.string cimport memcpy, memset

import numpy as np

from tidegate.native.clock cimport monotonic_ns
from tidegate.native.zmqlib cimport (
    ZMQ_DONTWAIT,
    ZMQ_POLLIN,
    ZMQ_SNDMORE,
    lib,
    socket_pointer,
    zmq_frame,
    zmq_pollitem,
)


cdef struct peer:
    char name[256]
    size_t size


cdef int pass_on(
    void* source, void* target, peer* known, bint is_from_router, bint is_to_router
) noexcept nogil:
    """All frames that are there; how many, or -1 when a socket is gone."""
    cdef zmq_frame frame
    cdef int count = 0
    lib.frame_init(&frame)
    while True:
        if lib.frame_recv(&frame, source, ZMQ_DONTWAIT) < 0:
            break
        if is_from_router:
            known.size = lib.frame_size(&frame)
            memcpy(known.name, lib.frame_data(&frame), known.size)
            if lib.frame_recv(&frame, source, 0) < 0:
                break
        if is_to_router:
            if lib.send(target, known.name, known.size, ZMQ_SNDMORE) < 0:
                return -1
        if lib.frame_send(&frame, target, 0) < 0:
            return -1
        count += 1
    lib.frame_close(&frame)
    return count


def relay(there, onward, back, home, *, bint is_first=False):
    """Pass frames on from `there` to `onward` and from `back` to `home`, until a signal ends it.

    The sockets may be one another (a DEALER is both onward and back). is_first: `there` and
    `home` are one ROUTER.
    """
    cdef zmq_pollitem items[2]
    cdef peer known
    cdef void* onward_handle = socket_pointer(onward)
    cdef void* home_handle = socket_pointer(home)
    cdef int ready = 0
    known.size = 0
    items[0].socket = socket_pointer(there)
    items[1].socket = socket_pointer(back)
    items[0].events = items[1].events = ZMQ_POLLIN
    while True:
        with nogil:
            while True:
                ready = lib.poll(items, 2, -1)
                if ready < 0:
                    break
                if items[0].revents:
                    ready = pass_on(items[0].socket, onward_handle, &known, is_first, False)
                if ready >= 0 and items[1].revents:
                    ready = pass_on(items[1].socket, home_handle, &known, False, is_first)
                if ready < 0:
                    break
        if lib.failure() != EINTR:
            raise OSError(lib.failure(), "the chain's node cannot go on")


def give_back(socket):
    """Send each frame that comes to this ROUTER back to where it is from, until a signal."""
    cdef void* handle = socket_pointer(socket)
    cdef zmq_frame identity
    cdef zmq_frame frame
    cdef int code = 0
    lib.frame_init(&identity)
    lib.frame_init(&frame)
    while True:
        with nogil:
            while code >= 0:
                code = lib.frame_recv(&identity, handle, 0)
                if code >= 0:
                    code = lib.frame_recv(&frame, handle, 0)
                if code >= 0:
                    code = lib.frame_send(&identity, handle, ZMQ_SNDMORE)
                if code >= 0:
                    code = lib.frame_send(&frame, handle, 0)
        if lib.failure() != EINTR:
            raise OSError(lib.failure(), "the chain's end cannot go on")
        code = 0


def stream(socket, Py_ssize_t count, Py_ssize_t size, Py_ssize_t window):
    """ns in which so many messages of `size` bytes came back, `window` of them on their way."""
    cdef void* handle = socket_pointer(socket)
    cdef zmq_frame frame
    cdef char message[4096]
    cdef Py_ssize_t sent = 0
    cdef Py_ssize_t back = 0
    cdef int64_t began
    if not 0 < size <= 4096:
        raise ValueError(f"a message of {size} bytes; expected 1 to 4096")
    memset(message, 0, sizeof(message))
    lib.frame_init(&frame)
    began = monotonic_ns()
    with nogil:
        while back < count:
            # Half a window at a time, so that neither end wakes for each message.
            if sent - back <= window // 2:
                while sent < count and sent - back < window:
                    if lib.send(handle, message, size, 0) < 0:
                        break
                    sent += 1
            if lib.frame_recv(&frame, handle, 0) < 0:
                break
            back += 1
            while lib.frame_recv(&frame, handle, ZMQ_DONTWAIT) >= 0:
                back += 1
        lib.frame_close(&frame)
    if back != count:
        raise OSError(lib.failure(), f"{back} of {count} messages came back")
    return monotonic_ns() - began


def ping(push, pull, Py_ssize_t rounds, Py_ssize_t size):
    """ns of each message of `size` bytes there and back over a pair of sockets."""
    cdef void* target = socket_pointer(push)
    cdef void* source = socket_pointer(pull)
    cdef int64_t[::1] taken = np.zeros(rounds, np.int64)
    cdef unsigned char[::1] message = np.zeros(size, np.uint8)
    cdef zmq_frame frame
    cdef int64_t began
    cdef Py_ssize_t index
    cdef int code = 0
    lib.frame_init(&frame)
    with nogil:
        for index in range(rounds):
            began = monotonic_ns()
            code = lib.send(target, &message[0], size, 0)
            if code >= 0:
                code = lib.frame_recv(&frame, source, 0)
            if code < 0:
                break
            taken[index] = monotonic_ns() - began
        lib.frame_close(&frame)
    if code < 0:
        raise OSError(lib.failure(), "the pair of sockets cannot go on")
    return np.asarray(taken)


def echo(pull, push, Py_ssize_t rounds):
    """Send back what comes, `rounds` times."""
    cdef void* source = socket_pointer(pull)
    cdef void* target = socket_pointer(push)
    cdef zmq_frame frame
    cdef Py_ssize_t _
    cdef int code = 0
    lib.frame_init(&frame)
    with nogil:
        for _ in range(rounds):
            code = lib.frame_recv(&frame, source, 0)
            if code >= 0:
                code = lib.frame_send(&frame, target, 0)
            if code < 0:
                break
    if code < 0:
        raise OSError(lib.failure(), "the pair of sockets cannot go on")


def produce(push, Py_ssize_t count, Py_ssize_t size):
    """Send so many messages of `size` bytes."""
    cdef void* target = socket_pointer(push)
    cdef unsigned char[::1] message = np.zeros(size, np.uint8)
    cdef Py_ssize_t _
    cdef int code = 0
    with nogil:
        for _ in range(count):
            code = lib.send(target, &message[0], size, 0)
            if code < 0:
                break
    if code < 0:
        raise OSError(lib.failure(), "the socket cannot go on")


def consume(pull, Py_ssize_t count):
    """When the last of so many messages came, in ns."""
    cdef void* source = socket_pointer(pull)
    cdef zmq_frame frame
    cdef Py_ssize_t _
    cdef int code = 0
    lib.frame_init(&frame)
    with nogil:
        for _ in range(count):
            code = lib.frame_recv(&frame, source, 0)
            if code < 0:
                break
        lib.frame_close(&frame)
    if code < 0:
        raise OSError(lib.failure(), "the socket cannot go on")
    return monotonic_ns()
