"""Names to handles and back, as the gateway gave them at logon.

A client speaks of accounts, symbols and decimals; records have handles and ticks only.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from tidegate.errors import SessionError
from tidegate.prices import to_price, to_ticks
from tidegate.session_messages import LogonReply
from tidegate.universe import MONEY_SCALE


class Names:
    """What one session may name. Empty until the first logon."""

    def __init__(self) -> None:
        self._accounts: dict[str, int] = {}
        self._account_names: dict[int, str] = {}
        self._ticks: dict[str, tuple[int, Decimal]] = {}
        self._instruments: dict[int, tuple[str, Decimal]] = {}
        self._others: dict[str, Mapping[str, int]] = {}

    def learn(self, reply: LogonReply) -> None:
        """Takes the handles and tick sizes of a logon's answer."""
        self._accounts = dict(reply.accounts)
        self._account_names = {handle: name for name, handle in reply.accounts.items()}
        self._others = {
            "product": reply.products,
            "currency": reply.currencies,
            "venue": reply.venues,
            "session": reply.sessions,
        }
        for terms in reply.instruments:
            tick_size = Decimal(terms.tick_size)
            self._ticks[terms.symbol] = (terms.handle, tick_size)
            self._instruments[terms.handle] = (terms.symbol, tick_size)

    def account(self, account: str | int) -> int:
        """The handle of an account; a number is taken as it is."""
        if isinstance(account, int):
            return whole("account", account, 0, 2**32)
        if account not in self._accounts:
            raise SessionError(
                f"account {account!r} is not of this session; it has {listed(self._accounts)}"
            )
        return self._accounts[account]

    def instrument(self, symbol: str) -> tuple[int, Decimal]:
        """The handle and the tick size of an instrument."""
        if symbol not in self._ticks:
            raise SessionError(f"instrument {symbol!r} is unknown; there are {listed(self._ticks)}")
        return self._ticks[symbol]

    def other(self, kind: str, name: str) -> int:
        """What records have for a product, currency, venue or session."""
        known = self._others.get(kind, {})
        if name not in known:
            raise SessionError(f"{kind} {name!r} is unknown; there are {listed(known) or 'none'}")
        return known[name]

    def ticks(self, symbol: str, price: str | int | Decimal) -> int:
        """A price as ticks of its instrument."""
        return to_ticks(price, self.instrument(symbol)[1])

    def account_name(self, handle: int) -> str | None:
        """The name of an account of this session."""
        return self._account_names.get(handle)

    def symbol(self, handle: int) -> str | None:
        """The symbol of an instrument."""
        return self._instruments.get(handle, (None,))[0]

    def price(self, handle: int, ticks: int) -> Decimal | None:
        """Ticks as a price; None when the instrument is not known."""
        if handle not in self._instruments:
            return None
        return to_price(ticks, self._instruments[handle][1])


def money(name: str, amount: str | int | Decimal) -> int:
    """Money as records have it, 1/10,000 of the unit; SessionError when it is not a whole one."""
    try:
        scaled = Decimal(amount) * MONEY_SCALE
        units = int(scaled)
    except (ArithmeticError, ValueError):
        raise SessionError(f"{name} {amount!r} is not an amount of money") from None
    if units != scaled:
        raise SessionError(f"{name} {amount} has more than four decimals")
    return whole(name, units, -(2**63), 2**63)


def whole(name: str, value: int, least: int, end: int) -> int:
    """An int within [least, end); a bool or a float is a mistake."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} {value!r} is a {type(value).__name__}, not an int")
    if not least <= value < end:
        raise SessionError(f"{name} {value}: expected {least} to {end - 1}")
    return value


def listed(names: Iterable[str]) -> str:
    """The first few names, in order."""
    known = sorted(names)
    return ", ".join(known[:8]) + (" ..." if len(known) > 8 else "")
