"""The journal: every record in its sequence, on disk before any effect leaves the process."""
from libc.stdint cimport int64_t, uint64_t

from tidegate.native.records cimport record
from tidegate.native.segments cimport segment


cpdef enum JournalCode:
    JOURNAL_OK = 0
    # the record's sequence is not the next one
    JOURNAL_SEQUENCE = 1
    # the record has no kind
    JOURNAL_KIND = 2
    # the next segment cannot be made, or is not made yet
    JOURNAL_NO_SEGMENT = 3
    JOURNAL_CLOSED = 4
    # fdatasync failed: what is on disk is unknown
    JOURNAL_SYNC = 5


cdef class Journal:
    cdef readonly str directory
    cdef readonly object recovered
    cdef object thread
    cdef int directory_fd
    cdef int wake_fd
    cdef bint is_open
    cdef segment current
    # Made ahead by the journal's thread, which also releases what was used up: is_prepared is
    # stored by the one who hands over `prepared`, and is what the other looks at first.
    cdef segment prepared
    cdef segment retired
    cdef int is_prepared
    cdef int is_stopping
    cdef int prepare_error
    cdef bint is_assisted
    cdef uint64_t segment_number
    cdef uint64_t segment_records
    cdef uint64_t reserve_records
    cdef uint64_t row_index
    cdef uint64_t next_first
    cdef readonly uint64_t next_sequence
    cdef readonly bint is_durable
    cdef readonly uint64_t synced
    cdef bint is_mark_new
    cdef int mark_slot
    cdef readonly bint is_failed
    cdef readonly bint is_slow
    cdef int64_t slow_ns
    cdef int64_t sync_ns_max
    cdef uint64_t sync_count
    cdef uint64_t slow_count
    cdef int error

    # Sets the record's checksum and layout version; 0, or a JournalCode and nothing is written.
    cdef int append(self, record* r) noexcept nogil
    # True while there is room for what may be refused; the reserve is for all else.
    cdef bint has_room(self) noexcept nogil
    # Makes the next segment, so that append need not. 0 or a JournalCode.
    cdef int prepare_next(self) noexcept nogil
    # Puts all that was appended on the disk (power loss); 0 or a JournalCode.
    cdef int sync(self) noexcept nogil
    cdef int _fdatasync(self) noexcept nogil
    cdef int _rotate(self) noexcept nogil
    cdef void _serve(self) noexcept nogil
