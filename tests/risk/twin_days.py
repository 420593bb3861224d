"""Ends of days and differences with venues, drawn from a seed."""

from datetime import date, timedelta
from random import Random
from typing import Any

from twin import Twin
from twin.days import has_lots
from twin_records import Record, record
from twin_world import MASTERS, OPERATOR, PRICES, TRADERS

from tidegate.native.records import Kind, PositionEffect, Side

# A leap day and a new month come soon.
FIRST = date(2024, 2, 27)
UNKNOWN = 1_000_007


class Days:
    """Draws DAY_ROLL with its settlements, BREAK and ADJUSTMENT; queue = what must follow."""

    def __init__(self, rng: Random, twin: Twin) -> None:
        self.rng = rng
        self.twin = twin
        self.queue: list[Record] = []

    def one(self) -> Record:
        pick = self.rng.random()
        if pick < 0.25:
            return self.roll()
        return self.difference() if pick < 0.55 else self.adjustment()

    def actor(self) -> int:
        return OPERATOR if self.rng.random() < 0.95 else 0

    def price(self, instrument: int) -> int:
        return PRICES[instrument] + self.rng.randint(-30, 30)

    def next_day(self) -> int:
        """Some days after the last one; now and then none that can be."""
        last = self.twin.state.business_day
        if self.rng.random() < 0.08:
            return self.rng.choice((0, last, 20_240_230, 20_241_301, 100_000_101))
        day = FIRST
        if last:
            day = date(last // 10_000, last // 100 % 100, last % 100)
            day += timedelta(self.rng.choice((1, 1, 3)))
        return day.year * 10_000 + day.month * 100 + day.day

    def roll(self) -> Record:
        s = self.twin.state
        held = {one for (_, one), book in s.books.items() if has_lots(book)}
        rows = [
            record(Kind.SETTLEMENT, instrument=one, price=self.price(one), actor=self.actor())
            for one in sorted(held)
            if not s.contracts[one].is_settled
        ]
        if rows and self.rng.random() < 0.15:
            rows.pop(self.rng.randrange(len(rows)))
        rows.append(record(Kind.DAY_ROLL, amount=self.next_day(), actor=self.actor(), cl_ord_id=7))
        self.queue += rows[1:]
        return rows[0]

    def key(self) -> dict[str, int]:
        """What a difference is about, of few, so that it is met again."""
        rng = self.rng
        found = rng.choice(({"instrument": 1}, {"instrument": 3}, {"currency": 1}))
        if rng.random() < 0.02:
            found = {"instrument": 1, "currency": rng.randint(0, 1)}
        return {"account": rng.choice(MASTERS) if rng.random() < 0.97 else 8, **found}

    def difference(self) -> Record:
        rng, key = self.rng, self.key()
        fills = self.twin.state.traders[key["account"]].fill_count
        return record(
            Kind.BREAK,
            amount=rng.choice((0, 0, 0, 1, -2, 5)),
            order_qty=fills + (rng.random() < 0.08),
            order_id=rng.choice((0, 0, UNKNOWN)),
            actor=0 if rng.random() < 0.97 else OPERATOR,
            **key,
        )

    def adjustment(self) -> Record:
        rng = self.rng
        pick = rng.random()
        given: dict[str, Any] = {"actor": self.actor(), "cl_ord_id": rng.randint(1, 999)}
        if pick < 0.35:
            instrument = rng.randint(1, 11)
            given |= {
                "account": rng.choice(TRADERS),
                "instrument": instrument,
                "side": int(rng.choice(tuple(Side))),
                "order_qty": rng.randint(1, 4),
                "price": self.price(instrument),
                "position_effect": int(rng.choice((PositionEffect.OPEN, PositionEffect.CLOSE))),
            }
        elif pick < 0.5:
            given |= {"account": rng.choice(TRADERS), "currency": rng.choice((1, 2))}
            given["amount"] = rng.choice((1, -1)) * rng.randint(0, 10**10)
        elif pick < 0.75:
            given |= self.key()
        else:
            given |= self.order()
        if rng.random() < 0.05:
            given[rng.choice(("account", "instrument", "amount", "order_id"))] = 3
        return record(Kind.ADJUSTMENT, **given)

    def order(self) -> dict[str, int]:
        """A working order, or one that only its venue knows."""
        rng, s = self.rng, self.twin.state
        if not s.open or rng.random() < 0.2:
            found = {"order_id": UNKNOWN, "account": rng.choice((*MASTERS, 8))}
            return found | ({"instrument": rng.randint(1, 11)} if rng.random() < 0.9 else {})
        order = rng.choice(list(s.open.values()))
        found = {"order_id": order.number}
        return found | ({"account": order.account} if rng.random() < 0.5 else {})
