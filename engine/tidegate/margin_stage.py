"""The margin stage: gives accounts back what SPAN's hold is above the exact figure.

Reads risk's regions, computes, and tells risk with MARGIN_CREDIT on the control lane; risk takes it
only while the account has had no fill, and the parameters no change, since it was computed. It
may get lost on the way, so the stage looks whether risk holds by it, and tells it again. After an
intraday change of arrays it computes from RUN_DIR/margin/EPOCH.pa2; without that file, or where
risk does not hold by it, the hold stands in full. Runs only where an instrument is margined by
SPAN. Losing it costs nobody money but freedom.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import zmq

from tidegate import topology
from tidegate.audit.state import Row
from tidegate.counters import Counters
from tidegate.errors import MarginError, RegionError
from tidegate.native.clock import elapsed_ns
from tidegate.native.lane import LaneTarget
from tidegate.native.records import CONTROL_RECORD, LAYOUT_VERSION, RECORD, Kind, Level
from tidegate.native.tables import DTYPES
from tidegate.region import Region
from tidegate.run_dir import RunDir
from tidegate.span.exact_margin import ExactMargin
from tidegate.stopping import on_stop
from tidegate.universe import Universe

EVERY_S = 0.05
LOOK_NS = 1_000_000_000
TABLES = ("risk", "instruments", "accounts", "pairs")


class Told(NamedTuple):
    """What risk was told of an account: as of which fill, and money by currency."""

    version: int
    spared: dict[int, int]


class MarginStage:
    """Owns its end of the control lane and what it has told risk so far."""

    def __init__(
        self, universe: Universe, run_dir: RunDir, context: zmq.Context[zmq.Socket[bytes]]
    ) -> None:
        self.universe = universe
        self.run_dir = run_dir
        self.exact: ExactMargin | None = ExactMargin(universe)
        self.handles = self.exact.handles
        self.target = LaneTarget(
            context,
            topology.controllers(universe)["margin"],
            hwm=topology.hwm(universe, "control"),
            numbered=False,
        )
        self.told: dict[int, Told] = {}
        self.look_ns = 0
        self.epoch = 0
        self.counts = {"computed": 0, "told": 0, "lost": 0, "waits": 0, "unusable_files": 0}
        self.counters = Counters(run_dir, "margin")

    def work(self) -> int:
        """Compute every account that has traded since it was last told; how many were told."""
        self.look_again()
        tables = self.read(TABLES)
        if tables is None:
            return 0
        epoch = int(tables["risk"]["margin_epoch"][0])
        instruments = self.instrument_rows(tables["instruments"])
        if epoch != self.epoch:
            self.change(epoch, instruments)
        if self.exact is None:
            return 0
        told = 0
        for account, nets in self.positions(tables).items():
            version = int(tables["accounts"]["fill_count"][account])
            if (told_before := self.told.get(account)) and told_before.version == version:
                continue
            spared = self.exact.credits(nets, instruments)
            self.counts["computed"] += 1
            if not all(self.tell(account, c, money, version) for c, money in spared.items()):
                self.counts["waits"] += 1
                break
            self.told[account] = Told(version, spared)
            told += 1
        self.target.flush_rows()
        self.counters.publish("margin", self.counts)
        return told

    def change(self, epoch: int, instruments: dict[int, Row]) -> None:
        """Compute from the file of this epoch, or not at all: nothing told before counts."""
        self.epoch = epoch
        self.told.clear()
        self.exact = None
        path = self.run_dir.margin_file(epoch)
        if not path.exists():
            return
        try:
            exact = ExactMargin(self.universe, path)
            if exact.is_held_by(instruments):
                self.exact = exact
                return
        except MarginError:
            # The copy was damaged since: the same as a file of other arrays.
            pass
        self.counts["unusable_files"] += 1
        self.counters.publish("margin", self.counts)

    def look_again(self) -> None:
        """Once in a while: forget what was told and risk does not hold by."""
        now_ns = elapsed_ns()
        if now_ns - self.look_ns < LOOK_NS:
            return
        tables = self.read(("risk", "accounts", "balances")) if self.told else {}
        if tables is None:
            return
        self.look_ns = now_ns
        lost = [
            account for account, told in self.told.items() if self.is_lost(account, told, tables)
        ]
        for account in lost:
            del self.told[account]
        self.counts["lost"] += len(lost)

    def is_lost(self, account: int, told: Told, tables: dict[str, npt.NDArray[Any]]) -> bool:
        """Whether risk would spare the account more by what it was told (RISK.md 5.8)."""
        if int(tables["accounts"]["fill_count"][account]) != told.version:
            return False
        first = account * (len(self.universe.currencies) + 1)
        for currency, money in told.spared.items():
            row = tables["balances"][first + currency]
            spared = int(row["margin_credit"])
            if spared < min(money, spared + int(row["margin"])):
                return True
        return False

    def read(self, names: Sequence[str]) -> dict[str, npt.NDArray[Any]] | None:
        """Copies of risk's tables between two of its steps; None before it has any."""
        regions: list[Region] = []
        try:
            regions = [Region.attach(self.run_dir.region(name), DTYPES[name]) for name in names]
            return regions[0].undisturbed(
                lambda: {
                    name: region.rows.copy() for name, region in zip(names, regions, strict=True)
                }
            )
        except RegionError:
            # Embedded, risk may start later than this stage.
            return None
        finally:
            for region in regions:
                region.close()

    def positions(self, tables: dict[str, npt.NDArray[Any]]) -> dict[int, dict[int, int]]:
        """Net lots by account and instrument, of accounts that send orders and SPAN alone."""
        found: dict[int, dict[int, int]] = defaultdict(dict)
        pairs = tables["pairs"]
        levels = tables["accounts"]["level"][pairs["account"]]
        mine = np.isin(pairs["instrument"], list(self.handles))
        for pair in pairs[mine & (levels >= Level.SUB_ACCOUNT)]:
            own = found[int(pair["account"])]
            if pair["net"]:
                own[int(pair["instrument"])] = int(pair["net"])
        return found

    def instrument_rows(self, table: npt.NDArray[Any]) -> dict[int, Row]:
        """What risk holds by, as Python values."""
        names = table.dtype.names or ()
        return {
            handle: {name: table[name][handle].tolist() for name in names}
            for handle in self.handles
        }

    def tell(self, account: int, currency: int, money: int, version: int) -> bool:
        """Put one MARGIN_CREDIT on the lane; False when it is full."""
        row = np.zeros(1, CONTROL_RECORD)
        row["kind"] = Kind.MARGIN_CREDIT
        row["layout_version"] = LAYOUT_VERSION
        row["account"] = account
        row["currency"] = currency
        row["amount"] = money
        row["order_qty"] = version
        row["cl_ord_id"] = self.epoch
        if not self.target.put_rows(row.view(RECORD)):
            return False
        self.counts["told"] += 1
        return True

    def close(self) -> None:
        """Flush what the lane takes."""
        self.target.flush_rows()
        self.target.close()


def main(universe: Universe, run_dir: RunDir, ready: Callable[[], None]) -> int:
    """Run the margin stage until SIGTERM or SIGINT."""
    stop = threading.Event()
    with zmq.Context() as context:
        stage = MarginStage(universe, run_dir, context)
        on_stop(stop.set)
        ready()
        try:
            while not stop.wait(EVERY_S):
                stage.work()
        finally:
            stage.close()
    return 0
