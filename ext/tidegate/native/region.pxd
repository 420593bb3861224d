"""The seqlock of a region, for its one writer; and the header's address from a Region."""
from libc.stdint cimport uint32_t, uint64_t


cdef extern from "region.h" nogil:
    enum:
        TG_REGION_HEADER_SIZE
    const uint64_t TG_REGION_MAGIC

    ctypedef struct region_header:
        uint64_t magic
        uint32_t header_size
        uint32_t row_size
        uint64_t layout_hash
        uint64_t capacity
        uint32_t writer_pid
        uint32_t pad[7]
        uint64_t version
        uint64_t count
        uint64_t pad_end[6]

    # Around every change of more than one word. Not nested.
    void begin_write(region_header* header)
    void end_write(region_header* header)


# The caller keeps the Region alive as long as it uses the pointer.
cdef region_header* header_of(object region) except NULL
