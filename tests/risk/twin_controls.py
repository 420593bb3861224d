"""Control records that mostly make sense: time, prices, states, limits, cash, margins."""

from random import Random

from twin import Twin
from twin_days import Days
from twin_records import Record, record
from twin_themes import Theme
from twin_world import OPERATOR, PRICES, START_NS, TRADERS

from tidegate.native.records import CashPhase, Kind, LimitKind


class Controls:
    """Draws control records; queue = what must follow the one just drawn."""

    def __init__(self, rng: Random, twin: Twin, theme: Theme) -> None:
        self.rng = rng
        self.twin = twin
        self.theme = theme
        self.now = START_NS
        self.epoch = 0
        self.queue: list[Record] = []
        self.days = Days(rng, twin)

    def price(self, instrument: int) -> int:
        width = 8 if instrument in (7, 8, 10) else 30
        return PRICES[instrument] + self.rng.randint(-width, width)

    def one(self) -> Record:
        rng = self.rng
        if self.theme.days and rng.random() < self.theme.days:
            found = self.days.one()
            self.queue += self.days.queue
            self.days.queue.clear()
            return found
        pick = rng.random()
        if pick < 0.35:
            self.now += rng.choice((0, 10**6, 10**8, 10**8, 10**9))
            return record(Kind.TICK, received_ns=self.now)
        instrument = rng.randint(1, 11)
        if rng.random() < 0.6:
            since = {h: c.mark_ns for h, c in self.twin.state.contracts.items() if h != 9}
            instrument = min(since, key=lambda h: since[h])
        if pick < 0.65:
            price = self.price(instrument)
            if rng.random() < self.theme.jump:
                price += rng.randint(-900, 900)
            return record(Kind.MARK, instrument=instrument, price=price)
        if pick < 0.7:
            return record(Kind.SETTLEMENT, instrument=instrument, price=self.price(instrument))
        makers = (
            *[self.state] * self.theme.states,
            *[self.limit] * self.theme.states,
            self.cash,
            self.cash,
            self.rates,
            self.margins,
            self.reset,
            self.margins,
        )
        return rng.choice(makers)()

    def actor(self) -> int:
        return self.rng.choice((0, OPERATOR))

    def scope(self) -> dict[str, int]:
        rng = self.rng
        names = {"account": 17, "instrument": 12, "product": 7}
        name = rng.choice(("account", "account", "instrument", "product", ""))
        return {name: rng.randint(1, names[name])} if name else {}

    def state(self) -> Record:
        rng = self.rng
        given = self.scope()
        killed = [handle for handle, t in self.twin.state.traders.items() if t.state != 1]
        if killed and rng.random() < 0.6:
            given = {"account": rng.choice(killed)}
        stopped = [handle for handle, c in self.twin.state.contracts.items() if c.state != 1]
        if stopped and rng.random() < 0.4:
            given = {"instrument": rng.choice(stopped)}
        given |= {"actor": self.actor(), "cl_ord_id": rng.randint(1, 999)}
        if rng.random() < 0.1:
            given |= {"venue": 2}
        if rng.random() < 0.2:
            return record(Kind.KILL, **given)
        if rng.random() < 0.3:
            given["side_lock"] = rng.choice((0, 0, 0, 1, 2, 3, 4))
            return record(Kind.SIDE_LOCK, **given)
        return record(
            Kind.TRADING_STATE, trading_state=rng.choice((1,) * 9 + (2, 2, 3, 0)), **given
        )

    def limit(self) -> Record:
        rng = self.rng
        kind = rng.choice(tuple(LimitKind))
        given = {"account": rng.randint(1, 16), "limit_kind": int(kind), "actor": self.actor()}
        if kind <= LimitKind.LIMIT_MAX_OPEN_ORDERS:
            given |= {k: v for k, v in self.scope().items() if k != "account"}
        amount = rng.choice((-1, 5, 20, 60))
        if kind in (LimitKind.LIMIT_ORDER_RATE, LimitKind.LIMIT_REPLACE_RATE, LimitKind(10)):
            given["order_qty"] = rng.randint(1, 9)
        if kind in (LimitKind.LIMIT_MAX_LOSS, LimitKind.LIMIT_MAX_DRAWDOWN, LimitKind(17)):
            given["currency"] = rng.choice((1, 1, 2))
            amount = rng.choice((-1, 10**8, 10**10))
        if kind == LimitKind.LIMIT_MAX_NOTIONAL:
            amount = rng.choice((-1, 10**11))
        if kind in (LimitKind.LIMIT_LEVERAGE, LimitKind.LIMIT_CONCENTRATION):
            amount = rng.choice((-1, 300, 900))
        if rng.random() < 0.4:
            given["expires_ns"] = self.now + rng.choice((-1, 10**9, 4 * 10**9))
        return record(Kind.LIMIT_CHANGE, amount=amount, cl_ord_id=rng.randint(1, 999), **given)

    def cash(self) -> Record:
        rng = self.rng
        given = {
            "account": rng.randint(1, 17),
            "currency": rng.randint(0, 3),
            "amount": rng.randint(-(10**10), 10**10),
            "cl_ord_id": rng.randint(1, 40),
            "actor": self.actor(),
            "cash_phase": int(rng.choice((0, 0, *CashPhase))),
        }
        if rng.random() < 0.3:
            given["amount"] = abs(given["amount"]) // 4
            return record(Kind.TRANSFER, to_account=rng.randint(1, 17), **given)
        return record(Kind.CASH, **given)

    def rates(self) -> Record:
        rng = self.rng
        bid = rng.choice((0, 100_000_000, 139_000_000, 1_090_000_000))
        return record(
            Kind.CURRENCY_RATE,
            currency=rng.randint(2, 3),
            bid_rate=bid,
            ask_rate=bid + rng.randint(-1, 10**6),
            haircut_ppm=rng.choice((0, 20_000, 50_001, 1_000_000)),
            actor=self.actor(),
        )

    def margins(self) -> Record:
        rng = self.rng
        pick = rng.random()
        if pick < 0.3:
            account, currency = rng.choice(TRADERS), rng.choice((1, 1, 2))
            count = self.twin.state.traders[account].fill_count
            return record(
                Kind.MARGIN_CREDIT,
                account=account,
                currency=currency,
                amount=rng.choice((-1, 0, 10**7, 10**9)),
                order_qty=count + (rng.random() < 0.2),
                cl_ord_id=self.twin.state.epoch + (rng.random() < 0.1),
            )
        if pick < 0.55:
            return record(
                Kind.MARGIN_COMMIT,
                order_qty=self.epoch,
                amount=len(self.twin.state.staged) + (rng.random() < 0.15),
                actor=self.actor(),
            )
        self.epoch = self.twin.state.epoch + 1
        if pick < 0.75:
            return record(
                Kind.MARGIN_RATES,
                instrument=rng.randint(1, 11),
                margin_long_lot=rng.choice((0, 50_000_000, 99_000_000)),
                margin_short_lot=rng.choice((1, 50_000_000)),
                margin_long_ppm=rng.choice((0, 90_000, 110_000, 1_000_001)),
                margin_short_ppm=rng.choice((0, 100_000)),
                epoch=self.epoch,
            )
        instrument = rng.choice((6, 7, 8, 8, 1))
        rows = [self.array(instrument, first) for first in (0, 6, 12, 18)]
        if rng.random() < 0.2:
            rows.pop(rng.randrange(4))
        self.queue += rows[1:]
        return rows[0]

    def array(self, instrument: int, first: int) -> Record:
        """Six of an instrument's scan values: scenarios, delta, rates."""
        rng = self.rng
        values = [rng.randint(-150, 150) for _ in range(6)]
        if first == 12:
            values[4:] = rng.choice((-3_000, 5_000, 10_000)), rng.randint(0, 60)
        if first == 18:
            values = [rng.randint(0, 9), rng.randint(0, 400), 0, 0, 0, rng.random() < 0.03]
        return record(
            Kind.MARGIN_ARRAY, instrument=instrument, first=first, epoch=self.epoch, values=values
        )

    def reset(self) -> Record:
        rng = self.rng
        kind = rng.choice((Kind.RE_ENABLE, Kind.PROTECTION_RESET))
        return record(
            kind,
            account=rng.randint(1, 17),
            product=rng.randint(0, 7),
            actor=self.actor(),
            cl_ord_id=rng.randint(1, 999),
        )
