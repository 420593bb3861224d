"""What a load of records has come to, shared by the clients of benches."""
from libc.stdint cimport int64_t, uint8_t, uint64_t

from tidegate.native.records cimport record


cdef extern from "<poll.h>" nogil:
    struct pollfd:
        int fd
        short events
        short revents
    struct timespec:
        long tv_sec
        long tv_nsec
    int ppoll(pollfd* fds, unsigned long count, const timespec* timeout, const void* mask)
    short POLLIN


# What an order has become.
cdef enum:
    UNANSWERED = 0
    WORKING = 1
    FINAL = 2


cdef struct progress:
    const record* rows
    const int64_t* due
    int64_t* taken_ns
    int64_t* sent_ns
    uint8_t* states
    uint8_t* ends
    const int64_t* canceled_by
    Py_ssize_t count
    Py_ssize_t sent
    Py_ssize_t answered
    Py_ssize_t final
    uint64_t first_id
    int64_t start
    Py_ssize_t window
    Py_ssize_t frame_records
    uint64_t reports
    uint64_t repeated
    uint64_t foreign
    uint64_t rejected
    uint64_t stalls


# A view of every array of a drive; the arrays stay the caller's.
cdef int begin(
    progress* p, const record[::1] rows, const int64_t[::1] due_ns, const int64_t[::1] canceled_by,
    int64_t[::1] taken, int64_t[::1] sent, uint8_t[::1] states, uint8_t[::1] ends
) except -1
cdef dict counts_of(const progress* p)
# A record that came back: an answer, or something else, which is counted.
cdef void take_answer(progress* p, const record* r, int64_t now) noexcept nogil
