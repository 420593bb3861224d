"""CRC32C. Which way it is computed is decided once, at import, by what the processor has."""
from libc.stdint cimport uint32_t


cdef extern from "checksum.h" nogil:
    ctypedef uint32_t (*tg_crc32c_function)(const void* data, size_t size) noexcept nogil
    void tg_crc32c_prepare()
    uint32_t tg_crc32c_portable(const void* data, size_t size)
    uint32_t tg_crc32c_instruction(const void* data, size_t size)
    int tg_crc32c_has_instruction()


cdef tg_crc32c_function chosen = tg_crc32c_portable
tg_crc32c_prepare()
HAS_INSTRUCTION = tg_crc32c_has_instruction() != 0
if HAS_INSTRUCTION:
    chosen = tg_crc32c_instruction


cdef uint32_t crc32c(const void* data, size_t size) noexcept nogil:
    return chosen(data, size)


def checksum(const unsigned char[::1] data not None):
    return chosen(&data[0], data.shape[0]) if data.shape[0] else 0


def checksum_portable(const unsigned char[::1] data not None):
    return tg_crc32c_portable(&data[0], data.shape[0]) if data.shape[0] else 0
