"""What a journal's segment is made of: the writer and the readers agree on it here."""
from libc.stdint cimport uint32_t, uint64_t

from tidegate.native.checksum cimport crc32c
from tidegate.native.records cimport TG_RECORD_SIZE, record


cdef extern from "journal.h" nogil:
    enum:
        TG_JOURNAL_HEADER_SIZE
        TG_JOURNAL_MARK_OFFSET
        TG_JOURNAL_MARK_STRIDE
    const uint64_t TG_JOURNAL_MAGIC

    ctypedef struct journal_header:
        uint64_t magic
        uint32_t layout_version
        uint32_t header_size
        uint64_t layout_hash
        uint64_t segment_number
        uint64_t segment_records
        uint64_t first_sequence
        uint32_t is_durable
        uint32_t pad[2]
        uint32_t checksum

    ctypedef struct journal_mark:
        uint64_t synced
        uint64_t pad[6]
        uint32_t pad_end
        uint32_t checksum


# rows = NULL when there is none; they are mapped behind the header.
cdef struct segment:
    int fd
    record* rows


cdef inline unsigned int record_checksum(const record* r) noexcept nogil:
    return crc32c(<const char*>r + sizeof(r.checksum), TG_RECORD_SIZE - sizeof(r.checksum))


cdef inline size_t segment_size(uint64_t segment_records) noexcept nogil:
    return TG_JOURNAL_HEADER_SIZE + segment_records * TG_RECORD_SIZE


# Makes segment `number` in the directory, whole before it has its name; 0, or an errno and
# nothing is left behind. On the disk too when it is durable.
cdef int make_segment(int directory_fd, uint64_t number, uint64_t first_sequence,
                      uint64_t segment_records, bint is_durable, segment* made) noexcept nogil
# Allocates what the file lacks and maps it; 0, or an errno and the file stays open.
cdef int map_segment(int fd, uint64_t segment_records, segment* made) noexcept nogil
cdef void release_segment(segment* done, uint64_t segment_records) noexcept nogil
# Says in the header whether effects wait for the disk.
cdef void set_durable(segment* s, bint is_durable) noexcept nogil
# Writes mark 0 or 1; clear_marks forgets both.
cdef void write_mark(segment* s, int slot, uint64_t synced) noexcept nogil
cdef void clear_marks(segment* s) noexcept nogil
# Makes rows first to last go to the disk again; makes all from `first` on empty.
cdef void touch_rows(segment* s, uint64_t first, uint64_t last) noexcept nogil
cdef void clear_rows(segment* s, uint64_t first, uint64_t segment_records) noexcept nogil
