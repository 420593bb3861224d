"""Dtypes of the gateway's rows, derived from sessions.h, and the index of connections."""

from enum import IntEnum
from typing import Any, Self, final

import numpy as np

SESSION_ROW: np.dtype[Any]
GATEWAY_ROW: np.dtype[Any]

class SessionState(IntEnum):
    """Where a session is: never configured, out, logged on, or its connection lost."""

    SESSION_NONE = 0
    SESSION_OUT = 1
    SESSION_ON = 2
    SESSION_LOST = 3

@final
class Peers:
    """Which session a connection belongs to."""

    def __new__(cls, session_count: int) -> Self: ...
