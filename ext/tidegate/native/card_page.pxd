"""What a host and a card share: a page of registers and two rings, as PCIe would have them.

Each index counts from 0 and never wraps; a command stands at its index modulo the ring. Who writes
a register is said beside it, and nobody else ever does.
"""
cimport cython
from libc.stdint cimport uint64_t

from tidegate.native.card cimport card_command, card_response


# Places in the page, eight bytes each. 0 to 2 are the card's, written once; 8 to 12 the host's;
# from 16 on the card's.
cpdef enum Register:
    REG_IDENTITY = 0, REG_VERSION = 1, REG_LAYOUT = 2,
    REG_COMMANDS_PUT = 8, REG_RESPONSES_TAKEN = 9, REG_EPOCH_WANTED = 10, REG_HOLD = 11,
    REG_KILL = 12,
    REG_COMMANDS_TAKEN = 16, REG_RESPONSES_PUT = 17, REG_EPOCH = 18, REG_EPOCHS_REFUSED = 19,
    REG_LOADS_REFUSED = 20, REG_ORDERS = 21, REG_ORDERS_ACCEPTED = 22


cdef extern from *:
    """
    #define card_read(page, place) __atomic_load_n(&(page)->registers[place], __ATOMIC_ACQUIRE)
    #define card_write(page, place, value) \
        __atomic_store_n(&(page)->registers[place], value, __ATOMIC_RELEASE)
    """
    uint64_t card_read(const card_page* page, int place) noexcept nogil
    # All that was stored before it is seen by whoever reads it.
    void card_write(card_page* page, int place, uint64_t value) noexcept nogil


ctypedef struct card_page:
    uint64_t* registers
    card_command* commands
    card_response* responses
    uint64_t size             # of each ring, a power of two


@cython.final
cdef class CardMemory:
    cdef readonly object registers
    cdef readonly object commands
    cdef readonly object responses
    cdef card_page page
