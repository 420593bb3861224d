"""Risk's tables stepped by hand, the margin stage beside them, and what an operator tells both."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import zmq

from tidegate import risk_state, topology
from tidegate.audit import audit
from tidegate.client import notices
from tidegate.client.controls import Request, packed
from tidegate.client.names import Names
from tidegate.client.operator import Operator
from tidegate.client.report import ControlAnswer
from tidegate.config import load_universe
from tidegate.margin_stage import MarginStage
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
    Side,
    TimeInForce,
)
from tidegate.run_dir import RunDir
from tidegate.session_messages import InstrumentTerms, LogonReply
from tidegate.span.pa2 import read_pa2
from tidegate.span.portfolio import Position, find
from tidegate.span.requirement import requirement
from tidegate.span.scanning import Holding
from tidegate.universe import Universe

SMALL = Path(__file__).parent / "span" / "small.pa2"
ACCOUNT, USD, OPERATOR = 4, 1, 2
CONFIG = """
[[venues]]
name = "DEM"
kind = "simulated"
message_rate_per_s = 1000
message_burst = 1000

[[masters]]
name = "master"
venue = "DEM"

[[groups]]
name = "desk"
master = "master"

[[accounts]]
name = "one"
group = "desk"
products = ["AU", "AG"]
cash = { USD = 10_000_000 }
max_position = 500

[[sessions]]
name = "algo"
accounts = ["one"]

[[sessions]]
name = "desk"
role = "operator"
"""
INSTRUMENT = """
[[instruments]]
symbol = "{symbol}"
product = "{product}"
span_product = "{code}"
maturity = "{maturity}"
venue = "DEM"
currency = "USD"
tick_size = "0.1"
multiplier = 100
settlement = "100.0"
max_order_qty = 100
collar_ticks = 1000
stale_ms = 3_600_000
margin_model = "span"
margin_file = "{file}"
"""
LISTED = (
    ("GAZ5", "AU", "GA", "202512"),
    ("GAG6", "AU", "GA", "202602"),
    ("SIZ5", "AG", "SI", "202512"),
)


def config_text() -> str:
    rows = [
        INSTRUMENT.format(symbol=s, product=p, code=c, maturity=m, file=SMALL)
        for s, p, c, m in LISTED
    ]
    return CONFIG + "".join(rows)


class Desk:
    """Risk's tables in regions, stepped by hand, and the stage beside them over a real lane."""

    def __init__(self, path: Path, context: zmq.Context[Any]) -> None:
        config = path / "span.toml"
        config.write_text(config_text())
        self.run_dir = RunDir(path / "run")
        self.run_dir.create()
        self.universe: Universe = load_universe(config, self.run_dir)
        self.run_dir.write_universe(self.universe)
        self.tables, self.regions = risk_state.in_regions(self.universe, self.run_dir)
        self.step = Pretrade(self.tables)
        self.control = LaneSource(
            context, topology.endpoint(self.universe, "control"), numbered=False
        )
        self.stage = MarginStage(self.universe, self.run_dir, context)
        self.orders = 0
        for handle in range(1, len(LISTED) + 1):
            self.run(RECORD, Kind.MARK, instrument=handle, price=1000)

    def run(self, dtype: np.dtype[Any], kind: Kind, **fields: Any) -> np.ndarray[Any, Any]:
        row = np.zeros(1, dtype)
        row["kind"] = kind
        row["layout_version"] = LAYOUT_VERSION
        for name, value in fields.items():
            row[name] = value
        return self.take(row.view(RECORD))

    def take(self, row: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return self.both(row)[0]

    def both(self, row: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], ...]:
        """Routes and reports of a record."""
        row["sequence"] = int(self.tables.arrays["risk"]["sequence"][0]) + 1
        outputs = self.step.step(row)
        assert audit(self.tables.arrays) == []
        return outputs

    def operator(self) -> Operator[ControlAnswer]:
        """Its words go to the step at once, the last record signed as the gateway signs it."""
        names = Names()
        terms = [
            InstrumentTerms(
                handle=row.handle,
                symbol=row.symbol,
                venue="DEM",
                venue_code=row.venue_code,
                product=row.product,
                currency="USD",
                tick_size="0.1",
                multiplier="100",
            )
            for row in self.universe.instruments
        ]
        names.learn(LogonReply(OPERATOR, {}, terms, heartbeat_ns=1, started_ns=1))

        def carry_out(request: Request) -> ControlAnswer:
            rows = [np.frombuffer(frame, RECORD).copy() for frame in packed(request, 7)]
            rows[-1].view(CONTROL_RECORD)["actor"] = OPERATOR
            for row in rows:
                _, reports = self.both(row)
            return notices.control_answer(reports[-1:].tobytes())

        return Operator(lambda: names, carry_out)

    def fill(self, instrument: int, lots: int) -> None:
        """Lots bought (negative: sold) at once."""
        self.orders += 1
        routes = self.run(
            ORDER_RECORD,
            Kind.NEW_ORDER_SINGLE,
            cl_ord_id=self.orders,
            session=1,
            account=ACCOUNT,
            instrument=instrument,
            side=Side.BUY if lots > 0 else Side.SELL,
            order_qty=abs(lots),
            price=1000,
            ord_type=OrdType.LIMIT,
            time_in_force=TimeInForce.DAY,
        )
        self.run(
            EXECUTION_RECORD,
            Kind.EXECUTION_REPORT,
            order_id=int(routes["order_id"][0]),
            exec_type=ExecType.EXEC_TRADE,
            exec_id=self.orders,
            last_qty=abs(lots),
            last_px=1000,
        )

    def told(self) -> list[np.ndarray[Any, Any]]:
        """What the stage has put on the control lane."""
        found = []
        while self.control.socket.poll(2000 if not found else 0):
            rows = self.control.take_rows(64)
            found.extend(rows[at : at + 1].copy() for at in range(len(rows)))
        return found

    @property
    def balance(self) -> Any:
        return self.tables.arrays["balances"][ACCOUNT * (len(self.universe.currencies) + 1) + USD]


def exact(nets: dict[tuple[str, str], int], file: Path = SMALL) -> Fraction:
    """The reference figure of positions by product and maturity, in 1/10,000."""
    parameters = read_pa2(file)
    holdings = [
        Holding(find(parameters, Position(product=p, maturity=m, qty=1), p), lots)
        for (p, m), lots in nets.items()
    ]
    risk = sum((part.span_risk for part in requirement(parameters, holdings)), Fraction(0))
    return risk * 10_000
