"""A raw ring in shared memory between two processes that spin, for bench/lanes.py: the floor of
every lane. Nothing that runs imports it.

    word 0 head   word 8 tail   from word 16 on slots of 128 bytes

One producer, one consumer, indexes on cache lines of their own; no checks, no numbers, no waiting
but spinning.
"""
from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcpy, memset

from tidegate.native.clock cimport monotonic_ns

import numpy as np


cdef extern from *:
    """
    #define TG_PUBLISH(place, value) __atomic_store_n(&(place), (value), __ATOMIC_RELEASE)
    #define TG_OBSERVE(place) __atomic_load_n(&(place), __ATOMIC_ACQUIRE)
    #if defined(__x86_64__) || defined(__i386__)
    #define TG_PAUSE() __builtin_ia32_pause()
    #else
    #define TG_PAUSE() ((void)0)
    #endif
    """
    void TG_PUBLISH(uint64_t place, uint64_t value) nogil
    uint64_t TG_OBSERVE(uint64_t place) nogil
    void TG_PAUSE() nogil


cdef enum:
    WORDS_BEFORE = 16
    WORDS_A_SLOT = 16

# How many words a ring of one slot more has.
HEAD_WORDS, SLOT_WORDS = WORDS_BEFORE, WORDS_A_SLOT


cdef struct ring:
    uint64_t* words
    uint64_t mask
    uint64_t next
    uint64_t other


# It goes on where the calls before it have left the ring.
cdef int open_ring(ring* r, uint64_t[::1] words, bint is_producer) except -1:
    cdef Py_ssize_t slots = (len(words) - WORDS_BEFORE) // WORDS_A_SLOT
    if slots < 1 or slots & (slots - 1):
        raise ValueError(f"a ring of {slots} slots; expected a power of two")
    r.words, r.mask = &words[0], slots - 1
    r.next, r.other = words[0 if is_producer else 8], words[8 if is_producer else 0]
    return 0


# False when `patience` looks have found no room.
cdef inline bint put(ring* r, const uint64_t* slot, int64_t patience) noexcept nogil:
    while r.next - r.other > r.mask:
        r.other = TG_OBSERVE(r.words[8])
        if r.next - r.other > r.mask:
            TG_PAUSE()
            patience -= 1
            if patience == 0:
                return False
    memcpy(r.words + WORDS_BEFORE + (r.next & r.mask) * WORDS_A_SLOT, slot, WORDS_A_SLOT * 8)
    r.next += 1
    TG_PUBLISH(r.words[0], r.next)
    return True


cdef inline bint take(ring* r, uint64_t* slot, int64_t patience) noexcept nogil:
    while r.next == r.other:
        r.other = TG_OBSERVE(r.words[0])
        if r.next == r.other:
            TG_PAUSE()
            patience -= 1
            if patience == 0:
                return False
    memcpy(slot, r.words + WORDS_BEFORE + (r.next & r.mask) * WORDS_A_SLOT, WORDS_A_SLOT * 8)
    r.next += 1
    TG_PUBLISH(r.words[8], r.next)
    return True


def echo(uint64_t[::1] there, uint64_t[::1] back, Py_ssize_t rounds, int64_t patience):
    """Give back what comes, `rounds` times; False when nothing came for `patience` looks."""
    cdef ring source, target
    cdef uint64_t slot[WORDS_A_SLOT]
    cdef Py_ssize_t _
    cdef bint is_done = True
    open_ring(&source, there, False)
    open_ring(&target, back, True)
    with nogil:
        for _ in range(rounds):
            if not take(&source, slot, patience) or not put(&target, slot, patience):
                is_done = False
                break
    return is_done


def ping(uint64_t[::1] there, uint64_t[::1] back, Py_ssize_t rounds, int64_t patience):
    """ns of each round trip; -1 when nothing came back for `patience` looks."""
    cdef ring target, source
    cdef uint64_t slot[WORDS_A_SLOT]
    cdef int64_t[::1] taken = np.full(rounds, -1, np.int64)
    cdef int64_t began
    cdef Py_ssize_t index
    open_ring(&target, there, True)
    open_ring(&source, back, False)
    memset(slot, 0, sizeof(slot))
    with nogil:
        for index in range(rounds):
            began = monotonic_ns()
            slot[0] = <uint64_t>index
            if not put(&target, slot, patience) or not take(&source, slot, patience):
                break
            if slot[0] != <uint64_t>index:
                break
            taken[index] = monotonic_ns() - began
    return np.asarray(taken)


def produce(uint64_t[::1] there, Py_ssize_t count, int64_t patience):
    """Put so many slots; False when the consumer made no room."""
    cdef ring target
    cdef uint64_t slot[WORDS_A_SLOT]
    cdef Py_ssize_t index
    cdef bint is_done = True
    open_ring(&target, there, True)
    memset(slot, 0, sizeof(slot))
    with nogil:
        for index in range(count):
            slot[0] = <uint64_t>index
            if not put(&target, slot, patience):
                is_done = False
                break
    return is_done


def consume(uint64_t[::1] there, Py_ssize_t count, int64_t patience):
    """When the last slot came, in ns; -1 when one did not come or came out of order."""
    cdef ring source
    cdef uint64_t slot[WORDS_A_SLOT]
    cdef Py_ssize_t index
    cdef bint is_good = True
    open_ring(&source, there, False)
    with nogil:
        for index in range(count):
            if not take(&source, slot, patience) or slot[0] != <uint64_t>index:
                is_good = False
                break
    return monotonic_ns() if is_good else -1
