"""The card's end of its rings: takes commands as they stand there, in order, and answers each."""
cimport cython
from libc.stdint cimport int64_t, uint64_t

from tidegate.native.card cimport card_command, card_pipe, card_response
from tidegate.native.card_page cimport CardMemory, card_page

cdef enum:
    CARD_BATCH = 256


@cython.final
cdef class CardDevice:
    cdef CardMemory memory
    cdef object decider       # whose pipe it is
    cdef card_pipe* pipe
    cdef card_page* page
    cdef bint is_good         # no load was refused since the last epoch was asked for
    cdef bint is_killed       # by the last KILL in the ring
    cdef bint is_stopped      # by the register
    cdef bint is_still        # the pipe gave fewer answers than commands
    cdef uint64_t refused_epoch
    cdef card_command commands[CARD_BATCH]

    # Take up to `most` commands, as far as there is room for answers; how many it were.
    cdef int64_t turn_card(self, int64_t most) noexcept nogil
    cdef bint tell_kill(self, bint is_killed) noexcept nogil
    cdef void heed_register(self) noexcept nogil
    cdef void heed_kill(self, int64_t count) noexcept nogil
    cdef void note(self, const card_response* responses, int64_t count) noexcept nogil
    cdef void look_at_epoch(self, uint64_t taken) noexcept nogil
    cdef void add(self, int place, uint64_t count) noexcept nogil
