"""What a journal's segment is made of: the writer and the readers agree on it here."""
from libc.stdint cimport uint32_t, uint64_t

from tidegate.native.checksum cimport crc32c
from tidegate.native.records cimport TG_RECORD_SIZE, record


cdef extern from "journal.h" nogil:
    enum:
        TG_JOURNAL_HEADER_SIZE
    const uint64_t TG_JOURNAL_MAGIC

    ctypedef struct journal_header:
        uint64_t magic
        uint32_t layout_version
        uint32_t header_size
        uint64_t layout_hash
        uint64_t segment_number
        uint64_t segment_records
        uint64_t first_sequence
        uint32_t pad[3]
        uint32_t checksum


cdef inline unsigned int record_checksum(const record* r) noexcept nogil:
    return crc32c(<const char*>r + sizeof(r.checksum), TG_RECORD_SIZE - sizeof(r.checksum))


cdef inline size_t segment_size(uint64_t segment_records) noexcept nogil:
    return TG_JOURNAL_HEADER_SIZE + segment_records * TG_RECORD_SIZE
