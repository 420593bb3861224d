"""Each venue's own numbers of instruments and accounts, by our handles, and back."""
from libc.stdint cimport uint32_t, uint64_t


cdef extern from "routing.h" nogil:
    ctypedef struct venue_code:
        uint32_t channel
        uint32_t code


cdef class VenueCodes:
    cdef tuple owners
    cdef venue_code* instruments
    cdef uint32_t* accounts
    cdef uint64_t* keys
    cdef uint32_t* key_instruments
    cdef uint32_t key_count
    cdef readonly uint32_t instrument_count
    cdef readonly uint32_t channel_count
    cdef readonly uint32_t account_count

    # The channel of an instrument; 0 = none.
    cdef uint32_t channel_of(self, uint32_t instrument) noexcept nogil
    # The venue's number; 0 = it has told none.
    cdef uint32_t instrument_code(self, uint32_t channel, uint32_t instrument) noexcept nogil
    cdef uint32_t account_code(self, uint32_t channel, uint32_t account) noexcept nogil
    # Our handle of a venue's security_id; 0 = not known.
    cdef uint32_t instrument_of(self, uint32_t channel, uint32_t code) noexcept nogil
