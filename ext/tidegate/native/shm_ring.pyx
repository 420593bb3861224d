"""The two ends of a ring in shared memory: one process puts records, one takes them.

A record is written, then head moves past it by a release store; the other end loads head by an
acquire load, so it sees the whole record. tail is the same the other way round. Each end reads
the other's word only when the ring looks full (empty) by what it read last. A process killed
between any two stores leaves records that were never put, or that are taken again.

Each end holds a lock on a byte of the file as long as its process lives, so that a second sender
is refused and a dead peer is noticed by asking for its lock. An end that opens the ring while
the other is not there begins with an empty one: nothing that is stale is ever acted on.
"""
from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset

import fcntl
import mmap
import os
import struct

from tidegate.errors import LaneError, LaneInUseError

from tidegate.native.bell cimport Bell
from tidegate.native.records cimport TG_LAYOUT_VERSION, TG_RECORD_SIZE, record


cdef extern from "shm.h" nogil:
    uint64_t TG_LOAD_ACQUIRE(uint64_t place)
    uint32_t TG_LOAD_VERSION "TG_LOAD_ACQUIRE"(uint32_t place)
    void TG_STORE_RELEASE(uint64_t place, uint64_t value)
    void TG_STORE_VERSION "TG_STORE_RELEASE"(uint32_t place, uint32_t value)
    void TG_PREFETCH_WRITE(const void* place)
    void TG_FULL_FENCE()


SHM = "shm://"
RECORDS_MIN = 256
RECORDS_MAX = 1 << 16

cdef enum:
    BYTES_RECORDS = 256

# Of the file: who makes it, who puts, who takes. An open file holds them, not a process, so both
# ends may be in one; they go with it however it ends.
MAKER, PRODUCER, CONSUMER = range(3)
MADV_POPULATE_WRITE = 23
_LOCK = struct.Struct("hhqqi0q")
_HEAD = struct.Struct("QIIQ")


def ring_path(endpoint):
    """The file of an endpoint in shared memory; None for another one."""
    if not endpoint.startswith(SHM):
        return None
    if not endpoint.startswith(SHM + "/"):
        raise LaneError(f"cannot open a lane at {endpoint!r}; expected shm:// and a whole path")
    return endpoint.removeprefix(SHM)


def ring_records(hwm):
    """How many records a ring holds where so many frames may wait: four each, a power of two."""
    return 1 << (min(max(4 * hwm, RECORDS_MIN), RECORDS_MAX) - 1).bit_length()


def lock_of(byte, kind):
    return _LOCK.pack(kind, os.SEEK_SET, byte, 1, 0)


def has_owner(fd, byte):
    """Whether an open file other than this one holds the lock."""
    found = fcntl.fcntl(fd, fcntl.F_OFD_GETLK, lock_of(byte, fcntl.F_WRLCK))
    return _LOCK.unpack(found)[0] != fcntl.F_UNLCK


class Opened:
    """A ring's file: mapped, with the lock of one of its ends."""

    def __init__(self, path, capacity, mine):
        self.path = path
        self.mine = mine
        self.other = PRODUCER if mine == CONSUMER else CONSUMER
        self.fd = -1
        if capacity < RECORDS_MIN or capacity & (capacity - 1):
            raise LaneError(
                f"{path}: a ring of {capacity} records; expected a power of two from {RECORDS_MIN}"
            )
        try:
            self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.fcntl(self.fd, fcntl.F_OFD_SETLKW, lock_of(MAKER, fcntl.F_WRLCK))
            self._take_end()
            self.is_alone = not self.has_peer()
            self._make(capacity)
            self.mapping = mmap.mmap(self.fd, TG_RING_HEAD_SIZE + capacity * TG_RECORD_SIZE)
        except OSError as error:
            self.close()
            raise LaneError(f"cannot open the ring {path}: {error.strerror}") from error
        except LaneError:
            self.close()
            raise
        try:
            # Faults the pages in here, off the path; an older kernel refuses.
            self.mapping.madvise(MADV_POPULATE_WRITE)
        except OSError:
            pass

    def finish(self):
        """The other end may open it now."""
        fcntl.fcntl(self.fd, fcntl.F_OFD_SETLK, lock_of(MAKER, fcntl.F_UNLCK))

    def has_peer(self):
        """Whether the other end is open; False once its process is dead."""
        return self.fd >= 0 and has_owner(self.fd, self.other)

    def is_removed(self):
        """Whether its file is no longer that at its path: who comes now finds another, or none."""
        try:
            return not os.path.samestat(os.stat(self.path), os.fstat(self.fd))
        except FileNotFoundError:
            return True

    def close(self):
        """Gives the locks up. The mapping goes with the last who uses it."""
        if self.fd < 0:
            return
        # Not by closing alone: the mapping has a copy of the file descriptor, which keeps them.
        for byte in (MAKER, self.mine):
            fcntl.fcntl(self.fd, fcntl.F_OFD_SETLK, lock_of(byte, fcntl.F_UNLCK))
        os.close(self.fd)
        self.fd = -1

    def _take_end(self):
        try:
            fcntl.fcntl(self.fd, fcntl.F_OFD_SETLK, lock_of(self.mine, fcntl.F_WRLCK))
        except BlockingIOError:
            which = "sender" if self.mine == PRODUCER else "receiver"
            raise LaneInUseError(f"{self.path}: this lane has its {which} already") from None

    def _make(self, capacity):
        expected = _HEAD.pack(TG_RING_MAGIC, TG_LAYOUT_VERSION, TG_RECORD_SIZE, capacity)
        size = TG_RING_HEAD_SIZE + capacity * TG_RECORD_SIZE
        found = os.pread(self.fd, len(expected), 0)
        if found == expected and os.fstat(self.fd).st_size == size:
            return
        if not self.is_alone:
            raise LaneError(
                f"{self.path}: its other end has opened it otherwise; expected {capacity} records "
                f"of layout {TG_LAYOUT_VERSION}"
            )
        os.ftruncate(self.fd, 0)
        os.posix_fallocate(self.fd, 0, size)
        os.pwrite(self.fd, expected, 0)


cdef class RingTarget:
    def __cinit__(self, str path, uint64_t capacity):
        cdef unsigned char[::1] view
        self.path = path
        self.opened = Opened(path, capacity, PRODUCER)
        view = self.opened.mapping
        self.shared = <ring_head*>&view[0]
        self.records = <record*>(&view[0] + TG_RING_HEAD_SIZE)
        self.capacity = capacity
        self.seen_tail = self.shared.tail
        self.next_put = self.shared.head
        if self.opened.is_alone or self.next_put - self.seen_tail > capacity:
            self.next_put = self.shared.head = self.seen_tail
        self.opened.finish()

    cdef bint has_room(self, size_t count) noexcept nogil:
        if self.next_put + count - self.seen_tail <= self.capacity:
            return True
        self.seen_tail = TG_LOAD_ACQUIRE(self.shared.tail)
        return self.next_put + count - self.seen_tail <= self.capacity

    cdef bint put(self, const void* rows, size_t count) noexcept nogil:
        cdef uint64_t start = self.next_put & (self.capacity - 1)
        cdef uint64_t until_end = min(count, self.capacity - start)
        if not self.has_room(count):
            return False
        memcpy(self.records + start, rows, until_end * TG_RECORD_SIZE)
        if until_end != count:
            memcpy(self.records, <const record*>rows + until_end,
                   (count - until_end) * TG_RECORD_SIZE)
        self.next_put += count
        TG_STORE_RELEASE(self.shared.head, self.next_put)
        # Either a consumer that looks once more before it sleeps sees head, or we see its word.
        TG_FULL_FENCE()
        if TG_LOAD_VERSION(self.shared.bell_version) != self.bell_version:
            self._find_bell()
        if self.bell is not None:
            self.bell.ring()
        # Its line is in the other's cache since it was last taken.
        TG_PREFETCH_WRITE(self.records + (self.next_put & (self.capacity - 1)))
        return True

    # Once in the life of a consumer. A bell that cannot be opened is as good as none: its process
    # wakes by itself within the time that it sleeps at most.
    cdef void _find_bell(self) noexcept with gil:
        cdef bytes path
        # Before the path: one that is hung meanwhile is found at the next record.
        self.bell_version = TG_LOAD_VERSION(self.shared.bell_version)
        path = <bytes>self.shared.bell[:TG_BELL_PATH_SIZE]
        try:
            self.bell = Bell(os.fsdecode(path.split(b"\0")[0]))
        except LaneError:
            self.bell = None
            self.bells_missing += 1

    def put_bytes(self, bytes rows not None):
        """Put whole records as they are; False = there is no room for all."""
        cdef size_t size = len(rows)
        if size % TG_RECORD_SIZE or size > self.capacity * TG_RECORD_SIZE:
            raise LaneError(f"{self.path}: {size} bytes are no records that fit the ring")
        return self.put(<const char*>rows, size // TG_RECORD_SIZE)

    @property
    def has_peer(self):
        """Whether the receiver is there; False once its process is dead."""
        return self.opened.has_peer()

    @property
    def waiting(self):
        """How many records were put and not yet taken."""
        return self.shared.head - self.shared.tail

    @property
    def rings(self):
        """How often the receiver was woken."""
        return self.bell.rings if self.bell is not None else 0

    def close(self):
        """What was put stays there for the receiver that has the ring open."""
        self.opened.close()


cdef class RingSource:
    def __cinit__(self, paths, uint64_t capacity):
        cdef unsigned char[::1] view
        cdef ring_end* end
        self.paths = list(paths)
        self.opened = []
        self.ends = <ring_end*>calloc(max(len(self.paths), 1), sizeof(ring_end))
        if self.ends == NULL:
            raise MemoryError(f"no memory for {len(self.paths)} rings")
        for path in self.paths:
            try:
                opened = Opened(path, capacity, CONSUMER)
            except LaneError:
                self.close()
                raise
            self.opened.append(opened)
            view = opened.mapping
            end = &self.ends[self.end_count]
            end.shared = <ring_head*>&view[0]
            end.records = <record*>(&view[0] + TG_RING_HEAD_SIZE)
            end.capacity = capacity
            end.seen_head = end.shared.head
            end.next_taken = end.shared.tail
            if opened.is_alone or end.seen_head - end.next_taken > capacity:
                end.next_taken = end.shared.tail = end.seen_head
            self.end_count += 1
            opened.finish()

    def __dealloc__(self):
        free(self.ends)

    cdef bint has_records(self) noexcept nogil:
        cdef int index
        for index in range(self.end_count):
            if fresh(&self.ends[index]) != 0:
                return True
        return False

    cdef Py_ssize_t take(self, record* out, Py_ssize_t limit) noexcept nogil:
        cdef ring_end* end
        cdef uint64_t count, start, until_end
        cdef int _index
        for _index in range(self.end_count):
            self.taken_of = self.turn
            end = &self.ends[self.turn]
            self.turn = self.turn + 1 if self.turn + 1 < self.end_count else 0
            count = fresh(end)
            if count == 0:
                continue
            if count > end.capacity:
                # Its head was never written by a sender of ours: nothing there is a record.
                self.bad_index_count += 1
                end.next_taken = end.seen_head
                TG_STORE_RELEASE(end.shared.tail, end.next_taken)
                continue
            count = min(count, <uint64_t>limit)
            start = end.next_taken & (end.capacity - 1)
            until_end = min(count, end.capacity - start)
            memcpy(out, end.records + start, until_end * TG_RECORD_SIZE)
            if until_end != count:
                memcpy(out + until_end, end.records, (count - until_end) * TG_RECORD_SIZE)
            end.next_taken += count
            TG_STORE_RELEASE(end.shared.tail, end.next_taken)
            return <Py_ssize_t>count
        return 0

    def take_bytes(self, Py_ssize_t limit):
        """Up to `limit` (of 256) records of one ring, as they are."""
        cdef record rows[BYTES_RECORDS]
        cdef Py_ssize_t count = self.take(rows, min(limit, <Py_ssize_t>BYTES_RECORDS))
        return (<char*>rows)[:count * TG_RECORD_SIZE]

    def hang(self, Bell bell not None):
        """Have this bell rung for each record; before its process first sleeps on it."""
        cdef bytes path = os.fsencode(bell.path)
        cdef ring_head* shared
        cdef int index
        if len(path) >= TG_BELL_PATH_SIZE:
            raise LaneError(f"the path of a bell has {len(path)} bytes: {bell.path}")
        for index in range(self.end_count):
            shared = self.ends[index].shared
            if (<bytes>shared.bell[:len(path) + 1]) == path + b"\0":
                continue
            memset(shared.bell, 0, TG_BELL_PATH_SIZE)
            memcpy(shared.bell, <const char*>path, len(path))
            TG_STORE_VERSION(shared.bell_version, shared.bell_version % 0x7FFFFFFF + 1)

    @property
    def has_peer(self):
        """Whether a sender is there; False once its process is dead."""
        return any(opened.has_peer() for opened in self.opened)

    @property
    def waiting(self):
        """How many records were put and not yet taken."""
        cdef int index
        return sum(
            self.ends[index].shared.head - self.ends[index].shared.tail
            for index in range(self.end_count)
        )

    def close(self):
        """What was not taken is forgotten once both ends are closed."""
        for opened in self.opened:
            opened.close()


# How many records are there; looks at the other's word when there is none by what was read last.
cdef inline uint64_t fresh(ring_end* end) noexcept nogil:
    if end.seen_head == end.next_taken:
        end.seen_head = TG_LOAD_ACQUIRE(end.shared.head)
    return end.seen_head - end.next_taken
