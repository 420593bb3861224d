"""What an operator may ask of risk: names and decimals into control records, each with a reason.

One class for both clients: `carry_out` sends the records and gives back the answer, or with the
asyncio client something to await. RISK.md 5.7 says what risk does with each.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Generic, NamedTuple, TypeVar

from tidegate.client.adjustments import Adjustments
from tidegate.client.controls import ARRAY_SIZE, Control, Money, Request, array_parts, control
from tidegate.client.names import Names, money, whole
from tidegate.codec import MARGIN, RATE
from tidegate.errors import SessionError
from tidegate.native.clock import wall_ns
from tidegate.native.records import NO_PRICE, CashPhase, Kind, LimitKind, TradingState

R = TypeVar("R")
NO_LIMIT = -1
RATE_SCALE = 1_000_000_000
LOCKS = {"none": 0, "buys": 1, "sells": 2, "both": 3}
OF_MONEY = frozenset(
    {
        LimitKind.LIMIT_MAX_NOTIONAL,
        LimitKind.LIMIT_MAX_LOSS,
        LimitKind.LIMIT_MAX_DRAWDOWN,
        LimitKind.LIMIT_CREDIT_LINE,
    }
)
OF_CURRENCY = OF_MONEY - {LimitKind.LIMIT_MAX_NOTIONAL}
OF_RATES = frozenset(
    {LimitKind.LIMIT_ORDER_RATE, LimitKind.LIMIT_REPLACE_RATE, LimitKind.LIMIT_CANCEL_RATE}
)


class MarginRate(NamedTuple):
    """Margin of a lot: money by volume, and millionths of its notional."""

    long_lot: Money = 0
    short_lot: Money = 0
    long_ppm: int = 0
    short_ppm: int = 0


class Operator(Generic[R]):
    """An operator's words. Each takes `why`; ControlAnswer says what became of it.

    `adjust` decides about differences with a venue.
    """

    def __init__(self, names: Callable[[], Names], carry_out: Callable[[Request], R]) -> None:
        self._names = names
        self._carry_out = carry_out
        self.adjust = Adjustments(names, carry_out)

    def limit(
        self,
        kind: LimitKind | str,
        account: str,
        amount: Money | None,
        *,
        instrument: str | None = None,
        product: str | None = None,
        currency: str | None = None,
        burst: int = 0,
        why: str,
    ) -> R:
        """Another limit for the day; amount None = none, of rates messages a second and burst.

        kind is a LimitKind or its name in small letters, such as "max_long". Money limits of
        losses and credit lines need a currency.
        """
        scope = self._scope(account=account, instrument=instrument, product=product)
        return self._limit(kind, scope, amount, currency, burst, 0, why)

    def override(
        self,
        kind: LimitKind | str,
        account: str,
        amount: Money | None,
        *,
        seconds: float,
        instrument: str | None = None,
        product: str | None = None,
        currency: str | None = None,
        burst: int = 0,
        why: str,
    ) -> R:
        """As limit(), and after so many seconds the value before comes back by itself."""
        if not seconds > 0:
            raise SessionError(f"an override for {seconds} s; expected more than 0")
        scope = self._scope(account=account, instrument=instrument, product=product)
        expires_ns = wall_ns() + int(seconds * 1_000_000_000)
        return self._limit(kind, scope, amount, currency, burst, expires_ns, why)

    def halt(self, *, why: str, **scope: str | None) -> R:
        """No orders, cancels only. Scope: one of account, instrument, product, venue."""
        return self._state(TradingState.HALTED, scope, why)

    def reduce(self, *, why: str, **scope: str | None) -> R:
        """Only orders that shrink the position. Scope: as halt()."""
        return self._state(TradingState.REDUCING, scope, why)

    def resume(self, *, why: str, **scope: str | None) -> R:
        """All orders again, after any of the others. Scope: as halt(), or session."""
        return self._state(TradingState.ACTIVE, scope, why)

    def kill(self, *, why: str, **scope: str | None) -> R:
        """Block and cancel in one decision. Scope: as resume(); none of them = the firm.

        The answer's limit = orders canceled, asked = those that were being canceled already.
        """
        return self._one({"kind": Kind.KILL, **self._scope(**scope)}, why)

    def cash(self, account: str, currency: str, amount: Money, *, why: str) -> R:
        """A deposit, or with amount < 0 a withdrawal of free cash."""
        return self._cash(Kind.CASH, account, None, currency, amount, 0, 0, why)

    def transfer(
        self, account: str, to_account: str, currency: str, amount: Money, *, why: str
    ) -> R:
        """Free cash of one account to another, in one step."""
        return self._cash(Kind.TRANSFER, account, to_account, currency, amount, 0, 0, why)

    def cash_phase(
        self,
        phase: CashPhase,
        account: str,
        currency: str,
        amount: Money,
        *,
        to_account: str | None = None,
        request_id: int = 0,
        why: str,
    ) -> R:
        """Cash in two phases: PENDING holds it, POST or VOID with its answer's request_id ends it.

        With to_account it is a transfer, else a withdrawal and amount is below 0.
        """
        if (phase == CashPhase.CASH_PENDING) == bool(request_id):
            raise SessionError("CASH_POST and CASH_VOID need the request_id that is pending")
        kind = Kind.CASH if to_account is None else Kind.TRANSFER
        return self._cash(kind, account, to_account, currency, amount, phase, request_id, why)

    def re_enable(self, account: str, *, why: str) -> R:
        """Go on after as many executions as are allowed without a person's look."""
        return self._one({"kind": Kind.RE_ENABLE, **self._scope(account=account)}, why)

    def protection_reset(self, account: str, product: str, *, why: str) -> R:
        """A product that market maker protection has pulled may be quoted again."""
        scope = self._scope(account=account, product=product)
        return self._one({"kind": Kind.PROTECTION_RESET, **scope}, why)

    def lock(
        self,
        sides: str,
        *,
        account: str | None = None,
        instrument: str | None = None,
        product: str | None = None,
        why: str,
    ) -> R:
        """Forbid "buys", "sells" or "both"; "none" ends it."""
        if sides not in LOCKS:
            raise SessionError(f"lock {sides!r}; expected one of {', '.join(LOCKS)}")
        scope = self._scope(account=account, instrument=instrument, product=product)
        return self._one({"kind": Kind.SIDE_LOCK, "side_lock": LOCKS[sides], **scope}, why)

    def currency_rate(
        self, currency: str, bid: Money, ask: Money, *, haircut_ppm: int = 0, why: str
    ) -> R:
        """What one unit of a currency is in the base currency's."""
        values = {
            "kind": Kind.CURRENCY_RATE,
            "price": NO_PRICE,
            "bid_rate": _scaled("bid", bid, RATE_SCALE),
            "ask_rate": _scaled("ask", ask, RATE_SCALE),
            "haircut_ppm": whole("haircut_ppm", haircut_ppm, 0, 2**32),
            "currency": self._names().other("currency", currency),
        }
        return self._carry_out(Request([Control(RATE, values)], why))

    def settlement(self, instrument: str, price: Money, *, why: str) -> R:
        """The settlement price of an instrument, and its margin with it."""
        handle, _ = self._names().instrument(instrument)
        ticks = self._names().ticks(instrument, price)
        return self._one({"kind": Kind.SETTLEMENT, "instrument": handle, "price": ticks}, why)

    def day_roll(self, day: int, *, why: str) -> R:
        """The business day (YYYYMMDD) ends: all that has lots must have been settled before."""
        amount = whole("day", day, 1, 10**8)
        return self._one({"kind": Kind.DAY_ROLL, "amount": amount}, why)

    def margin_rates(self, rates: Mapping[str, MarginRate], *, why: str) -> R:
        """Margin rates of instruments, over positions and working orders in one cut.

        Changes are ordered by the second in which they were asked for.
        """
        epoch = next_epoch()
        staged = [
            Control(
                MARGIN,
                {
                    "kind": Kind.MARGIN_RATES,
                    "price": NO_PRICE,
                    "instrument": self._names().instrument(symbol)[0],
                    "margin_long_lot": money("long_lot", rate.long_lot),
                    "margin_short_lot": money("short_lot", rate.short_lot),
                    "margin_long_ppm": whole("long_ppm", rate.long_ppm, 0, 2**32),
                    "margin_short_ppm": whole("short_ppm", rate.short_ppm, 0, 2**32),
                    "epoch": epoch,
                },
            )
            for symbol, rate in rates.items()
        ]
        return self._commit(staged, epoch, why)

    def margin_arrays(self, arrays: Mapping[str, Sequence[int]], *, epoch: int, why: str) -> R:
        """SPAN arrays of instruments in one cut: 20 values each, in their units in use.

        16 losses, then delta, intra rate, delivery rate and short option rate (RISK.md 5.7);
        `epoch` is next_epoch(), above that of every change before.
        """
        staged: list[Control] = []
        for symbol, values in arrays.items():
            handle, _ = self._names().instrument(symbol)
            if len(values) != ARRAY_SIZE:
                raise SessionError(f"{symbol}: {len(values)} values; expected {ARRAY_SIZE}")
            checked = [whole(f"{symbol} value", value, 1 - 2**31, 2**31) for value in values]
            staged += array_parts(handle, checked, epoch)
        return self._commit(staged, epoch, why)

    def _commit(self, staged: list[Control], epoch: int, why: str) -> R:
        commit = {"kind": Kind.MARGIN_COMMIT, "order_qty": epoch, "amount": len(staged)}
        return self._carry_out(Request([*staged, control(commit)], why))

    def _limit(
        self,
        kind: LimitKind | str,
        scope: dict[str, int],
        amount: Money | None,
        currency: str | None,
        burst: int,
        expires_ns: int,
        why: str,
    ) -> R:
        known = limit_kind(kind)
        values = {
            "kind": Kind.LIMIT_CHANGE,
            "limit_kind": known,
            "amount": NO_LIMIT if amount is None else limit_amount(known, amount),
            "order_qty": whole("burst", burst, 0, 2**31) if known in OF_RATES else 0,
            "currency": 0 if currency is None else self._names().other("currency", currency),
            "expires_ns": expires_ns,
        }
        return self._one({**values, **scope}, why)

    def _state(self, state: TradingState, scope: Mapping[str, str | None], why: str) -> R:
        values = {"kind": Kind.TRADING_STATE, "trading_state": state, **self._scope(**scope)}
        return self._one(values, why)

    def _cash(
        self,
        kind: Kind,
        account: str,
        to_account: str | None,
        currency: str,
        amount: Money,
        phase: int,
        request_id: int,
        why: str,
    ) -> R:
        values = {
            "kind": kind,
            "account": self._names().account(account),
            "to_account": 0 if to_account is None else self._names().account(to_account),
            "currency": self._names().other("currency", currency),
            "amount": money("amount", amount),
            "cash_phase": phase,
        }
        return self._carry_out(Request([control(values)], why, request_id))

    def _one(self, values: Mapping[str, Any], why: str) -> R:
        return self._carry_out(Request([control(values)], why))

    def _scope(self, **named: str | None) -> dict[str, int]:
        """Handles of what is named; risk refuses a scope that a record does not have."""
        found = {}
        for kind, name in named.items():
            if name is None:
                continue
            if kind == "account":
                found[kind] = self._names().account(name)
            elif kind == "instrument":
                found[kind] = self._names().instrument(name)[0]
            elif kind in ("product", "venue", "session"):
                found[kind] = self._names().other(kind, name)
            else:
                raise TypeError(f"{kind!r} is no scope")
        return found


def next_epoch() -> int:
    """The number of a margin change: the second in which it is asked for."""
    return wall_ns() // 1_000_000_000


def limit_kind(kind: LimitKind | str) -> LimitKind:
    """A LimitKind, or what has its name in small letters."""
    if isinstance(kind, LimitKind):
        return kind
    name = f"LIMIT_{kind.upper()}"
    if name not in LimitKind.__members__:
        known = ", ".join(each.name.removeprefix("LIMIT_").lower() for each in LimitKind)
        raise SessionError(f"limit {kind!r} is unknown; expected one of {known}")
    return LimitKind[name]


def limit_amount(kind: LimitKind, amount: Money) -> int:
    """A limit's value as its record has it."""
    if kind in OF_MONEY:
        return money("amount", amount)
    if kind == LimitKind.LIMIT_LEVERAGE:
        return _scaled("leverage", amount, 100)
    return _scaled("amount", amount, 1)


def _scaled(name: str, value: Money, scale: int) -> int:
    try:
        scaled = Decimal(value) * scale
        units = int(scaled)
    except (ArithmeticError, ValueError):
        raise SessionError(f"{name} {value!r} is not a number") from None
    if units != scaled or not 0 <= units < 2**63:
        raise SessionError(f"{name} {value} is not a whole number of 1/{scale}, 0 or more")
    return units
