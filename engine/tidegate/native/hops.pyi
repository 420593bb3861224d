"""What it costs to hand a word to another process and to be answered, by way of waiting."""

from typing import Any

import numpy as np
import numpy.typing as npt

WORDS: int
WAYS: tuple[str, ...]

def answer(words: npt.NDArray[np.uint32], way: int, rounds: int, patience_ns: int) -> int:
    """Answer each of the asker's counts with the same; how many there were.

    words: WORDS of uint32, zeros, that both processes map; way: an index of WAYS. Ends early
    when nothing came for patience_ns.
    """

def ask(
    words: npt.NDArray[np.uint32], way: int, taken_ns: npt.NDArray[np.int64], patience_ns: int
) -> int:
    """Count up, wait for each answer; fills taken_ns with the time of each round trip.

    How many rounds there were: fewer where no answer came for patience_ns.
    """

def answer_socket(socket: Any, rounds: int) -> int:
    """Send back what comes over a PAIR socket; how many came before its RCVTIMEO."""

def ask_socket(socket: Any, taken_ns: npt.NDArray[np.int64]) -> int:
    """As ask(), with a frame of one record over a PAIR socket."""

def clock_cost(taken_ns: npt.NDArray[np.int64]) -> None:
    """Fills taken_ns with the time between two looks at the clock, one after the other."""
