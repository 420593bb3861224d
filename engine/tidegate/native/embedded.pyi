"""The engine inside a strategy's own process: risk's step on the caller's thread, no gateway."""

from typing import Any, Self, final

import numpy.typing as npt

from tidegate.native.retained import RetainedTarget
from tidegate.native.risk_agent import RiskAgent

FLUSH_EVERY_MAX: int

@final
class Embedded:
    """One session's engine; embedded.pxd has what Cython calls without the GIL."""

    session: int
    operator_session: int
    is_usable: bool
    refusals: dict[int, int]
    def __new__(
        cls,
        *,
        agent: RiskAgent,
        routes: RetainedTarget,
        reports: RetainedTarget,
        words: npt.NDArray[Any],
        account_count: int,
        session: int,
        operator_session: int,
        latency: npt.NDArray[Any],
        flush_every: int,
    ) -> Self:
        """`words` = account_words() of the session; operator_session 0 = none.

        routes and reports are the agent's. ValueError for other shapes.
        """

    def submit_rows(self, rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Requests in order, each signed in place; the Reason of each, 0 = accepted."""

    def operate_row(self, rows: npt.NDArray[Any]) -> tuple[int, npt.NDArray[Any]]:
        """One control record of the operator's: its reason, and the record that answers it."""

    def flush_all(self) -> bool:
        """Hand on what was decided; False while a lane has no room for all of it."""

    def poll_rows(self, limit: int = 256) -> npt.NDArray[Any]:
        """A duty cycle, then at most `limit` reports; those of the call before are taken now.

        SessionError when closed or in a forked child; JournalError as RiskAgent.run().
        """

    def wait(self, timeout_ms: int) -> int:
        """Until a lane has something, at most so long; other threads run meanwhile."""

    def work(self) -> int:
        """A duty cycle without taking reports: they stay for whoever polls next."""

    def close(self) -> None:
        """From now on every call is refused; what owns the tables and lanes closes them."""
