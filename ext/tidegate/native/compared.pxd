"""What a check compared: it goes back to the sender with the reason, and to explain."""
from libc.stdint cimport int64_t, uint8_t


ctypedef struct compared:
    int64_t limit_value
    int64_t used_value
    int64_t asked_value
    uint8_t level            # of the hierarchy; 0 = the instrument's or the session's own rule
    uint8_t scope
    uint8_t pad[6]


cdef inline bint tell(
    compared* n, bint is_failed, int64_t limit_value, int64_t used_value, int64_t asked_value,
    int level, int scope
) noexcept nogil:
    """is_failed. The numbers are written only where somebody asks for them (n is not NULL)."""
    if n != NULL:
        n.limit_value = limit_value
        n.used_value = used_value
        n.asked_value = asked_value
        n.level = <uint8_t>level
        n.scope = <uint8_t>scope
    return is_failed
