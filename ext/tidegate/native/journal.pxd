"""The journal: every record in its sequence, on disk before any effect leaves the process."""
from libc.stdint cimport uint64_t

from tidegate.native.records cimport record


cpdef enum JournalCode:
    JOURNAL_OK = 0
    # the record's sequence is not the next one
    JOURNAL_SEQUENCE = 1
    # the record has no kind
    JOURNAL_KIND = 2
    # the next segment cannot be made; Journal.error is the errno
    JOURNAL_NO_SEGMENT = 3
    JOURNAL_CLOSED = 4
    # fdatasync failed: what is on disk is unknown
    JOURNAL_SYNC = 5


cdef struct segment:
    int fd
    record* rows


cdef class Journal:
    cdef readonly str directory
    cdef int directory_fd
    cdef bint is_open
    cdef segment current
    cdef segment prepared
    cdef uint64_t segment_number
    cdef uint64_t segment_records
    cdef uint64_t row_index
    cdef readonly uint64_t next_sequence
    cdef bint is_durable
    cdef bint is_failed
    cdef int error

    # Sets the record's checksum and layout version; 0, or a JournalCode and nothing is written.
    cdef int append(self, record* r) noexcept nogil
    # True when half of the segment is used and the next one is not yet made.
    cdef bint needs_next(self) noexcept nogil
    # Makes the next segment, so that append need not. 0 or a JournalCode.
    cdef int prepare_next(self) noexcept nogil
    # Puts all that was appended on the disk (power loss); 0 or a JournalCode.
    cdef int sync(self) noexcept nogil
    cdef int _rotate(self) noexcept nogil
    cdef int _make_segment(self, uint64_t number, uint64_t first, segment* made) noexcept nogil
    cdef int _allocate(self, int fd) noexcept nogil
    cdef void _map(self, int fd, segment* made) noexcept nogil
    cdef void _release(self, segment* done) noexcept nogil
