"""A ZeroMQ context of one incarnation of a stage, with the simulator's ends of its lanes in it."""

from typing import Any

import zmq

from tidegate.native.wire_end import Ends, WireEnd

Socket = zmq.Socket[bytes]


class Place(zmq.Context[Socket]):
    """Knows its sockets, so that all can be made to look into their mailboxes."""

    made: list[Socket]
    ends: Ends | None

    def __init__(self) -> None:
        # Everything is inproc, which needs no thread for input and output.
        super().__init__(io_threads=0)
        # pyzmq takes an unknown attribute of a context for an option of its sockets.
        object.__setattr__(self, "made", [])
        object.__setattr__(self, "ends", None)

    def socket(self, *args: Any, **kwargs: Any) -> Socket:
        """A socket that settle() knows."""
        made = super().socket(*args, **kwargs)
        self.made.append(made)
        object.__setattr__(self, "ends", None)
        return made

    def open_end(self, kind: int, hwm: int) -> WireEnd:
        """A socket of the simulator's own; the caller binds or connects it."""
        socket = self.socket(kind)
        socket.linger = 0
        socket.set_hwm(hwm)
        return WireEnd(socket)

    def settle(self) -> None:
        """Let every socket see what the others did."""
        ends = self.ends
        if ends is None:
            live = [socket for socket in self.made if not socket.closed]
            ends = Ends(live)
            object.__setattr__(self, "made", live)
            object.__setattr__(self, "ends", ends)
        ends.settle()

    def end(self) -> None:
        """As if the process had died: nothing is flushed, nobody is told."""
        self.destroy(linger=0)
