"""What the card has, and the commands that bring it in step with risk's tables."""
cimport cython
from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t

from tidegate.native.card cimport (
    CARD_ACCOUNTS, CARD_INSTRUMENTS, Card, card_command, card_response, card_tables,
)
from tidegate.native.card_wanted cimport wanted_pair
from tidegate.native.context cimport context
from tidegate.native.tables cimport bucket, pair_row, tables

cdef enum:
    # More than one order ever needs.
    COMMANDS_MAX = 96


@cython.final
cdef class CardSync:
    cdef Card rules           # what the card has, by its rules
    cdef card_tables* has
    cdef uint16_t[::1] account_slots
    cdef uint16_t[::1] instrument_slots
    cdef uint16_t[::1] session_slots
    cdef int64_t nets[CARD_ACCOUNTS][CARD_INSTRUMENTS]
    # Done to the rules and to be given to the card, with what it is to answer.
    cdef card_command commands[COMMANDS_MAX]
    cdef card_response expected[COMMANDS_MAX]
    cdef int count
    cdef bint is_refused      # something of these, not the order, is more than the card can have
    cdef uint64_t tag

    # All that an order of the pair and side needs, but session and buckets.
    cdef void bring(self, const tables* t, const pair_row* pair, bint is_buy) noexcept nogil
    cdef void bring_account(self, const tables* t, uint32_t account) noexcept nogil
    cdef void bring_session(self, const tables* t, uint32_t session) noexcept nogil
    cdef void bring_words(self, const tables* t, uint32_t instrument, bint is_buy) noexcept nogil
    cdef void bring_buckets(self, const context* c) noexcept nogil
    cdef void order(self, const context* c) noexcept nogil

    cdef card_command* command(self, int op) noexcept nogil
    cdef bint do(self) noexcept nogil
    cdef void bring_terms(self, const pair_row* pair, const wanted_pair* wanted) noexcept nogil
    cdef void bring_pair(self, const pair_row* pair) noexcept nogil
    cdef bint release(
        self, uint32_t account, uint32_t instrument, const int64_t* rooms, const int64_t* credits,
        int64_t moved
    ) noexcept nogil
    cdef void bring_lanes(self, const tables* t, const pair_row* pair) noexcept nogil
    cdef void bring_bucket(
        self, const bucket* row, int owner, uint32_t account, uint32_t instrument,
        uint32_t session, int kind
    ) noexcept nogil
