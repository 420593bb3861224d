"""Waiting on lanes and other sockets, stoppable from any thread.

Close a Poller before the lanes in it: it holds their sockets' addresses.
"""

from typing import Any, Self, final

import zmq

from tidegate.native.lane import LaneSource, LaneTarget

STOPPED: int
FAILED: int

@final
class Poller:
    """The poll set of one agent."""

    stopped: bool
    def __new__(cls, context: zmq.Context[Any], *, spin_ns: int = 0, yields: int = 0) -> Self:
        """Before it sleeps a wait spins for spin_ns, then gives its processor away so often."""

    def add_source(self, source: LaneSource) -> int:
        """Wait for this lane too; its number for readable()."""

    def add_socket(self, socket: zmq.Socket[Any]) -> int:
        """Wait for this socket too; its number for readable()."""

    def add_target(self, target: LaneTarget) -> None:
        """Let wait_room() wait for this lane."""

    def wait_rows(self, timeout_ms: int) -> int:
        """How many inputs can be read; 0 = time is up or a signal came; STOPPED; FAILED."""

    def wait_room(self, timeout_ms: int) -> int:
        """The same for the targets that hold unsent records; 1 at once when none does."""

    def readable(self, index: int) -> bool:
        """Whether the input of this number could be read at the last wait."""

    def stop(self) -> None:
        """End this and every later wait with STOPPED; from any thread or signal handler."""

    def close(self) -> None:
        """Close the control socket."""
