"""The stage "fused": gateway, risk and router in one process, with one thread for their agents.

Each is made as it is in a process of its own, over the same regions and lanes. The agents take
turns in one thread (native.turns), which between its runs does what each of them does between
duty cycles; the gateway's desk has the main thread, as always. Who kills this kills all three.
"""

import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from threading import current_thread, main_thread

import zmq

from tidegate import lane_ends, topology
from tidegate.gateway import Gateway
from tidegate.native.turns import Turns
from tidegate.risk import Risk
from tidegate.router import Router
from tidegate.run_dir import RunDir
from tidegate.stopping import on_stop
from tidegate.universe import Universe

RUN_MS = 100
# How long the agents' thread may wait for the desk's Python, which is 5 ms by default.
SWITCH_S = 1e-4


class Fused:
    """The three stages, made in the order of their start and closed in reverse."""

    def __init__(
        self, universe: Universe, run_dir: RunDir, context: zmq.Context[zmq.Socket[bytes]]
    ) -> None:
        poller = lane_ends.poller(universe, context)
        self.router = Router(universe, run_dir, context, poller=poller)
        self.risk = Risk(universe, run_dir, context, poller=poller)
        self.gateway = Gateway(universe, run_dir, poller=poller)
        self.turns = Turns(
            gateway=self.gateway.agent,
            risk=self.risk.agent,
            router=self.router.agent,
            poller=poller,
        )
        self._failure: Exception | None = None

    def serve(self) -> None:
        """On the agents' thread: rounds until the poller is stopped, or one of them fails."""
        try:
            self._serve()
        except Exception as error:
            self._failure = error

    def _serve(self) -> None:
        self.risk.journal.assist()
        self.router.tend()
        while self.turns.run(RUN_MS):
            self.router.settle()
            self.risk.settle()
        self.turns.finish()

    def close(self) -> None:
        """What the gateway has left open, which closes itself; raises what ended the agents."""
        self.risk.close()
        self.router.close()
        if self._failure is not None:
            raise self._failure


def main(universe: Universe, run_dir: RunDir, ready: Callable[[], None]) -> int:
    """Run all three until SIGTERM or SIGINT."""
    sys.setswitchinterval(SWITCH_S)
    with zmq.Context() as context, ExitStack() as locks:
        for name in topology.PATH:
            locks.callback(os.close, run_dir.lock_stage(name))
        stages = Fused(universe, run_dir, context)
        if current_thread() is main_thread():
            on_stop(stages.gateway.stop)
        try:
            stages.gateway.run(ready, stages.serve)
        finally:
            stages.close()
    return 0
