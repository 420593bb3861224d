"""What became of every order that a strategy sent, counted from the raw reports.

Independent of the client's own order states: the proof that each order sent has exactly one
final state compares this count with what was sent.
"""

from collections import Counter

import msgspec

from tidegate.client.report import Order, Report
from tidegate.native.records import ExecType, Kind, Reason


class Outcome(msgspec.Struct):
    """A strategy's result; written as JSON for the demo's parent process."""

    session: str
    sent: int = 0
    final: int = 0
    doubled: int = 0
    fills: int = 0
    cancels: int = 0
    replaces: int = 0
    refused_here: dict[str, int] = {}
    denied: dict[str, int] = {}
    rejected: dict[str, int] = {}
    unfinished: list[int] = []
    positions_left: dict[str, int] = {}


class Tally:
    """Feeds an Outcome from orders sent and reports received."""

    def __init__(self, session: str) -> None:
        self.outcome = Outcome(session)
        self.positions: Counter[str] = Counter()
        self._orders: list[Order] = []
        self._finals: Counter[int] = Counter()

    def sent(self, orders: list[Order]) -> None:
        self._orders += orders
        self.outcome.sent += len(orders)

    def note(self, report: Report) -> None:
        """One report; a final one is counted under its order's first name."""
        if report.kind == Kind.CANCEL_REJECT or report.is_poss_dup:
            return
        if report.is_fill and report.account is not None:
            self.outcome.fills += 1
            sign = 1 if report.side is not None and report.side.name == "BUY" else -1
            self.positions[report.account] += sign * report.last_qty
        if report.exec_type == ExecType.EXEC_CANCELED:
            self.outcome.cancels += 1
        if report.exec_type == ExecType.EXEC_REPLACED:
            self.outcome.replaces += 1
        self._count_refusal(report)
        # The venue's names change with a replace; order_id does not.
        key = report.order_id or -report.cl_ord_id
        if report.is_final and report.reason != Reason.DUPLICATE_CL_ORD_ID:
            self._finals[key] += 1
        elif report.is_final:
            self.outcome.final += 1

    def _count_refusal(self, report: Report) -> None:
        if report.reason is None or not report.is_final:
            return
        counts = self.outcome.rejected if report.order_id else self.outcome.denied
        counts[report.reason.name] = counts.get(report.reason.name, 0) + 1

    def unfinished(self) -> list[Order]:
        """Orders without a final state."""
        self._orders = [order for order in self._orders if not order.is_final]
        return self._orders

    def close(self) -> Outcome:
        """The result; `final` counts orders with one final report, `doubled` those with more."""
        self.outcome.final += len(self._finals)
        self.outcome.doubled = sum(1 for count in self._finals.values() if count > 1)
        self.outcome.unfinished = [order.cl_ord_id for order in self.unfinished()]
        self.outcome.positions_left = {name: lots for name, lots in self.positions.items() if lots}
        return self.outcome
