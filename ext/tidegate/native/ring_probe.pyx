"""For tests: a litmus test of the memory order of rings, with two threads.

In each round of the litmus both threads come to a start line; then one puts a record and looks
whether the other sleeps, while the other says that it sleeps and looks for a record. What may
never come of it is said by the test.
"""
from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memset

import threading

from tidegate.native.bell cimport AWAKE, IN_FUTEX, Bell
from tidegate.native.records cimport record
from tidegate.native.shm_ring cimport RingSource, RingTarget


cdef extern from "shm.h" nogil:
    """
    typedef struct {
        uint64_t word;
        uint64_t pad[15];
    } litmus_word;
    """
    ctypedef struct litmus_word:
        uint64_t word
    uint64_t TG_LOAD_ACQUIRE(uint64_t place)
    uint32_t TG_LOAD_RELAXED(uint32_t place)
    void TG_STORE_RELEASE(uint64_t place, uint64_t value)
    void TG_STORE_RELAXED(uint32_t place, uint32_t value)
    void tg_pause()
    int sched_yield()


cdef enum:
    # Looks at the start line before the other thread is let onto this processor.
    PATIENCE = 200


cdef class Sleeping:
    """A sender and a sleeper that meet: how often each outcome came."""

    cdef RingTarget target
    cdef RingSource source
    cdef Bell bell
    cdef bint is_fenced
    cdef bint has_rung
    cdef litmus_word arrived[2]
    cdef uint64_t counts[4]

    def __cinit__(self, RingTarget target not None, RingSource source not None,
                  Bell bell not None, *, bint fenced):
        self.target = target
        self.source = source
        self.bell = bell
        self.is_fenced = fenced
        memset(self.arrived, 0, sizeof(self.arrived))
        memset(self.counts, 0, sizeof(self.counts))

    def run(self, uint64_t rounds, uint64_t seed):
        """{(the sender saw the sleeper, the sleeper saw the record): rounds}."""
        sender = threading.Thread(target=self._send, args=(rounds, seed))
        sender.start()
        self._sleep(rounds, seed + 1)
        sender.join()
        return {
            (bool(index & 1), bool(index & 2)): self.counts[index]
            for index in range(4)
        }

    def _send(self, uint64_t rounds, uint64_t seed):
        cdef uint64_t number
        cdef record r
        memset(&r, 0, sizeof(r))
        with nogil:
            for number in range(rounds):
                self.meet(0, 2 * number + 1)
                seed = idle(seed)
                self.has_rung = self.put_one(&r)
                self.meet(0, 2 * number + 2)

    def _sleep(self, uint64_t rounds, uint64_t seed):
        cdef uint64_t number
        cdef bint has_seen
        cdef record r
        with nogil:
            for number in range(rounds):
                self.meet(1, 2 * number + 1)
                seed = idle(seed)
                if self.is_fenced:
                    self.bell.lie_down(IN_FUTEX)
                else:
                    TG_STORE_RELAXED(self.bell.row.sleeping, IN_FUTEX)
                has_seen = self.source.has_records()
                self.meet(1, 2 * number + 2)
                self.counts[self.has_rung + 2 * has_seen] += 1
                # The sender's next round begins when we come to it: all this is before it.
                self.source.take(&r, 1)
                self.bell.get_up()

    cdef bint put_one(self, const record* r) noexcept nogil:
        cdef uint64_t before
        if self.is_fenced:
            before = self.target.bell.ring_count if self.target.bell is not None else 0
            self.target.put(r, 1)
            return self.target.bell.ring_count != before
        # The same without its fence.
        self.target.records[self.target.next_put & (self.target.capacity - 1)] = r[0]
        self.target.next_put += 1
        TG_STORE_RELEASE(self.target.shared.head, self.target.next_put)
        return TG_LOAD_RELAXED(self.bell.row.sleeping) != AWAKE

    cdef void meet(self, int who, uint64_t number) noexcept nogil:
        cdef int looks = 0
        TG_STORE_RELEASE(self.arrived[who].word, number)
        while TG_LOAD_ACQUIRE(self.arrived[1 - who].word) < number:
            looks += 1
            if looks % PATIENCE == 0:
                sched_yield()


# Up to 31 pauses, and now and then a yield, so that neither thread is always the first, on one
# processor neither.
cdef inline uint64_t idle(uint64_t seed) noexcept nogil:
    cdef uint64_t _left
    seed = seed * <uint64_t>0x5851F42D4C957F2D + <uint64_t>0x14057B7EF767814F
    for _left in range(seed >> 59):
        tg_pause()
    if (seed >> 40) & 7 == 0:
        sched_yield()
    return seed
