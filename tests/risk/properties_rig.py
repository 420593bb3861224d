"""One rich account over the three margin models, for properties that hold for any numbers."""

from random import Random
from typing import Any

import msgspec
import numpy as np
from risk_rig import (
    BUY,
    CNY,
    GOLD,
    INDEX,
    MASTER,
    MILLION,
    SELL,
    SISTER,
    STRANGER,
    SUB,
    USD,
    Step,
    accounts,
    control,
    instrument,
    order,
    trade,
    universe,
)

from tidegate.native.records import Kind, PositionEffect
from tidegate.universe import Capacity, Instrument, Scan

FUTURE, CALL = 3, 4
PRICES = {GOLD: 13_000, INDEX: 4_000, FUTURE: 900, CALL: 30}
LONG, SHORT = 88_000_000, 80_000_000
UNIT = 10_000
LOSSES = (0, 0, -40, -40, 40, 40, -80, -80, 80, 80, -120, -120, 120, 120, -119, 119)
CALL_LOSSES = (5, -6, -20, -30, 25, 15, -50, -60, 40, 30, -85, -95, 50, 45, -100, 20)
OPEN, CLOSE = int(PositionEffect.OPEN), int(PositionEffect.CLOSE)
SIDE_LOT = 28_800_240


def contracts(**future: Any) -> tuple[Instrument, ...]:
    """Gold by net, an index by sides, a future and a call by SPAN."""
    span: dict[str, Any] = {"margin_model": "span", "product_index": 2, "product": "RT"}
    scan = Scan(unit=UNIT, losses=LOSSES, delta=10_000)
    option = Scan(unit=UNIT, losses=CALL_LOSSES, delta=5_000, short_option_rate=4)
    sides = {"margin_model": "sides", "has_sides": True, "currency": CNY, "fee_lot": 0}
    sides |= {"margin_long_lot": SIDE_LOT, "margin_short_lot": SIDE_LOT, "tick_value": 60_000}
    return (
        instrument(GOLD, "GC", max_order_qty=1000),
        instrument(INDEX, "IF", **sides, settlement=4_000),
        instrument(FUTURE, "SF", **span | {"scan": scan} | future),
        instrument(CALL, "SC", **span, scan=option, right="C", is_premium_paid=True),
    )


def rich(contents: tuple[Instrument, ...] | None = None, **fields: Any) -> Step:
    """Three sub-accounts with more money than they need; no limit but a wide one of lots."""
    wide: dict[str, Any] = {"max_position": 10_000, "position_limits": {}, "max_order_qty": None}
    money: dict[str, Any] = {"cash": {USD: 100 * MILLION, CNY: 100 * MILLION}}
    rows = tuple(
        msgspec.structs.replace(
            row,
            **(wide if row.handle in (MASTER, SUB, SISTER, STRANGER) else {})
            | (money if row.cash else {})
            | (fields if row.handle in (SUB, SISTER, STRANGER) else {}),
        )
        for row in accounts()
    )
    content = universe(
        accounts=rows,
        instruments=contents or contracts(),
        capacity=Capacity(orders=64, pairs=80, cl_ord_ids=1 << 14),
    )
    return Step(content, marks=PRICES)


class Trader:
    """Sends orders of an account with ids of its own, all of which must be accepted."""

    def __init__(self, step: Step, account: int = SUB) -> None:
        self.step = step
        self.account = account
        self.next_id = account * 1000

    def row(self, one: int, lots: int, effect: int = 0) -> np.ndarray[Any, Any]:
        """A record of signed lots at the mark."""
        self.next_id += 1
        if one == INDEX and not effect:
            effect = OPEN
        return order(
            self.next_id,
            account=self.account,
            instrument=one,
            side=BUY if lots > 0 else SELL,
            order_qty=abs(lots),
            price=PRICES[one],
            position_effect=effect,
        )

    def work(self, one: int, lots: int, effect: int = 0) -> int:
        return self.step.accept(self.row(one, lots, effect))

    def fill(self, one: int, lots: int, px: int | None = None, effect: int = 0) -> None:
        number = self.work(one, lots, effect)
        self.step.run(trade(number, number, abs(lots), PRICES[one] if px is None else px))


def shuffled(rows: list[np.ndarray[Any, Any]], seed: int) -> list[np.ndarray[Any, Any]]:
    found = [row.copy() for row in rows]
    Random(seed).shuffle(found)
    return found


def margin_credit(step: Step, amount: int) -> None:
    count = step.account(SUB)["fill_count"]
    step.run(control(Kind.MARGIN_CREDIT, account=SUB, currency=USD, amount=amount, order_qty=count))
