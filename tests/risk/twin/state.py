"""What the twin keeps: parameters, orders, books of fills and cash; nothing that can be derived.

What is held, free or left of a limit is recomputed from these whenever it is asked for.
"""

from collections import Counter

from tidegate.native.records import TradingState
from tidegate.universe import Account, Fee, Instrument, Limit, Rate, Universe
from twin.parts import (
    CLOSES,
    COUNTS,
    CREDIT_MAX,
    LIMIT_NAMES,
    MONEY_MAX,
    OPEN_ORDERS_MAX,
    PPM,
    PRICE_MAX,
    QTY_MAX,
    SECOND,
    TIME_MAX,
    Book,
    Break,
    Bucket,
    Buckets,
    CashHold,
    Contract,
    Day,
    Desk,
    InexpressibleError,
    Known,
    Order,
    Override,
    Protection,
    Row,
    Trader,
    Verdict,
    bucket_of,
    ceil_div,
    money,
)

__all__ = [
    "CLOSES",
    "COUNTS",
    "CREDIT_MAX",
    "LIMIT_NAMES",
    "MONEY_MAX",
    "OPEN_ORDERS_MAX",
    "PPM",
    "PRICE_MAX",
    "QTY_MAX",
    "SECOND",
    "TIME_MAX",
    "Book",
    "Break",
    "Bucket",
    "Buckets",
    "CashHold",
    "Contract",
    "Day",
    "Desk",
    "InexpressibleError",
    "Known",
    "Order",
    "Override",
    "Protection",
    "Row",
    "State",
    "Trader",
    "Verdict",
    "ceil_div",
    "money",
]


class State:
    """Everything that the twin remembers between records."""

    def __init__(self, universe: Universe) -> None:
        self.universe = universe
        self.now = 0
        self.contracts = {row.handle: contract_of(row) for row in universe.instruments}
        self.traders = {row.handle: trader_of(row, universe) for row in universe.accounts}
        self.desks = {
            row.handle: Desk(
                TradingState.ACTIVE,
                Buckets(*map(bucket_of, (row.order_rate, row.replace_rate, row.cancel_rate))),
            )
            for row in universe.sessions
        }
        self.pools = {row.pool for row in universe.accounts if row.pool}
        self.parents = {row.parent for row in universe.accounts}
        self.currencies = {
            row.handle: (row.bid_rate, row.ask_rate, row.haircut_ppm) for row in universe.currencies
        }
        self.books: dict[tuple[int, int], Book] = {}
        self.days: dict[tuple[int, int], Day] = {}
        self.orders: dict[int, Order] = {}
        self.open: dict[int, Order] = {}
        # Closed orders whose rows are still theirs, the longest closed first.
        self.closed: list[int] = []
        self.rows_used = 0
        self.ids: dict[tuple[int, int], Known] = {}
        self.initial = Counter(
            {(row.handle, c): cash for row in universe.accounts for c, cash in row.cash.items()}
        )
        self.moved: Counter[tuple[int, int]] = Counter()
        self.deposited: Counter[tuple[int, int]] = Counter()
        self.fees: Counter[tuple[int, int]] = Counter()
        self.margin_credit: Counter[tuple[int, int]] = Counter()
        self.peaks: Counter[tuple[int, int]] = Counter()
        self.cash_holds: dict[int, CashHold] = {}
        self.breaks: dict[tuple[int, int, int, int], Break] = {}
        self.overrides: dict[tuple[int, int, int, int, int], Override] = {}
        self.staged: dict[tuple[int, int], Row] = {}
        self.epoch = 0
        self.dirty: set[int] = set()
        self.counts = dict.fromkeys(COUNTS, 0)
        self.denied_by: Counter[int] = Counter()
        self.numbers = 0
        self.business_day = 0
        self.taken = [0, 0, 0]
        self.given = [0, 0]

    def noted(self, session: int, known: Known) -> Known | None:
        """The state of an id's order, under its first id; None when another order has that."""
        found = self.ids.get((session, known.first)) if known.first else known
        return found if found and found.order == known.order else None

    def enter(self, order: Order) -> None:
        """A row for an order: a fresh one, or that of the order that was closed first."""
        if self.rows_used < self.universe.capacity.orders:
            self.rows_used += 1
        else:
            del self.orders[self.closed.pop(0)]
        self.orders[order.number] = self.open[order.number] = order

    def leave(self, order: Order) -> None:
        """Over, but its row is kept for late fills as long as nobody needs it."""
        if self.open.pop(order.number, None):
            self.closed.append(order.number)

    def book(self, account: int, instrument: int) -> Book:
        return self.books.setdefault((account, instrument), Book())

    def day(self, account: int, instrument: int) -> Day | None:
        """Of the account's owner group; None when it has none."""
        group = self.traders[account].group
        return self.days.setdefault((group, instrument), Day()) if group else None

    def chain(self, account: int) -> list[Trader]:
        return [self.traders[handle] for handle in self.traders[account].chain]

    def breaks_of(self, account: int) -> int:
        """Differences of a master that nobody has dismissed."""
        return sum(key[0] == account and not one.is_dismissed for key, one in self.breaks.items())

    def state_of(self, t: Trader) -> int:
        """As operators set it; a master with differences does no more than reduce."""
        if t.state == TradingState.ACTIVE and self.breaks_of(t.row.handle):
            return int(TradingState.REDUCING)
        return t.state

    def members(self, pool: int) -> list[int]:
        return [row.handle for row in self.universe.accounts if row.pool == pool]

    def opens(self, order: Order) -> bool:
        """Whether its lots are in a worst size (an order that closes sides freezes instead)."""
        return not (self.contracts[order.instrument].row.has_sides and order.effect in CLOSES)

    def fee_of(self, account: int, instrument: int) -> Fee:
        row = self.contracts[instrument].row
        if not row.fees:
            return Fee(
                **{f"{name}_lot": row.fee_lot for name in ("open", "close", "close_today")},
                **{f"{name}_ppm": row.fee_ppm for name in ("open", "close", "close_today")},
            )
        return row.fees[min(self.traders[account].row.tier, len(row.fees) - 1)]


def contract_of(row: Instrument) -> Contract:
    rates = {}
    for side in ("long", "short"):
        lot: int = getattr(row, f"margin_{side}_lot")
        ppm: int = getattr(row, f"margin_{side}_ppm")
        venue_lot: int | None = getattr(row, f"exchange_{side}_lot")
        venue_ppm: int | None = getattr(row, f"exchange_{side}_ppm")
        rates["client", side] = lot, ppm
        rates["exchange", side] = (
            lot if venue_lot is None else venue_lot,
            ppm if venue_ppm is None else venue_ppm,
        )
    return Contract(
        row,
        state=TradingState.ACTIVE,
        phase=1 if row.phases else 2,
        settlement=row.settlement,
        rates=rates,
        scan=row.scan,
        buckets=Buckets(*map(bucket_of, (row.order_rate, row.replace_rate, row.cancel_rate))),
    )


def trader_of(row: Account, universe: Universe) -> Trader:
    chain = [row.handle]
    while parent := universe.accounts[chain[-1] - 1].parent:
        chain.append(parent)
    orders = None
    if row.order_rate is not None:
        orders = Rate(per_second=row.order_rate, burst=row.order_burst)
    limits: dict[tuple[int, int], dict[str, int]] = {}
    for limit in row.limits:
        limits[limit.instrument, limit.product] = stated(limit)
    for instrument, (longs, shorts) in row.position_limits.items():
        limits.setdefault((instrument, 0), {}).update(max_long=longs, max_short=shorts)
    if row.max_order_qty is not None:
        own = limits.setdefault((0, 0), {})
        own["max_order_qty"] = min(row.max_order_qty, own.get("max_order_qty", QTY_MAX))
    return Trader(
        row,
        chain,
        group=next((h for h in chain if universe.accounts[h - 1].level == 3), 0),
        state=row.trading_state,
        buckets=Buckets(*map(bucket_of, (orders, row.replace_rate, row.cancel_rate))),
        limits=limits,
        locks={(one.instrument, one.product): one.side_lock for one in row.limits},
        max_loss=dict(row.max_loss),
        max_drawdown=dict(row.max_drawdown),
        credit_line=dict(row.credit_line),
        checked=set(row.cash) | set(row.credit_line),
        leverage_max=row.leverage_max,
        concentration=row.concentration_permille,
        executions_max=row.executions_max,
        day_orders_max=row.day_orders_max,
    )


def stated(limit: Limit) -> dict[str, int]:
    values = {name: getattr(limit, name) for name in LIMIT_NAMES}
    return {name: value for name, value in values.items() if value is not None}
