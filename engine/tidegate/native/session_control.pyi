"""A session's own messages and its timers: everything that is not an order or a report."""

from typing import Self, final

from tidegate.native.intents import Intents
from tidegate.native.outbox import Outbox
from tidegate.native.reserve import ReservedTarget

@final
class SessionControl:
    """Logons, logouts, heartbeats, gaps and mass cancels."""

    def __new__(cls, outbox: Outbox, orders: ReservedTarget, intents: Intents) -> Self: ...
