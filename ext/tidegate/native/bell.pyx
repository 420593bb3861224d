"""The doorbell of a process that sleeps: a word in a file, and a fifo beside it.

A process whose inputs are rings alone sleeps in a futex on the word. One that has sockets too
sleeps in a poll of these and of the fifo. Who rings makes a system call only when the word says
that someone sleeps, and only the first does: the others find the word cleared. Both files stay
for the next process of that name, so a bell is opened once. A byte that nobody read is drained
by the next sleeper; a process that died asleep is rung once in vain.
"""
from libc.errno cimport EINTR, errno
from libc.stdint cimport int64_t, uint32_t

import mmap
import os

from tidegate.errors import LaneError


cdef extern from "shm.h" nogil:
    uint32_t TG_LOAD_RELAXED(uint32_t place)
    void TG_STORE_RELAXED(uint32_t place, uint32_t value)
    uint32_t TG_EXCHANGE(uint32_t place, uint32_t value)
    void TG_FULL_FENCE()
    int tg_futex_wait(uint32_t* word, uint32_t value, int64_t timeout_ns)
    void tg_futex_wake(uint32_t* word)


cdef extern from "<unistd.h>" nogil:
    ssize_t read(int fd, void* data, size_t size)
    ssize_t write(int fd, const void* data, size_t size)


cdef class Bell:
    def __cinit__(self, str path):
        cdef unsigned char[::1] view
        self.path = path
        self.fifo = -1
        try:
            self.mapping = open_word(path)
            self.fifo = open_fifo(path + ".fifo")
        except OSError as error:
            raise LaneError(f"cannot open the bell {path}: {error.strerror}") from error
        view = self.mapping
        self.row = <bell_row*>&view[0]

    cdef void ring(self) noexcept nogil:
        cdef uint32_t how
        if TG_LOAD_RELAXED(self.row.sleeping) == AWAKE:
            return
        how = TG_EXCHANGE(self.row.sleeping, AWAKE)
        if how == AWAKE:
            return
        self.ring_count += 1
        if how == IN_FUTEX:
            tg_futex_wake(&self.row.sleeping)
        else:
            # A fifo that is full has been rung already.
            write(self.fifo, b"!", 1)

    cdef void lie_down(self, uint32_t how) noexcept nogil:
        self.how = how
        TG_STORE_RELAXED(self.row.sleeping, how)
        TG_FULL_FENCE()

    cdef void get_up(self) noexcept nogil:
        cdef char drained[64]
        TG_STORE_RELAXED(self.row.sleeping, AWAKE)
        # A byte that comes later ends the next sleep at once, in vain and once.
        if self.how == IN_POLL:
            while read(self.fifo, drained, sizeof(drained)) == sizeof(drained):
                continue

    cdef bint sleep(self, int64_t timeout_ns) noexcept nogil:
        return tg_futex_wait(&self.row.sleeping, IN_FUTEX, timeout_ns) == 0 or errno != EINTR

    @property
    def is_asleep(self):
        """Whether its process has said that it sleeps."""
        return self.row.sleeping != AWAKE

    @property
    def rings(self):
        """How often this end has woken it."""
        return self.ring_count

    def rearm(self):
        """For who sleeps in a poll of its own: the fifo is drained, and rung from now on."""
        self.get_up()
        self.lie_down(IN_POLL)

    def close(self):
        """Nothing may ring it or sleep in it any more."""
        if self.fifo >= 0:
            os.close(self.fifo)
            self.fifo = -1


def open_word(path):
    """The file of a bell_row, mapped; made when it is not there."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if os.fstat(fd).st_size < sizeof(bell_row):
            os.ftruncate(fd, sizeof(bell_row))
        return mmap.mmap(fd, sizeof(bell_row))
    finally:
        os.close(fd)


def open_fifo(path):
    """For both ends: held open to read and to write, so it never ends and never breaks."""
    try:
        os.mkfifo(path, 0o600)
    except FileExistsError:
        pass
    return os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
