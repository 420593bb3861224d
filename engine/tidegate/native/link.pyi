"""The conversation of two stages about the lanes between them, so that no record is lost."""

from typing import Self, final

from tidegate.native.numbered import NumberedSource
from tidegate.native.retained import RetainedTarget

QUIET_MS_MAX: int

@final
class Link:
    """All lane ends that a stage has towards one other stage."""

    target: RetainedTarget
    second_target: RetainedTarget | None
    source: NumberedSource
    second_source: NumberedSource | None
    quiet: bool
    def __new__(
        cls,
        target: RetainedTarget,
        source: NumberedSource,
        *,
        second_target: RetainedTarget | None = None,
        second_source: NumberedSource | None = None,
    ) -> Self:
        """Two lanes one way and one back at most; LaneError for two and two."""

    def tend_at(self, now_ns: int) -> None:
        """Act on what was heard and send what is due at this time; nothing blocks."""
