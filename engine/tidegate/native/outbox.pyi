"""What the gateway has told its clients: numbered, kept, sent, sent again."""

from typing import Any, Self, final

import numpy.typing as npt

from tidegate.native.front import Front
from tidegate.native.sessions import Peers

@final
class Outbox:
    """A ring of reports for each session."""

    def __new__(
        cls,
        front: Front,
        peers: Peers,
        sessions: npt.NDArray[Any],
        records: npt.NDArray[Any],
        counters: npt.NDArray[Any],
    ) -> Self: ...
