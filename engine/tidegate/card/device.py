"""The card's end of its rings: takes commands as they stand there, in order, and answers each.

Until the first epoch counts every order is denied KILL_SWITCH: the pipe itself is told to kill. A
wanted epoch counts once all that was put before it is taken; it is refused when it is not above the
last one, or when a load since that one was asked for was refused.
"""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tidegate.card.registers import CardMemory, Register
from tidegate.native.card import COMMAND, RESPONSE, Op

PASSED = np.uint64(1 << 63)


class Pipe(Protocol):
    """What decides: `native.fpga.Fpga` or `native.card.Card`."""

    def apply(self, commands: NDArray[Any], responses: NDArray[Any]) -> None: ...


class CardDevice:
    """One card; `turn` is its clock."""

    def __init__(self, memory: CardMemory, pipe: Pipe) -> None:
        self.memory, self.pipe = memory, pipe
        self.is_good = True
        self.is_killing = True
        # What the last KILL in the ring says: both it and the switch must be off.
        self.is_killed_in_ring = False
        self.refused_epoch = 0
        self.tell_kill()

    def turn(self, most: int = 256) -> int:
        """Take up to `most` commands, as far as there is room for answers; how many it were."""
        memory = self.memory
        self.heed_kill()
        taken, put = memory.read(Register.COMMANDS_TAKEN), memory.read(Register.COMMANDS_PUT)
        room = len(memory.responses) - (taken - memory.read(Register.RESPONSES_TAKEN))
        count = min(most, put - taken, room)
        if count > 0:
            places = np.arange(taken, taken + count) % len(memory.commands)
            commands, responses = memory.commands[places], np.zeros(count, RESPONSE)
            self.heed_ring(commands)
            self.pipe.apply(commands, responses)
            memory.responses[places] = responses
            self.note(commands, responses)
            memory.write(Register.COMMANDS_TAKEN, taken + count)
            memory.write(Register.RESPONSES_PUT, taken + count)
        if memory.read(Register.COMMANDS_TAKEN) == put:
            self.look_at_epoch()
        return max(count, 0)

    def note(self, commands: NDArray[Any], responses: NDArray[Any]) -> None:
        passed = responses["verdict"] == PASSED
        orders = commands["op"] == Op.OP_ORDER
        self.add(Register.ORDERS, int(orders.sum()))
        self.add(Register.ORDERS_ACCEPTED, int((orders & passed).sum()))
        is_load = (commands["op"] >= Op.OP_LIMIT) & ~passed
        self.add(Register.LOADS_REFUSED, int(is_load.sum()))
        self.is_good = self.is_good and not is_load.any()

    def look_at_epoch(self) -> None:
        memory = self.memory
        wanted, epoch = memory.read(Register.EPOCH_WANTED), memory.read(Register.EPOCH)
        if wanted in (epoch, self.refused_epoch):
            return
        if wanted < epoch or not self.is_good:
            self.add(Register.EPOCHS_REFUSED, 1)
            self.is_good, self.refused_epoch = True, wanted
            return
        memory.write(Register.EPOCH, wanted)
        self.heed_kill()

    def heed_kill(self) -> None:
        """Before any command: the host's switch, and no epoch yet."""
        is_killing = bool(self.memory.read(Register.KILL) or not self.memory.read(Register.EPOCH))
        if is_killing != self.is_killing:
            self.is_killing = is_killing
            self.tell_kill()

    def heed_ring(self, commands: NDArray[Any]) -> None:
        kills = np.flatnonzero((commands["op"] == Op.OP_KILL) & (commands["index"] <= 1))
        if len(kills):
            self.is_killed_in_ring = bool(commands["index"][kills[-1]])
            if self.is_killing:
                commands["index"][kills] = 1

    def tell_kill(self) -> None:
        command, response = np.zeros(1, COMMAND), np.zeros(1, RESPONSE)
        command["op"] = Op.OP_KILL
        command["index"] = self.is_killing or self.is_killed_in_ring
        self.pipe.apply(command, response)

    def add(self, place: Register, count: int) -> None:
        self.memory.write(place, self.memory.read(place) + count)
