"""The card as a backend of the check: kept in step with risk's tables, asked before the rules."""
cimport cython
from libc.stdint cimport uint64_t

from tidegate.native.card cimport card_response
from tidegate.native.card_driver cimport CardDriver
from tidegate.native.card_sync cimport COMMANDS_MAX, CardSync
from tidegate.native.context cimport context

# Why an order was decided by the rules alone, 0 = the card was asked; named in backend.pyx.
cdef enum:
    ALONE_NOT = 0
    ALONE_OUT = 1             # the card stands still or is wrong
    ALONE_SLOT = 2            # no slot for its account, instrument or session
    ALONE_MARKET = 3
    ALONE_CLOSE = 4           # a close of lots that are kept by side
    ALONE_NO_LOTS = 5         # a replace that adds none
    ALONE_FLOOR = 6           # worth less than the notional floor
    ALONE_MARGIN = 7          # margin above the client's rate, a shared level's, a replaced premium
    ALONE_WIDTH = 8           # a number is wider than the card's
    ALONE_COUNT = 9


# Why the card is not asked any more, 0 = it is.
cdef enum:
    OUT_STILL = 1             # it does not answer
    OUT_WRONG = 2             # it answered otherwise than its own rules


@cython.final
cdef class Backend:
    cdef CardDriver driver
    cdef CardSync sync
    cdef card_response answers[COMMANDS_MAX]
    cdef uint64_t said        # the last answer's verdict
    cdef int out
    cdef uint64_t verdict     # of the order that was asked about last; 0 = it was not asked
    cdef uint64_t asked
    cdef uint64_t passed
    cdef uint64_t given       # commands
    cdef uint64_t alone[ALONE_COUNT]

    # Bit r: the check of reason r was made by the card and need not be made again. 0 = ask the
    # rules for all: the card was not asked, or denies.
    cdef uint64_t ask(self, const context* c) noexcept nogil
    # Whether the card's verdict of just now is what the rules say, with every check made.
    cdef bint agrees(self, const context* c, uint64_t failed) noexcept nogil
    cdef int why_alone(self, const context* c) noexcept nogil
    cdef bint exchange(self) noexcept nogil
