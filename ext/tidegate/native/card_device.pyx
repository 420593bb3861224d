"""The card's end of its rings: takes commands as they stand there, in order, and answers each.

Until the first epoch counts every order is denied KILL_SWITCH: the pipe itself is told to kill. A
wanted epoch counts once all that was put before it is taken; it is refused when it is not above the
last one, or when a load since that one was asked for was refused. So is every order while REG_KILL
is set, whatever a KILL in the ring says. While REG_HOLD is set, and once its pipe has not answered,
it takes nothing: it stands still.
"""
cimport cython
from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcpy, memset

from tidegate.native.card cimport (
    OP_KILL, OP_LIMIT, OP_ORDER, card_command, card_pipe, card_response,
)
from tidegate.native.card_page cimport (
    REG_COMMANDS_PUT, REG_COMMANDS_TAKEN, REG_EPOCH, REG_EPOCHS_REFUSED, REG_EPOCH_WANTED,
    REG_HOLD, REG_IDENTITY, REG_KILL, REG_LAYOUT, REG_LOADS_REFUSED, REG_ORDERS,
    REG_ORDERS_ACCEPTED, REG_RESPONSES_PUT, REG_RESPONSES_TAKEN, REG_VERSION, CardMemory,
    card_read, card_write,
)
from tidegate.native.verdict cimport DECIDED_BIT

cdef uint64_t PASSED = <uint64_t>1 << DECIDED_BIT


@cython.final
cdef class CardDevice:
    """One card; a turn is what it does when it is rung."""

    def __cinit__(self, CardMemory memory not None, decider not None):
        self.memory = memory
        self.decider = decider
        self.pipe = <card_pipe*>PyCapsule_GetPointer(decider.pipe, b"card_pipe")
        self.page = &memory.page
        # What it says of itself is what it was compiled with, not what its host was.
        for place, value in zip((REG_IDENTITY, REG_VERSION, REG_LAYOUT), decider.made_of):
            memory.write(place, value)
        self.is_good = True
        self.is_still = not self.tell_kill(True)

    def turn(self, int64_t most=CARD_BATCH):
        return self.turn_card(most)

    cdef int64_t turn_card(self, int64_t most) noexcept nogil:
        cdef uint64_t size = self.page.size
        cdef uint64_t taken = card_read(self.page, REG_COMMANDS_TAKEN)
        cdef uint64_t put = card_read(self.page, REG_COMMANDS_PUT)
        cdef int64_t left = size - (taken - card_read(self.page, REG_RESPONSES_TAKEN))
        cdef uint64_t first = taken & (size - 1)
        cdef int64_t count = min(min(most, CARD_BATCH), min(<int64_t>(put - taken), left))
        if self.is_still or card_read(self.page, REG_HOLD):
            return 0
        self.heed_register()
        if self.is_still:
            return 0
        count = min(count, <int64_t>(size - first))
        if count > 0:
            memcpy(self.commands, &self.page.commands[first], count * sizeof(card_command))
            self.heed_kill(count)
            if self.pipe.apply(
                self.pipe.self, self.commands, &self.page.responses[first], count
            ) != count:
                self.is_still = True
                return 0
            self.note(&self.page.responses[first], count)
            taken += count
            card_write(self.page, REG_COMMANDS_TAKEN, taken)
            card_write(self.page, REG_RESPONSES_PUT, taken)
        self.look_at_epoch(taken)
        return max(count, 0)

    cdef void note(self, const card_response* responses, int64_t count) noexcept nogil:
        cdef bint is_passed
        cdef int64_t i
        for i in range(count):
            is_passed = responses[i].verdict == PASSED
            if self.commands[i].op == OP_ORDER:
                self.add(REG_ORDERS, 1)
                self.add(REG_ORDERS_ACCEPTED, is_passed)
            elif self.commands[i].op >= OP_LIMIT and not is_passed:
                self.add(REG_LOADS_REFUSED, 1)
                self.is_good = False

    cdef void look_at_epoch(self, uint64_t taken) noexcept nogil:
        cdef uint64_t wanted = card_read(self.page, REG_EPOCH_WANTED)
        cdef uint64_t epoch = card_read(self.page, REG_EPOCH)
        if wanted == epoch or wanted == self.refused_epoch:
            return
        # Looked at behind what is wanted: all that was put before that is in it.
        if taken != card_read(self.page, REG_COMMANDS_PUT):
            return
        if wanted < epoch or not self.is_good:
            self.is_good = True
            self.refused_epoch = wanted
            self.add(REG_EPOCHS_REFUSED, 1)
            return
        if epoch == 0 and not self.tell_kill(self.is_killed or self.is_stopped):
            self.is_still = True
            return
        card_write(self.page, REG_EPOCH, wanted)

    cdef void heed_register(self) noexcept nogil:
        cdef bint is_stopped = card_read(self.page, REG_KILL) != 0
        if is_stopped != self.is_stopped:
            self.is_stopped = is_stopped
            self.is_still |= not self.tell_kill(
                is_stopped or self.is_killed or card_read(self.page, REG_EPOCH) == 0
            )

    cdef void heed_kill(self, int64_t count) noexcept nogil:
        """What the last KILL in the ring says; none of them ends that of the register, or that
        before the first epoch."""
        cdef bint is_held = self.is_stopped or card_read(self.page, REG_EPOCH) == 0
        cdef int64_t i
        for i in range(count):
            if self.commands[i].op == OP_KILL and self.commands[i].index <= 1:
                self.is_killed = self.commands[i].index
                self.commands[i].index |= is_held

    cdef bint tell_kill(self, bint is_killed) noexcept nogil:
        cdef card_command command
        cdef card_response response
        memset(&command, 0, sizeof(command))
        command.op = OP_KILL
        command.index = is_killed
        return self.pipe.apply(self.pipe.self, &command, &response, 1) == 1

    cdef void add(self, int place, uint64_t count) noexcept nogil:
        card_write(self.page, place, card_read(self.page, place) + count)
