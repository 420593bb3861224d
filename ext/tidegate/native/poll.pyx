"""Waiting on lanes and other sockets, stoppable from any thread.

Close a Poller before the lanes in it: it holds their sockets' addresses.
"""
from libc.errno cimport EINTR
from libc.string cimport memset

import itertools

import zmq

from tidegate.errors import LaneError

from tidegate.native.lane cimport LaneSource, LaneTarget
from tidegate.native.zmqlib cimport (
    ZMQ_POLLIN,
    ZMQ_POLLOUT,
    lib,
    socket_pointer,
    zmq_pollitem,
)


cdef extern from *:
    """
    #define TG_STORE(place, value) __atomic_store_n(&(place), (value), __ATOMIC_RELEASE)
    #define TG_LOAD(place) __atomic_load_n(&(place), __ATOMIC_ACQUIRE)
    """
    void TG_STORE(int place, int value) nogil
    int TG_LOAD(int place) nogil


STOPPED = POLL_STOPPED
FAILED = POLL_FAILED
_names = itertools.count(1)


cdef class Poller:
    def __cinit__(self, context):
        name = f"inproc://tidegate-stop-{next(_names)}"
        memset(self.inputs, 0, sizeof(self.inputs))
        memset(self.outputs, 0, sizeof(self.outputs))
        self.lanes = []
        self.near = context.socket(zmq.PAIR)
        self.far = context.socket(zmq.PAIR)
        self.near.bind(name)
        self.far.connect(name)
        # Item 0 of both sets is the control socket.
        self.inputs[0].socket = self.outputs[0].socket = socket_pointer(self.near)
        self.inputs[0].events = self.outputs[0].events = ZMQ_POLLIN
        self.input_count = 1

    cdef int wait(self, int timeout_ms) noexcept nogil:
        cdef int index, ready, left_count = 0
        for index in range(1, self.input_count):
            left_count += self._has_left(index)
        ready = self._poll(self.inputs, self.input_count, 0 if left_count else timeout_ms)
        if ready < 0 or left_count == 0:
            return ready
        for index in range(1, self.input_count):
            if self._has_left(index) and not self.inputs[index].revents & ZMQ_POLLIN:
                self.inputs[index].revents |= ZMQ_POLLIN
                ready += 1
        return ready

    # A source that gave only a part of a frame has more, which its socket does not show.
    cdef bint _has_left(self, int index) noexcept nogil:
        if self.frame_indexes[index] == NULL:
            return False
        return self.frame_indexes[index][0] != self.frame_sizes[index][0]

    cdef int wait_for_room(self, int timeout_ms) noexcept nogil:
        cdef int index, count = 1
        for index in range(self.target_count):
            if self.unsent_counts[index][0] != 0:
                self.outputs[count].socket = self.targets[index]
                self.outputs[count].events = ZMQ_POLLOUT
                count += 1
        if count == 1:
            return POLL_STOPPED if self.is_stopping() else 1
        return self._poll(self.outputs, count, timeout_ms)

    cdef int nap(self, int timeout_ms) noexcept nogil:
        return self._poll(self.inputs, 1, timeout_ms)

    cdef int _poll(self, zmq_pollitem* items, int count, int timeout_ms) noexcept nogil:
        cdef int ready
        if self.is_stopping():
            return POLL_STOPPED
        ready = lib.poll(items, count, timeout_ms)
        if self.is_stopping():
            return POLL_STOPPED
        if ready < 0:
            # A signal: back to Python, where its handler runs.
            return 0 if lib.failure() == EINTR else POLL_FAILED
        return ready

    cdef bint is_ready(self, int index) noexcept nogil:
        return 0 < index < self.input_count and self.inputs[index].revents & ZMQ_POLLIN

    cdef bint is_stopping(self) noexcept nogil:
        return TG_LOAD(self.stopping) != 0

    def add_source(self, LaneSource source not None):
        cdef int index
        if source.handle == NULL:
            raise LaneError(f"the lane from {source.endpoint} is closed")
        index = self.add_socket(source.socket)
        self.frame_indexes[index] = &source.frame_index
        self.frame_sizes[index] = &source.frame_size
        self.lanes.append(source)
        return index

    def add_socket(self, socket):
        self._check_room(self.input_count)
        self.inputs[self.input_count].socket = socket_pointer(socket)
        self.inputs[self.input_count].events = ZMQ_POLLIN
        self.lanes.append(socket)
        self.input_count += 1
        return self.input_count - 1

    def add_target(self, LaneTarget target not None):
        if target.handle == NULL:
            raise LaneError(f"the lane to {target.endpoint} is closed")
        self._check_room(self.target_count + 1)
        self.targets[self.target_count] = target.handle
        self.unsent_counts[self.target_count] = &target.unsent_count
        self.lanes.append(target)
        self.target_count += 1

    def wait_rows(self, int timeout_ms):
        cdef int ready
        self._check_open()
        with nogil:
            ready = self.wait(timeout_ms)
        return ready

    def wait_room(self, int timeout_ms):
        cdef int ready
        self._check_open()
        with nogil:
            ready = self.wait_for_room(timeout_ms)
        return ready

    def readable(self, int index):
        return self.is_ready(index)

    @property
    def stopped(self):
        return self.is_stopping()

    def stop(self):
        # Only the first caller gets past this, and no Python code runs in between, so the far
        # socket is used by one thread although any thread or signal handler may call.
        if self.stopping:
            return
        TG_STORE(self.stopping, 1)
        if self.far is not None:
            self.far.send(b"", flags=zmq.DONTWAIT)

    def close(self):
        if self.near is None:
            return
        TG_STORE(self.stopping, 1)
        self.input_count = self.target_count = 0
        self.near.close(linger=0)
        self.far.close(linger=0)
        self.near = self.far = None
        self.lanes.clear()

    def _check_room(self, int count):
        self._check_open()
        if count == POLL_CAPACITY:
            raise LaneError(f"a poller holds at most {POLL_CAPACITY - 1} lanes each way")

    def _check_open(self):
        if self.near is None:
            raise LaneError("the poller is closed")
