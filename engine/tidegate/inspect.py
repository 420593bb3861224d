"""What a run looks like from outside: rows of its live regions, mapped read-only.

Each view is a list of rows, a row a dict from column to value; a column that ends in _ns is
nanoseconds. Risk's tables are copied under its seqlock, so that a row is never half of two.
"""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from tidegate import counters, topology
from tidegate.backend import in_words
from tidegate.errors import RegionError, RunDirError
from tidegate.native import region as native
from tidegate.native.histogram import HISTOGRAM, percentiles
from tidegate.native.records import NO_PRICE, Level, Reason, Side
from tidegate.native.sessions import SESSION_ROW, SessionState
from tidegate.native.tables import DTYPES
from tidegate.prices import to_price
from tidegate.region import Region
from tidegate.run_dir import RunDir
from tidegate.universe import MONEY_SCALE, Instrument
from tidegate.working import available, held, trading_state, working_lots

Value = str | int
Row = dict[str, Value]

WORKING = {ord("A"): "PendingNew", ord("0"): "New", ord("1"): "PartiallyFilled"}
QUANTILES = {"p50_ns": 0.5, "p90_ns": 0.9, "p99_ns": 0.99, "p999_ns": 0.999}
SESSION_COLUMNS = ("next_expected", "next_out", "forwarded", "refused", "gaps", "resends")
PATIENCE_S = 1.0
BAD = ("bad_length", "bad_version", "bad_kind", "bad_part", "bad_checksum")


class Inspector:
    """Reads one run directory; regions that a restarted stage made anew are mapped again."""

    def __init__(self, run_dir: RunDir) -> None:
        self.run_dir = run_dir
        self.universe = run_dir.read_universe()
        self.mapped: dict[str, tuple[int, Region]] = {}

    def view(self, name: str) -> list[Row]:
        """The rows of one of VIEWS; RegionError when its region is not there."""
        return VIEWS[name](self)

    def stages(self) -> list[Row]:
        """The supervisor's stages: process, restarts, readiness."""
        try:
            state = msgspec.json.decode(self.run_dir.stages.read_bytes())
        except FileNotFoundError:
            raise RunDirError(f"{self.run_dir.stages}: not there; nothing runs here") from None
        return [
            {
                "stage": name,
                "pid": stage["pid"],
                "state": readiness(stage["pid"], stage["is_ready"]),
                "restarts": stage["restarts"],
            }
            for name, stage in state.items()
        ]

    def risk(self) -> list[Row]:
        """What risk has decided so far, each reason it has denied for, what a card was asked."""
        row = self.table("risk", 1)[0]
        names = ("sequence", "accepted", "denied", "fills", "open_orders", "late_fills")
        rows: list[Row] = [{"count of": name, "value": int(row[name])} for name in names]
        for reason in np.flatnonzero(row["denied_by_reason"]):
            label = f"denied {reason_name(int(reason))}"
            rows.append({"count of": label, "value": int(row["denied_by_reason"][reason])})
        card = counters.group(self.run_dir, "risk", "card")
        rows += [{"count of": label, "value": count} for label, count in in_words(card)]
        return rows

    def accounts(self) -> list[Row]:
        """Cash, margin and what is left of each account and currency."""
        accounts = self.table("accounts", len(self.universe.accounts) + 1)
        stride = len(self.universe.currencies) + 1
        balances = self.table("balances", (len(self.universe.accounts) + 1) * stride)
        rows: list[Row] = []
        for account in self.universe.accounts:
            for currency in self.universe.currencies:
                row = balances[account.handle * stride + currency.handle]
                if not (row["is_checked"] or row["margin"] or row["fees"]):
                    continue
                cash, margin = int(row["cash"]), int(row["margin"])
                # A level that states no cash has none to run out of.
                excess = money(available(row)) if row["is_checked"] else ""
                rows.append(
                    {
                        "account": account.name,
                        "level": Level(account.level).name,
                        "state": trading_state(accounts[account.handle]).name,
                        "currency": currency.code,
                        "cash": money(cash),
                        "unrealised": money(int(row["unrealised"])),
                        "margin": money(margin),
                        "held": money(held(row) - margin),
                        "excess": excess,
                        "fees": money(int(row["fees"])),
                    }
                )
        return rows

    def positions(self) -> list[Row]:
        """Net position and working lots of each account and instrument that has traded."""
        pairs, sides = self.pairs()
        rows: list[Row] = []
        for pair, open_buy, open_sell in zip(pairs, *working_lots(pairs, sides), strict=True):
            net = int(pair["net"])
            if not (net or open_buy or open_sell or pair["fill_count"]):
                continue
            instrument = self.universe.instruments[int(pair["instrument"]) - 1]
            rows.append(
                {
                    "account": self.universe.accounts[int(pair["account"]) - 1].name,
                    "instrument": instrument.symbol,
                    "net": net,
                    "average_px": average(instrument, pair, sides[int(pair["sides"])]),
                    "open_buy": int(open_buy),
                    "open_sell": int(open_sell),
                    "margin": money(int(pair["margin"])),
                    "unrealised": money(int(pair["unrealised"])),
                    "fills": int(pair["fill_count"]),
                }
            )
        return rows

    def orders(self) -> list[Row]:
        """The working orders."""
        used = int(self.table("risk", 1)[0]["order_slots_used"]) + 1
        rows: list[Row] = []
        table = self.table("orders", used)
        for order in table[np.isin(table["ord_status"], list(WORKING))]:
            instrument = self.universe.instruments[int(order["instrument"]) - 1]
            rows.append(
                {
                    "order_id": int(order["order_id"]),
                    "cl_ord_id": int(order["cl_ord_id"]),
                    "account": self.universe.accounts[int(order["account"]) - 1].name,
                    "instrument": instrument.symbol,
                    "side": Side(int(order["side"])).name,
                    "price": price(instrument, int(order["price"])),
                    "order_qty": int(order["order_qty"]),
                    "cum_qty": int(order["cum_qty"]),
                    "ord_status": WORKING[int(order["ord_status"])],
                }
            )
        return rows

    def breaks(self) -> list[Row]:
        """What venues say otherwise: their figure less ours, and whether somebody has decided."""
        risk = self.table("risk", 1)[0]
        table = self.table("breaks", self.universe.capacity.breaks + 1)
        rows: list[Row] = []
        for row in table[table["account"] != 0]:
            of_lots = int(row["instrument"])
            what = self.universe.instruments[of_lots - 1].symbol if of_lots else ""
            amount: Value = int(row["amount"])
            if not of_lots:
                what = self.universe.currencies[int(row["currency"]) - 1].code
                amount = money(int(row["amount"]))
            rows.append(
                {
                    "account": self.universe.accounts[int(row["account"]) - 1].name,
                    "of": what,
                    "order_id": int(row["order_id"]) or "",
                    "amount": amount,
                    "state": "dismissed" if row["is_dismissed"] else "open",
                    "age_ns": int(risk["now_ns"]) - int(row["since_ns"]),
                }
            )
        return rows

    def lanes(self) -> list[Row]:
        """What each stage has sent and taken on each of its lanes."""
        rows: list[Row] = []
        for stage, values in counters.read(self.run_dir).items():
            for lane in topology.LANE_NAMES:
                if f"{lane}.records" not in values:
                    continue
                is_target = f"{lane}.unsent" in values
                row: Row = {"stage": stage, "lane": lane, "end": "out" if is_target else "in"}
                for column in ("records", "frames", "unacked", "unsent", "full", "gaps", "lost"):
                    row[column] = values.get(f"{lane}.{column}", "")
                row["bad"] = sum(values.get(f"{lane}.{name}", 0) for name in BAD)
                row["error"] = values.get(f"{lane}.error", 0)
                rows.append(row)
        return rows

    def counters(self) -> list[Row]:
        """Every other counter that a stage publishes and that is not zero."""
        lanes = tuple(f"{lane}." for lane in topology.LANE_NAMES)
        return [
            {"stage": stage, "counter": name, "value": value}
            for stage, values in counters.read(self.run_dir).items()
            for name, value in values.items()
            if value and not name.startswith(lanes)
        ]

    def sessions(self) -> list[Row]:
        """Who is logged on, and the numbers both ways."""
        table = self.region("gateway_sessions", SESSION_ROW).rows
        rows: list[Row] = []
        for session in self.universe.sessions:
            row = table[session.handle]
            rows.append(
                {
                    "session": session.name,
                    "state": SessionState(int(row["state"])).name.removeprefix("SESSION_"),
                    "accounts": len(session.accounts),
                    **{name: int(row[name]) for name in SESSION_COLUMNS},
                }
            )
        return rows

    def latency(self) -> list[Row]:
        """The time between two stages, and in all, of each request that was answered."""
        rows: list[Row] = []
        for leg in self.region("latency", HISTOGRAM).read_rows():
            quantiles = percentiles(leg, *QUANTILES.values())
            rows.append(
                {
                    "leg": leg["name"].tobytes().rstrip(b"\0").decode(),
                    "count": int(leg["count"]),
                    **dict(zip(QUANTILES, quantiles, strict=True)),
                    "worst_ns": int(leg["high_ns"]),
                }
            )
        return rows

    def pairs(self) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """The pairs in use and all sides, of one moment."""
        risk, pairs, sides = (
            self.region(each, DTYPES[each]) for each in ("risk", "pairs", "sides")
        )
        return risk.between_changes(
            lambda: (
                pairs.rows[1 : int(risk.rows["pair_count"][0]) + 1].copy(),
                sides.rows[: int(risk.rows["side_count"][0]) + 1].copy(),
            ),
            PATIENCE_S,
        )

    def table(self, name: str, count: int) -> npt.NDArray[Any]:
        """The first rows of one of risk's tables, as they stood between two of its steps."""
        source = self.region(name, DTYPES[name]).rows[:count]
        copy = np.empty_like(source)
        native.read_consistent(
            self.region("risk", DTYPES["risk"]), source.view(np.uint8), copy.view(np.uint8)
        )
        return copy

    def region(self, name: str, dtype: np.dtype[Any]) -> Region:
        """A region, mapped once for each file that has its name."""
        path = self.run_dir.region(name)
        inode = inode_of(path)
        known = self.mapped.get(name)
        if known is not None and known[0] == inode:
            return known[1]
        if known is not None:
            known[1].close()
        region = Region.attach(path, dtype)
        self.mapped[name] = (inode, region)
        return region

    def close(self) -> None:
        """Let go of the regions."""
        for _, region in self.mapped.values():
            region.close()
        self.mapped.clear()


VIEWS: dict[str, Callable[[Inspector], list[Row]]] = {
    "stages": Inspector.stages,
    "risk": Inspector.risk,
    "accounts": Inspector.accounts,
    "positions": Inspector.positions,
    "orders": Inspector.orders,
    "breaks": Inspector.breaks,
    "lanes": Inspector.lanes,
    "counters": Inspector.counters,
    "sessions": Inspector.sessions,
    "latency": Inspector.latency,
}
# What a look without a view shows: what fits a screen.
OVERVIEW = ("stages", "risk", "lanes", "latency")


def readiness(pid: int, is_ready: bool) -> str:
    """What the supervisor noted, unless the process has ended since."""
    if not Path(f"/proc/{pid}").exists():
        return "ended"
    return "ready" if is_ready else "not ready"


def reason_name(reason: int) -> str:
    return Reason(reason).name if reason in set(Reason) else str(reason)


def money(amount: int) -> str:
    return f"{Decimal(amount) / MONEY_SCALE:.4f}"


def price(instrument: Instrument, ticks: int) -> str:
    return "" if ticks == NO_PRICE else f"{to_price(ticks, instrument.tick_size):f}"


def average(instrument: Instrument, pair: np.void, side: np.void) -> str:
    """What a lot was opened at, to a hundredth of a tick; "" where longs stand beside shorts."""
    lots, cost = int(pair["net"]), int(pair["open_cost"])
    if instrument.has_sides:
        shorts = int(side["short_today"]) + int(side["short_yesterday"])
        longs = lots + shorts
        if longs and shorts:
            return ""
        cost -= int(side["short_cost"])
    if lots == 0:
        return ""
    ticks = Decimal(cost) / (lots * instrument.tick_value)
    return f"{(ticks * instrument.tick_size).quantize(instrument.tick_size / 100):f}"


def inode_of(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError as error:
        raise RegionError(f"{path}: {error.strerror}; its stage has not started") from error
