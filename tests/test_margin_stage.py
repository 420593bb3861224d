"""The margin stage: what SPAN's hold is above the exact figure comes back, until the next fill."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zmq

from tidegate import risk_state, topology
from tidegate.audit import audit
from tidegate.config import load_universe
from tidegate.margin_stage import MarginStage
from tidegate.native.lane import LaneSource
from tidegate.native.pretrade import Pretrade
from tidegate.native.records import (
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
from tidegate.span.pa2 import read_pa2
from tidegate.span.portfolio import Position, find
from tidegate.span.requirement import requirement
from tidegate.span.scanning import Holding
from tidegate.universe import Universe

SMALL = Path(__file__).parent / "span" / "small.pa2"
ACCOUNT, USD = 4, 1
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


class Desk:
    """Risk's tables in regions, stepped by hand, and the stage beside them over a real lane."""

    def __init__(self, path: Path, context: zmq.Context[Any]) -> None:
        config = path / "span.toml"
        config.write_text(
            CONFIG
            + "".join(
                INSTRUMENT.format(symbol=s, product=p, code=c, maturity=m, file=SMALL)
                for s, p, c, m in LISTED
            )
        )
        self.run_dir = RunDir(path / "run")
        self.run_dir.create()
        self.universe: Universe = load_universe(config, self.run_dir)
        self.tables, self.regions = risk_state.in_regions(self.universe, self.run_dir)
        self.step = Pretrade(self.tables)
        self.control = LaneSource(context, topology.endpoint(self.universe, "control"))
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
        row["sequence"] = int(self.tables.arrays["risk"]["sequence"][0]) + 1
        routes, _ = self.step.step(row)
        assert audit(self.tables.arrays) == []
        return routes

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


def exact(nets: dict[tuple[str, str], int]) -> Fraction:
    """The reference figure of positions by product and maturity, in 1/10,000."""
    parameters = read_pa2(SMALL)
    holdings = [
        Holding(find(parameters, Position(product=p, maturity=m, qty=1), p), lots)
        for (p, m), lots in nets.items()
    ]
    risk = sum((part.span_risk for part in requirement(parameters, holdings)), Fraction(0))
    return risk * 10_000


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with zmq.Context() as context:
        found = Desk(tmp_path, context)
        yield found
        found.stage.close()
        found.control.close()
        for region in found.regions.values():
            region.close()


def test_the_account_holds_the_exact_figure_once_it_is_told(desk: Desk) -> None:
    desk.fill(1, 4)
    desk.fill(2, -3)
    desk.fill(3, -5)
    before = int(desk.balance["margin"])
    assert desk.stage.work() == 1
    for row in desk.told():
        desk.take(row)
    after = int(desk.balance["margin"])
    expected = exact({("GA", "202512"): 4, ("GA", "202602"): -3, ("SI", "202512"): -5})
    assert after == expected < before
    assert desk.stage.work() == 0


def test_a_fill_since_makes_the_figure_stale(desk: Desk) -> None:
    desk.fill(1, 4)
    desk.fill(3, -8)
    desk.stage.work()
    desk.fill(1, 1)
    margin = int(desk.balance["margin"])
    for row in desk.told():
        desk.take(row)
    assert int(desk.balance["margin"]) == margin
    assert int(desk.tables.arrays["risk"]["stale_credits"][0]) == 1


def test_a_fill_takes_the_credit_back(desk: Desk) -> None:
    desk.fill(1, 4)
    desk.fill(3, -8)
    desk.stage.work()
    for row in desk.told():
        desk.take(row)
    assert int(desk.balance["margin_credit"]) > 0
    desk.fill(1, -1)
    assert int(desk.balance["margin_credit"]) == 0
