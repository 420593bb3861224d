"""Random command streams for the card: loads, then orders among everything else.

A stream is an array of card.COMMAND. Many commands hit the row of the one before them, many are
denied, and numbers come from the edges of their fields as well as from the middle.
"""

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
from card_twin import (
    ACCOUNT,
    BUCKET,
    BUY,
    CANCEL,
    DEBT,
    FILL,
    INSTRUMENT,
    KILL,
    LANE,
    LIMIT,
    MONEY,
    ORDER,
    PAIR,
    RELEASE,
    SELL,
    STATE,
    TERMS,
    TICK,
    Command,
)
from numpy.typing import NDArray

from tidegate.native.card import COMMAND

EDGES = [
    *(0, 1, -1, 2**17, 2**18 - 1, 2**18, 2**31 - 1, 2**31, 2**35 - 1, 2**35, -(2**35)),
    *(2**36, 2**50, 2**53, -(2**53), 2**53 + 1, 2**54 - 1, 2**54, 2**55 - 1, 2**55, -(2**55)),
    *(-(2**55) - 1, 2**61, 2**62 - 1, 2**62, 2**63 - 1, -(2**63)),
]
# Slots, by first use: alike in all bits of a key but one, or few.
ACCOUNTS = (1, 2, 17, 33, 65, 129, 255, 128, 64, 16, 3, 254)
INSTRUMENTS = (1, 2, 4, 9, 14)
SESSIONS = (1, 9, 33, 63)
ACTIVE_OPEN_MARKED = 1 | 8 | 16
CENTRE = 10_000
# An instrument of any price, of which rates, prices and lots are of any width: products overflow.
WIDE = 15
WIDE_BITS = {3: 36, 4: 54, 5: 54, 16: 36, 24: 36, 31: 36}


class Stream:
    """Draws commands; `accounts` and `instruments` are few, so that rows meet in the pipe."""

    def __init__(self, seed: int, *, accounts: int = 12, instruments: int = 5) -> None:
        self.random = Random(seed)
        self.accounts, self.instruments = ACCOUNTS[:accounts], INSTRUMENTS[:instruments]
        self.now = 10**18
        self.account = self.instrument = 1
        self.weights: list[tuple[Callable[[], Command | list[Command]], float]] = [
            *((self.order, 70), (self.release, 8), (self.fill, 6), (self.cancel, 2)),
            *((self.money, 2), (self.lane, 1), (self.limit, 2), (self.tick, 5)),
            *((self.reload, 1.2), (self.state, 1.5), (self.bucket, 0.5), (self.edge, 1.5)),
            *((self.wide, 1.2), (self.widest, 0.4), (self.renew, 2)),
        ]

    def commands(self, count: int) -> NDArray[Any]:
        """`count` commands of which the first load all tables."""
        found = self.loads()
        while len(found) < count:
            found += self.drawn()
        return packed(found[:count])

    def with_orders(self, count: int) -> NDArray[Any]:
        """As many commands as it takes to have `count` orders."""
        found, orders = self.loads(), 0
        while orders < count:
            drawn = self.drawn()
            orders += sum(command.op == ORDER for command in drawn)
            found += drawn
        return packed(found)

    def drawn(self) -> list[Command]:
        """The next command, or the few that are given together."""
        if self.random.random() > 0.4:
            self.account = self.random.choice(self.accounts)
        if self.random.random() > 0.5:
            self.instrument = self.random.choice(self.instruments)
        draws, weights = zip(*self.weights, strict=True)
        drawn = self.random.choices(draws, weights)[0]()
        return [drawn] if isinstance(drawn, Command) else drawn

    def gaps(self, count: int) -> NDArray[np.uint8]:
        """Empty clocks before each command: mostly none."""
        gaps = [self.random.choice((0, 0, 0, 0, 1, 2, 3, 5, 20)) for _ in range(count)]
        return np.array(gaps, np.uint8)

    def loads(self) -> list[Command]:
        found = [Command(TICK, amount=self.now), Command(KILL, index=0)]
        for instrument in self.instruments:
            for side in (BUY, SELL):
                found += self.row(instrument, side)
        for side in (BUY, SELL):
            words = {0: ACTIVE_OPEN_MARKED, 1: -(2**35), 2: 2**35 - 1, 6: 2**62 - 1}
            found += words_of(WIDE, side, words)
        for session in SESSIONS:
            found.append(Command(STATE, session=session, kind=1, index=1))
        for account in self.accounts:
            found += self.account_rows(account)
        return found

    def row(self, instrument: int, side: int) -> list[Command]:
        draw = self.random
        words = {0: ACTIVE_OPEN_MARKED, 1: CENTRE - 400, 2: CENTRE + 400, 3: draw.randint(1, 5000)}
        words |= {4: draw.choice((0, draw.randrange(2**31))), 5: draw.randrange(200_000)}
        words[6] = self.now + draw.randint(10**9, 10**12)
        words |= {16 + k: draw.choice((0, draw.randrange(90_000))) for k in range(16)}
        if instrument == 1:
            words |= {16 + k: 0 for k in range(16)}
        return words_of(instrument, side, words)

    def account_rows(self, account: int) -> list[Command]:
        draw = self.random
        money = draw.choice((10**6, 10**8, 10**9, 10**11, 2**54))
        found = [Command(ACCOUNT, account=account, index=1, amount=money)]
        for lane in range(17):
            found.append(
                Command(LANE, account=account, index=lane, amount=-draw.randrange(1 + money // 8))
            )
        found += self.buckets(account)
        for instrument in self.instruments:
            found += self.pair_rows(account, instrument)
        # An epoch counts only where no load is refused: edges come later.
        return found + self.wide_pair(account, (0,))

    def buckets(self, account: int) -> list[Command]:
        interval = self.random.choice((0, 1, 1000, 10**6))
        tolerance = interval * self.random.choice((3, 100, 10**5))
        return [
            Command(BUCKET, account=account, kind=kind, index=0, price=interval, amount=tolerance)
            for kind in (0, 1)
        ]

    def pair_rows(self, account: int, instrument: int) -> list[Command]:
        draw = self.random
        where = {"account": account, "instrument": instrument}
        net, most = draw.randint(-300, 300), draw.choice((50, 500, 5000, 2**31 - 1))
        bits = 8 | draw.choice((0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4))
        terms = {"order_qty": draw.choice((100, 1000, 2**18 - 1)), "index": bits}
        notional = draw.choice((10**8, 10**10, 2**54 - 1))
        return [
            Command(PAIR, **where, price=-net, amount=net),
            Command(TERMS, **where, **terms, amount=notional),
            Command(LIMIT, **where, price=most, amount=most),
        ]

    def wide_pair(self, account: int, rooms: tuple[int, ...] = ()) -> list[Command]:
        draw, where = self.random, {"account": account, "instrument": WIDE}
        most = draw.choice((2**18, 2**20))
        rooms = rooms or (0, 0, 2**35 - 1 - self.bits(18), -(2**35) + self.bits(18))
        return [
            Command(PAIR, **where, price=draw.choice(rooms), amount=draw.choice(rooms)),
            Command(TERMS, **where, order_qty=2**18 - 1, amount=2**54 - 1, index=8),
            Command(LIMIT, **where, price=most, amount=most),
        ]

    # One command each

    def where(self) -> dict[str, int]:
        draw = self.random
        side = draw.choice((BUY, SELL))
        price = CENTRE + draw.choice((draw.randint(-390, 390), draw.randint(-410, 410)))
        lots = draw.choice((1, 2, 5, draw.randint(1, 120), draw.randint(1, 2000)))
        return {
            "tag": draw.getrandbits(64),
            "account": self.account,
            "instrument": self.instrument,
            "side": side,
            "price": price,
            "lots": lots,
        }

    def order(self) -> Command:
        draw, where = self.random, self.where()
        return Command(
            ORDER,
            **where,
            order_qty=where["lots"] + draw.choice((0, 0, 0, draw.randint(0, 50))),
            session=draw.choice(SESSIONS),
            kind=draw.choice((0, 0, 0, 1)),
        )

    def release(self) -> Command:
        return Command(RELEASE, **self.where())

    def fill(self) -> Command:
        return Command(FILL, **self.where())

    def cancel(self) -> Command:
        return Command(CANCEL, **self.where(), session=self.random.choice(SESSIONS))

    def money(self) -> Command:
        amount = self.random.randint(-(10**8), 10**8)
        return Command(MONEY, account=self.account, amount=amount)

    def lane(self) -> Command | list[Command]:
        draw = self.random
        where = {"account": self.account, "index": draw.randrange(17)}
        if draw.random() > 0.1:
            return Command(LANE, **where, amount=draw.randint(-(10**6), 10**6))
        # The second cannot be expressed on this lane alone; the third takes the first back.
        most = (2**55 - 1 - self.bits(54)) * draw.choice((1, -1))
        return [Command(LANE, **where, amount=amount) for amount in (most, most, -most)]

    def limit(self) -> Command:
        draw, where = self.random, {"account": self.account, "instrument": self.instrument}
        return Command(LIMIT, **where, price=draw.randint(-60, 60), amount=draw.randint(-60, 60))

    def tick(self) -> Command:
        self.now += self.random.choice((0, 1, 1000, 10**6, 10**9))
        return Command(TICK, amount=self.now)

    def reload(self) -> list[Command]:
        draw = self.random
        which = draw.randrange(3)
        if which == 0:
            return self.account_rows(self.account)[:20]
        if which == 1:
            return [draw.choice(self.row(self.instrument, draw.choice((BUY, SELL))))]
        return self.pair_rows(self.account, self.instrument)

    def state(self) -> Command:
        draw = self.random
        index = draw.choice((0, *(1,) * 30, 2, 2, 3, 4))
        which = draw.randrange(4)
        if which == 0:
            return Command(KILL, index=draw.random() < 0.1)
        if which == 1:
            return Command(STATE, kind=1, session=draw.choice(SESSIONS), index=index)
        if which == 2:
            where = {"instrument": self.instrument, "side": draw.choice((BUY, SELL))}
            return Command(
                INSTRUMENT, **where, index=0, amount=index | draw.choice((*(24,) * 12, 8, 16))
            )
        return Command(STATE, account=self.account, index=index)

    def bucket(self) -> Command:
        draw = self.random
        owner = {"account": self.account, "session": draw.choice(SESSIONS)}
        owner |= {"instrument": self.instrument, "index": draw.randrange(3)}
        kind = draw.randrange(2)
        if draw.random() < 0.5:
            return Command(
                DEBT, **owner, kind=kind, amount=self.now + draw.randint(-(10**9), 10**9)
            )
        interval = draw.choice((1, 10**6, 10**9))
        return Command(BUCKET, **owner, kind=kind, price=interval, amount=interval * 1000)

    def renew(self) -> list[Command]:
        """What lets orders pass again: without it nearly all of a long stream would be denied."""
        draw = self.random
        # Now and then it is still fresh in the last nanosecond.
        fresh = {6: self.now + draw.choice((0, *(draw.randint(10**9, 10**12),) * 5))}
        session = draw.choice(SESSIONS)
        owner = {"account": self.account, "instrument": self.instrument, "session": session}
        owner |= {"index": draw.randrange(3), "kind": draw.randrange(2)}
        return [
            *words_of(self.instrument, draw.choice((BUY, SELL)), fresh),
            Command(STATE, account=self.account, index=1),
            Command(STATE, kind=1, session=session, index=1),
            Command(KILL, index=0),
            Command(BUCKET, **owner, price=1000, amount=10**9),
            Command(DEBT, **owner, amount=self.now),
        ]

    def edge(self) -> Command:
        """Any command with one or two fields at an edge."""
        draw = self.random
        fields = draw.choice((self.order, self.order, self.release, self.fill))()._asdict()
        fields["op"] = draw.choice((fields["op"], fields["op"], draw.randrange(19)))
        for name in draw.sample(("price", "amount", "lots", "order_qty"), draw.randint(1, 2)):
            bits = 64 if name in ("price", "amount") else 32
            fields[name] = draw.choice(EDGES) + draw.choice((0, 0, 1, -1))
            if bits == 32:
                fields[name] %= 2**32
            elif not -(2**63) <= fields[name] < 2**63:
                fields[name] = draw.choice(EDGES)
        if draw.random() < 0.2:
            name = draw.choice(("account", "instrument", "session", "side", "kind", "index"))
            fields[name] = draw.choice((0, 1, 2, 15, 16, 17, 31, 32, 63, 64, 255))
        # Time that once is far ahead stays there, and every reference would be stale.
        if fields["op"] == TICK and fields["amount"] < 2**62:
            fields["amount"] = min(fields["amount"], self.now)
        if fields["op"] in (KILL, STATE, ACCOUNT):
            fields["index"] = 1 - (fields["op"] == KILL)
        return Command(**fields)

    def wide(self) -> list[Command]:
        """A rate of any width, and commands whose lots and prices are."""
        draw = self.random
        side, index = draw.choice((BUY, SELL)), draw.choice(tuple(WIDE_BITS))
        found = words_of(WIDE, side, {index: self.bits(WIDE_BITS[index])})
        for _ in range(draw.randint(1, 3)):
            fields = draw.choice((self.order, self.release, self.fill))()._asdict()
            fields |= {"instrument": WIDE, "side": side, "lots": max(self.bits(18), 1)}
            fields |= {"price": self.bits(35) * draw.choice((1, -1))}
            fields["order_qty"] = max(self.bits(18), 1)
            found.append(Command(**fields))
        if draw.random() < 0.7:
            found += words_of(WIDE, side, {index: 0})
        return found + (self.wide_pair(self.account) if draw.random() < 0.1 else [])

    def widest(self) -> list[Command]:
        """Money of the lots that just can be expressed, or no more: of one lot, or of all."""
        draw = self.random
        side, lots = draw.choice((BUY, SELL)), draw.choice((1, max(self.bits(18), 1)))
        most = (2**54 - 1) // lots
        of_price = draw.randrange(most)
        rates = {4: of_price, 5: most - of_price + draw.choice((0, 0, 1)), 16: 2**36 - 1}
        fields = draw.choice((self.order, self.release))()._asdict()
        fields |= {"instrument": WIDE, "side": side, "lots": lots, "order_qty": 1}
        fields["price"] = draw.choice((2**31, -(2**31), 1))
        return [
            *words_of(WIDE, side, rates),
            Command(**fields),
            *words_of(WIDE, side, dict.fromkeys(rates, 0)),
        ]

    def bits(self, most: int) -> int:
        """A number of any width up to `most`; all ones as often as not."""
        width = self.random.randint(0, most)
        return self.random.choice((2**width - 1, self.random.getrandbits(width + 1) >> 1))


def words_of(instrument: int, side: int, words: dict[int, int]) -> list[Command]:
    """Loads of words of one side of an instrument."""
    return [
        Command(INSTRUMENT, instrument=instrument, side=side, index=index, amount=value)
        for index, value in words.items()
    ]


def packed(commands: list[Command]) -> NDArray[Any]:
    """The commands as an array of COMMAND."""
    found = np.zeros(len(commands), COMMAND)
    for name in Command._fields:
        values = [getattr(command, name) for command in commands]
        found[name] = np.array(values, found[name].dtype)
    return found


def unpacked(commands: NDArray[Any]) -> list[Command]:
    """The same the other way."""
    columns = [commands[name].tolist() for name in Command._fields]
    return [Command(*fields) for fields in zip(*columns, strict=True)]
