"""The host's end of a card's rings: opens it, gives commands, takes answers, asks for epochs."""
cimport cython
from libc.stdint cimport int64_t, uint64_t

from tidegate.native.card cimport card_command, card_response
from tidegate.native.card_device cimport CardDevice
from tidegate.native.card_page cimport CardMemory, card_page


@cython.final
cdef class CardDriver:
    cdef CardMemory memory
    cdef CardDevice device
    cdef card_page* page
    # The host's own indices, which nobody else can write.
    cdef uint64_t commands_put
    cdef uint64_t responses_taken
    cdef readonly bint is_still
    cdef readonly bint is_wrong

    # Gives all and takes an answer of each; how many came: fewer = the card stands still, or is
    # wrong, and is never looked at again.
    cdef int64_t exchange_all(
        self, const card_command* commands, card_response* responses, int64_t count
    ) noexcept nogil
    # From its next turn on the card denies every order: for good.
    cdef void kill(self) noexcept nogil
    cdef int64_t put(self, const card_command* commands, int64_t count) noexcept nogil
    # At most `room`; where the card says that there are more it is wrong, and none is taken.
    cdef int64_t take(self, card_response* responses, int64_t room) noexcept nogil
