"""What a host and a card share: a page of registers and two rings, as PCIe would have them."""
cimport cython
from libc.stdint cimport uint64_t

import numpy as np

from tidegate.native.card import COMMAND, RESPONSE

REGISTERS = 32
# Commands in the ring, and responses that nobody has taken yet.
RING_COMMANDS = 4096


@cython.final
cdef class CardMemory:
    """The page and the rings of one card, all zeros at first."""

    def __cinit__(self, uint64_t count=RING_COMMANDS):
        if count == 0 or count & (count - 1):
            raise ValueError(f"a ring of {count} commands: expected a power of two")
        self.registers = np.zeros(REGISTERS, np.uint64)
        self.commands = np.zeros(count, COMMAND)
        self.responses = np.zeros(count, RESPONSE)
        cdef uint64_t[::1] registers = self.registers
        cdef card_command[::1] commands = self.commands
        cdef card_response[::1] responses = self.responses
        self.page.registers = &registers[0]
        self.page.commands = &commands[0]
        self.page.responses = &responses[0]
        self.page.size = count

    def read(self, int place):
        return card_read(&self.page, place)

    def write(self, int place, uint64_t value):
        card_write(&self.page, place, value)
