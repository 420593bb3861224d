"""A strategy that does anything: orders of every kind around the price, sane and not."""

from collections import Counter
from random import Random

from tidegate.client.core import SessionCore
from tidegate.codec import ORDER, offset_of
from tidegate.native.records import (
    NO_PRICE,
    Flag,
    Kind,
    OrdType,
    PositionEffect,
    Side,
    TimeInForce,
)
from tidegate.simulation.client_link import ClientLink
from tidegate.simulation.operator import Operator
from tidegate.simulation.orders import Known, OrderBook
from tidegate.simulation.world import MID
from tidegate.universe import Instrument, Session, Universe

BUY, SELL = int(Side.BUY), int(Side.SELL)
LIMIT, MARKET = int(OrdType.LIMIT), int(OrdType.MARKET)
DAY, IOC, FOK, GTC = (
    int(TimeInForce.DAY),
    int(TimeInForce.IMMEDIATE_OR_CANCEL),
    int(TimeInForce.FILL_OR_KILL),
    int(TimeInForce.GOOD_TILL_CANCEL),
)
TIMES = (DAY, DAY, DAY, DAY, GTC, IOC, FOK)
OPEN, CLOSE = int(PositionEffect.OPEN), int(PositionEffect.CLOSE)
EFFECTS = (
    *[OPEN] * 4,
    CLOSE,
    CLOSE,
    int(PositionEffect.CLOSE_TODAY),
    int(PositionEffect.CLOSE_YESTERDAY),
)
WORKING_MAX = 60
ACTIONS_MAX = 32
PAUSE_NS = 8_000_000
_NEW, _CANCEL = int(Kind.NEW_ORDER_SINGLE), int(Kind.CANCEL_REQUEST)
_REPLACE, _MASS = int(Kind.CANCEL_REPLACE_REQUEST), int(Kind.MASS_CANCEL_REQUEST)
ODD_KINDS = (int(Kind.KILL), int(Kind.EXECUTION_REPORT), int(Kind.TICK), int(Kind.CASH))
CLEAN_NS = 400_000_000
# How long the gateway may take to find room, and so few questions at once that the answers fit
# the outbox.
ASK_NS = 250_000_000
QUESTIONS_MAX = 60
# Of those that were replaced lately one is often asked about.
REPLACED_MAX = 8
_KIND = offset_of("kind")


class Trader:
    """One session: the real client core, the orders it knows, and what it does next."""

    def __init__(
        self, universe: Universe, session: Session, link: ClientLink, draw: Random
    ) -> None:
        self.name = f"client:{session.name}"
        self.session = session
        self.link = link
        self.core = SessionCore(session.name)
        self.book = OrderBook(session.name, session.accounts)
        self.sent = 0
        # Who ends the days, for all sessions.
        self.desk: Operator | None = None
        self._draw = draw
        self._universe = universe
        self._tradable = {account: _tradable(universe, account) for account in session.accounts}
        self._next_id = 1
        self._next_list = 1
        self._losses = 0
        self._ask_ns = 0
        self._act_ns = 0
        self._clean_ns = 0

    @property
    def reasons(self) -> Counter[int]:
        """How often each reason was given."""
        return self.book.reasons

    @property
    def _day(self) -> int:
        return 0 if self.desk is None else self.desk.rolled()

    def work(self, now_ns: int, *, is_trading: bool = True) -> int:
        """Take what has come, then perhaps act; how many records came and went."""
        core = self.core
        if not core.is_wanted:
            core.logon(now_ns)
        self.link.exchange(core, now_ns)
        count = len(core.delivered)
        if core.losses != self._losses:
            self._losses = core.losses
            self._ask_ns = 0
            self.book.lose()
        while core.delivered:
            self.book.take(core.delivered.popleft()[0])
        if core.is_logged_on:
            self._ask_again(now_ns, is_trading=is_trading)
            if is_trading and now_ns >= self._act_ns:
                count += self._act(now_ns)
            elif not is_trading and now_ns >= self._clean_ns:
                count += self._clean(now_ns)
        return count

    def forget(self) -> None:
        """Another process takes over: it has what was sent, and nothing of what came back."""
        self.book = self.book.unlearnt()
        self._losses = 0

    def never_sent(self, first: int, sent: list[tuple[int, bytes]], again: list[bytes]) -> None:
        """Of what was sent the gateway has taken nothing from number `first` on."""
        taken = {_cl_ord_id(record) for number, record in sent if number < first}
        taken.update(map(_cl_ord_id, again))
        orders = [(number, _cl_ord_id(record)) for number, record in sent if record[_KIND] == _NEW]
        copies = Counter(cl_ord_id for _, cl_ord_id in orders)
        for number, cl_ord_id in orders:
            if number < first or cl_ord_id in taken:
                continue
            # With fewer copies than it was sent times, it was taken before and sent once more.
            if copies[cl_ord_id] == self.book.by_cl_ord_id[cl_ord_id].times_sent:
                self.book.never_sent(cl_ord_id)

    def _act(self, now_ns: int) -> int:
        draw = self._draw
        self._act_ns = now_ns + int(draw.random() * PAUSE_NS)
        dice = draw.random()
        records: list[bytes] = []
        if dice < 0.01:
            self.core.logout(now_ns)
            self.link.flush(self.core)
            return 1
        if dice < 0.03:
            records.append(self._mass_cancel())
        elif dice < 0.08:
            records += self._list()
        else:
            for _ in range(draw.randint(1, ACTIONS_MAX)):
                records.append(self._one())
            if dice > 0.97:
                records.append(self._odd())
            elif dice > 0.94:
                records += self._alike()
        self.core.send(records, now_ns)
        self.link.flush(self.core)
        return len(records)

    def _clean(self, now_ns: int) -> int:
        """The end: cancel everything that works, again and again until it is over."""
        self._clean_ns = now_ns + CLEAN_NS
        records = [self._cancel(order) for order in self.book.working.values()]
        if records:
            self.core.send(records, now_ns)
            self.link.flush(self.core)
        return len(records)

    def _one(self) -> bytes:
        draw = self._draw
        working = self.book.working
        dice = draw.random()
        if working and (dice < 0.25 or len(working) > WORKING_MAX):
            return self._cancel(self._pick())
        if working and dice < 0.4:
            return self._replace(self._pick())
        if dice < 0.415 and self.book.by_cl_ord_id:
            return self._again()
        return self._new()

    def _odd(self) -> bytes:
        """What no strategy may send, or what names something that is not."""
        draw = self._draw
        dice = draw.random()
        if dice < 0.25:
            return self._pack(kind=draw.choice(ODD_KINDS))[0]
        account = draw.choice(self.session.accounts) if dice < 0.6 else 1
        record, cl_ord_id = self._pack(
            kind=_NEW, price=MID, order_qty=1, account=account, instrument=99, side=BUY,
            ord_type=LIMIT, time_in_force=DAY,
        )  # fmt: skip
        self.book.enter(Known(cl_ord_id, account, 99, BUY, 1, record), self._day)
        return record

    def _alike(self) -> list[bytes]:
        """The same order some times."""
        account = self._draw.choice(self.session.accounts)
        instrument = self._draw.choice(self._tradable[account])
        effect = OPEN if instrument.has_sides else 0
        records = []
        for _ in range(5):
            record, cl_ord_id = self._pack(
                kind=_NEW, price=MID - 20, order_qty=2, account=account,
                instrument=instrument.handle, side=BUY, ord_type=LIMIT, time_in_force=DAY,
                position_effect=effect,
            )  # fmt: skip
            known = Known(cl_ord_id, account, instrument.handle, BUY, 2, record)
            self.book.enter(known, self._day)
            records.append(record)
        return records

    def _pick(self) -> Known:
        working = list(self.book.working.values())
        return working[int(self._draw.random() * len(working))]

    def _new(self, place: tuple[int, int, int] = (0, 0, 0), account: int = 0) -> bytes:
        draw = self._draw
        account = account or draw.choice(self.session.accounts)
        dice = draw.random()
        instrument = draw.choice(
            self._tradable[account] if dice < 0.99 else self._universe.instruments
        )
        side = BUY if draw.random() < 0.5 else SELL
        is_market = draw.random() < 0.06
        price = MID + int(draw.gauss(0, 1) * 7)
        order_qty = 1 + int(draw.random() ** 2 * 9)
        flags = 0
        if dice < 0.06:
            order_qty = draw.choice((0, -3, 21, 30, 1 << 31, 3))
        elif dice < 0.10:
            price += draw.choice((-200, 200, 1, 3))
        elif dice < 0.16:
            flags = int(draw.choice((Flag.REDUCE_ONLY, Flag.POST_ONLY)))
        if instrument.lot_step > 1 and draw.random() < 0.9:
            order_qty, price = order_qty * 2, price & ~1
        has_effect = instrument.has_sides or dice > 0.985
        record, cl_ord_id = self._pack(
            kind=_NEW,
            flags=flags,
            price=NO_PRICE if is_market else price,
            order_qty=order_qty,
            account=account,
            instrument=instrument.handle,
            side=side if dice < 0.997 else 7,
            ord_type=MARKET if is_market else LIMIT,
            time_in_force=IOC if is_market else draw.choice(TIMES),
            position_effect=draw.choice(EFFECTS) if has_effect else 0,
            list_id=place[0],
            list_seq_no=place[1],
            tot_no_orders=place[2],
        )
        known = Known(cl_ord_id, account, instrument.handle, side, order_qty, record)
        self.book.enter(known, self._day)
        return record

    def _list(self) -> list[bytes]:
        """Orders that go all or none; now and then one is missing."""
        total = self._draw.randint(2, 5)
        list_id = self._next_list
        self._next_list = self._next_list % 60_000 + 1
        account = self._draw.choice(self.session.accounts)
        count = total if self._draw.random() < 0.85 else total - 1
        return [self._new((list_id, number, total), account) for number in range(1, count + 1)]

    def _cancel(self, order: Known) -> bytes:
        record, cl_ord_id = self._pack(kind=_CANCEL, **self._of(order))
        self.book.ask(cl_ord_id, order)
        return record

    def _replace(self, order: Known) -> bytes:
        price = MID + int(self._draw.gauss(0, 1) * 7)
        changed = {"price": price, "order_qty": self._draw.randint(1, 12)}
        record, cl_ord_id = self._pack(kind=_REPLACE, **(self._of(order) | changed))
        self.book.ask(cl_ord_id, order)
        return record

    def _of(self, order: Known) -> dict[str, int]:
        values = ORDER.unpack(order.record)
        at = ORDER.index
        return {
            "orig_cl_ord_id": order.cl_ord_id,
            "order_id": order.order_id,
            "account": order.account,
            "instrument": order.instrument,
            "side": values[at["side"]],
            "ord_type": values[at["ord_type"]],
            "time_in_force": values[at["time_in_force"]],
            "position_effect": values[at["position_effect"]],
            "price": values[at["price"]],
            "order_qty": max(1, order.order_qty),
        }

    def _again(self) -> bytes:
        """An order once more: refused as a duplicate, or answered with its state."""
        replaced = self.book.replaced[-REPLACED_MAX:]
        if replaced and self._draw.random() < 0.5:
            working = [order for order in replaced if not order.is_over]
            order = self._draw.choice(working or replaced)
        else:
            order = next(reversed(self.book.by_cl_ord_id.values()))
        if order.account not in self.session.accounts or order.is_unsent:
            return self._new()
        is_question = self._draw.random() < 0.5
        if self.desk is not None and self.desk.rolls > order.day + is_question:
            # Risk knows an id for a day after its order, and only a question means that one then.
            return self._new()
        if order.is_refused:
            self.book.revive(order)
        self.book.ask_about(order, self._next_id)
        return with_flag(order.record, Flag.POSS_RESEND) if is_question else order.record

    def _ask_again(self, now_ns: int, *, is_trading: bool) -> None:
        """Ask how orders stand of which reports may be missing, until each was answered.

        One that is over may lack late fills: it is asked about at the end, to have the books right.
        """
        unanswered = self.book.unanswered
        if not unanswered or now_ns < self._ask_ns:
            return
        self._ask_ns = now_ns + ASK_NS
        wanted = [order for order in unanswered.values() if not (is_trading and order.is_over)]
        asked = wanted[:QUESTIONS_MAX]
        if not asked:
            return
        for order in asked:
            del unanswered[order.cl_ord_id]
            self.book.ask_about(order, self._next_id)
            order.is_asked = True
        self.core.send([with_flag(order.record, Flag.POSS_RESEND) for order in asked], now_ns)
        self.link.flush(self.core)

    def _mass_cancel(self) -> bytes:
        account = self._draw.choice((0, *self.session.accounts))
        return self._pack(kind=_MASS, account=account, mass_cancel_type=ord("7"))[0]

    def _pack(self, **values: int) -> tuple[bytes, int]:
        cl_ord_id = self._next_id
        self._next_id += 1
        self.sent += 1
        return ORDER.pack({"cl_ord_id": cl_ord_id, **values}), cl_ord_id


def _cl_ord_id(record: bytes) -> int:
    return int(ORDER.unpack(record)[ORDER.index["cl_ord_id"]])


def with_flag(record: bytes, flag: Flag) -> bytes:
    """The order with one more flag."""
    values = dict(zip(ORDER.index, ORDER.unpack(record), strict=True))
    values["flags"] |= int(flag)
    return ORDER.pack(values)


def _tradable(universe: Universe, handle: int) -> list[Instrument]:
    """Instruments at the venue of the account's master."""
    account = universe.accounts[handle - 1]
    while account.level > 2:
        account = universe.accounts[account.parent - 1]
    return [row for row in universe.instruments if row.venue == account.venue]
