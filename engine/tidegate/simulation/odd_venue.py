"""A venue that also does what venues do on bad days: it reports things again, and fills an order
after it has said that it was canceled."""

from random import Random
from typing import Any

import zmq

from tidegate.native.records import ExecType, Kind
from tidegate.simulation.faults import Faults
from tidegate.venue import wire
from tidegate.venue.agent import VenueAgent
from tidegate.venue.feed import Feed
from tidegate.venue.settings import Settings
from tidegate.venue.wire import Row

RECENT_MAX = 32
_CANCELED = int(ExecType.EXEC_CANCELED)
_EXECUTION = int(Kind.EXECUTION_REPORT)
LATE_NS_MAX = 50_000_000
# Of an execution's body.
_EXEC_ID, _LAST_PX, _LAST_QTY, _MATCH, _CUM = range(wire.BODY, wire.BODY + 5)


class OddVenue(VenueAgent):
    """The venue's agent, with what is drawn from the run's faults."""

    def __init__(
        self,
        settings: Settings,
        feed: Feed,
        context: zmq.Context[Any],
        now_ns: int,
        faults: Faults,
    ) -> None:
        self._faults = faults
        self._odd = Random(settings.seed)
        self._recent: list[Row] = []
        super().__init__(settings, feed, context, now_ns)

    def _report(self, rows: list[Row], now_ns: int) -> None:
        super()._report(rows, now_ns)
        for row in rows:
            if row[wire.KIND] != _EXECUTION:
                continue
            if row[wire.EXEC_TYPE] == _CANCELED and self._faults.chance("late_fill"):
                self._fill_late(row, now_ns)
            self._recent.append(row)
        del self._recent[:-RECENT_MAX]
        if self._recent and self._faults.chance("repeat_report"):
            self.front.report([self._odd.choice(self._recent)], now_ns)

    def _fill_late(self, row: Row, now_ns: int) -> None:
        """What crossed the cancel on its way: one more trade, booked and reported."""
        exchange = self.exchange
        leaves = row[wire.ORDER_QTY] - row[_CUM]
        price = exchange.mark(row[wire.INSTRUMENT])
        if leaves < 1:
            return
        qty = self._odd.randint(1, leaves)
        account, security_id = row[wire.ACCOUNT], row[wire.INSTRUMENT]
        security = exchange.securities[security_id]
        exchange.ledger.book(account, security, row[wire.SIDE], qty, price)
        late = list(row)
        late[wire.EXEC_TYPE] = int(ExecType.EXEC_TRADE)
        late[wire.REASON] = 0
        late[_EXEC_ID] = exchange.next_exec_id(account)
        late[_LAST_PX], late[_LAST_QTY], late[_MATCH] = price, qty, 0
        late[_CUM] = row[_CUM] + qty
        self.front.report([tuple(late)], now_ns + self._odd.randrange(LATE_NS_MAX))
