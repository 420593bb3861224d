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

def lost(
    routing: Routing, channel: int, next_expected: int, given: int = 0
) -> npt.NDArray[Any] | None:
    """The first refusal of what the venue never got; None = nothing is left.

    It is put on the lane to risk as number `given`, then comes routing.finished().
    """

def missing(
    routing: Routing, channel: int, known: npt.ArrayLike, given: int = 0
) -> npt.NDArray[Any] | None:
    """The first report that ends what works here and is not in `known`, the venue's working
    orders by our order_id; None = nothing is left. Then as for lost."""
