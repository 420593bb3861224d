"""Balances: cash, profit, what is held, what is available; pools and conversion. RISK.md 4.2."""

from functools import cached_property

from twin.margin import (
    Extra,
    Lots,
    bears,
    level_margin,
    lot_notional,
    pair_margin,
    product_margin,
    working,
    worst,
)
from twin.state import PPM, State, ceil_div, money

RATE_ONE = 10**9


def own_unrealised(s: State, level: int, currency: int) -> int:
    """Of a level's own pairs; a pool's are its members' business."""
    if level in s.pools:
        return 0
    total = 0
    for one, contract in s.contracts.items():
        book = s.books.get((level, one))
        if book and contract.row.currency == currency and contract.mark is not None:
            value = book.net * contract.row.tick_value * contract.mark
            total += value - book.cost + book.short_cost
    return money(total)


def with_members(s: State, account: int) -> list[int]:
    return [account, *s.members(account)]


class Balance:
    """All numbers of (account, currency), recomputed; lots = working(s) of the moment."""

    def __init__(self, s: State, account: int, currency: int, lots: Lots | None = None) -> None:
        self.s = s
        self.account = account
        self.currency = currency
        self.lots = working(s) if lots is None else lots

    def _sum(self, of: str) -> int:
        """An account's own, and of a pool its members'."""
        if self.account not in self.s.pools:
            return money(getattr(self, f"own_{of}"))
        total = 0
        for one in with_members(self.s, self.account):
            other = Balance(self.s, one, self.currency, self.lots)
            total += getattr(other, f"own_{of}")
        return money(total)

    @property
    def key(self) -> tuple[int, int]:
        return self.account, self.currency

    # Own: what this account's pairs, orders and cash moves amount to.

    @property
    def own_moved(self) -> int:
        return self.s.moved[self.key]

    @property
    def own_deposited(self) -> int:
        return self.s.deposited[self.key]

    @property
    def own_fees(self) -> int:
        return self.s.fees[self.key]

    @cached_property
    def own_unrealised(self) -> int:
        return own_unrealised(self.s, *self.key)

    @cached_property
    def gross_margin(self) -> int:
        return level_margin(self.s, self.lots, *self.key)

    @property
    def own_margin(self) -> int:
        return self.gross_margin - self.s.margin_credit[self.key]

    @cached_property
    def own_fee_held(self) -> int:
        return self._of_orders("fee")

    @cached_property
    def own_premium_held(self) -> int:
        return self._of_orders("premium")

    def _of_orders(self, name: str) -> int:
        if not bears(self.s, self.account):
            return 0
        return sum(
            getattr(order, name)
            for order in self.s.open.values()
            if self.s.contracts[order.instrument].row.currency == self.currency
            and self.account in self.s.traders[order.account].chain
        )

    @property
    def own_cash_held(self) -> int:
        return sum(
            hold.amount
            for hold in self.s.cash_holds.values()
            if (hold.account, hold.currency) == self.key
        )

    @cached_property
    def own_notional(self) -> int:
        if not bears(self.s, self.account):
            return 0
        return money(
            sum(
                money(worst(self.s, self.lots, self.account, one).gross * lot_notional(self.s, one))
                for one, contract in self.s.contracts.items()
                if contract.row.currency == self.currency
            )
        )

    # With the members of a pool.

    @cached_property
    def cash(self) -> int:
        return money(self.s.initial[self.key] + self._sum("moved"))

    @cached_property
    def initial_cash(self) -> int:
        return money(self.s.initial[self.key] + self._sum("deposited"))

    @property
    def credit_line(self) -> int:
        return self.s.traders[self.account].credit_line.get(self.currency, 0)

    @cached_property
    def margin(self) -> int:
        return self._sum("margin")

    @cached_property
    def fee_held(self) -> int:
        return self._sum("fee_held")

    @cached_property
    def premium_held(self) -> int:
        return self._sum("premium_held")

    @cached_property
    def cash_held(self) -> int:
        return self._sum("cash_held")

    @cached_property
    def unrealised(self) -> int:
        return self._sum("unrealised")

    @property
    def fees(self) -> int:
        return self._sum("fees")

    @cached_property
    def notional(self) -> int:
        return self._sum("notional")

    # Derived.

    @property
    def equity(self) -> int:
        return money(self.cash + self.credit_line + self.unrealised)

    @property
    def held(self) -> int:
        return money(self.margin + self.fee_held + self.premium_held + self.cash_held)

    @property
    def available(self) -> int:
        return money(self.equity - self.held)

    @property
    def free(self) -> int:
        """For a withdrawal: never profit that is not realised, never the credit line."""
        return self.cash + min(0, self.unrealised) - self.held

    @property
    def profit(self) -> int:
        return money(self.cash + self.unrealised - self.initial_cash)

    @property
    def is_checked(self) -> bool:
        return self.currency in self.s.traders[self.account].checked


def rates(s: State, currency: int) -> tuple[int, int] | None:
    """Asset and liability rate, rounded against us; None = not known."""
    bid, ask, haircut = s.currencies[currency]
    if bid is None or ask is None:
        return None
    return bid * (PPM - haircut) // PPM, ceil_div(ask * (PPM + haircut), PPM)


def converted(s: State, currency: int, amount: int) -> int:
    found = rates(s, currency)
    if found is None:
        return 0
    if amount >= 0:
        return money(amount * found[0] // RATE_ONE)
    return money(-ceil_div(-amount * found[1], RATE_ONE))


def converted_free(s: State, account: int, lots: Lots) -> int:
    """Base money of all balances of the account."""
    total = 0
    for currency in s.currencies:
        total += converted(s, currency, Balance(s, account, currency, lots).available)
    return money(total)


def fits(s: State, account: int, currency: int, asked: int, lots: Lots) -> bool:
    """Whether a level's balance can bear it, alone or with the others of its account."""
    balance = Balance(s, account, currency, lots)
    if not s.traders[account].row.is_converted:
        return asked <= balance.available
    if rates(s, currency) is None and asked > balance.available:
        # What cannot be valued cannot be owed.
        return False
    now = converted(s, currency, balance.available)
    after = converted(s, currency, money(balance.available - asked))
    return money(converted_free(s, account, lots) - now + after) >= 0


def added_margin(s: State, lots: Lots, level: int, extra: Extra) -> int:
    """By how much an order raises a level's margin, at its pair and at its product row."""
    one = extra.instrument
    product = s.contracts[one].row.product_index
    pair = pair_margin(s, lots, level, one, extra) - pair_margin(s, lots, level, one)
    after = product_margin(s, lots, level, product, extra)
    return pair + after - product_margin(s, lots, level, product)


def note_peaks(s: State) -> None:
    """The day's highest profit of each balance."""
    lots = working(s)
    for account in s.traders:
        for currency in s.currencies:
            profit = Balance(s, account, currency, lots).profit
            s.peaks[account, currency] = max(s.peaks[account, currency], profit)


def clamp_credits(s: State) -> None:
    """A margin credit never lowers margin below nothing."""
    lots = working(s)
    for key, credit in s.margin_credit.items():
        if credit:
            s.margin_credit[key] = min(credit, Balance(s, *key, lots).gross_margin)
