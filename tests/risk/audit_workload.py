"""Random records over accounts of every kind and instruments of every model, for the auditor."""

import random
from collections.abc import Callable
from typing import Any

import numpy as np
from holding_rig import (
    CLOSE,
    CLOSE_TODAY,
    CLOSE_YESTERDAY,
    LARGER,
    LARGER_TOO,
    OPEN,
    SENDERS,
    SIDED,
    content,
)
from risk_rig import (
    BUY,
    CNY,
    MS,
    SELL,
    START_NS,
    USD,
    Step,
    cancel,
    cancel_reject,
    cash,
    control,
    execution,
    mark,
    order,
    replace,
    settlement,
    tick,
    trade,
)

from tidegate.native.records import CashPhase, ExecType, Flag, Kind, Reason
from tidegate.universe import Capacity

INSTRUMENTS = range(1, 8)
MASTERS = (2, 8, 12)
FIRST_DAY = 20_240_101
OPEN_STATUS = frozenset(b"A01")


class Workload:
    """Feeds a step; every record must leave an empty audit, which the step itself asserts."""

    def __init__(self, seed: int, **fields: Any) -> None:
        self.random = random.Random(seed)
        fields.setdefault("capacity", Capacity(orders=64, pairs=256, cl_ord_ids=4096))
        self.step = Step(content(**fields), marks=dict.fromkeys(INSTRUMENTS, 13_000))
        self.next_id = 1
        self.now = START_NS
        self.day = 0

    def run(self, count: int, *, days: bool = False) -> None:
        """So many records; with `days` also what ends days and decides differences."""
        makers: tuple[Callable[[], np.ndarray[Any, Any] | None], ...] = (
            *((self.end_day, self.difference, self.adjustment) if days else ()),
            *[self.new_order] * 9,
            *[self.report] * 8,
            self.cancel,
            self.replace,
            self.mark,
            self.settlement,
            self.cash,
            self.tick,
        )
        for _ in range(count):
            row = self.random.choice(makers)()
            if row is not None:
                self.step.run(row)

    def leave_working(self, count: int) -> None:
        """Orders that work, partly filled or about to be replaced."""
        for index in range(count):
            self.step.run(self.new_order())
            if index % 3 == 0 and (row := self.report()) is not None:
                self.step.run(row)
            if index % 4 == 0 and (row := self.replace()) is not None:
                self.step.run(row)

    def take_id(self) -> int:
        self.next_id += 1
        return self.next_id

    def working(self) -> list[Any]:
        rows = self.step.tables.arrays["orders"]
        return [row for row in rows[1:] if row["ord_status"] in OPEN_STATUS]

    def new_order(self) -> np.ndarray[Any, Any]:
        instrument = self.random.choice(INSTRUMENTS)
        effect, flags = 0, 0
        if instrument in (SIDED, LARGER, LARGER_TOO):
            effect = self.random.choice((OPEN, OPEN, OPEN, CLOSE, CLOSE_TODAY, CLOSE_YESTERDAY))
            if instrument != SIDED and effect != OPEN:
                effect = CLOSE
        elif self.random.random() < 0.2:
            flags = int(Flag.REDUCE_ONLY)
        return order(
            self.take_id(),
            account=self.random.choice(SENDERS),
            instrument=instrument,
            side=self.random.choice((BUY, SELL)),
            order_qty=self.random.randint(1, 6),
            price=13_000 + self.random.randint(-50, 50),
            position_effect=effect,
            flags=flags,
            session=self.random.choice((1, 2)),
        )

    def report(self) -> np.ndarray[Any, Any] | None:
        rows = self.step.tables.arrays["orders"]
        used = [row for row in rows[1:] if row["order_id"] and not row["is_staged"]]
        if not used:
            return None
        # Now and then of one that is over: a late fill.
        working = [row for row in used if row["ord_status"] in OPEN_STATUS]
        row = self.random.choice(working if working and self.random.random() < 0.9 else used)
        order_id, exec_id = int(row["order_id"]), int(row["exec_id"]) + 1
        dice = self.random.random()
        if dice < 0.6:
            left = max(1, int(row["order_qty"] - row["cum_qty"]))
            lots = self.random.randint(1, left)
            return trade(order_id, exec_id, lots, 13_000 + self.random.randint(-90, 90))
        if dice < 0.7:
            return cancel_reject(order_id, Kind.CANCEL_REPLACE_REQUEST, Reason.VENUE_TOO_LATE)
        kinds = (ExecType.EXEC_NEW, ExecType.EXEC_CANCELED, ExecType.EXEC_EXPIRED)
        if row["is_replace_pending"]:
            kinds = (ExecType.EXEC_REPLACED,) * 3
        return execution(order_id, self.random.choice(kinds), exec_id=exec_id)

    def cancel(self) -> np.ndarray[Any, Any] | None:
        if not (rows := self.working()):
            return None
        row = self.random.choice(rows)
        return cancel(self.take_id(), int(row["cl_ord_id"]), session=int(row["session"]))

    def replace(self) -> np.ndarray[Any, Any] | None:
        if not (rows := self.working()):
            return None
        row = self.random.choice(rows)
        price = 13_000 + self.random.randint(-50, 50)
        return replace(
            self.take_id(),
            int(row["cl_ord_id"]),
            self.random.randint(1, 9),
            price,
            session=int(row["session"]),
        )

    def mark(self) -> np.ndarray[Any, Any]:
        return mark(self.random.choice(INSTRUMENTS), 13_000 + self.random.randint(-100, 100))

    def settlement(self) -> np.ndarray[Any, Any]:
        return settlement(self.random.choice(INSTRUMENTS), 13_000 + self.random.randint(-99, 99))

    def cash(self) -> np.ndarray[Any, Any]:
        account = self.random.choice((*SENDERS, 2, 8))
        currency = self.random.choice((USD, CNY))
        amount = self.random.randint(-(10**13), 10**13)
        phase = self.random.choice((0, 0, CashPhase.CASH_PENDING, CashPhase.CASH_POST))
        held = self.step.tables.arrays["cash_holds"]
        held = held[held["request"] != 0]
        if phase == CashPhase.CASH_POST and len(held):
            row = self.random.choice(list(held))
            account, currency = int(row["account"]), int(row["currency"])
            phase = self.random.choice((CashPhase.CASH_POST, CashPhase.CASH_VOID))
            return control(
                Kind.TRANSFER if row["to_account"] else Kind.CASH,
                cl_ord_id=int(row["request"]),
                account=account,
                currency=currency,
                to_account=int(row["to_account"]),
                cash_phase=int(phase),
            )
        if phase == CashPhase.CASH_PENDING:
            return control(
                Kind.CASH,
                cl_ord_id=self.take_id(),
                account=account,
                currency=currency,
                amount=-abs(amount),
                cash_phase=int(phase),
            )
        if self.random.random() < 0.3:
            return control(
                Kind.TRANSFER,
                account=account,
                to_account=self.random.choice(SENDERS),
                currency=currency,
                amount=abs(amount),
            )
        return cash(account, currency, amount)

    def end_day(self) -> np.ndarray[Any, Any]:
        """Settlements of all instruments, and the roll that follows them."""
        for one in INSTRUMENTS:
            self.step.run(settlement(one, 13_000 + self.random.randint(-99, 99)))
        self.day += 1
        return control(Kind.DAY_ROLL, amount=FIRST_DAY + self.day, actor=2)

    def difference(self) -> np.ndarray[Any, Any]:
        account = self.random.choice(MASTERS)
        fills = int(self.step.tables.arrays["accounts"]["fill_count"][account])
        what = self.random.choice(({"instrument": 1}, {"instrument": 2}, {"currency": USD}))
        amount = self.random.choice((0, 0, 1, -5))
        return control(Kind.BREAK, account=account, amount=amount, order_qty=fills, **what)

    def adjustment(self) -> np.ndarray[Any, Any]:
        form = self.random.choice(("lots", "cash", "dismissal", "order"))
        account, given = self.random.choice(SENDERS), {"actor": 2}
        if form == "cash":
            given |= {"account": account, "currency": USD, "amount": self.random.randint(-99, 99)}
        elif form == "dismissal":
            given |= {"account": self.random.choice(MASTERS), "instrument": 1}
        elif form == "order" and (rows := self.working()):
            given |= {"order_id": int(self.random.choice(rows)["order_id"])}
        else:
            given |= {
                "account": account,
                "instrument": self.random.choice(INSTRUMENTS),
                "side": self.random.choice((BUY, SELL)),
                "order_qty": self.random.randint(1, 3),
                "price": 13_000 + self.random.randint(-50, 50),
                "position_effect": self.random.choice((OPEN, CLOSE)),
            }
        return control(Kind.ADJUSTMENT, **given)

    def tick(self) -> np.ndarray[Any, Any]:
        self.now += self.random.randint(0, 50) * MS
        return tick(self.now)
