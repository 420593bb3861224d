"""What an operator decides about a difference with a venue (RISK.md 5.11).

A difference goes by the venue's next report that agrees, not by what is decided here.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

from tidegate.client.controls import Money, Request, control
from tidegate.client.names import Names, money, whole
from tidegate.errors import SessionError
from tidegate.native.records import Kind, PositionEffect, Side

R = TypeVar("R")
SIDES = {"buy": Side.BUY, "sell": Side.SELL}
EFFECTS = {"open": PositionEffect.OPEN, "close": PositionEffect.CLOSE}


class Adjustments(Generic[R]):
    """Lots, cash and orders as the venue has them, or a difference that stays."""

    def __init__(self, names: Callable[[], Names], carry_out: Callable[[Request], R]) -> None:
        self._names = names
        self._carry_out = carry_out

    def lots(
        self,
        account: str,
        instrument: str,
        side: str,
        order_qty: int,
        price: Money,
        *,
        effect: str | None = None,
        why: str,
    ) -> R:
        """Book lots as a fill of no order, without a fee; side "buy" or "sell".

        effect "open" or "close" where the instrument keeps long and short lots apart.
        """
        handle, _ = self._names().instrument(instrument)
        return self._one(
            why,
            account=self._names().account(account),
            instrument=handle,
            side=_one_of("side", side, SIDES),
            order_qty=whole("order_qty", order_qty, 1, 2**31),
            price=self._names().ticks(instrument, price),
            position_effect=0 if effect is None else _one_of("effect", effect, EFFECTS),
        )

    def cash(self, account: str, currency: str, amount: Money, *, why: str) -> R:
        """Cash that the venue has given (amount > 0) or taken; nothing asks whether it is free."""
        return self._one(
            why,
            account=self._names().account(account),
            currency=self._names().other("currency", currency),
            amount=money("amount", amount),
        )

    def order(
        self,
        order_id: int,
        *,
        account: str | None = None,
        instrument: str | None = None,
        why: str,
    ) -> R:
        """End a working order that the venue no longer has, without its report.

        One that only the venue has is canceled there; that needs the account and the instrument.
        """
        return self._one(
            why,
            order_id=whole("order_id", order_id, 1, 2**64),
            account=0 if account is None else self._names().account(account),
            instrument=0 if instrument is None else self._names().instrument(instrument)[0],
        )

    def dismiss(
        self,
        account: str,
        *,
        instrument: str | None = None,
        currency: str | None = None,
        why: str,
    ) -> R:
        """Leave a master's difference as it is: its accounts trade freely again."""
        if (instrument is None) == (currency is None):
            raise SessionError("a difference is of an instrument or of a currency")
        names = self._names()
        return self._one(
            why,
            account=names.account(account),
            instrument=0 if instrument is None else names.instrument(instrument)[0],
            currency=0 if currency is None else names.other("currency", currency),
        )

    def _one(self, why: str, **values: int) -> R:
        return self._carry_out(Request([control({"kind": Kind.ADJUSTMENT, **values})], why))


def _one_of(name: str, word: str, known: dict[str, Side] | dict[str, PositionEffect]) -> int:
    if word not in known:
        raise SessionError(f"{name} {word!r}; expected one of {', '.join(known)}")
    return int(known[word])
