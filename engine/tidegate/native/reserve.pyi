"""The sending end of the lane "orders", with room kept for cancels."""

from typing import Self, final

from tidegate.native.retained import RetainedTarget

@final
class ReservedTarget:
    """A lane end that refuses new orders when three quarters of its ring are not yet taken."""

    lane: RetainedTarget
    def __new__(cls, lane: RetainedTarget) -> Self: ...
