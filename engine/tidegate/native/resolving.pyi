"""What a logon settles: requests that the venue never got, orders that it has no more."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegate.native.routing import Routing

def unknown(
    routing: Routing,
    channel: int,
    order_ids: npt.NDArray[np.uint64],
    cum_qtys: Sequence[int],
) -> list[int]:
    """The places of a venue's working orders that do not live in the map.

    Those that do with another filled quantity are counted in orders_differ.
    """

def lost(routing: Routing, channel: int, next_expected: int, count_max: int) -> npt.NDArray[Any]:
    """Refusals of what the venue never got, each finished; call until it gives none."""

def missing(
    routing: Routing, channel: int, known: npt.ArrayLike, count_max: int
) -> npt.NDArray[Any]:
    """Reports that end what works here and is not in `known`, the venue's working orders by our
    order_id, each finished; call until it gives none."""
