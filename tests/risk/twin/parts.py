"""The things that the twin keeps, each a plain struct; state.py holds them all.

Every account has a Trader, every instrument a Contract, every (account of any level, instrument) a
Book. What is held, free or left of a limit is recomputed from these whenever it is asked for.
"""

from dataclasses import dataclass, field
from typing import Any

from tidegate.native.records import PositionEffect, Reason, TradingState
from tidegate.universe import Account, Instrument, Rate, Scan

MONEY_MAX = 1 << 61
CREDIT_MAX = 1 << 60
OPEN_ORDERS_MAX = 1 << 30
QTY_MAX = (1 << 31) - 1
PRICE_MAX = 1 << 53
TIME_MAX = 4 * 10**18
SECOND = 10**9
DECIDED = 1 << 63
PPM = 10**6
CLOSES = (PositionEffect.CLOSE, PositionEffect.CLOSE_TODAY, PositionEffect.CLOSE_YESTERDAY)
LIMIT_NAMES = (
    "max_order_qty",
    "max_market_qty",
    "max_notional",
    "max_long",
    "max_short",
    "max_gross",
    "max_open_orders",
)
COUNTS = (
    "accepted",
    "denied",
    "fills",
    "late_fills",
    "orphan_reports",
    "duplicate_reports",
    "unbookable",
    "refused_records",
    "alerts",
    "stale_credits",
    "stale_breaks",
)
Row = dict[str, Any]


class InexpressibleError(Exception):
    """An amount of money beyond 2^61."""


def money(value: int) -> int:
    """The amount, or InexpressibleError."""
    if abs(value) > MONEY_MAX:
        raise InexpressibleError(value)
    return value


def ceil_div(value: int, by: int) -> int:
    return -(-value // by)


@dataclass
class Bucket:
    """A token bucket: a message every interval, tolerance / interval more at once. 0 = off."""

    interval: int = 0
    tolerance: int = 0
    next: int = 0

    def is_full(self, now: int) -> bool:
        return self.interval > 0 and self.next - now > self.tolerance

    def count(self, now: int) -> None:
        """A full bucket takes no further debt."""
        if self.interval and not self.is_full(now):
            self.next = max(self.next, now) + self.interval


def bucket_of(rate: Rate | None) -> Bucket:
    if rate is None:
        return Bucket()
    interval = ceil_div(SECOND, rate.per_second)
    return Bucket(interval, (rate.burst - 1) * interval)


@dataclass
class Buckets:
    order: Bucket
    replace: Bucket
    cancel: Bucket


@dataclass
class Contract:
    """An instrument as it stands now. rates: (owner, side) -> (money a lot, ppm of the price)."""

    row: Instrument
    state: int
    phase: int
    settlement: int | None
    rates: dict[tuple[str, str], tuple[int, int]]
    scan: Scan | None
    buckets: Buckets
    lock: int = 0
    mark: int | None = None
    mark_ns: int = 0
    is_settled: bool = False


@dataclass
class Protection:
    """Control 35 of an account in a product."""

    since: int = 0
    qty: int = 0
    delta: int = 0
    is_pulled: bool = False


@dataclass
class Trader:
    """An account of any level. limits: (instrument, product + 1) -> what is stated there."""

    row: Account
    chain: list[int]
    group: int
    state: int
    buckets: Buckets
    limits: dict[tuple[int, int], dict[str, int]]
    locks: dict[tuple[int, int], int]
    max_loss: dict[int, int]
    max_drawdown: dict[int, int]
    credit_line: dict[int, int]
    checked: set[int]
    leverage_max: int | None
    concentration: int | None
    executions_max: int | None
    day_orders_max: int | None
    graded: int = TradingState.ACTIVE
    is_slowed: bool = False
    grades: list[int] = field(default_factory=lambda: [0, 0, 0])
    last_order: int = 0
    executions: int = 0
    day_orders: int = 0
    fill_count: int = 0
    identical: list[tuple[int, int, int]] = field(default_factory=lambda: [(0, 0, 0)] * 4)
    protections: dict[int, Protection] = field(default_factory=dict)

    @property
    def trades(self) -> bool:
        return self.row.level >= 4


@dataclass
class Book:
    """Fills of a level in an instrument. Where sides are kept apart, cost is of the long lots."""

    net: int = 0
    cost: int = 0
    bought: int = 0
    fill_count: int = 0
    long_today: int = 0
    long_yesterday: int = 0
    short_today: int = 0
    short_yesterday: int = 0
    charged_long: int = 0
    charged_short: int = 0
    short_cost: int = 0
    long_today_cost: int = 0
    short_today_cost: int = 0
    period_px: int = 0
    period_since: int = 0

    @property
    def longs(self) -> int:
        return self.long_today + self.long_yesterday

    @property
    def shorts(self) -> int:
        return self.short_today + self.short_yesterday


@dataclass
class Day:
    """Control 11's counts of an owner group in an instrument."""

    orders: int = 0
    replaces: int = 0
    cancels: int = 0
    large_cancels: int = 0
    self_trades: int = 0
    trades: int = 0
    last_match: tuple[int, int] = (0, 0)


@dataclass
class Order:
    number: int
    session: int
    cl_ord_id: int
    account: int
    instrument: int
    is_buy: bool
    price: int
    qty: int
    ord_type: int
    time_in_force: int
    flags: int
    effect: int
    list_id: int = 0
    list_seq_no: int = 0
    held: int = 0
    fee: int = 0
    premium: int = 0
    frozen_today: int = 0
    cum: int = 0
    status: str = "A"
    exec_id: int = 0
    cancel: int | None = None
    cancel_reason: int = 0
    replace: tuple[int, int, int] | None = None
    is_staged: bool = False

    @property
    def is_open(self) -> bool:
        return self.status in "A01"

    @property
    def left(self) -> int:
        return max(0, self.qty - self.cum)


@dataclass
class Known:
    """What became of a cl_ord_id; past = over before the day began.

    An id that a replace asked for has its order's first id, and the state is there.
    """

    order: int
    qty: int
    reason: int
    exec_type: int = 0
    cum: int = 0
    is_past: bool = False
    first: int = 0


@dataclass
class Desk:
    """A session: its state, its buckets, and the list that is being taken."""

    state: int
    buckets: Buckets
    list_id: int = 0
    list_count: int = 0
    list_taken: int = 0
    list_since: int = 0
    is_list_refused: bool = False


@dataclass
class CashHold:
    account: int
    currency: int
    amount: int
    to_account: int = 0


@dataclass
class Break:
    """A difference with a venue; since = when it was first seen."""

    amount: int
    since: int
    is_dismissed: bool = False


@dataclass
class Override:
    base: int | tuple[int, int] | None
    expires: int
    row: int = 0


@dataclass
class Verdict:
    """numbers = limit, used, asked, level, scope of the reason; failed = of every reason;
    numbered = lane numbers of the routes and of the reports.
    """

    bits: int = DECIDED
    reason: int = 0
    numbers: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0)
    routes: list[Row] = field(default_factory=list)
    reports: list[Row] = field(default_factory=list)
    numbered: list[list[int]] = field(default_factory=list)
    failed: dict[Reason, tuple[int, int, int, int, int]] = field(default_factory=dict)
