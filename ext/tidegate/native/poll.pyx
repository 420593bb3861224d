"""Waiting on lanes and other sockets, stoppable from any thread.

An agent spins over its rings, then yields its processor to whoever is ready, then sleeps: in a
futex when all its inputs are rings, else in a poll of its sockets and the bell's fifo. By
default it sleeps at once, for on a machine with two cores a spinning agent starves the others.

zmq_poll makes two system calls a socket and two more, so an agent that goes round waits for the
sockets' descriptors itself. One shows that the socket's mailbox has got something; whoever next
uses the socket in any way empties the mailbox, and the sign is gone although a message may have
come. So only a socket that was found empty and not used since is left to its descriptor.
Close a Poller before the lanes in it: it holds their sockets' addresses.
"""
from libc.errno cimport EINTR
from libc.stdint cimport int64_t
from libc.string cimport memset

import itertools

import zmq

from tidegate.errors import LaneError

from tidegate.native.bell cimport IN_FUTEX, IN_POLL, Bell
from tidegate.native.clock cimport monotonic_ns
from tidegate.native.lane cimport LaneSource, LaneTarget
from tidegate.native.zmqlib cimport (
    ZMQ_DONTWAIT,
    ZMQ_EVENTS,
    ZMQ_POLLIN,
    ZMQ_POLLOUT,
    lib,
    socket_pointer,
    zmq_pollitem,
)


cdef extern from "shm.h" nogil:
    void TG_STORE_RELEASE(int place, int value)
    int TG_LOAD_ACQUIRE(int place)
    void TG_FULL_FENCE()
    void tg_pause()
    int sched_yield()


cdef extern from "<poll.h>" nogil:
    struct pollfd:
        int fd
        short events
        short revents
    int poll(pollfd* fds, unsigned long count, int timeout_ms)
    short POLLIN


STOPPED, FAILED = POLL_STOPPED, POLL_FAILED
_names = itertools.count(1)

cdef enum:
    # How often who spins, or yields, looks at its rings before it looks at sockets and the time.
    LOOKS = 64
    LOOKS_YIELDING = 8
    # A ring's receiver wakes nobody who waits for room: how often to yield before each nap.
    ROOM_YIELDS = 64
    ROOM_MS = 1


cdef class Poller:
    def __cinit__(self, context, *, int64_t spin_ns=0, int yields=0):
        if spin_ns < 0 or yields < 0:
            raise LaneError(f"cannot spin {spin_ns} ns and yield {yields} times")
        memset(self.inputs, 0, sizeof(self.inputs))
        self.spin_ns = spin_ns
        self.yields_max = yields
        self.lanes = []
        self.near = context.socket(zmq.PAIR)
        self.far = context.socket(zmq.PAIR)
        self.near.bind(f"inproc://tidegate-stop-{next(_names)}")
        self.far.connect(self.near.last_endpoint)
        memset(self.outputs, 0, sizeof(self.outputs))
        # Item 0 of both sets is the control socket.
        self.inputs[0].socket = self.outputs[0].socket = socket_pointer(self.near)
        self.inputs[0].events = self.outputs[0].events = ZMQ_POLLIN
        self.far_handle = socket_pointer(self.far)
        self.fds[0] = self.near.get(zmq.FD)
        self.input_count = 1

    cdef int wait(self, int timeout_ms) noexcept nogil:
        cdef int index, ready, left_count = 0
        for index in range(1, self.input_count):
            left_count += self._has_left(index)
        if left_count == 0:
            ready = self._spin(timeout_ms)
            if ready != 0:
                return ready
            if self.ring_count != 0:
                return self._park(timeout_ms)
        ready = self._poll_inputs(self.input_count, 0 if left_count else timeout_ms)
        if ready < 0 or left_count == 0:
            return ready
        for index in range(1, self.input_count):
            if self._has_left(index) and not self.inputs[index].revents & ZMQ_POLLIN:
                self.inputs[index].revents |= ZMQ_POLLIN
                ready += 1
        return ready

    cdef void begin(self) noexcept nogil:
        cdef int index
        for index in range(self.input_count):
            self.drained[index] = False
            if self.watchers[index] != NULL:
                self.watchers[index][0] = &self.drained[index]
        self.is_watching = True
        self.unseen = 0

    cdef void end(self) noexcept nogil:
        cdef int index
        self.is_watching = False
        for index in range(self.input_count):
            if self.watchers[index] != NULL:
                self.watchers[index][0] = NULL

    cdef int wait_after(self, int work, int timeout_ms) noexcept nogil:
        cdef int ready
        self.unseen += 1
        # What an agent found empty it does not ask again by itself.
        if self.unseen > 1 and self.input_count > 1:
            ready = self._poll_inputs(self.input_count, 0)
            if ready != 0 or work != 0:
                return ready
        if work == 0:
            return self.wait(timeout_ms)
        return POLL_STOPPED if self.is_stopping() else 1

    # A source that gave only a part of a frame has more, which its socket does not show.
    cdef bint _has_left(self, int index) noexcept nogil:
        if self.frame_indexes[index] == NULL:
            return False
        return self.frame_indexes[index][0] != self.frame_sizes[index][0]

    cdef int _rings_ready(self) noexcept nogil:
        cdef int index, ready = 0
        for index in range(self.ring_count):
            ready += (<LaneSource>self.rings[index]).has_records()
        return ready

    # Without waiting: how many inputs can be read, or why none ever will be.
    cdef int _look(self) noexcept nogil:
        cdef int ready = self._rings_ready()
        if ready != 0 and not self.is_stopping():
            return ready
        return self._poll_inputs(self.input_count, 0)

    cdef int _spin(self, int timeout_ms) noexcept nogil:
        cdef int ready, _look
        cdef int64_t end_ns
        if self.spin_ns == 0 and self.yields_max == 0:
            ready = self._rings_ready()
            return POLL_STOPPED if ready != 0 and self.is_stopping() else ready
        end_ns = monotonic_ns() + min(self.spin_ns, <int64_t>timeout_ms * 1_000_000)
        while True:
            for _look in range(LOOKS):
                if self._rings_ready() != 0:
                    break
                tg_pause()
            ready = self._look()
            if ready != 0:
                return ready
            if monotonic_ns() >= end_ns:
                break
        for _look in range(self.yields_max):
            sched_yield()
            ready = self._rings_ready() if _look % LOOKS_YIELDING else self._look()
            if ready != 0:
                return POLL_STOPPED if self.is_stopping() else ready
        return 0

    cdef int _park(self, int timeout_ms) noexcept nogil:
        cdef int ready = 0
        cdef bint has_sockets = self.input_count > 1
        self.bell.lie_down(IN_POLL if has_sockets else IN_FUTEX)
        if self._rings_ready() == 0 and not self.is_stopping():
            if has_sockets:
                self.inputs[self.input_count].fd = self.fds[self.input_count] = self.bell.fifo
                self.inputs[self.input_count].events = ZMQ_POLLIN
                ready = self._poll_inputs(self.input_count + 1, timeout_ms)
                if ready > 0 and self.inputs[self.input_count].revents & ZMQ_POLLIN:
                    ready -= 1
            else:
                self.bell.sleep(<int64_t>timeout_ms * 1_000_000)
        self.bell.get_up()
        if ready < 0 or self.is_stopping():
            return POLL_FAILED if ready == POLL_FAILED else POLL_STOPPED
        return ready + self._rings_ready()

    cdef int wait_for_room(self, int timeout_ms) noexcept nogil:
        cdef int ready, _look, socket_count = 0, ring_count = self._look_for_room(&socket_count)
        while ring_count > 0:
            for _look in range(ROOM_YIELDS):
                sched_yield()
                ring_count = self._look_for_room(&socket_count)
                if ring_count <= 0:
                    return POLL_STOPPED if self.is_stopping() else 1
            ready = self._poll(self.outputs, 1 + socket_count, min(timeout_ms, <int>ROOM_MS))
            if ready != 0:
                return ready
            if timeout_ms <= ROOM_MS:
                return 0
            timeout_ms -= ROOM_MS
        if ring_count < 0 or socket_count == 0:
            return POLL_STOPPED if self.is_stopping() else 1
        return self._poll(self.outputs, 1 + socket_count, timeout_ms)

    # How many rings have no room; -1 = one has. And the sockets that are to be polled.
    cdef int _look_for_room(self, int* socket_count) noexcept nogil:
        cdef int index, count = 0
        socket_count[0] = 0
        for index in range(self.target_count):
            if (<LaneTarget>self.targets[index]).unsent_count == 0:
                continue
            if (<LaneTarget>self.targets[index]).ring is None:
                socket_count[0] += 1
                self.outputs[socket_count[0]].socket = (<LaneTarget>self.targets[index]).handle
                self.outputs[socket_count[0]].events = ZMQ_POLLOUT
            elif (<LaneTarget>self.targets[index]).ring.has_room(
                <size_t>(<LaneTarget>self.targets[index]).unsent_count
            ):
                return -1
            else:
                count += 1
        return count

    cdef int nap(self, int timeout_ms) noexcept nogil:
        return self._poll(self.inputs, 1, timeout_ms)

    cdef int _poll(self, zmq_pollitem* items, int count, int timeout_ms) noexcept nogil:
        if self.is_stopping():
            return POLL_STOPPED
        return self._answer(lib.poll(items, count, timeout_ms))

    cdef int _poll_inputs(self, int count, int timeout_ms) noexcept nogil:
        self.unseen = 0
        if not self.is_watching:
            return self._poll(self.inputs, count, timeout_ms)
        if self.is_stopping():
            return POLL_STOPPED
        return self._answer(self._wait_for_mail(count, timeout_ms))

    # As lib.poll. Who owns an input that shows something asks it: a sign alone is used up by that.
    cdef int _wait_for_mail(self, int count, int timeout_ms) noexcept nogil:
        cdef pollfd fds[POLL_CAPACITY + 1]
        cdef int index, shown, ready = self._ask(count)
        if ready < 0:
            return -1
        for index in range(count):
            fds[index].fd = self.fds[index]
            fds[index].events = POLLIN
        shown = poll(fds, count, 0 if ready else timeout_ms)
        if shown < 0:
            return -1
        for index in range(count):
            # At rest all are asked again, for whatever reason nothing came.
            if shown == 0 and timeout_ms != 0:
                self.drained[index] = False
            if shown == 0 or fds[index].revents == 0 or self.inputs[index].revents != 0:
                continue
            self.drained[index] = False
            self.inputs[index].revents = ZMQ_POLLIN
            ready += 1
        return ready

    # Those that are not known to be empty; how many have a message, -1 when one is closed.
    cdef int _ask(self, int count) noexcept nogil:
        cdef int index, events, ready = 0
        cdef size_t size
        for index in range(count):
            self.inputs[index].revents = 0
            if self.inputs[index].socket == NULL or self.drained[index]:
                continue
            size = sizeof(events)
            while lib.getsockopt(self.inputs[index].socket, ZMQ_EVENTS, &events, &size) < 0:
                if lib.failure() != EINTR:
                    return -1
            if events & ZMQ_POLLIN:
                self.inputs[index].revents = ZMQ_POLLIN
                ready += 1
            else:
                # Item 0 is ours; who uses a socket without a watcher tells nobody.
                self.drained[index] = index == 0 or self.watchers[index] != NULL
        return ready

    cdef int _answer(self, int ready) noexcept nogil:
        if self.is_stopping():
            return POLL_STOPPED
        if ready < 0:
            # A signal: back to Python, where its handler runs.
            return 0 if lib.failure() == EINTR else POLL_FAILED
        return ready

    cdef bint is_ready(self, int index) noexcept nogil:
        if POLL_CAPACITY <= index < POLL_CAPACITY + self.ring_count:
            return (<LaneSource>self.rings[index - POLL_CAPACITY]).has_records()
        return 0 < index < self.input_count and self.inputs[index].revents & ZMQ_POLLIN

    cdef bint is_stopping(self) noexcept nogil:
        return TG_LOAD_ACQUIRE(self.stopping) != 0

    def add_source(self, LaneSource source not None):
        cdef int index
        if not source.is_open:
            raise LaneError(f"the lane from {source.endpoint} is closed")
        if source.ring is not None:
            return self._add_ring(source)
        index = self.watch(source.socket, &source.drained)
        self.frame_indexes[index] = &source.frame_index
        self.frame_sizes[index] = &source.frame_size
        self.lanes.append(source)
        return index

    def _add_ring(self, LaneSource source):
        self._check_room(self.ring_count)
        if self.bell is None:
            self.bell = Bell(source.ring.paths[0] + ".bell")
        source.ring.hang(self.bell)
        self.rings[self.ring_count] = <void*>source
        self.lanes.append(source)
        self.ring_count += 1
        return POLL_CAPACITY + self.ring_count - 1

    def add_socket(self, socket):
        return self.watch(socket, NULL)

    cdef int watch(self, socket, bint** watcher) except -1:
        self._check_room(self.input_count)
        self.fds[self.input_count] = socket.get(zmq.FD)
        self.watchers[self.input_count] = watcher
        self.inputs[self.input_count].socket = socket_pointer(socket)
        self.inputs[self.input_count].events = ZMQ_POLLIN
        self.lanes.append(socket)
        self.input_count += 1
        return self.input_count - 1

    def add_target(self, LaneTarget target not None):
        if not target.is_open:
            raise LaneError(f"the lane to {target.endpoint} is closed")
        self._check_room(self.target_count + 1)
        self.targets[self.target_count] = <void*>target
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
        # Only the first caller gets past this, and no Python code runs from here on: one thread has
        # the far socket, whoever calls, and who is told by this does not close it before.
        if self.stopping:
            return
        TG_STORE_RELEASE(self.stopping, 1)
        if self.bell is not None:
            TG_FULL_FENCE()
            self.bell.ring()
        lib.send(self.far_handle, b"", 0, ZMQ_DONTWAIT)

    def close(self):
        if self.near is None:
            return
        TG_STORE_RELEASE(self.stopping, 1)
        self.input_count = self.ring_count = self.target_count = 0
        self.near.close(linger=0)
        self.far.close(linger=0)
        self.near = self.far = None
        if self.bell is not None:
            self.bell.close()
        self.lanes.clear()

    def _check_room(self, int count):
        self._check_open()
        if count == POLL_CAPACITY:
            raise LaneError(f"a poller holds at most {POLL_CAPACITY - 1} lanes each way")

    def _check_open(self):
        if self.near is None:
            raise LaneError("the poller is closed")
