"""What region.py cannot say in Python: the header's layout and the seqlock."""
from libc.stdint cimport uint64_t
from libc.string cimport memcpy
from posix.unistd cimport usleep

import numpy as np

from tidegate.errors import RegionError


cdef extern from "region.h" nogil:
    uint64_t tg_begin_read(const region_header* header)
    bint tg_end_read(const region_header* header, uint64_t version)


cdef enum:
    # A writer holds the version odd for well under a microsecond; one that died in between
    # holds it for ever.
    SPINS_MAX = 1000
    NAP_US = 1000
    READ_TRIES_MAX = SPINS_MAX + 2000


MAGIC = TG_REGION_MAGIC
HEADER_SIZE = TG_REGION_HEADER_SIZE


def _header_dtype():
    cdef region_header sample
    return np.asarray(<region_header[:1]>&sample).dtype


HEADER = _header_dtype()


cdef region_header* header_of(object region) except NULL:
    cdef const unsigned char[::1] bytes_ = region.header_bytes
    return <region_header*>&bytes_[0]


def begin(region):
    begin_write(header_of(region))


def end(region):
    end_write(header_of(region))


def read_consistent(region, const unsigned char[::1] source, unsigned char[::1] out):
    """Copy source to out as it stood between two writes; returns the count of that moment."""
    cdef const region_header* header = header_of(region)
    cdef uint64_t version, count
    cdef size_t size = source.shape[0]
    cdef int attempt
    if out.shape[0] != source.shape[0]:
        raise RegionError(f"cannot copy {source.shape[0]} bytes into {out.shape[0]}")
    with nogil:
        for attempt in range(READ_TRIES_MAX):
            version = tg_begin_read(header)
            count = header.count
            if size:
                memcpy(&out[0], &source[0], size)
            if tg_end_read(header, version):
                with gil:
                    return count
            # The writer may have lost its processor in the middle of a change.
            if attempt >= SPINS_MAX:
                usleep(NAP_US)
    raise RegionError("the region's writer is in the middle of a change, or died in it")
