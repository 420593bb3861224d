"""Gateway, risk and router in one thread, turn by turn."""

from typing import Self, final

from tidegate.native.gateway_agent import GatewayAgent
from tidegate.native.poll import Poller
from tidegate.native.risk_agent import RiskAgent
from tidegate.native.router_agent import RouterAgent

@final
class Turns:
    """The three agents of a fused run; all wait with the one poller."""

    def __new__(
        cls, *, gateway: GatewayAgent, risk: RiskAgent, router: RouterAgent, poller: Poller
    ) -> Self: ...
    def run(self, for_ms: int) -> bool:
        """Rounds for about `for_ms`, or until there is something that only Python does.

        False when the poller was stopped.
        """

    def finish(self) -> None:
        """After the last round: what is in the gateway's lanes and outbox is flushed."""
