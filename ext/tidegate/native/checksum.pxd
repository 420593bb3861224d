"""CRC32C (Castagnoli), by the processor's instruction where it has one."""
from libc.stdint cimport uint32_t


cdef uint32_t crc32c(const void* data, size_t size) noexcept nogil
