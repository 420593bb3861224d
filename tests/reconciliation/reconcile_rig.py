"""Risk's tables stepped by hand, the reconciliation stage beside them, and a venue that states
whatever the test says.
"""

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import zmq

from tidegate import risk_state, topology
from tidegate.audit import audit
from tidegate.config import load_universe
from tidegate.native.lane import LaneSource
from tidegate.native.pretrade import Pretrade
from tidegate.native.records import (
    CONTROL_RECORD,
    EXECUTION_RECORD,
    LAYOUT_VERSION,
    ORDER_RECORD,
    RECORD,
    ExecType,
    Kind,
    OrdType,
    PositionEffect,
    Side,
    TimeInForce,
)
from tidegate.native.routing import CHANNEL_ROW, ChannelState
from tidegate.reconcile_stage import ReconcileStage
from tidegate.reconciliation.statement import Stated, StatedOrder, Statement
from tidegate.region import Region
from tidegate.run_dir import RunDir
from tidegate.universe import Universe

OPERATOR = 2
NET, SIDED = 1, 2
MULTIPLIER, MONEY = 100, 10_000
# Of one tick of 0.1 of one lot.
TICK_VALUE = MULTIPLIER * MONEY // 10
CONFIG = """
[[venues]]
name = "X"
kind = "simulated"
message_rate_per_s = 1000
message_burst = 1000

[[instruments]]
symbol = "AU"
product = "AU"
venue = "X"
currency = "USD"
tick_size = "0.1"
multiplier = 100
settlement = "100.0"
max_order_qty = 100
collar_ticks = 1000
stale_ms = 3_600_000
margin_long_per_lot = 1000
margin_short_per_lot = 1000
fee_per_lot = "1.5"

[[instruments]]
symbol = "RB"
product = "RB"
venue = "X"
currency = "USD"
tick_size = "0.1"
multiplier = 100
settlement = "100.0"
max_order_qty = 100
collar_ticks = 1000
stale_ms = 3_600_000
margin_model = "sides"
margin_long_per_lot = 1000
margin_short_per_lot = 1000
fee_per_lot = "1.5"

[[masters]]
name = "plain"
venue = "X"
cash = { USD = 50_000_000 }

[[masters]]
name = "pooled"
venue = "X"
cash = { USD = 40_000_000 }

[[groups]]
name = "own"
master = "plain"

[[groups]]
name = "members"
master = "pooled"

[[accounts]]
name = "one"
group = "own"
products = ["AU", "RB"]
cash = { USD = 10_000_000 }
max_position = 500

[[accounts]]
name = "member-{n}"
count = 2
group = "members"
products = ["AU", "RB"]
pool = "pooled"
slice = { USD = 5_000_000 }
max_position = 500

[[sessions]]
name = "algo"
accounts = ["own", "members"]

[[sessions]]
name = "desk"
role = "operator"
"""


class Given:
    """A venue's report as a test gives it; None = the venue does not answer."""

    def __init__(self) -> None:
        self.statement: Statement | None = None
        self.questions = 0
        self._is_asked = False

    def ask(self) -> bool:
        self.questions += 1
        self._is_asked = True
        return True

    def take(self) -> Statement | None:
        is_asked, self._is_asked = self._is_asked, False
        return self.statement if is_asked else None

    def close(self) -> None:
        pass


class Venue:
    """What happened there, and the report of it."""

    def __init__(self) -> None:
        self.last_exec_id = 0
        self.positions: dict[tuple[str, str], int] = defaultdict(int)
        self.traded: dict[str, int] = defaultdict(int)
        self.incarnation = 1
        self.orders: dict[tuple[str, int], StatedOrder] = {}

    def deal(self, master: str, code: str, lots: int, price: int) -> None:
        self.last_exec_id += 1
        self.positions[master, code] += lots
        self.traded[master] -= lots * price * TICK_VALUE

    def statement(self) -> Statement:
        return Statement(
            self.incarnation,
            {
                master: Stated(
                    last_exec_id=self.last_exec_id,
                    positions={c: lots for (m, c), lots in self.positions.items() if m == master},
                    traded_value={"USD": self.traded[master]},
                    fees={"USD": 0},
                    orders=tuple(o for (m, _), o in self.orders.items() if m == master),
                )
                for master in ("plain", "pooled")
            },
        )


class Rig:
    """Everything; `now` is the stage's clock, in seconds."""

    def __init__(self, path: Path, context: "zmq.Context[Any]") -> None:
        config = path / "desk.toml"
        config.write_text(CONFIG)
        self.run_dir = RunDir(path / "run")
        self.run_dir.create()
        self.universe: Universe = load_universe(config, self.run_dir)
        self.run_dir.write_universe(self.universe)
        self.tables, self.regions = risk_state.in_regions(self.universe, self.run_dir)
        self.channels = Region.create(self.run_dir.region("channels"), CHANNEL_ROW, 2)
        self.channels.rows["incarnation"][1] = 1
        self.set_channel(ChannelState.CHANNEL_UP)
        self.step = Pretrade(self.tables)
        self.control = LaneSource(
            context, topology.endpoint(self.universe, "control"), numbered=False
        )
        self.context = context
        self.venue, self.given = Venue(), Given()
        self.stage = self.start_stage()
        self.orders = 0
        self.now = 1000.0
        self.handles = {account.name: account.handle for account in self.universe.accounts}
        for handle in (NET, SIDED):
            self.run(RECORD, Kind.MARK, instrument=handle, price=1000)

    def start_stage(self) -> ReconcileStage:
        return ReconcileStage(self.universe, self.run_dir, self.context, {"X": self.given})

    def set_channel(self, state: ChannelState) -> None:
        self.channels.rows["state"][1] = state

    def run(self, dtype: np.dtype[Any], kind: Kind, **fields: Any) -> Any:
        """Steps one record; (routes, reports)."""
        row = np.zeros(1, dtype)
        row["kind"], row["layout_version"] = kind, LAYOUT_VERSION
        for name, value in fields.items():
            row[name] = value
        return self.take(row.view(RECORD))

    def take(self, row: Any) -> Any:
        row["sequence"] = int(self.tables.arrays["risk"]["sequence"][0]) + 1
        outputs = self.step.step(row)
        assert audit(self.tables.arrays) == []
        return outputs

    def order(self, account: str, instrument: int, lots: int, price: int, **more: Any) -> int:
        """A new order, accepted at the venue; its order_id."""
        self.orders += 1
        is_sided = instrument == SIDED
        routes, _ = self.run(
            ORDER_RECORD,
            Kind.NEW_ORDER_SINGLE,
            cl_ord_id=self.orders,
            session=1,
            account=self.handles[account],
            instrument=instrument,
            side=Side.BUY if lots > 0 else Side.SELL,
            order_qty=abs(lots),
            price=price,
            ord_type=OrdType.LIMIT,
            time_in_force=TimeInForce.DAY,
            position_effect=more.get("effect", PositionEffect.OPEN if is_sided else 0),
        )
        order_id = int(routes["order_id"][0])
        self.report(order_id, ExecType.EXEC_NEW)
        return order_id

    def report(self, order_id: int, exec_type: ExecType, **fields: Any) -> None:
        self.exec_id = getattr(self, "exec_id", 0) + 1
        self.run(
            EXECUTION_RECORD,
            Kind.EXECUTION_REPORT,
            order_id=order_id,
            exec_type=exec_type,
            exec_id=self.exec_id,
            **fields,
        )

    def cancel(self, order_id: int) -> None:
        """Asked for, not answered yet."""
        table = self.tables.arrays["orders"]
        [row] = table[table["order_id"] == order_id]
        self.orders += 1
        self.run(
            ORDER_RECORD,
            Kind.CANCEL_REQUEST,
            cl_ord_id=self.orders,
            orig_cl_ord_id=int(row["cl_ord_id"]),
            session=1,
            account=int(row["account"]),
            instrument=int(row["instrument"]),
        )

    def fill(self, account: str, instrument: int, lots: int, price: int, **more: Any) -> None:
        """Booked here alone."""
        order_id = self.order(account, instrument, lots, price, **more)
        self.report(order_id, ExecType.EXEC_TRADE, last_qty=abs(lots), last_px=price)

    def deal(self, account: str, instrument: int, lots: int, price: int, **more: Any) -> None:
        """On both sides."""
        self.fill(account, instrument, lots, price, **more)
        master = "plain" if account == "one" else "pooled"
        self.venue.deal(master, "AU" if instrument == NET else "RB", lots, price)

    def control_word(self, kind: Kind, **fields: Any) -> Any:
        """An operator's; its answer."""
        fields.setdefault("actor", OPERATOR)
        _, reports = self.run(CONTROL_RECORD, kind, **fields)
        assert int(reports["reason"][-1]) == 0, reports
        return reports

    def look(self, seconds: float = 1.0) -> list[dict[str, int]]:
        """A while passes, in which the venue states what happened there; what risk was told."""
        self.given.statement = self.venue.statement()
        found = []
        for _ in range(round(seconds / 0.1)):
            if self.work():
                found += self.told()
        return found

    def work(self) -> int:
        """A tenth of a second passes; how much the stage told."""
        self.now += 0.1
        return self.stage.work(self.now)

    def told(self) -> list[dict[str, int]]:
        """Takes what is on the control lane, gives it to risk and says what it was."""
        found = []
        while self.control.socket.poll(0 if found else 2000):
            rows = self.control.take_rows(64)
            for at in range(len(rows)):
                row = rows[at : at + 1].copy()
                said = row.view(CONTROL_RECORD)[0]
                names = ("account", "instrument", "currency", "order_id", "amount")
                found.append({name: int(said[name]) for name in names})
                self.take(row)
        return found

    def counts(self) -> dict[str, int]:
        return self.stage.watches[0].counts

    def close(self) -> None:
        self.stage.close()
        self.stage.counters.region.close()
        self.control.close()
        self.channels.close()
        for region in self.regions.values():
            region.close()
