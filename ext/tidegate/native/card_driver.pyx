"""The host's end of a card's rings: opens it, gives commands, takes answers, asks for epochs.

Ringing the doorbell is the simulated card's turn. A card that has not answered after LOOKS_MAX
looks at its ring stands still; one that has answered what nobody asked is wrong. Neither is ever
looked at again, and its kill register is set: should it wake, it passes nothing.
"""
cimport cython
from libc.stdint cimport int64_t, uint64_t

from tidegate.errors import CardError
from tidegate.native.card import IDENTITY, LAYOUT_HASH, LAYOUT_VERSION

from tidegate.native.card cimport card_command, card_response
from tidegate.native.card_device cimport CARD_BATCH, CardDevice
from tidegate.native.card_page cimport (
    REG_COMMANDS_PUT, REG_EPOCH, REG_EPOCHS_REFUSED, REG_EPOCH_WANTED, REG_IDENTITY, REG_KILL,
    REG_LAYOUT, REG_LOADS_REFUSED, REG_RESPONSES_PUT, REG_RESPONSES_TAKEN, REG_VERSION, card_read,
    card_write,
)

cdef enum:
    LOOKS_MAX = 1000


@cython.final
cdef class CardDriver:
    """One card as its host sees it. CardError where it is no card, or one of another layout."""

    def __cinit__(self, CardDevice device not None):
        self.device = device
        self.memory = device.memory
        self.page = &device.memory.page
        for place, name, expected in (
            (REG_IDENTITY, "identity", IDENTITY),
            (REG_VERSION, "layout version", LAYOUT_VERSION),
            (REG_LAYOUT, "layout hash", LAYOUT_HASH),
        ):
            found = card_read(self.page, place)
            if found != expected:
                raise CardError(f"the card's {name} is {found:#x}; expected {expected:#x}")

    cdef int64_t put(self, const card_command* commands, int64_t count) noexcept nogil:
        """As many as there is room for; how many it were."""
        cdef uint64_t size = self.page.size
        cdef uint64_t put = self.commands_put
        cdef int64_t i
        count = min(count, <int64_t>(size - (put - self.responses_taken)))
        for i in range(count):
            self.page.commands[(put + i) & (size - 1)] = commands[i]
        self.commands_put += count
        card_write(self.page, REG_COMMANDS_PUT, self.commands_put)
        return count

    cdef int64_t take(self, card_response* responses, int64_t room) noexcept nogil:
        """The answers that are there; how many it were."""
        cdef uint64_t taken = self.responses_taken
        cdef uint64_t count = card_read(self.page, REG_RESPONSES_PUT) - taken
        cdef uint64_t i
        if count > self.commands_put - taken or count > <uint64_t>room:
            self.is_wrong = True
            return 0
        for i in range(count):
            responses[i] = self.page.responses[(taken + i) & (self.page.size - 1)]
        self.responses_taken += count
        card_write(self.page, REG_RESPONSES_TAKEN, self.responses_taken)
        return count

    cdef int64_t exchange_all(
        self, const card_command* commands, card_response* responses, int64_t count
    ) noexcept nogil:
        cdef int64_t given = 0, taken = 0, came
        cdef int looks = 0
        while taken < count and not self.is_still and not self.is_wrong:
            given += self.put(&commands[given], count - given)
            self.device.turn_card(CARD_BATCH)
            came = self.take(&responses[taken], count - taken)
            taken += came
            looks = 0 if came else looks + 1
            self.is_still = looks > LOOKS_MAX
        if taken < count:
            self.kill()
        return taken

    cdef void kill(self) noexcept nogil:
        card_write(self.page, REG_KILL, 1)

    def exchange(self, const card_command[::1] commands, card_response[::1] responses):
        if len(commands) != len(responses):
            raise ValueError(f"{len(commands)} commands need as many responses, got "
                             f"{len(responses)}")
        if len(commands) == 0:
            return
        cdef int64_t came = self.exchange_all(&commands[0], &responses[0], len(commands))
        if came != len(commands):
            raise CardError(f"the card has answered {came} of {len(commands)} commands and "
                            + ("says that it has answered more than it was given"
                               if self.is_wrong else "stands still"))

    def commit(self, uint64_t epoch):
        cdef uint64_t refused = card_read(self.page, REG_EPOCHS_REFUSED)
        cdef uint64_t before = card_read(self.page, REG_EPOCH)
        if epoch <= before:
            raise CardError(f"the card has epoch {before}; expected one below {epoch}: these "
                            "tables are older than what it has")
        card_write(self.page, REG_EPOCH_WANTED, epoch)
        self.device.turn_card(CARD_BATCH)
        if card_read(self.page, REG_EPOCHS_REFUSED) != refused:
            raise CardError(f"the card refused epoch {epoch}: "
                            f"{card_read(self.page, REG_LOADS_REFUSED)} loads were refused")
        if card_read(self.page, REG_EPOCH) != epoch:
            self.kill()
            raise CardError(f"the card has not taken epoch {epoch} and stands still")
