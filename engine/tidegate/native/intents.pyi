"""What the gateway is about to do where two words must move together, so that both or none do."""

from enum import IntEnum
from typing import Any, Self, final

import numpy as np
import numpy.typing as npt

from tidegate.native.retained import RetainedTarget

INTENT_ROW: np.dtype[Any]

class Intent(IntEnum):
    INTENT_NONE = 0
    INTENT_RECORD = 1
    INTENT_REPORT = 2
    INTENT_CANCEL = 3

@final
class Intents:
    """One row in the gateway's region; made before anything else touches sessions or lanes.

    taken = the last number of lane "reports" whose report is in an outbox.
    """

    taken: int

    def __new__(
        cls,
        rows: npt.NDArray[Any],
        sessions: npt.NDArray[Any],
        orders: RetainedTarget,
        controls: RetainedTarget,
    ) -> Self:
        """Finish or forget what the gateway before this one was about to do."""
