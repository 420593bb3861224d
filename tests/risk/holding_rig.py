"""Accounts of every kind, one instrument of each margin model, and what they must hold by RISK.md.

firm 1 > shared master 2 > group 3 > sub 4 (> strategies 5, 6), sub 7 (converted)
       > pool 8 (a master) > group 9 > subs 10, 11 that draw on it
       > plain master 12 > group 13 > sub 14
"""

import dataclasses
from typing import Any

import msgspec
import numpy as np
from risk_rig import CNY, USD, account, instrument, universe

from tidegate import risk_state
from tidegate.native import holding_probe
from tidegate.native.records import Level, Side
from tidegate.native.tables import DTYPES, Tables
from tidegate.universe import Account, Capacity, Currency, Product, Scan, Universe

MEMBERS = (10, 11)
POOL = 8
SENDERS = (5, 6, 7, 10, 11, 14)
NET, SIDED, LARGER, LARGER_TOO, FUTURE, OPTION, FOREIGN = range(1, 8)
OPEN, CLOSE, CLOSE_TODAY, CLOSE_YESTERDAY = 79, 67, 84, 89
PRODUCTS = {NET: 0, SIDED: 1, LARGER: 2, LARGER_TOO: 2, FUTURE: 3, OPTION: 3, FOREIGN: 4}
FUTURE_LOSSES = (0, 0, -7, -7, 7, 7, -13, -13, 13, 13, -20, -20, 20, 20, -19, 19)
CALL_LOSSES = (-1, 2, -5, -3, 2, 4, -9, -8, 4, 6, -15, -14, 5, 6, -6, 3)


def accounts() -> tuple[Account, ...]:
    own = {"cash": {USD: 10**15, CNY: 10**15}, "max_position": 10**6}
    slice_ = {"credit_line": {USD: 10**14}, "max_position": 10**6, "pool": POOL}
    return (
        account(1, Level.FIRM, 0),
        account(2, Level.MASTER, 1, cash={USD: 10**15}, is_shared=True),
        account(3, Level.OWNER_GROUP, 2),
        account(4, Level.SUB_ACCOUNT, 3, **own, is_shared=True),
        account(5, Level.STRATEGY, 4, **own),
        account(6, Level.STRATEGY, 4, **own),
        account(7, Level.SUB_ACCOUNT, 3, **own, is_converted=True),
        account(POOL, Level.MASTER, 1, cash={USD: 10**15, CNY: 10**15}),
        account(9, Level.OWNER_GROUP, POOL),
        account(10, Level.SUB_ACCOUNT, 9, **slice_),
        account(11, Level.SUB_ACCOUNT, 9, **slice_),
        account(12, Level.MASTER, 1),
        account(13, Level.OWNER_GROUP, 12),
        account(14, Level.SUB_ACCOUNT, 13, **own),
    )


def scan(losses: tuple[int, ...], delta: int) -> Scan:
    return Scan(
        unit=300, losses=losses, delta=delta, intra_rate=11, delivery_rate=3, short_option_rate=2
    )


def instruments() -> tuple[Any, ...]:
    sides = {"margin_model": "sides", "has_sides": True, "closes_today": True}
    larger = {**sides, "closes_today": False, "is_max_side": True, "price_basis": 4}
    rates = {
        "margin_long_lot": 11,
        "margin_short_lot": 13,
        "margin_long_ppm": 90_001,
        "margin_short_ppm": 80_007,
        "exchange_long_lot": 7,
        "exchange_short_lot": 5,
        "exchange_long_ppm": 70_003,
        "exchange_short_ppm": 60_009,
    }
    made = (
        instrument(NET, "NET", **rates),
        instrument(SIDED, "SIDED", **rates, **sides),
        instrument(LARGER, "LARGER", **rates, **larger),
        instrument(LARGER_TOO, "LARGERTOO", **rates, **larger, notional_floor=5 * 10**9),
        instrument(FUTURE, "FUTURE", margin_model="span", scan=scan(FUTURE_LOSSES, 10_000)),
        instrument(OPTION, "OPTION", margin_model="span", scan=scan(CALL_LOSSES, 4_321), right="C"),
        instrument(FOREIGN, "FOREIGN", **rates, currency=CNY),
    )
    return tuple(msgspec.structs.replace(row, product_index=PRODUCTS[row.handle]) for row in made)


def content(**fields: Any) -> Universe:
    return universe(
        **{
            "accounts": accounts(),
            "instruments": instruments(),
            "products": tuple(
                Product(product_index=index, name=f"P{index}", venue=1) for index in range(5)
            ),
            "currencies": (
                Currency(handle=USD, code="USD", bid_rate=10**9, ask_rate=10**9),
                Currency(
                    handle=CNY,
                    code="CNY",
                    bid_rate=140_000_001,
                    ask_rate=140_000_777,
                    haircut_ppm=30_001,
                ),
            ),
            "capacity": Capacity(orders=64, pairs=256, cl_ord_ids=64),
        }
        | fields
    )


@dataclasses.dataclass
class Held:
    """A working order, or one that is over and holds nothing."""

    row: int
    account: int
    instrument: int
    is_buy: bool
    effect: int
    lots: int = 0
    fee: int = 0
    premium: int = 0
    today: int = 0


class Book:
    """Tables, and beside them the orders and positions that were put into them."""

    def __init__(self, of: Universe | None = None) -> None:
        self.universe = of or content()
        self.tables = risk_state.in_memory(self.universe)
        self.arrays = self.tables.arrays
        for row in self.arrays["instruments"][1:]:
            row["mark_px"] = 13_100
            row["lot_notional"] = max(13_100 * int(row["tick_value"]), int(row["notional_floor"]))
            assert holding_probe.set_lot_margins(row.reshape(1))
        self.orders: list[Held] = []
        self.net: dict[tuple[int, int], int] = {}
        self.sides: dict[tuple[int, int], dict[str, int]] = {}

    def chain(self, handle: int) -> list[int]:
        return [int(level) for level in self.arrays["accounts"]["chain"][handle] if level]

    def pair(self, handle: int, of: int) -> int:
        return holding_probe.ensure(self.tables, handle, of)

    def order(self, handle: int, of: int, is_buy: bool, effect: int = 0) -> Held:
        index = len(self.orders) + 1
        row = self.arrays["orders"][index]
        row["account"], row["instrument"] = handle, of
        row["pair"] = self.pair(handle, of)
        row["side"] = int(Side.BUY if is_buy else Side.SELL)
        row["position_effect"] = effect
        self.orders.append(Held(index, handle, of, is_buy, effect))
        return self.orders[-1]

    def hold(self, order: Held, lots: int, fee: int = 0, premium: int = 0, count: int = 0) -> bool:
        """Hold or release; the order's own row must say the same."""
        if not holding_probe.hold(self.tables, order.row, lots, fee, premium, count):
            return False
        order.lots += lots
        order.fee += fee
        order.premium += premium
        row = self.arrays["orders"][order.row]
        order.today = int(row["frozen_today"])
        assert (int(row["held_qty"]), int(row["fee_held"])) == (order.lots, order.fee)
        assert int(row["premium_held"]) == order.premium
        return True

    def fill_net(self, order: Held, lots: int) -> None:
        signed = lots if order.is_buy else -lots
        for level in self.chain(order.account):
            pair = self.pair(level, order.instrument)
            assert holding_probe.move_net(self.tables, pair, signed)
        key = order.account, order.instrument
        self.net[key] = self.net.get(key, 0) + signed
        assert self.hold(order, -lots)

    def fill_sides(self, order: Held, lots: int, cost: int) -> None:
        """An open adds to today's; a close takes what was frozen, yesterday's first."""
        today = max(0, lots - (order.lots - order.today))
        opens = order.effect == OPEN
        side = "long" if order.is_buy == opens else "short"
        by = {f"{side}_today": lots if opens else -today}
        by[f"{side}_today_cost"] = cost if opens or today else 0
        if not opens:
            by[f"{side}_yesterday"] = today - lots
        self.change_sides(order.account, order.instrument, by)
        assert self.hold(order, -lots)

    def change_sides(self, handle: int, of: int, by: dict[str, int]) -> None:
        for level in self.chain(handle):
            pair = self.pair(level, of)
            after = self.arrays["sides"][self.arrays["pairs"]["sides"][pair]].copy()
            for name, value in by.items():
                after[name] += value
            assert holding_probe.move_sides(self.tables, pair, after.reshape(1))
        mine = self.sides.setdefault((handle, of), {})
        for name, value in by.items():
            mine[name] = mine.get(name, 0) + value


def hash_of(tables: Tables) -> str:
    return tables.state_hash()


def one(name: str) -> np.ndarray[Any, Any]:
    return np.zeros(1, DTYPES[name])
