"""Thousands of clients in one thread, for bench/subaccounts.py. Nothing that runs imports it.

Each has a connection of its own, a stream socket that speaks ZMTP 3.0 itself: with a libzmq socket
each, the clients would cost more than the engine. Python has shaken hands and logged on.
"""
cimport cython
from libc.errno cimport EAGAIN, EINTR, errno
from libc.stdint cimport int64_t, uint8_t, uint32_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memmove

import numpy as np

from tidegate.native.clock cimport monotonic_ns
from tidegate.native.load_bench cimport (
    POLLIN,
    begin,
    counts_of,
    pollfd,
    ppoll,
    progress,
    take_answer,
    timespec,
)
from tidegate.native.records cimport TG_RECORD_SIZE, record


cdef extern from "<sys/epoll.h>" nogil:
    ctypedef union epoll_data_t:
        uint32_t u32
    struct epoll_event:
        uint32_t events
        epoll_data_t data
    int EPOLLIN
    int EPOLL_CTL_ADD
    int epoll_create1(int flags)
    int epoll_ctl(int epfd, int op, int fd, epoll_event* event)
    int epoll_wait(int epfd, epoll_event* events, int count, int timeout_ms)

cdef extern from "<sys/socket.h>" nogil:
    int MSG_DONTWAIT
    int MSG_NOSIGNAL
    Py_ssize_t send(int fd, const void* data, size_t size, int flags)
    Py_ssize_t recv(int fd, void* data, size_t size, int flags)

cdef extern from "<unistd.h>" nogil:
    int close(int fd)


cdef enum:
    SHORT_HEAD = 2
    LONG_HEAD = 9
    LONG = 2
    ROOM = 1 << 17
    EVENTS_MAX = 256


cdef struct stream:
    int fd
    uint8_t* data
    size_t size


@cython.final
cdef class Crowd:
    """The connections' file descriptors; they stay the caller's."""

    cdef stream* streams
    cdef Py_ssize_t stream_count
    cdef int epoll
    cdef progress p
    cdef const uint32_t* owners

    def __cinit__(self, fds):
        cdef epoll_event event
        cdef Py_ssize_t index
        self.epoll = epoll_create1(0)
        self.stream_count = len(fds)
        self.streams = <stream*>calloc(self.stream_count, sizeof(stream))
        if self.streams == NULL or self.epoll < 0:
            raise MemoryError("no room for the connections")
        for index in range(self.stream_count):
            self.streams[index].fd = fds[index]
            self.streams[index].data = <uint8_t*>calloc(1, ROOM)
            event.events = EPOLLIN
            event.data.u32 = <uint32_t>index
            if self.streams[index].data == NULL or epoll_ctl(
                self.epoll, EPOLL_CTL_ADD, self.streams[index].fd, &event
            ) != 0:
                raise OSError(errno, f"connection {index} cannot be waited for")

    def __dealloc__(self):
        cdef Py_ssize_t index
        if self.streams != NULL:
            for index in range(self.stream_count):
                free(self.streams[index].data)
        free(self.streams)
        if self.epoll >= 0:
            close(self.epoll)

    def drive(self, const record[::1] rows not None, const int64_t[::1] due_ns not None,
              const uint32_t[::1] owners not None, *, int64_t patience_ns):
        """As Load.drive; owners[i] = the connection that row i leaves on."""
        cdef Py_ssize_t count = len(rows)
        taken = np.full(count, -1, np.int64)
        sent = np.zeros(count, np.int64)
        states, ends = np.zeros(count, np.uint8), np.zeros(count, np.uint8)
        begin(&self.p, rows, due_ns, np.full(count, -1, np.int64), taken, sent, states, ends)
        if len(owners) != count or np.max(owners) >= self.stream_count:
            raise ValueError(f"{len(owners)} owners of {count} rows, {self.stream_count} there")
        self.owners = &owners[0]
        with nogil:
            self.run(patience_ns)
        return taken, states, ends, counts_of(&self.p)

    cdef void run(self, int64_t patience_ns) noexcept nogil:
        cdef int64_t now = monotonic_ns()
        cdef int64_t heard = now
        cdef int64_t left
        self.p.start = now
        while self.p.answered < self.p.count:
            if self.send_due(now) + self.receive() > 0 or self.p.sent == self.p.answered:
                heard = now
            elif now - heard > patience_ns:
                return
            now = monotonic_ns()
            left = patience_ns
            if self.p.sent < self.p.count:
                left = self.p.start + self.p.due[self.p.sent] - now
            if left > 0:
                self.wait(left)
                now = monotonic_ns()

    cdef int send_due(self, int64_t now) noexcept nogil:
        cdef uint8_t frame[SHORT_HEAD + TG_RECORD_SIZE]
        cdef Py_ssize_t at
        cdef int count = 0
        while self.p.sent < self.p.count and self.p.start + self.p.due[self.p.sent] <= now:
            at = self.p.sent
            frame[0], frame[1] = 0, TG_RECORD_SIZE
            memcpy(frame + SHORT_HEAD, self.p.rows + at, TG_RECORD_SIZE)
            # A connection that is full holds up all: it would have to be 200 kB behind.
            while send(
                self.streams[self.owners[at]].fd, frame, sizeof(frame), MSG_DONTWAIT | MSG_NOSIGNAL
            ) != sizeof(frame):
                self.p.stalls += 1
                if errno != EAGAIN and errno != EINTR:
                    return count
                self.receive()
            self.p.sent_ns[at] = self.p.start + self.p.due[at]
            self.p.sent += 1
            count += 1
        return count

    cdef int receive(self) noexcept nogil:
        cdef epoll_event events[EVENTS_MAX]
        cdef stream* s
        cdef Py_ssize_t size
        cdef int index, shown = epoll_wait(self.epoll, events, EVENTS_MAX, 0)
        for index in range(shown):
            s = self.streams + events[index].data.u32
            size = recv(s.fd, s.data + s.size, ROOM - s.size, MSG_DONTWAIT)
            if size > 0:
                s.size += <size_t>size
                self.take_frames(s, monotonic_ns())
        return shown

    cdef void take_frames(self, stream* s, int64_t now) noexcept nogil:
        cdef size_t at = 0
        cdef size_t head, size, index
        cdef record r
        while s.size - at >= SHORT_HEAD:
            head = LONG_HEAD if s.data[at] & LONG else SHORT_HEAD
            if s.size - at < head:
                break
            size = s.data[at + 1]
            if head == LONG_HEAD:
                size = 0
                for index in range(1, head):
                    size = size << 8 | s.data[at + index]
            if s.size - at < head + size:
                break
            for index in range(size // TG_RECORD_SIZE):
                memcpy(&r, s.data + at + head + index * TG_RECORD_SIZE, TG_RECORD_SIZE)
                take_answer(&self.p, &r, now)
            at += head + size
        s.size -= at
        memmove(s.data, s.data + at, s.size)

    cdef void wait(self, int64_t left) noexcept nogil:
        cdef pollfd item
        cdef timespec timeout
        item.fd, item.events, item.revents = self.epoll, POLLIN, 0
        timeout.tv_sec = left // 1_000_000_000
        timeout.tv_nsec = left % 1_000_000_000
        ppoll(&item, 1, &timeout, NULL)
