"""What it costs to hand a word to another process and to be answered, by way of waiting.

Two processes share two words, each on a cache line of its own: the asker's count and the
answerer's. Nothing that trades imports it; `tidegate tune` measures with it.
"""
from libc.stdint cimport int64_t, uint32_t
from libc.string cimport memset

from tidegate.native.clock cimport monotonic_ns
from tidegate.native.zmqlib cimport lib, socket_pointer

cdef extern from "shm.h" nogil:
    uint32_t TG_LOAD_ACQUIRE(uint32_t place)
    void TG_STORE_RELEASE(uint32_t place, uint32_t value)
    void tg_pause()
    int tg_futex_wait(uint32_t* word, uint32_t value, int64_t timeout_ns)
    void tg_futex_wake(uint32_t* word)
    int sched_yield()

cdef enum:
    # One word each on 64 bytes.
    STRIDE = 16

WORDS = 2 * STRIDE
WAYS = ("spin", "yield", "sleep")
cdef enum:
    SPIN = 0
    YIELD = 1
    SLEEP = 2
    FRAME = 128
    # Looks between two looks at the clock.
    LOOKS = 1024
    # A sleeper looks by itself after so long, so that a partner that died is noticed.
    NAP_NS = 100_000_000


# Waits until the word is `value`; False = not by `until_ns`.
cdef bint see(uint32_t* word, uint32_t value, int way, int64_t until_ns) noexcept nogil:
    cdef uint32_t seen = TG_LOAD_ACQUIRE(word[0])
    cdef int looks = 0
    while seen != value:
        if way == SLEEP:
            tg_futex_wait(word, seen, NAP_NS)
        elif way == YIELD:
            sched_yield()
        else:
            tg_pause()
        looks += 1
        if (way == SLEEP or looks % LOOKS == 0) and monotonic_ns() > until_ns:
            return False
        seen = TG_LOAD_ACQUIRE(word[0])
    return True


cdef inline void show(uint32_t* word, uint32_t value, int way) noexcept nogil:
    TG_STORE_RELEASE(word[0], value)
    if way == SLEEP:
        tg_futex_wake(word)


def _words(words):
    if len(words) != WORDS:
        raise ValueError(f"{len(words)} words are shared; expected {WORDS}")
    return words


def answer(words, int way, uint32_t rounds, int64_t patience_ns):
    """Answer each of the asker's counts with the same; how many there were.

    words: WORDS of uint32, zeros, that both processes map. Ends early when nothing came for
    patience_ns.
    """
    cdef uint32_t[::1] view = _words(words)
    cdef uint32_t* asked = &view[0]
    cdef uint32_t* answered = &view[STRIDE]
    cdef uint32_t count = 0
    with nogil:
        while count < rounds and see(asked, count + 1, way, monotonic_ns() + patience_ns):
            count += 1
            show(answered, count, way)
    return count


def ask(words, int way, int64_t[::1] taken_ns, int64_t patience_ns):
    """Count up, wait for each answer; fills taken_ns with the time of each round trip.

    How many rounds there were: fewer where no answer came for patience_ns.
    """
    cdef uint32_t[::1] view = _words(words)
    cdef uint32_t* asked = &view[0]
    cdef uint32_t* answered = &view[STRIDE]
    cdef uint32_t count = 0
    cdef uint32_t rounds = <uint32_t>taken_ns.shape[0]
    cdef int64_t began
    with nogil:
        while count < rounds:
            began = monotonic_ns()
            show(asked, count + 1, way)
            if not see(answered, count + 1, way, began + patience_ns):
                break
            taken_ns[count] = monotonic_ns() - began
            count += 1
    return count


def answer_socket(socket, uint32_t rounds):
    """Send back what comes over a PAIR socket; how many came before its RCVTIMEO."""
    cdef void* handle = socket_pointer(socket)
    cdef uint32_t count = 0
    cdef char[FRAME] frame
    with nogil:
        while count < rounds and lib.recv(handle, frame, FRAME, 0) == FRAME:
            if lib.send(handle, frame, FRAME, 0) < 0:
                break
            count += 1
    return count


def ask_socket(socket, int64_t[::1] taken_ns):
    """As ask(), with a frame of one record over a PAIR socket."""
    cdef void* handle = socket_pointer(socket)
    cdef Py_ssize_t count = 0
    cdef int64_t began
    cdef char[FRAME] frame
    memset(frame, 0, FRAME)
    with nogil:
        while count < taken_ns.shape[0]:
            began = monotonic_ns()
            if lib.send(handle, frame, FRAME, 0) < 0 or lib.recv(handle, frame, FRAME, 0) < 0:
                break
            taken_ns[count] = monotonic_ns() - began
            count += 1
    return count


def clock_cost(int64_t[::1] taken_ns):
    """Fills taken_ns with the time between two looks at the clock, one after the other."""
    cdef Py_ssize_t index
    cdef int64_t began, now
    with nogil:
        began = monotonic_ns()
        for index in range(taken_ns.shape[0]):
            now = monotonic_ns()
            taken_ns[index] = now - began
            began = now
