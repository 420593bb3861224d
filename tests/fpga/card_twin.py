"""The card in plain Python: its rules by explicit quantities, one command after the other.

Written from ARCHITECTURE.md alone. It keeps what the quantities mean (worst sizes and limits,
money and losses a scenario), not the differences that the hardware keeps.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

ORDER, RELEASE, FILL, CANCEL, LIMIT, PAIR, TERMS, ACCOUNT = range(1, 9)
LANE, MONEY, STATE, INSTRUMENT, BUCKET, DEBT, TICK, KILL = range(9, 17)
BUY, SELL = 49, 50
ACTIVE, REDUCING, HALTED, KILLED = range(1, 5)
ACCOUNTS, INSTRUMENTS, SESSIONS, SCENARIOS = 256, 16, 64, 16
SIZES = {"account": ACCOUNTS, "session": SESSIONS, "instrument": INSTRUMENTS}
OWNERS = ("account", "session", "instrument")
BIT = {
    "malformed": 1,
    "unknown_account": 2,
    "unknown_instrument": 3,
    "killed": 7,
    "halted": 8,
    "closed": 11,
    "not_permitted": 12,
    "restricted": 13,
    "side_locked": 14,
    "reducing": 15,
    "size": 20,
    "notional": 25,
    "no_mark": 26,
    "stale": 27,
    "collar": 28,
    "order_rate": 31,
    "replace_rate": 32,
    "no_terms": 43,
    "position": 44,
    "margin": 51,
    "overflow": 54,
    "decided": 63,
}


def fits(value: int, bits: int) -> bool:
    return -(1 << (bits - 1)) <= value < 1 << (bits - 1)


def below(value: int, bits: int) -> bool:
    return 0 <= value < 1 << bits


class Command(NamedTuple):
    """A command's fields, as card.h has them."""

    op: int
    tag: int = 0
    price: int = 0
    amount: int = 0
    order_qty: int = 0
    lots: int = 0
    account: int = 0
    instrument: int = 0
    session: int = 0
    side: int = 0
    kind: int = 0
    index: int = 0


class Response(NamedTuple):
    """What the card answers: the verdict's bits, money taken, and money left."""

    tag: int
    verdict: int
    margin: int
    available: int


@dataclass
class Account:
    """Money without a scenario's loss, and the loss under each scenario."""

    money: int = 0
    losses: list[int] = field(default_factory=lambda: [0] * SCENARIOS)

    def available(self) -> int:
        return self.money - max(0, *self.losses)

    def is_expressed(self) -> bool:
        return all(fits(self.money - loss, 56) for loss in (0, *self.losses))


@dataclass
class Side:
    """One side of a pair: the worst size it can come to, and the most that is allowed."""

    worst: int = 0
    limit: int = 0

    def is_expressed(self) -> bool:
        return fits(-self.worst, 36) and fits(self.limit - self.worst, 36)


@dataclass
class Pair:
    """Both sides of an account's position in an instrument, and the terms of its orders."""

    sides: dict[int, Side] = field(default_factory=lambda: {BUY: Side(), SELL: Side()})
    max_qty: int = 0
    max_notional: int = 0
    bits: int = 0


@dataclass
class Row:
    """One side of an instrument."""

    words: dict[int, int] = field(default_factory=dict)

    def word(self, index: int) -> int:
        return self.words.get(index, 0)


@dataclass
class Bucket:
    """Time up to which what was sent has used up the rate."""

    next_ns: int = 0
    interval_ns: int = 0
    tolerance_ns: int = 0


class CardTwin:
    """All tables of the card; `apply` is its only entry."""

    def __init__(self) -> None:
        self.now = 0
        self.is_killed = False
        self.accounts: defaultdict[int, Account] = defaultdict(Account)
        self.pairs: defaultdict[tuple[int, int], Pair] = defaultdict(Pair)
        self.rows: defaultdict[tuple[int, int], Row] = defaultdict(Row)
        self.states: defaultdict[tuple[str, int], int] = defaultdict(int)
        self.buckets: defaultdict[tuple[str, int, int], Bucket] = defaultdict(Bucket)

    def apply(self, c: Command) -> Response:
        """One command; what cannot be done changes nothing and says why."""
        bits = self.refused(c)
        if bits or c.op in (TERMS, STATE, INSTRUMENT, BUCKET, DEBT, TICK, KILL):
            if not bits:
                self.load(c)
            return Response(c.tag, 1 << 63 | bits, 0, 0)
        account = self.accounts[c.account]
        before = account.available()
        if c.op == ORDER:
            bits = self.order(c)
        elif c.op != CANCEL:
            bits = self.change(c)
        if c.op == ACCOUNT:
            before = 0
        after = 0 if c.op in (LIMIT, PAIR) else self.accounts[c.account].available()
        before = 0 if c.op in (LIMIT, PAIR) else before
        return Response(c.tag, 1 << 63 | bits, before - after, after)

    # What cannot even be looked at

    def refused(self, c: Command) -> int:
        if not self.is_well_formed(c):
            return 1 << BIT["malformed"]
        bits = 0
        traded = (ORDER, RELEASE, FILL, CANCEL)
        loading = (LIMIT, PAIR, TERMS)
        if c.op in (*traded, *loading, LANE, MONEY, ACCOUNT):
            is_loaded = self.states["account", c.account] or c.op in (*loading, ACCOUNT)
            if not (0 < c.account < ACCOUNTS and is_loaded):
                bits |= 1 << BIT["unknown_account"]
        if c.op in (*traded, *loading, INSTRUMENT):
            is_loaded = c.op not in traded or self.row(c).word(0) & 7
            if not (0 < c.instrument < INSTRUMENTS and is_loaded):
                bits |= 1 << BIT["unknown_instrument"]
        return bits

    def is_well_formed(self, c: Command) -> bool:
        has_side = c.side in (BUY, SELL)
        if c.op in (ORDER, RELEASE, FILL, CANCEL):
            good = has_side and fits(c.price, 36)
            if c.op != CANCEL:
                good = good and 0 < c.lots < 1 << 18
            if c.op == ORDER:
                good = good and 0 < c.order_qty < 1 << 18 and c.kind <= 1
            if c.op in (ORDER, CANCEL):
                good = good and 0 < c.session < SESSIONS
                good = good and self.states["session", c.session] != 0
            return good
        if c.op in (LIMIT, PAIR):
            return fits(c.price, 36) and fits(c.amount, 36)
        if c.op == INSTRUMENT:
            return has_side and self.is_word(c.index, c.amount)
        loads = {
            TERMS: c.order_qty < 1 << 18 and below(c.amount, 54) and c.index < 16,
            ACCOUNT: fits(c.amount, 56) and c.index <= KILLED,
            LANE: fits(c.amount, 56) and c.index <= SCENARIOS,
            MONEY: fits(c.amount, 56),
            STATE: c.index <= KILLED and c.kind <= 1 and self.is_owner(c, c.kind),
            BUCKET: below(c.price, 30) and below(c.amount, 50) and self.is_bucket(c),
            DEBT: below(c.amount, 62) and self.is_bucket(c),
            TICK: below(c.amount, 62),
            KILL: c.index <= 1,
        }
        return loads.get(c.op, False)

    def is_word(self, index: int, value: int) -> bool:
        if index == 0:
            return below(value, 5) and value & 7 <= KILLED
        if index in (1, 2):
            return fits(value, 36)
        if index == 6:
            return below(value, 62)
        if index in (4, 5):
            return below(value, 54)
        return (index == 3 or 16 <= index < 32) and below(value, 36)

    def is_owner(self, c: Command, owner: int) -> bool:
        name = OWNERS[owner]
        return bool(0 < getattr(c, name) < SIZES[name])

    def is_bucket(self, c: Command) -> bool:
        return c.kind <= 1 and c.index <= 2 and self.is_owner(c, c.index)

    def row(self, c: Command) -> Row:
        """A fill frees the other side: what was held for it stays with the position."""
        flipped = BUY + SELL - c.side
        return self.rows[c.instrument, flipped if c.op == FILL else c.side]

    # Tables that an order only reads

    def load(self, c: Command) -> None:
        if c.op == TERMS:
            pair = self.pairs[c.account, c.instrument]
            pair.max_qty, pair.max_notional, pair.bits = c.order_qty, c.amount, c.index
        elif c.op == STATE:
            name = OWNERS[c.kind]
            self.states[name, getattr(c, name)] = c.index
        elif c.op == INSTRUMENT:
            self.rows[c.instrument, c.side].words[c.index] = c.amount
        elif c.op == TICK:
            self.now = max(self.now, c.amount)
        elif c.op == KILL:
            self.is_killed = c.index == 1
        else:
            name = OWNERS[c.index]
            bucket = self.buckets[name, getattr(c, name), c.kind]
            if c.op == DEBT:
                bucket.next_ns = c.amount
            else:
                bucket.interval_ns, bucket.tolerance_ns = c.price, c.amount

    # Money and lots

    def needs(self, c: Command) -> tuple[list[int], bool]:
        """Money that each lane gives for the lots, the last without a scenario; True = too much."""
        row = self.row(c)
        scans = [row.word(16 + k) * c.lots for k in range(SCENARIOS)] + [0]
        if c.op == FILL:
            return scans, False
        of_lot = -(-abs(c.price) * row.word(4) >> 31) + row.word(5)
        needs = [of_lot * c.lots + scan for scan in scans]
        return needs, of_lot >= 1 << 54 or of_lot * c.lots >= 1 << 54

    def move(self, c: Command, money: int, losses: list[int], worst: dict[int, int]) -> bool:
        """Change the account and the pair, both or none; True = it cannot be expressed."""
        account = self.accounts[c.account]
        pair = self.pairs[c.account, c.instrument]
        moved = Account(
            account.money + money, [a + b for a, b in zip(account.losses, losses, strict=True)]
        )
        sides = {
            side: Side(was.worst + worst.get(side, 0), was.limit)
            for side, was in pair.sides.items()
        }
        if not moved.is_expressed() or not all(side.is_expressed() for side in sides.values()):
            return True
        self.accounts[c.account], pair.sides = moved, sides
        return False

    def change(self, c: Command) -> int:
        """What is never denied, unless it cannot be expressed."""
        overflow = 1 << BIT["overflow"]
        none = [0] * SCENARIOS
        if c.op in (RELEASE, FILL, LIMIT) and not self.pairs[c.account, c.instrument].bits & 8:
            return 1 << BIT["no_terms"]
        if c.op in (RELEASE, FILL):
            needs, is_too_much = self.needs(c)
            side = c.side if c.op == RELEASE else BUY + SELL - c.side
            losses = [needs[-1] - need for need in needs[:-1]]
            if is_too_much or self.move(c, needs[-1], losses, {side: -c.lots}):
                return overflow
        elif c.op == MONEY:
            return overflow if self.move(c, c.amount, none, {}) else 0
        elif c.op == LANE:
            losses = [-c.amount if k == c.index else 0 for k in range(SCENARIOS)]
            if c.index == SCENARIOS:
                losses = [c.amount] * SCENARIOS
            money = c.amount if c.index == SCENARIOS else 0
            return overflow if self.move(c, money, losses, {}) else 0
        elif c.op == ACCOUNT:
            self.accounts[c.account] = Account(c.amount)
            self.states["account", c.account] = c.index
        else:
            return self.change_pair(c)
        return 0

    def change_pair(self, c: Command) -> int:
        pair = self.pairs[c.account, c.instrument]
        values = {BUY: c.price, SELL: c.amount}
        if c.op == PAIR:
            pair.sides = {side: Side(-value, 0) for side, value in values.items()}
            return 0
        sides = {
            side: Side(was.worst, was.limit + values[side]) for side, was in pair.sides.items()
        }
        if not all(side.is_expressed() for side in sides.values()):
            return 1 << BIT["overflow"]
        pair.sides = sides
        return 0

    # An order

    def order(self, c: Command) -> int:
        row, pair = self.row(c), self.pairs[c.account, c.instrument]
        side = pair.sides[c.side]
        is_closing = c.lots <= -side.worst
        needs, is_too_much = self.needs(c)
        notional = abs(c.price) * row.word(3) * c.order_qty
        account = self.accounts[c.account]
        left = [account.money - loss for loss in (*account.losses, 0)]
        failed = self.failed_states(c, row, pair)
        failed |= self.failed_price(c, row)
        is_full = self.count(c)
        if is_full:
            failed.add("replace_rate" if c.kind else "order_rate")
        if self.is_reducing(c, row) and not is_closing:
            failed.add("reducing")
        if c.order_qty > pair.max_qty:
            failed.add("size")
        if notional >= 1 << 54:
            failed.add("overflow")
        elif notional > pair.max_notional and not is_closing:
            failed.add("notional")
        if side.worst + c.lots > side.limit and not is_closing:
            failed.add("position")
        if any(n > m for n, m in zip(needs, left, strict=True)) and not is_closing:
            failed.add("margin")
        worst = Side(side.worst + c.lots, side.limit)
        if not worst.is_expressed() or not all(
            fits(m - n, 56) for n, m in zip(needs, left, strict=True)
        ):
            failed.add("overflow")
        if is_too_much:
            failed.discard("margin")
            failed.add("overflow")
        if not failed:
            losses = [need - needs[-1] for need in needs[:-1]]
            self.move(c, -needs[-1], losses, {c.side: c.lots})
        return sum(1 << BIT[name] for name in failed)

    def is_reducing(self, c: Command, row: Row) -> bool:
        return REDUCING in (self.states["account", c.account], row.word(0) & 7)

    def failed_states(self, c: Command, row: Row, pair: Pair) -> set[str]:
        state = row.word(0)
        places = (self.states["account", c.account], state & 7)
        session = self.states["session", c.session]
        lock = 1 if c.side == BUY else 2
        failed = {
            "killed": self.is_killed or KILLED in (*places, session),
            "halted": HALTED in places or session in (REDUCING, HALTED),
            "closed": not state & 8,
            "not_permitted": pair.bits & 4,
            "restricted": pair.bits & 3 == 3,
            "side_locked": pair.bits & 3 == lock,
            "no_mark": not state & 16,
            "stale": state & 16 and self.now > row.word(6),
            "no_terms": not pair.bits & 8,
        }
        return {name for name, is_bad in failed.items() if is_bad}

    def failed_price(self, c: Command, row: Row) -> set[str]:
        return set() if row.word(1) <= c.price <= row.word(2) else {"collar"}

    def count(self, c: Command) -> bool:
        """It counts whatever the verdict; a full bucket takes no further debt. True = one was."""
        found = False
        for name in OWNERS:
            bucket = self.buckets[name, getattr(c, name), c.kind]
            since = max(bucket.next_ns, self.now)
            if since - self.now > bucket.tolerance_ns:
                found = True
            else:
                bucket.next_ns = since + bucket.interval_ns
        return found
