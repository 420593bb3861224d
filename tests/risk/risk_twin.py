"""The risk stage once more, slow and obvious: dicts, exact ints, everything summed afresh.

Written from what the stage must do: one requirement R a level and instrument, holds at the worse
of both while a replace is pending, fills booked on every level. It keeps only orders, fills and
cash; positions, holds and margins are recomputed from them whenever they are asked for.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil
from typing import Any

from tidegate.native.records import (
    NO_PRICE,
    ExecType,
    TradingState,
)
from tidegate.universe import Account, Instrument, Universe

MONEY_MAX = 1 << 61
QTY_MAX = (1 << 31) - 1
PRICE_MAX = 1 << 53
TIME_MAX = 4 * 10**18
SECOND = 10**9
DECIDED = 1 << 63
ENDS = {ExecType.EXEC_CANCELED: "4", ExecType.EXEC_REJECTED: "8", ExecType.EXEC_EXPIRED: "C"}
Row = dict[str, Any]


class InexpressibleError(Exception):
    """A money amount beyond 2^61."""


def money(value: int) -> int:
    if abs(value) > MONEY_MAX:
        raise InexpressibleError(value)
    return value


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
    held: int = 0
    fee: int = 0
    cum: int = 0
    status: str = "A"
    exec_id: int = 0
    cancel: int | None = None
    replace: tuple[int, int, int] | None = None

    @property
    def is_open(self) -> bool:
        return self.status in "A01"

    @property
    def left(self) -> int:
        return max(0, self.qty - self.cum)


@dataclass
class Known:
    order: int
    qty: int
    reason: int
    exec_type: int = 0
    cum: int = 0


@dataclass
class Book:
    """A level's position in an instrument: fills by average cost, exact to the rounding."""

    net: int = 0
    cost: int = 0
    bought: int = 0
    sold: int = 0


@dataclass
class Verdict:
    bits: int = DECIDED
    reason: int = 0
    numbers: tuple[int, int, int, int] = (0, 0, 0, 0)
    routes: list[Row] = field(default_factory=list)
    reports: list[Row] = field(default_factory=list)


class Twin:
    """The whole state, and run(record as a dict) -> Verdict."""

    def __init__(self, universe: Universe) -> None:
        self.universe = universe
        self.instruments = {row.handle: row for row in universe.instruments}
        self.accounts = {row.handle: row for row in universe.accounts}
        self.states = {row.handle: row.trading_state for row in universe.accounts}
        self.instrument_states = dict.fromkeys(self.instruments, int(TradingState.ACTIVE))
        self.marks: dict[int, tuple[int, int]] = {}
        self.settlements = {row.handle: row.settlement for row in universe.instruments}
        self.now = 0
        self.orders: dict[int, Order] = {}
        self.ids: dict[tuple[int, int], Known] = {}
        self.books: dict[tuple[int, int], Book] = {}
        self.cash = {
            (row.handle, currency): amount
            for row in universe.accounts
            for currency, amount in row.cash.items()
        }
        self.fees: dict[tuple[int, int], int] = {}
        self.sent: dict[int, int] = {}
        self.counts = dict.fromkeys(
            (
                "accepted",
                "denied",
                "fills",
                "late_fills",
                "orphan_reports",
                "duplicate_reports",
                "unbookable",
                "refused_records",
            ),
            0,
        )

    # What is held, from the orders and books alone.

    def chain(self, account: int) -> list[Account]:
        found = [self.accounts[account]]
        while found[-1].parent:
            found.append(self.accounts[found[-1].parent])
        return found

    def below(self, account: int, order: Order) -> bool:
        return any(row.handle == account for row in self.chain(order.account))

    def book(self, account: int, instrument: int) -> Book:
        return self.books.setdefault((account, instrument), Book())

    def working(self, account: int, instrument: int, is_buy: bool) -> int:
        return sum(
            order.held
            for order in self.orders.values()
            if order.is_open
            and order.instrument == instrument
            and order.is_buy == is_buy
            and self.below(account, order)
        )

    def per_lot(self, instrument: int, is_long: bool) -> int | None:
        row = self.instruments[instrument]
        by_lot = row.margin_long_lot if is_long else row.margin_short_lot
        ppm = row.margin_long_ppm if is_long else row.margin_short_ppm
        settled = self.settlements[instrument]
        if ppm and settled is None:
            return None
        notional = Fraction(abs(settled or 0) * row.tick_value * ppm, 10**6)
        return by_lot + ceil(notional)

    def requirement(self, account: int, instrument: int, buys: int = 0, sells: int = 0) -> int:
        net = self.book(account, instrument).net
        longs = max(0, net + self.working(account, instrument, True) + buys)
        shorts = max(0, self.working(account, instrument, False) + sells - net)
        by_long = self.per_lot(instrument, True)
        by_short = self.per_lot(instrument, False)
        # Unknown margin counts as nothing here; the order is denied for it anyway.
        return max(money((by_long or 0) * longs), money((by_short or 0) * shorts))

    def of_currency(self, currency: int) -> list[Instrument]:
        return [row for row in self.universe.instruments if row.currency == currency]

    def margin(self, account: int, currency: int) -> int:
        return sum(self.requirement(account, row.handle) for row in self.of_currency(currency))

    def fee_held(self, account: int, currency: int) -> int:
        return sum(
            order.fee
            for order in self.orders.values()
            if order.is_open
            and self.instruments[order.instrument].currency == currency
            and self.below(account, order)
        )

    def unrealised(self, account: int, currency: int) -> int:
        total = 0
        for row in self.of_currency(currency):
            if row.handle in self.marks:
                book = self.book(account, row.handle)
                total += book.net * row.tick_value * self.marks[row.handle][0] - book.cost
        return total

    def equity(self, account: int, currency: int) -> int:
        return self.cash.get((account, currency), 0) + self.unrealised(account, currency)

    def held(self, account: int, currency: int) -> int:
        return self.margin(account, currency) + self.fee_held(account, currency)

    def fee(self, instrument: int, price: int, lots: int) -> int:
        row = self.instruments[instrument]
        notional = abs(money(money(price * row.tick_value) * lots))
        return money(
            money(row.fee_lot * lots) + money(ceil(Fraction(notional * row.fee_ppm, 10**6)))
        )

    def fee_price(self, instrument: int, *prices: int) -> int:
        found = [price for price in prices if price != NO_PRICE]
        if instrument in self.marks:
            found.append(self.marks[instrument][0])
        return max(found, key=abs, default=0)

    # Inputs are in risk_twin_inputs.py, checks in risk_twin_checks.py.

    def closable(self, account: int, instrument: int, is_buy: bool) -> int:
        net = self.book(account, instrument).net
        if (net >= 0) if is_buy else (net <= 0):
            return 0
        return abs(net) - self.working(account, instrument, is_buy)
