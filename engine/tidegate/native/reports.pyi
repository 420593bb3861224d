"""The router's step for a report: recognised, put in our own names, noted in the order map."""

from typing import Any

import numpy.typing as npt

from tidegate.native.routing import Routing

def report(
    routing: Routing, channel: int, rows: npt.NDArray[Any], now_ns: int, given: int = 0
) -> tuple[bool, npt.NDArray[Any]]:
    """The step for one report: (whether it is to go to risk, out).

    If so out is put on the lane to risk as number `given`, then comes finished().
    """

def finished(routing: Routing, channel: int, rows: npt.NDArray[Any], out: npt.NDArray[Any]) -> None:
    """The report stands on the lane to risk."""
