"""Numbers of records on a lane: u32 from 1, after 2^32 - 1 comes 1; 0 = none."""
from libc.stdint cimport int32_t, uint32_t


cdef inline uint32_t number_after(uint32_t number) noexcept nogil:
    return 1 if number == <uint32_t>0xFFFFFFFF else number + 1


cdef inline bint is_before(uint32_t number, uint32_t other) noexcept nogil:
    """By signed difference: right while the two are less than 2^31 apart."""
    return <int32_t>(number - other) < 0
