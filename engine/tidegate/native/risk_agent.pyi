"""The risk stage's agent: takes records from its lanes, sequences, journals, steps, puts out."""

from typing import final

from tidegate.native.journal import Journal
from tidegate.native.lane import LaneSource, LaneTarget
from tidegate.native.poll import Poller
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
        executions: LaneSource,
        control: LaneSource,
        orders: LaneSource,
        routes: LaneTarget,
        reports: LaneTarget,
        drop_copy: LaneTarget,
        poller: Poller,
    ) -> None:
        """`region` is the one of the table "risk": its seqlock covers all of risk's tables."""

    def run(self, for_ms: int) -> bool:
        """Duty cycles for about `for_ms`, waiting for input when idle; False when stopped.

        JournalError when the disk failed a sync: what waited for it has not left and never will.
        """

    def work(self) -> int:
        """One duty cycle without waiting; how many records it ran. JournalError as run()."""
