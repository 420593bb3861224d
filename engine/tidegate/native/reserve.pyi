"""The sending end of the lane "orders", with room kept for cancels."""

from typing import Self, final

from tidegate.native.lane import LaneTarget

@final
class ReservedTarget:
    """A lane end that refuses new orders when full and still holds `capacity` cancels."""

    lane: LaneTarget
    def __new__(cls, lane: LaneTarget, capacity: int) -> Self: ...
