"""What a check compared: it goes back to the sender with the reason, and to explain."""
from libc.stdint cimport int64_t, uint8_t


ctypedef struct compared:
    int64_t limit_value
    int64_t used_value
    int64_t asked_value
    uint8_t level            # of the hierarchy; 0 = the instrument's or the session's own rule
    uint8_t scope
    uint8_t is_told
    uint8_t is_failed
    uint8_t pad[4]


cdef inline bint tell(
    compared* n, bint is_failed, int64_t limit_value, int64_t used_value, int64_t asked_value,
    int level, int scope
) noexcept nogil:
    """is_failed, with the numbers where somebody asks for them: n is NULL on the fast path.

    Of several places the first that fails is told; the first of all where none does.
    """
    if n != NULL and not n.is_failed and (is_failed or not n.is_told):
        n.limit_value = limit_value
        n.used_value = used_value
        n.asked_value = asked_value
        n.level = <uint8_t>level
        n.scope = <uint8_t>scope
        n.is_told = 1
        n.is_failed = is_failed
    return is_failed
