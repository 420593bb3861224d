"""Our side: what risk's regions say of each master account, between two of its steps.

Traded value is cash + fees - open_cost + short_cost less the flows of flows.py: a buy of V lowers
it by V, a sell raises it, and neither a fee nor the end of a day moves it (RISK.md 4.5, 5.10). A
master that is a pool books no fills itself: its groups do, and theirs are added.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from tidegate import topology
from tidegate.errors import RegionError
from tidegate.native.records import RECORD, Level
from tidegate.native.routing import CHANNEL_ROW, ChannelState
from tidegate.native.tables import DTYPES
from tidegate.reconciliation.flows import Flows
from tidegate.region import Region
from tidegate.run_dir import RunDir
from tidegate.universe import Universe

TABLES = ("risk", "accounts", "pairs", "sides", "balances", "orders", "breaks")
WORKING = np.frombuffer(b"A01", np.uint8)
PENDING_NEW = ord("A")
PATIENCE_S = 0.1
# Less than the second after which a difference that is seen twice counts.
LATE_MAX = 5
# The third field of /proc/PID/stat, behind the name in brackets.
STOPPED = (" T", " t", " Z", " X")


class Key(NamedTuple):
    """What may differ: lots of an instrument, money of a currency, or an order's leaves_qty."""

    instrument: int = 0
    currency: int = 0
    order_id: int = 0


class Working(NamedTuple):
    """A working order; one that a request is pending for may already be another at its venue."""

    instrument: int
    leaves_qty: int
    is_pending: bool


class Standing(NamedTuple):
    """A difference that risk knows of: RISK.md 5.11."""

    amount: int
    is_dismissed: bool
    since_ns: int


class Book(NamedTuple):
    """One master: lots by instrument, money by currency, orders by order_id."""

    fill_count: int
    positions: Mapping[int, int]
    traded_value: Mapping[int, int]
    fees: Mapping[int, int]
    orders: Mapping[int, Working]
    breaks: Mapping[Key, Standing]


class Books:
    """Reads the regions of one run directory; those of a restarted risk are mapped again."""

    def __init__(self, universe: Universe, run_dir: RunDir, *, keeps: bool) -> None:
        """`keeps`: write down what is learnt of flows; one process of a run does."""
        self.run_dir = run_dir
        self._is_embedded = universe.placement.layout == "embedded"
        self._acked = np.uint32(0)
        self._late_count = 0
        self._stride = len(universe.currencies) + 1
        self._currency = np.array([0, *(each.currency for each in universe.instruments)])
        self._master_of = masters(universe)
        self._booking = booking_accounts(universe)
        self._mapped: dict[str, tuple[int, Region]] = {}
        started = {
            (handle, currency): money
            for accounts in self._booking.values()
            for handle in accounts
            for currency, money in universe.accounts[handle - 1].cash.items()
        }
        self.flows = Flows(
            run_dir.path / "flows.json",
            started,
            keeps=keeps,
            is_kept=not keeps and universe.reconciliation.every_seconds > 0,
        )

    def is_serving(self) -> bool:
        """Risk and router take what comes to them: neither replays, is dead nor stopped."""
        try:
            stages = msgspec.json.decode(self.run_dir.stages.read_bytes())
        except FileNotFoundError:
            return True
        known = [name for name in ("risk", "router", topology.FUSED) if name in stages]
        if not all(stages[name]["is_ready"] and is_running(stages[name]["pid"]) for name in known):
            return False
        return not self._is_embedded or self._is_taking()

    def _is_taking(self) -> bool:
        """No supervisor knows an embedded risk: its process runs, and takes what the router gave.

        Asked every 0.05 s; it may think for some of them.
        """
        number, _, acked = self._region("lane-executions", RECORD).rows[:1].view(np.uint32)[:3]
        is_late = number != 0 and number - np.uint32(1) != acked and acked == self._acked
        self._acked, self._late_count = acked, self._late_count + 1 if is_late else 0
        if self._late_count > LATE_MAX:
            return False
        return is_running(int(self._region("risk").header["writer_pid"]))

    def is_up(self, venue: int) -> bool:
        """The channel to a venue, by its handle."""
        return int(self._channel(venue)["state"]) == ChannelState.CHANNEL_UP

    def incarnation(self, venue: int) -> int:
        """Which start of the venue the router has logged on to."""
        return int(self._channel(venue)["incarnation"])

    def business_day(self) -> int:
        """The last day that ended, YYYYMMDD; 0 = none has."""
        return int(self._region("risk").rows["business_day"][0])

    def fill_counts(self, handles: Iterable[int]) -> dict[int, int]:
        """How many fills each of these accounts has booked."""
        rows = self._region("accounts").rows
        return {handle: int(rows["fill_count"][handle]) for handle in handles}

    def follow(self) -> None:
        """Notice what money came and went; at most a moment before or after a day ends."""
        risk, balances = self._region("risk"), self._region("balances").rows
        index = self._balance_index()
        day, initial = risk.between_changes(
            lambda: (int(risk.rows["business_day"][0]), balances["initial_cash"][index].copy()),
            PATIENCE_S,
        )
        self.flows.note(day, self._by_balance(index, initial))

    def read(self, handles: Iterable[int]) -> dict[int, Book]:
        """The books of these masters, all of one moment; RegionError when there is none."""
        wanted = list(handles)
        tables = {name: self._region(name) for name in TABLES}
        rows = {name: region.rows for name, region in tables.items()}
        risk = tables["risk"]
        pair_count, slots = (int(rows["risk"][n][0]) for n in ("pair_count", "order_slots_used"))
        booking = [account for handle in wanted for account in self._booking[handle]]
        owners = rows["pairs"]["account"][1 : pair_count + 1]
        pairs = np.flatnonzero(np.isin(owners, [*wanted, *booking])) + 1
        is_open = np.isin(rows["orders"]["ord_status"][1 : slots + 1], WORKING)
        orders = np.flatnonzero(is_open) + 1
        breaks = np.flatnonzero(rows["breaks"]["account"])
        index = self._balance_index()

        def copied() -> dict[str, Any]:
            own = rows["pairs"][pairs]
            return {
                "day": int(rows["risk"]["business_day"][0]),
                "fill_count": rows["accounts"]["fill_count"][wanted].tolist(),
                "pairs": own,
                "short_cost": rows["sides"]["short_cost"][own["sides"]],
                "balances": rows["balances"][index],
                "orders": rows["orders"][orders],
                "breaks": rows["breaks"][breaks],
            }

        found = risk.between_changes(copied, PATIENCE_S)
        self.flows.note(found["day"], self._by_balance(index, found["balances"]["initial_cash"]))
        return self._books(wanted, found)

    def close(self) -> None:
        """Let go of the regions."""
        for _, region in self._mapped.values():
            region.close()
        self._mapped.clear()

    def _books(self, wanted: list[int], found: dict[str, Any]) -> dict[int, Book]:
        traded, fees = self._money(found)
        positions: dict[int, dict[int, int]] = {handle: {} for handle in wanted}
        orders: dict[int, dict[int, Working]] = {handle: {} for handle in wanted}
        breaks: dict[int, dict[Key, Standing]] = {handle: {} for handle in wanted}
        for pair in found["pairs"]:
            if int(pair["account"]) in positions:
                positions[int(pair["account"])][int(pair["instrument"])] = int(pair["net"])
        for row in found["orders"]:
            own = orders.get(int(self._master_of[row["account"]]))
            if own is None or row["is_staged"] or row["ord_status"] not in WORKING:
                continue
            is_pending = row["is_cancel_pending"] or row["is_replace_pending"]
            own[int(row["order_id"])] = Working(
                int(row["instrument"]),
                int(row["order_qty"] - row["cum_qty"]),
                bool(is_pending or row["ord_status"] == PENDING_NEW),
            )
        for row in found["breaks"]:
            if int(row["account"]) in breaks:
                key = Key(int(row["instrument"]), int(row["currency"]), int(row["order_id"]))
                standing = Standing(
                    int(row["amount"]), bool(row["is_dismissed"]), int(row["since_ns"])
                )
                breaks[int(row["account"])][key] = standing
        return {
            handle: Book(
                fill_count,
                positions[handle],
                traded[handle],
                fees[handle],
                orders[handle],
                breaks[handle],
            )
            for handle, fill_count in zip(wanted, found["fill_count"], strict=True)
        }

    def _money(
        self, found: dict[str, Any]
    ) -> tuple[dict[int, dict[int, int]], dict[int, dict[int, int]]]:
        """Traded value and fees by master and currency."""
        cost: dict[tuple[int, int], int] = defaultdict(int)
        for pair, short_cost in zip(found["pairs"], found["short_cost"], strict=True):
            key = int(pair["account"]), int(self._currency[pair["instrument"]])
            # Row 0 of sides belongs to nobody.
            cost[key] += int(pair["open_cost"]) - (int(short_cost) if pair["sides"] else 0)
        by_balance = self._by_balance(self._balance_index(), found["balances"])
        traded: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        fees: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        for master, accounts in self._booking.items():
            for account in accounts:
                for currency in range(1, self._stride):
                    key = account, currency
                    row = by_balance[key]
                    moved = int(row["cash"]) + int(row["fees"]) - self.flows.of(key)
                    traded[master][currency] += moved - cost[key]
                    fees[master][currency] += int(row["fees"])
        return traded, fees

    def _balance_index(self) -> npt.NDArray[np.int64]:
        accounts = [each for group in self._booking.values() for each in group]
        return np.array(
            [
                account * self._stride + currency
                for account in accounts
                for currency in range(1, self._stride)
            ],
            np.int64,
        )

    def _by_balance(
        self, index: npt.NDArray[np.int64], values: npt.NDArray[Any]
    ) -> dict[tuple[int, int], Any]:
        return {divmod(int(at), self._stride): v for at, v in zip(index, values, strict=True)}

    def _channel(self, venue: int) -> np.void:
        row: np.void = self._region("channels", CHANNEL_ROW).rows[venue]
        return row

    def _region(self, name: str, dtype: np.dtype[Any] | None = None) -> Region:
        """A region of risk's or router's, mapped once for each file that has its name."""
        path = self.run_dir.region(name)
        try:
            inode = path.stat().st_ino
        except OSError as error:
            raise RegionError(f"{path}: {error.strerror}; its stage has not started") from error
        known = self._mapped.get(name)
        if known is not None and known[0] == inode:
            return known[1]
        if known is not None:
            known[1].close()
        region = Region.attach(path, DTYPES[name] if dtype is None else dtype)
        self._mapped[name] = (inode, region)
        return region


def masters(universe: Universe) -> npt.NDArray[np.int64]:
    """By account handle: the master that it is below, itself for a master; 0 = none."""
    found = np.zeros(len(universe.accounts) + 1, np.int64)
    for account in universe.accounts:
        is_master = account.level == Level.MASTER
        found[account.handle] = account.handle if is_master else found[account.parent]
    return found


def booking_accounts(universe: Universe) -> dict[int, tuple[int, ...]]:
    """By master: the accounts whose own rows book its fills, each fill once."""
    pools = {account.pool for account in universe.accounts}
    below: dict[int, list[int]] = defaultdict(list)
    for account in universe.accounts:
        below[account.parent].append(account.handle)

    def booking(handle: int) -> tuple[int, ...]:
        if handle not in pools:
            return (handle,)
        return tuple(each for child in below[handle] for each in booking(child))

    return {
        account.handle: booking(account.handle)
        for account in universe.accounts
        if account.level == Level.MASTER
    }


def is_running(pid: int) -> bool:
    """The process is there and not stopped."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return not stat[stat.rindex(")") + 1 :].startswith(STOPPED)
