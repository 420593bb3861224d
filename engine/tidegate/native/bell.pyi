"""The doorbell of a process that sleeps: a word in a file, and a fifo beside it."""

from typing import Self, final

@final
class Bell:
    """Either end: the process that sleeps, or one that wakes it."""

    path: str
    fifo: int
    is_asleep: bool
    rings: int
    def __new__(cls, path: str) -> Self:
        """Open the bell's files, or make them; LaneError when they cannot be."""

    def rearm(self) -> None:
        """For who sleeps in a poll of its own: the fifo is drained, and rung from now on."""

    def close(self) -> None:
        """Nothing may ring it or sleep in it any more."""

def open_word(path: str) -> object:
    """The file of a bell_row, mapped; made when it is not there."""

def open_fifo(path: str) -> int:
    """For both ends: held open to read and to write, so it never ends and never breaks."""
