"""The risk stage's agent: takes records from its lanes, sequences, journals, steps, puts out."""

from typing import Any, final

import numpy.typing as npt

from tidegate.native.journal import Journal
from tidegate.native.lane import LaneTarget
from tidegate.native.link import Link
from tidegate.native.numbered import NumberedSource
from tidegate.native.poll import Poller
from tidegate.native.retained import RetainedTarget
from tidegate.native.tables import Tables
from tidegate.region import Region

@final
class RiskAgent:
    """Outputs first, then venue reports, control and orders, in this order."""

    counters: dict[str, int]
    def __init__(
        self,
        *,
        tables: Tables,
        region: Region,
        journal: Journal,
        router_link: Link,
        gateway_link: Link | None = None,
        reports: RetainedTarget | None = None,
        control: NumberedSource | None = None,
        drop_copy: LaneTarget,
        poller: Poller,
    ) -> None:
        """`region` is the one of the table "risk": its seqlock covers all of risk's tables.

        The gateway's link has "control" as its second source. Without one, reports and control
        are given, and orders come by apply() alone; ValueError for anything between.
        """

    def note(self, text: bytes) -> bool:
        """Write a NOTE of risk's own (32 bytes) into the journal; False = it takes none now."""

    def resume(self, routes: npt.NDArray[Any], reports: npt.NDArray[Any]) -> None:
        """Begin with outputs that a process before this one gave and did not put out."""

    def run(self, for_ms: int) -> bool:
        """Duty cycles for about `for_ms`, waiting for input when idle; False when stopped.

        JournalError when the disk failed a sync: what waited for it has not left and never will.
        """

    def work(self) -> int:
        """One duty cycle without waiting; how many records it ran. JournalError as run()."""
