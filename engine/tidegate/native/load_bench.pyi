from typing import Any, Self, final

import numpy.typing as npt
import zmq

FINAL_STATE: int
UNANSWERED_STATE: int
WORKING_STATE: int

@final
class Load:
    """One DEALER; `drive` may be called again and again over it.

    rings = paths of what it sends and takes instead, in shared memory with the gateway.
    """

    socket: zmq.Socket[Any]
    def __new__(
        cls, socket: zmq.Socket[Any], rings: tuple[str, str] | None = None, hwm: int = 0
    ) -> Self: ...
    def drive(
        self,
        rows: npt.NDArray[Any],
        due_ns: npt.NDArray[Any],
        *,
        canceled_by: npt.NDArray[Any],
        window: int = 0,
        frame_records: int = 1,
        patience_ns: int,
        spins: bool = False,
    ) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any], dict[str, int]]:
        """Send all rows until each is answered, or nothing has come for patience_ns.

        (ns of each answer, -1 = none; its state; the exec_type or kind that ended it; counts).
        rows have consecutive cl_ord_ids; due_ns counts from the start; canceled_by[i] = the row
        that cancels row i, or -1. A frame has at most frame_records, all due.
        """
