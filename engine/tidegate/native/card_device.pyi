"""The card's end of its rings: takes commands as they stand there, in order, and answers each."""

from typing import Protocol, final

from tidegate.native.card_page import CardMemory

class _Decider(Protocol):
    """What decides: `native.fpga.Fpga` or `native.card.Card`."""

    @property
    def made_of(self) -> tuple[int, int, int]: ...
    @property
    def pipe(self) -> object: ...

@final
class CardDevice:
    """One card; a turn is what it does when it is rung."""

    def __new__(cls, memory: CardMemory, decider: _Decider) -> CardDevice: ...
    def turn(self, most: int = ...) -> int:
        """Take up to `most` commands, as far as there is room for answers; how many it were."""
