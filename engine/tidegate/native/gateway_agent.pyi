"""The gateway's agent: clients on one side, risk's lanes on the other."""

from typing import Any, Self, final

import numpy as np
import numpy.typing as npt
import zmq

from tidegate.native.door import Door
from tidegate.native.intents import Intents
from tidegate.native.link import Link
from tidegate.native.poll import Poller

@final
class GatewayAgent:
    """Owns the front socket, the lanes and the regions of one gateway while run() runs."""

    def __new__(
        cls,
        *,
        front: zmq.Socket[bytes],
        door: Door,
        desk: zmq.Socket[bytes],
        link: Link,
        poller: Poller,
        sessions: npt.NDArray[Any],
        outbox: npt.NDArray[Any],
        intents: Intents,
        counters: npt.NDArray[Any],
        latency: npt.NDArray[Any],
        accounts: npt.NDArray[np.uint64],
        account_count: int,
        operators: npt.NDArray[np.uint8],
    ) -> Self:
        """The link's lanes: orders and control out, reports in; door = the sessions' rings."""

    def run(self) -> None:
        """Work until the poller is stopped; what is in the lanes is flushed."""

    def work(self) -> int:
        """One duty cycle without waiting; how many messages, reports and answers it took."""
