"""What the demo's strategies decide: from quotes and their own orders to requests. No I/O.

Each is a small version of a known idea. They are there to load the engine with orders that a
desk would send, not to earn money.
"""

import random
from collections import deque
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple, Protocol

import msgspec

from tidegate.client.orders import NewOrder
from tidegate.client.report import Order
from tidegate.native.records import Side, TimeInForce


class Top(NamedTuple):
    """The best bid and ask of an instrument."""

    bid: Decimal
    ask: Decimal


class Desk(Protocol):
    """What a strategy can do and see. Positions are signed lots."""

    accounts: dict[str, list[str]]
    tick: dict[str, Decimal]

    def position(self, account: str) -> int: ...
    def working(self, account: str) -> list[Order]: ...
    def submit(self, orders: list[NewOrder]) -> None: ...
    def replace(self, order: Order, price: Decimal) -> None: ...
    def cancel(self, order: Order) -> None: ...


class Strategy(Protocol):
    """Called on each change of a top of book, with the last tops of all its instruments."""

    symbols: tuple[str, ...]

    def on_top(self, symbol: str, tops: dict[str, Top], desk: Desk, /) -> None: ...


def limit(
    account: str,
    symbol: str,
    side: Side,
    qty: int,
    price: Decimal,
    *,
    tif: TimeInForce = TimeInForce.DAY,
) -> NewOrder:
    return NewOrder(
        account=account,
        instrument=symbol,
        side=side,
        order_qty=qty,
        price=price,
        time_in_force=tif,
    )


def take(account: str, symbol: str, lots: int, top: Top) -> NewOrder:
    """An order for signed lots at the other side's price, immediate or cancel."""
    side = Side.BUY if lots > 0 else Side.SELL
    price = top.ask if lots > 0 else top.bid
    return limit(account, symbol, side, abs(lots), price, tif=TimeInForce.IMMEDIATE_OR_CANCEL)


class MarketMaker:
    """Quotes both sides around the middle, shifted against its inventory; follows by replaces.

    A few accounts quote at a time; the next ones take over every `turn` tops.
    """

    def __init__(self, symbol: str, *, qty: int, width: int, skew: int, active: int, turn: int):
        self.symbols: tuple[str, ...] = (symbol,)
        self.qty = qty
        self.width = width
        self.skew = skew
        self.active = active
        self.turn = turn
        self.count = 0

    def on_top(self, symbol: str, tops: dict[str, Top], desk: Desk) -> None:
        accounts = desk.accounts[symbol]
        self.count += 1
        first = self.count // self.turn * self.active
        quoting = [accounts[(first + i) % len(accounts)] for i in range(self.active)]
        for account in accounts:
            if account in quoting:
                self.quote(account, symbol, tops[symbol], desk)
            else:
                for order in desk.working(account):
                    desk.cancel(order)

    def quote(self, account: str, symbol: str, top: Top, desk: Desk) -> None:
        tick = desk.tick[symbol]
        lean = desk.position(account) // max(self.qty, 1) * self.skew
        want = {
            Side.BUY: top.bid - tick * max(self.width + lean, 0),
            Side.SELL: top.ask + tick * max(self.width - lean, 0),
        }
        for order in desk.working(account):
            price = want.pop(order.side, None)
            if price is None:
                desk.cancel(order)
            elif order.price is not None and abs(order.price - price) > tick:
                desk.replace(order, price)
        desk.submit([limit(account, symbol, side, self.qty, price) for side, price in want.items()])


class Momentum:
    """Holds lots in the direction of a fast average over a slow one; takes, never quotes."""

    def __init__(self, symbol: str, *, lots: int, fast: int, slow: int, band: Decimal) -> None:
        self.symbols: tuple[str, ...] = (symbol,)
        self.lots = lots
        self.weights = (Decimal(2) / (fast + 1), Decimal(2) / (slow + 1))
        self.averages: list[Decimal] = []
        self.band = band
        self.turn = 0

    def on_top(self, symbol: str, tops: dict[str, Top], desk: Desk) -> None:
        middle = (tops[symbol].bid + tops[symbol].ask) / 2
        if not self.averages:
            self.averages = [middle, middle]
        self.averages = [
            old + weight * (middle - old)
            for old, weight in zip(self.averages, self.weights, strict=True)
        ]
        ahead = self.averages[0] - self.averages[1]
        target = self.lots * ((ahead > self.band) - (ahead < -self.band))
        accounts = desk.accounts[symbol]
        self.turn = (self.turn + 1) % len(accounts)
        account = accounts[self.turn]
        lots = target - desk.position(account)
        if lots and not desk.working(account):
            desk.submit([take(account, symbol, lots, tops[symbol])])


class Pairs:
    """Trades two instruments against each other when their ratio leaves its usual range."""

    def __init__(self, legs: dict[str, int], *, window: int, entry: float) -> None:
        self.symbols = tuple(legs)
        self.legs = legs
        self.ratios: deque[float] = deque(maxlen=window)
        self.warm = window // 4
        self.entry = entry
        self.turn = 0

    def on_top(self, _: str, tops: dict[str, Top], desk: Desk) -> None:
        if len(tops) < 2:
            return
        first, second = (tops[each] for each in self.symbols)
        self.ratios.append(float((first.bid + first.ask) / (second.bid + second.ask)))
        if len(self.ratios) < self.warm:
            return
        direction = self.direction()
        self.turn += 1
        for each, sign in zip(self.symbols, (1, -1), strict=True):
            accounts = desk.accounts[each]
            account = accounts[self.turn % len(accounts)]
            lots = sign * direction * self.legs[each] - desk.position(account)
            if lots and not desk.working(account):
                desk.submit([take(account, each, lots, tops[each])])

    def direction(self) -> int:
        """-1 = the ratio is high: sell the first leg; +1 = low; 0 = usual."""
        mean = sum(self.ratios) / len(self.ratios)
        deviation = (sum((each - mean) ** 2 for each in self.ratios) / len(self.ratios)) ** 0.5
        if deviation == 0:
            return 0
        score = (self.ratios[-1] - mean) / deviation
        return int(score < -self.entry) - int(score > self.entry)


class Rogue:
    """Misbehaves on purpose, one misdeed each `turn` tops, with a few good orders between."""

    def __init__(self, most: dict[str, int], *, seed: int, turn: int) -> None:
        """`most`: each symbol with the lots that its accounts may send in one order."""
        self.symbols = tuple(most)
        self.most = most
        self.random = random.Random(seed)
        self.turn = turn
        self.count = 0
        self.last_id = 0

    def on_top(self, symbol: str, tops: dict[str, Top], desk: Desk) -> None:
        self.count += 1
        if self.count % self.turn:
            return
        account = self.random.choice(desk.accounts[symbol])
        top = tops[symbol]
        misdeed = self.random.choice(
            (
                *(self.behave, self.too_big, self.wrong_tick, self.not_permitted),
                *(self.too_fast, self.duplicate, self.too_far, self.too_dear),
                *(self.too_many, self.drift, self.cross_itself, self.reduce_nothing),
                self.big_market,
            )
        )
        desk.submit(list(misdeed(account, symbol, top, desk)))

    def behave(self, account: str, symbol: str, top: Top, desk: Desk) -> Iterable[NewOrder]:
        for order in desk.working(account):
            desk.cancel(order)
        lots = -desk.position(account) or self.random.choice((-1, 1))
        return [take(account, symbol, lots, top)]

    def too_big(self, account: str, symbol: str, top: Top, _: Desk) -> Iterable[NewOrder]:
        return [limit(account, symbol, Side.BUY, 1_000_000, top.bid)]

    def wrong_tick(self, account: str, symbol: str, top: Top, desk: Desk) -> Iterable[NewOrder]:
        return [limit(account, symbol, Side.BUY, 1, top.bid + desk.tick[symbol] / 2)]

    def not_permitted(self, _: str, symbol: str, top: Top, desk: Desk) -> Iterable[NewOrder]:
        others = [each for each in desk.accounts if each != symbol]
        return [limit(desk.accounts[others[0]][0], symbol, Side.BUY, 1, top.bid)]

    def too_fast(self, account: str, symbol: str, top: Top, desk: Desk) -> Iterable[NewOrder]:
        price = top.bid - 20 * desk.tick[symbol]
        ioc = TimeInForce.IMMEDIATE_OR_CANCEL
        return [limit(account, symbol, Side.BUY, 1, price, tif=ioc) for _ in range(40)]

    def duplicate(self, account: str, symbol: str, top: Top, _: Desk) -> Iterable[NewOrder]:
        self.last_id += 1
        ioc = TimeInForce.IMMEDIATE_OR_CANCEL
        twice = NewOrder(
            account=account,
            instrument=symbol,
            side=Side.SELL,
            order_qty=1,
            price=top.ask,
            time_in_force=ioc,
            cl_ord_id=self.last_id,
        )
        return [twice, twice]

    def too_far(self, account: str, symbol: str, top: Top, desk: Desk) -> Iterable[NewOrder]:
        return [limit(account, symbol, Side.SELL, 1, top.ask + 5000 * desk.tick[symbol])]

    def too_dear(self, account: str, symbol: str, top: Top, _: Desk) -> Iterable[NewOrder]:
        return [take(account, symbol, self.most[symbol], top)]

    def too_many(self, account: str, symbol: str, top: Top, desk: Desk) -> Iterable[NewOrder]:
        ioc = TimeInForce.IMMEDIATE_OR_CANCEL
        prices = [top.bid - (10 + i) * desk.tick[symbol] for i in range(8)]
        return [limit(account, symbol, Side.BUY, 1, price, tif=ioc) for price in prices]

    def drift(self, account: str, symbol: str, top: Top, desk: Desk) -> Iterable[NewOrder]:
        ioc = TimeInForce.IMMEDIATE_OR_CANCEL
        prices = [top.bid - away * desk.tick[symbol] for away in (5, 35, 65)]
        return [limit(account, symbol, Side.BUY, 1, price, tif=ioc) for price in prices]

    def cross_itself(self, account: str, symbol: str, top: Top, desk: Desk) -> Iterable[NewOrder]:
        price = top.ask + 3 * desk.tick[symbol]
        ioc = TimeInForce.IMMEDIATE_OR_CANCEL
        return [
            limit(account, symbol, Side.SELL, 1, price),
            limit(account, symbol, Side.BUY, 1, price, tif=ioc),
        ]

    def reduce_nothing(self, account: str, symbol: str, top: Top, desk: Desk) -> Iterable[NewOrder]:
        side = Side.SELL if desk.position(account) < 0 else Side.BUY
        order = limit(account, symbol, side, 1, top.bid)
        return [msgspec.structs.replace(order, reduce_only=True)]

    def big_market(self, account: str, symbol: str, _: Top, __: Desk) -> Iterable[NewOrder]:
        order = limit(account, symbol, Side.BUY, self.most[symbol], Decimal(0))
        return [msgspec.structs.replace(order, price=None)]


def make(name: str) -> Strategy:
    """The strategy of a session of configs/demo/demo.toml."""
    makers: dict[str, Strategy] = {
        "maker-gc": MarketMaker("GCZ3", qty=1, width=0, skew=1, active=6, turn=40),
        "maker-btc": MarketMaker("BTCUSDT", qty=50, width=0, skew=2, active=5, turn=50),
        "momentum-gc": Momentum("GCZ3", lots=1, fast=10, slow=60, band=Decimal("0.05")),
        "momentum-if": Momentum("IF2101", lots=2, fast=10, slow=60, band=Decimal("0.1")),
        "pairs": Pairs({"GCZ3": 1, "BTCUSDT": 40}, window=400, entry=1.0),
        "rogue": Rogue({"GCZ3": 10, "IF2101": 5, "BTCUSDT": 500}, seed=7, turn=12),
    }
    return makers[name]
