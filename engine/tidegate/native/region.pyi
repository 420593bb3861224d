"""What region.py cannot say in Python: the header's layout and the seqlock."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

class _Region(Protocol):
    @property
    def header_bytes(self) -> npt.NDArray[np.uint8]: ...

MAGIC: int
HEADER_SIZE: int
HEADER: np.dtype[np.void]

def begin(region: _Region) -> None:
    """Open a change of several words; readers wait for its end."""

def end(region: _Region) -> None:
    """Close the change that begin opened."""

def read_consistent(
    region: _Region, source: npt.NDArray[np.uint8], out: npt.NDArray[np.uint8]
) -> int:
    """Copy source to out as it stood between two writes; returns the count of that moment."""
