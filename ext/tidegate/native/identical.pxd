"""Control 23: orders that are the same, counted in four slots an account (RISK.md 5.3)."""
from libc.stdint cimport int64_t, uint32_t, uint64_t

from tidegate.native.records cimport order_record
from tidegate.native.tables cimport account_row


cdef inline uint32_t signature_of(const order_record* o) noexcept nogil:
    """h = instrument; each of (side * 256 + ord_type, order_qty, price) is xored in and
    multiplied, modulo 2^64; the upper half, xored with the lower, is the signature.
    """
    cdef uint64_t hashed = o.instrument
    hashed = (hashed ^ <uint64_t>(o.side * 256 + o.ord_type)) * <uint64_t>0x9E3779B97F4A7C15
    hashed = (hashed ^ <uint64_t>o.order_qty) * <uint64_t>0x9E3779B97F4A7C15
    hashed = (hashed ^ <uint64_t>o.price) * <uint64_t>0x9E3779B97F4A7C15
    return <uint32_t>(hashed ^ hashed >> 32)


cdef inline int64_t count_of(
    const account_row* account, uint32_t signature, int64_t now_ns
) noexcept nogil:
    """How many orders with the signature the present window has."""
    cdef uint32_t slot = signature & 3
    if (
        account.identical_signature[slot] != signature
        or now_ns >= account.identical_since_ns[slot] + account.identical_window_ns
    ):
        return 0
    return account.identical_count[slot]


cdef inline void count(
    account_row* account, uint32_t signature, int64_t now_ns
) noexcept nogil:
    """One more; a window starts with the first."""
    cdef uint32_t slot = signature & 3
    cdef int64_t before = count_of(account, signature, now_ns)
    if before == 0:
        account.identical_signature[slot] = signature
        account.identical_since_ns[slot] = now_ns
    account.identical_count[slot] = <uint32_t>(before + 1)
