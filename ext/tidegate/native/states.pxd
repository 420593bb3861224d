"""Trading states and locks. What pairs have folded of them is stale after each change."""
from libc.stdint cimport uint8_t, uint32_t

from tidegate.native.records cimport control_record
from tidegate.native.tables cimport tables


cdef inline void unfold(tables* t) noexcept nogil:
    """Pairs fold limits, states and locks anew before they are next used."""
    t.risk.fold_version += 1


cdef inline void set_state(tables* t, uint32_t account, uint8_t state) noexcept nogil:
    """The account's own trading state, as an operator sets it."""
    t.accounts[account].trading_state = state
    unfold(t)


cdef inline void set_graded_state(tables* t, uint32_t account, uint8_t state) noexcept nogil:
    t.accounts[account].graded_state = state
    unfold(t)


cdef bint is_account(const tables* t, uint32_t account) noexcept nogil
cdef bint is_instrument(const tables* t, uint32_t instrument) noexcept nogil
# How many scopes the record names, and whether all that it names are there.
cdef int scopes(const control_record* r) noexcept nogil
cdef bint is_scope(const tables* t, const control_record* r) noexcept nogil
cdef void put_state(tables* t, const control_record* r, uint8_t state) noexcept nogil
# Each returns True when it refuses the record; nothing is changed then.
cdef bint trading_state(tables* t, const control_record* r) noexcept nogil
cdef bint side_lock(tables* t, const control_record* r) noexcept nogil
cdef bint re_enable(tables* t, const control_record* r) noexcept nogil
cdef bint protection_reset(tables* t, const control_record* r) noexcept nogil
