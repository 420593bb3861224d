"""The code table: what each venue calls our instruments and accounts, as it told at logon.

The router alone writes it, when a channel is up again; the step reads it. Nothing is guessed:
what a venue has not told has no code, and is refused.
"""
cimport cython
from libc.stdint cimport uint32_t, uint64_t

import numpy as np


def _dtype():
    cdef venue_code sample
    return np.asarray(<venue_code[:1]>&sample).dtype


VENUE_CODE = _dtype()


@cython.final
cdef class VenueCodes:
    def __cinit__(self, instrument_channels, uint32_t channel_count, uint32_t account_count):
        cdef uint32_t instrument_count = <uint32_t>len(instrument_channels)
        cdef uint32_t handle
        if instrument_count == 0 or channel_count == 0 or account_count == 0:
            raise ValueError("the code table needs a row 0 of instruments, channels and accounts")
        instruments = np.zeros(instrument_count, VENUE_CODE)
        accounts = np.zeros(channel_count * account_count, np.uint32)
        keys = np.zeros(instrument_count, np.uint64)
        key_instruments = np.zeros(instrument_count, np.uint32)
        cdef venue_code[::1] instrument_view = instruments
        cdef uint32_t[::1] account_view = accounts
        cdef uint64_t[::1] key_view = keys
        cdef uint32_t[::1] key_instrument_view = key_instruments
        self.owners = (instruments, accounts, keys, key_instruments)
        self.instruments = &instrument_view[0]
        self.accounts = &account_view[0]
        self.keys = &key_view[0]
        self.key_instruments = &key_instrument_view[0]
        self.instrument_count = instrument_count
        self.channel_count = channel_count
        self.account_count = account_count
        for handle in range(1, instrument_count):
            if not 0 < instrument_channels[handle] < channel_count:
                raise ValueError(f"instrument {handle} is of channel {instrument_channels[handle]}")
            self.instruments[handle].channel = instrument_channels[handle]

    cdef uint32_t channel_of(self, uint32_t instrument) noexcept nogil:
        return self.instruments[instrument].channel if instrument < self.instrument_count else 0

    cdef uint32_t instrument_code(self, uint32_t channel, uint32_t instrument) noexcept nogil:
        if instrument >= self.instrument_count or self.instruments[instrument].channel != channel:
            return 0
        return self.instruments[instrument].code

    cdef uint32_t account_code(self, uint32_t channel, uint32_t account) noexcept nogil:
        if account >= self.account_count or channel >= self.channel_count:
            return 0
        return self.accounts[channel * self.account_count + account]

    cdef uint32_t instrument_of(self, uint32_t channel, uint32_t code) noexcept nogil:
        cdef uint64_t key = <uint64_t>channel << 32 | code
        cdef uint32_t low = 0
        cdef uint32_t high = self.key_count
        cdef uint32_t middle
        while low < high:
            middle = (low + high) // 2
            if self.keys[middle] < key:
                low = middle + 1
            else:
                high = middle
        return self.key_instruments[low] if low < self.key_count and self.keys[low] == key else 0

    def learn(self, uint32_t channel, dict securities, dict accounts):
        cdef uint32_t handle
        if not 0 < channel < self.channel_count:
            raise ValueError(f"channel {channel}, expected 1 to {self.channel_count - 1}")
        for handle in range(1, self.instrument_count):
            if self.instruments[handle].channel == channel:
                self.instruments[handle].code = securities.get(handle, 0)
        for handle in range(1, self.account_count):
            self.accounts[channel * self.account_count + handle] = accounts.get(handle, 0)
        self._index()

    def _index(self):
        cdef uint32_t handle
        cdef uint64_t key
        known = []
        for handle in range(1, self.instrument_count):
            if self.instruments[handle].code != 0:
                key = <uint64_t>self.instruments[handle].channel << 32
                known.append((key | self.instruments[handle].code, handle))
        for index, (key, handle) in enumerate(sorted(known)):
            self.keys[index] = key
            self.key_instruments[index] = handle
        self.key_count = <uint32_t>len(known)
