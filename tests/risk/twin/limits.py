"""LIMIT_CHANGE: limits for good or for a time, at any level and scope. RISK.md 5.7."""

from typing import TypeVar

from tidegate.native.records import LimitKind, Reason
from twin.balances import Balance
from twin.checks import max_of
from twin.margin import of_product, working, worst_of
from twin.refused import need
from twin.reports import alert
from twin.state import (
    CREDIT_MAX,
    LIMIT_NAMES,
    MONEY_MAX,
    OPEN_ORDERS_MAX,
    QTY_MAX,
    SECOND,
    TIME_MAX,
    Bucket,
    Override,
    Row,
    State,
    Verdict,
    ceil_div,
)

Key = tuple[int, int, int, int, int]
RATES = {
    LimitKind.LIMIT_ORDER_RATE: "order",
    LimitKind.LIMIT_REPLACE_RATE: "replace",
    LimitKind.LIMIT_CANCEL_RATE: "cancel",
}
IN_CURRENCY = {
    LimitKind.LIMIT_MAX_LOSS: "max_loss",
    LimitKind.LIMIT_MAX_DRAWDOWN: "max_drawdown",
    LimitKind.LIMIT_CREDIT_LINE: "credit_line",
}
OF_ACCOUNT = {
    LimitKind.LIMIT_LEVERAGE: "leverage_max",
    LimitKind.LIMIT_CONCENTRATION: "concentration",
    LimitKind.LIMIT_DAY_ORDERS: "day_orders_max",
    LimitKind.LIMIT_EXECUTIONS: "executions_max",
}
USED = {
    LimitKind.LIMIT_MAX_LONG: "long",
    LimitKind.LIMIT_MAX_SHORT: "short",
    LimitKind.LIMIT_MAX_GROSS: "gross",
}
LARGEST = {
    **dict.fromkeys((LimitKind.LIMIT_MAX_ORDER_QTY, LimitKind.LIMIT_MAX_MARKET_QTY), QTY_MAX),
    **dict.fromkeys(USED, CREDIT_MAX),
    LimitKind.LIMIT_MAX_OPEN_ORDERS: OPEN_ORDERS_MAX,
    **dict.fromkeys(RATES, SECOND),
    LimitKind.LIMIT_CONCENTRATION: 1000,
}
BURST_MAX = 10**6
Value = int | tuple[int, int] | None
Name = TypeVar("Name", int, str)


def change(s: State, r: Row, verdict: Verdict) -> None:
    key = key_of(s, r)
    value = value_of(s, r, key)
    known = s.overrides.get(key)
    if r["expires_ns"]:
        need(s.now < r["expires_ns"] <= TIME_MAX)
        if known is None:
            taken = {one.row for one in s.overrides.values()}
            free = [row for row in range(s.universe.capacity.overrides) if row not in taken]
            need(bool(free))
            known = s.overrides[key] = Override(get(s, key), r["expires_ns"], free[0])
        known.expires = r["expires_ns"]
        put(s, key, value, verdict)
    elif known:
        known.base = value
    else:
        put(s, key, value, verdict)


def value_of(s: State, r: Row, key: Key) -> Value:
    """None = not stated; of a rate its interval and tolerance."""
    kind, amount = r["limit_kind"], r["amount"]
    need(amount <= LARGEST.get(LimitKind(kind), MONEY_MAX))
    need(amount >= (0 if kind == LimitKind.LIMIT_CREDIT_LINE else -1))
    if amount == -1:
        return None
    if kind not in RATES:
        return int(amount)
    need(amount > 0 and 0 <= r["order_qty"] <= BURST_MAX)
    interval, tolerance = known if isinstance(known := get(s, key), tuple) else (0, 0)
    burst = r["order_qty"] or (tolerance // interval + 1 if interval else 1)
    interval = ceil_div(SECOND, amount)
    return interval, (burst - 1) * interval


def key_of(s: State, r: Row) -> Key:
    """The one limit that is meant, or a refusal."""
    kind = r["limit_kind"]
    need(kind in tuple(LimitKind) and r["account"] in s.traders)
    need(not (r["instrument"] and r["product"]))
    need((kind in IN_CURRENCY) == (r["currency"] != 0))
    if kind > LimitKind.LIMIT_MAX_OPEN_ORDERS:
        need(not r["instrument"] and not r["product"])
    return kind, r["account"], r["instrument"], r["product"], r["currency"]


def get(s: State, key: Key) -> Value:
    kind, account, instrument, product, currency = key
    t = s.traders[account]
    if kind in RATES:
        bucket: Bucket = getattr(t.buckets, RATES[LimitKind(kind)])
        return bucket.interval, bucket.tolerance
    if kind in IN_CURRENCY:
        table: dict[int, int] = getattr(t, IN_CURRENCY[LimitKind(kind)])
        return table.get(currency, 0 if kind == LimitKind.LIMIT_CREDIT_LINE else None)
    if kind in OF_ACCOUNT:
        found: int | None = getattr(t, OF_ACCOUNT[LimitKind(kind)])
        return found
    return t.limits.get((instrument, product), {}).get(LIMIT_NAMES[kind - 1])


def put(s: State, key: Key, value: Value, verdict: Verdict) -> None:
    kind, account, instrument, product, currency = key
    t = s.traders[account]
    if kind in RATES:
        bucket: Bucket = getattr(t.buckets, RATES[LimitKind(kind)])
        assert not isinstance(value, int)
        bucket.interval, bucket.tolerance = value or (0, 0)
        return
    assert not isinstance(value, tuple)
    before = in_force(s, key)
    if kind in OF_ACCOUNT:
        setattr(t, OF_ACCOUNT[LimitKind(kind)], value)
    elif kind in IN_CURRENCY:
        set_in(getattr(t, IN_CURRENCY[LimitKind(kind)]), currency, value)
    else:
        set_in(t.limits.setdefault((instrument, product), {}), LIMIT_NAMES[kind - 1], value)
    after, used = in_force(s, key), in_use(s, key)
    if after < before and used > after:
        alert(s, verdict, account, instrument, Reason.LIMIT_LOWERED, (after, used, before, 0, 0))


def set_in(table: dict[Name, int], name: Name, value: int | None) -> None:
    if value is None:
        table.pop(name, None)
    else:
        table[name] = value


def in_force(s: State, key: Key) -> int:
    """A maximum as its credits have it; 0 where a limit has none."""
    kind, account, instrument, product, currency = key
    if kind == LimitKind.LIMIT_CREDIT_LINE:
        return s.traders[account].credit_line.get(currency, 0)
    if kind not in USED and kind != LimitKind.LIMIT_MAX_OPEN_ORDERS:
        return 0
    most = max_of(s.traders[account], (instrument, product), LIMIT_NAMES[kind - 1])
    if most is None:
        return CREDIT_MAX if kind in USED else OPEN_ORDERS_MAX
    return most


def in_use(s: State, key: Key) -> int:
    """What of a maximum is in use now."""
    kind, account, instrument, product, currency = key
    if kind == LimitKind.LIMIT_CREDIT_LINE:
        balance = Balance(s, account, currency)
        return balance.credit_line - balance.available
    ones = [instrument] if instrument else of_product(s, product - 1)
    if not instrument and not product:
        ones = list(s.contracts)
    if kind in USED:
        size: int = getattr(worst_of(s, working(s), account, ones), USED[LimitKind(kind)])
        return size
    return sum(
        order.instrument in ones and account in s.traders[order.account].chain
        for order in s.open.values()
    )


def expire(s: State, verdict: Verdict) -> None:
    """At TICK: the value before comes back."""
    for key, override in sorted(s.overrides.items(), key=lambda one: one[1].row):
        if override.expires <= s.now:
            del s.overrides[key]
            put(s, key, override.base, verdict)
