"""The receiving end of a retained lane: each record once and in order."""
from libc.stdint cimport uint32_t, uint64_t

from tidegate.native.lane cimport LaneSource
from tidegate.native.records cimport record, session_record


cdef class NumberedSource:
    cdef readonly LaneSource lane
    # The next number to take, and the last whose effect stands: the stage says so.
    cdef uint32_t expected
    cdef uint32_t taken
    # How many taken records are told of at once, without waiting for the time.
    cdef readonly uint32_t ack_every
    # What the link has to act on: something is missing (nothing is taken just now); the other
    # end does not know `taken`; it said what it expects of us, or asked for it.
    cdef bint is_behind
    cdef bint is_skimming
    cdef bint is_untold
    cdef bint is_heard
    cdef bint is_asked
    cdef uint32_t heard_expected
    cdef uint32_t heard_second
    cdef uint64_t record_count
    cdef uint64_t unnumbered_count
    cdef uint64_t duplicate_count
    cdef uint64_t gap_count
    cdef uint64_t bad_checksum_count
    cdef uint64_t skimmed_count
    cdef uint64_t reset_count
    cdef uint64_t lost_count

    # Records in order, each once; lane's own messages are kept for the link.
    cdef Py_ssize_t take(self, record* out, Py_ssize_t limit) noexcept nogil
    # Hears the lane's own messages, and leaves all records to be sent again.
    cdef void skim(self) noexcept nogil
    cdef bint _is_next(self, record* r) noexcept nogil
    cdef void _hear(self, const session_record* message) noexcept nogil
    cdef void _reset(self, const session_record* message) noexcept nogil
