"""Records that mostly make sense, drawn from a seed; they need nothing but the twin's own state."""

from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

from twin import Twin
from twin.state import Order
from twin_controls import Controls
from twin_records import Record, record
from twin_themes import theme_of
from twin_world import PRICES, START_NS, TRADERS

from tidegate.native.records import (
    NO_PRICE,
    ExecType,
    Flag,
    Kind,
    OrdType,
    PositionEffect,
    Reason,
    Side,
)

Maker = Callable[[], Record]


class Desk:
    """Draws the next record; order ids in its records are the twin's own numbers."""

    def __init__(self, seed: int, twin: Twin) -> None:
        self.rng = Random(seed)
        # Of its own, so that questions change no other record.
        self.questions = Random(seed + 1)
        self.twin = twin
        self.next_id = 0
        self.day = 0
        self.exec_id = 0
        self.match_id = 0
        self.theme = theme_of(seed)
        self.controls = Controls(self.rng, twin, self.theme)
        self.queue: list[Maker] = []
        self.ages = Random(seed)

    def opening(self) -> list[Record]:
        """The time and a mark for all but one instrument."""
        marks = [record(Kind.MARK, instrument=h, price=p) for h, p in PRICES.items() if h != 9]
        return [record(Kind.TICK, received_ns=START_NS), *marks]

    def ask(self) -> Record:
        """An order once more, under any id that its session has used."""
        session, cl_ord_id = self.questions.choice(list(self.twin.state.ids))
        return record(
            Kind.NEW_ORDER_SINGLE,
            cl_ord_id=cl_ord_id,
            session=session,
            account=8,
            instrument=1,
            side=int(Side.BUY),
            order_qty=1,
            ord_type=int(OrdType.LIMIT),
            price=PRICES[1],
            time_in_force=48,
            flags=int(Flag.POSS_RESEND),
        )

    def next(self) -> Record:
        if self.twin.state.ids and self.questions.random() < 0.04:
            return self.stamped(self.ask())
        return self.stamped(self.draw())

    def stamped(self, row: Record) -> Record:
        """As its gateway has taken it: just now, or before risk was down."""
        if row["kind"][0] in (Kind.NEW_ORDER_SINGLE, Kind.CANCEL_REPLACE_REQUEST):
            seconds = self.ages.choice((0, 1, 5)) if self.ages.random() < 0.99 else 6
            row["received_ns"] = self.twin.state.now - seconds * 10**9
        return row

    def draw(self) -> Record:
        self.queue += [partial(row.copy) for row in self.controls.queue]
        self.controls.queue.clear()
        if self.queue and self.rng.random() < 0.9:
            return self.queue.pop(0)()
        makers = (self.new, self.request, self.answer, self.controls.one)
        weights = [getattr(self.theme, name) for name in ("new", "request", "answer", "control")]
        return self.rng.choices(makers, weights)[0]()

    def price(self, instrument: int) -> int:
        width = 8 if instrument in (7, 8, 10) else 30
        if self.rng.random() < 0.03:
            width *= 8
        price = PRICES[instrument] + self.rng.randint(-width, width)
        return price if self.rng.random() < 0.1 or instrument != 9 else price // 5 * 5

    def fresh(self) -> int:
        """A new number; of some desks they begin anew with the day."""
        if self.theme.reuses_ids and self.day != self.twin.state.business_day:
            self.day, self.next_id = self.twin.state.business_day, 0
        self.next_id += 1
        if self.rng.random() < 0.97:
            return self.next_id
        return self.rng.choice((0, self.rng.randint(1, self.next_id)))

    def new(self) -> Record:
        rng = self.rng
        if rng.random() < self.theme.episodes and not self.queue:
            return self.episode()
        if rng.random() < self.theme.lists and not self.queue:
            return self.list()
        return self.one(rng.choice(self.theme.traders), rng.choice((1, 1, 2, 3)))

    def one(self, account: int, session: int, **fields: Any) -> Record:
        rng = self.rng
        instrument = rng.choice(self.theme.instruments)
        is_market = rng.random() < 0.12
        side = int(rng.choice(tuple(Side)))
        effect, flags = self.effect(account, instrument, side)
        qty = rng.choice((1, 2, 2, 3, 4, 6, 8, 14))
        if instrument == 2 and rng.random() < 0.8:
            qty += qty % 2
        drawn: dict[str, Any] = {
            "cl_ord_id": self.fresh(),
            "session": session,
            "account": account,
            "instrument": instrument,
            "side": side,
            "order_qty": qty if rng.random() < 0.97 else rng.choice((0, 31, 61)),
            "ord_type": int(OrdType.MARKET if is_market else OrdType.LIMIT),
            "price": NO_PRICE if is_market else self.price(instrument),
            "time_in_force": rng.choice((48, 48, 49, 51, 52)),
            "flags": flags,
            "position_effect": effect,
        }
        if rng.random() < 0.02:
            odd = ("account", "instrument", "side", "flags", "stop_px", "session")
            drawn[rng.choice(odd)] = rng.choice((0, 5, 99))
        if drawn["cl_ord_id"] and rng.random() < self.theme.same and self.twin.state.orders:
            same = self.some_order()
            drawn |= {"instrument": same.instrument, "price": same.price, "order_qty": same.qty}
            drawn |= {"side": 49 if same.is_buy else 50, "ord_type": int(OrdType.LIMIT)}
            drawn |= {"account": same.account, "position_effect": same.effect}
        return record(Kind.NEW_ORDER_SINGLE, **drawn | fields)

    def episode(self) -> Record:
        """A position, more working, and what takes the ground away from under it."""
        account = self.rng.choice((8, 9, 14))
        fall = record(Kind.MARK, instrument=1, price=PRICES[1] - 700)
        rise = record(Kind.MARK, instrument=1, price=PRICES[1])
        close = partial(self.plain, account, -2, int(Flag.REDUCE_ONLY))
        more = partial(self.plain, account, 3, 0)
        if self.rng.random() < 0.5:
            self.queue += [self.last_fill, close, close, partial(self.plain, account, -3, 0)]
        else:
            self.queue += [self.last_fill, more, more, partial(fall.copy)]
        self.queue += [self.last_fill, self.end_told, partial(rise.copy)]
        return self.plain(account, 4, 0)

    def plain(self, account: int, lots: int, flags: int) -> Record:
        """Signed lots of the first instrument at its price."""
        return self.one(
            account,
            1,
            cl_ord_id=self.fresh(),
            instrument=1,
            side=int(Side.BUY if lots > 0 else Side.SELL),
            order_qty=abs(lots),
            ord_type=int(OrdType.LIMIT),
            price=PRICES[1] + (0 if lots > 0 else 5),
            flags=flags,
            position_effect=0,
        )

    def last_fill(self) -> Record:
        """The youngest working order, or an unknown one, fills."""
        self.exec_id += 1
        last = next(reversed(self.twin.state.open.values()), None)
        return record(
            Kind.EXECUTION_REPORT,
            exec_type=int(ExecType.EXEC_TRADE),
            order_id=last.number if last else 77,
            exec_id=self.exec_id,
            last_qty=last.left if last else 1,
            last_px=PRICES[1],
        )

    def end_told(self) -> Record:
        """A venue has done what risk told it: canceled an order."""
        self.exec_id += 1
        told = [order for order in self.twin.state.open.values() if order.cancel is not None]
        return record(
            Kind.EXECUTION_REPORT,
            exec_type=int(ExecType.EXEC_CANCELED),
            order_id=told[-1].number if told else 77,
            exec_id=self.exec_id,
        )

    def effect(self, account: int, instrument: int, side: int) -> tuple[int, int]:
        """A position effect and flags; closes mostly where there is something to close."""
        rng = self.rng
        book = self.twin.state.book(account, instrument)
        flags = int(rng.choice((0,) * 12 + (Flag.POST_ONLY, Flag.POSS_RESEND)))
        to_close = max(0, -book.net if side == Side.BUY else book.net)
        if instrument not in (3, 4, 5, 11):
            if rng.random() < (self.theme.close if to_close else 0.03):
                if rng.random() < 0.5:
                    return int(PositionEffect.CLOSE), flags
                return 0, flags | Flag.REDUCE_ONLY
            return int(rng.choice((0, PositionEffect.OPEN))), flags
        lots = book.shorts if side == Side.BUY else book.longs
        if rng.random() < (self.theme.close if lots else 0.04):
            kinds = [PositionEffect.CLOSE]
            if instrument == 5:
                kinds += [PositionEffect.CLOSE_TODAY] * 3 + [PositionEffect.CLOSE_YESTERDAY]
            return int(rng.choice(kinds)), flags
        return int(PositionEffect.OPEN), flags

    def list(self) -> Record:
        """A list of orders, its first one now; sometimes one of them is missing."""
        count, session = self.rng.randint(1, 4), self.rng.choice((1, 2))
        name = self.rng.randint(1, 60_000)
        found = [
            self.one(
                self.rng.choice(TRADERS),
                session,
                list_id=name,
                list_seq_no=place,
                tot_no_orders=count,
            )
            for place in range(1, count + 1)
        ]
        if self.rng.random() < 0.4:
            found.pop(self.rng.choice((self.rng.randrange(count), count - 1)))
        self.queue += [partial(row.copy) for row in found[1:]]
        return found[0] if found else self.one(8, 1)

    def some_order(self) -> Order:
        s = self.twin.state
        if s.open and self.rng.random() < 0.85:
            told = [order for order in s.open.values() if order.cancel_reason]
            if told and self.rng.random() < 0.3:
                return self.rng.choice(told)
            return self.rng.choice(list(s.open.values()))
        return self.rng.choice(list(s.orders.values())[-30:])

    def request(self) -> Record:
        rng = self.rng
        if not self.twin.state.orders or rng.random() < 0.03:
            return record(
                Kind.CANCEL_REQUEST,
                cl_ord_id=self.fresh(),
                orig_cl_ord_id=rng.randint(1, 99),
                session=rng.choice((0, 1)),
            )
        if rng.random() < 0.04:
            return record(
                Kind.MASS_CANCEL_REQUEST,
                session=rng.randint(0, 3),
                account=rng.choice((0, 8, 11)),
                instrument=rng.choice((0, 0, 1)),
                mass_cancel_type=rng.choice(b"7d1"),
            )
        other = self.some_order()
        named = {"session": other.session, "orig_cl_ord_id": other.cl_ord_id}
        if rng.random() < self.theme.cancel:
            return record(Kind.CANCEL_REQUEST, cl_ord_id=self.fresh(), **named)
        is_market = other.ord_type == OrdType.MARKET
        return record(
            Kind.CANCEL_REPLACE_REQUEST,
            cl_ord_id=self.fresh(),
            order_qty=max(0, other.qty + rng.randint(-4, 6)),
            price=NO_PRICE if is_market else self.price(other.instrument),
            **named,
        )

    def answer(self) -> Record:
        rng = self.rng
        if not self.twin.state.orders:
            return record(Kind.EXECUTION_REPORT, order_id=77, exec_type=70, last_qty=1, last_px=1)
        other = self.some_order()
        self.exec_id += rng.random() < 0.97
        named = {"order_id": other.number, "exec_id": self.exec_id}
        if rng.random() < 0.55:
            most = max(1, other.left) + (rng.random() < 0.05)
            self.match_id += rng.random() > self.theme.match
            return record(
                Kind.EXECUTION_REPORT,
                exec_type=int(ExecType.EXEC_TRADE),
                last_qty=rng.choice((rng.randint(1, most), most)),
                last_px=self.price(other.instrument),
                trd_match_id=rng.choice((0, self.match_id, self.match_id)),
                **named,
            )
        if rng.random() < 0.2:
            kinds = Kind.CANCEL_REQUEST, Kind.CANCEL_REPLACE_REQUEST, Kind.TICK
            why = rng.choice((Reason.VENUE_TOO_LATE, Reason.VENUE_UNKNOWN_ORDER))
            return record(
                Kind.CANCEL_REJECT,
                order_id=other.number,
                ref_kind=int(rng.choice(kinds)),
                reason=int(why),
            )
        likely = [ExecType.EXEC_CANCELED] if other.cancel is not None else [ExecType.EXEC_NEW]
        likely *= 3 if other.cancel_reason else 1
        likely += [ExecType.EXEC_REPLACED] if other.replace else []
        kind = rng.choice([*ExecType, *likely * 4])
        reason = int(rng.choice((0, 0, Reason.VENUE_CLOSED)))
        if kind == ExecType.EXEC_TRADE:
            kind = ExecType.EXEC_NEW
        return record(Kind.EXECUTION_REPORT, exec_type=int(kind), reason=reason, **named)
