"""The order map: one row an order, at the index in the low half of its order_id."""

from enum import IntEnum

import numpy as np

ROUTE_ROW: np.dtype[np.void]

class RouteState(IntEnum):
    ROUTE_FREE = 0
    ROUTE_PENDING_NEW = 1
    ROUTE_WORKING = 2
    ROUTE_DONE = 3
    ROUTE_ENDED = 4
