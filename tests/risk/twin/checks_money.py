"""The checks of RISK.md 3 that compare money: 18, 19, 25 and 47 to 54."""

from dataclasses import dataclass

from tidegate.native.records import OrdType, Reason, Scope
from twin.balances import Balance, added_margin, fits, rates
from twin.checks import Asked, least
from twin.margin import (
    asked_price,
    bears,
    collar,
    fee_to_hold,
    lot_notional,
    margin_missing,
    premium_to_hold,
    worst,
)
from twin.state import InexpressibleError, Trader, money


@dataclass
class Added:
    """What an order adds: fee, premium, and margin by level (None = holds none there)."""

    fee: int = 0
    premium: int = 0


def check_losses(a: Asked) -> None:
    """18, 19."""
    if a.is_closing:
        return
    currency = a.contract.row.currency
    for t in a.chain:
        if not bears(a.s, t.row.handle):
            continue
        profit = Balance(a.s, t.row.handle, currency, a.held_lots).profit
        where = t.row.level, Scope.SCOPE_ALL
        most = t.max_loss.get(currency)
        if most is not None and -profit >= most:
            a.fail(Reason.LOSS_LIMIT, most, -profit, 0, *where)
        most = t.max_drawdown.get(currency)
        fallen = a.s.peaks[t.row.handle, currency] - profit
        if most is not None and fallen >= most:
            a.fail(Reason.DRAWDOWN_LIMIT, most, fallen, 0, *where)


def check_notional(a: Asked) -> None:
    """25; OVERFLOW where it cannot be expressed."""
    row, price = a.contract.row, a.o["price"]
    if a.o["ord_type"] == OrdType.MARKET:
        band = collar(a.s, a.instrument)
        price = max(band, key=abs) if band else a.contract.mark or 0
    try:
        value = max(money(abs(price) * row.tick_value), row.notional_floor)
        notional = money(value * a.o["order_qty"])
    except InexpressibleError:
        a.fail(Reason.OVERFLOW)
        return
    most = least(a, "max_notional", None)
    if most and notional > most[0] and not a.is_closing:
        a.fail(Reason.ORDER_NOTIONAL, most[0], 0, notional, *most[1:])


def check_missing(a: Asked) -> None:
    """47 to 49."""
    currency = a.contract.row.currency
    if margin_missing(a.s, a.instrument):
        a.fail(Reason.MARGIN_MISSING)
    if currency not in a.own.checked:
        a.fail(Reason.BALANCE_MISSING, 0, 0, 0, a.own.row.level, Scope.SCOPE_ALL)
    if a.own.row.is_converted and rates(a.s, currency) is None:
        a.fail(Reason.CURRENCY_RATE_MISSING, 0, 0, 0, a.own.row.level, Scope.SCOPE_ALL)


def needs(a: Asked) -> Added:
    """Fee and premium that the order holds in addition."""
    price = asked_price(a.s, a.o, a.is_buy)
    held = a.replaced
    fee = fee_to_hold(a.s, a.own.row.handle, a.instrument, a.o["position_effect"], [price], a.left)
    premium = premium_to_hold(a.s, a.instrument, a.is_buy, [price], a.left)
    return Added(
        max(0, fee - (held.fee if held else 0)), max(0, premium - (held.premium if held else 0))
    )


def check_money(a: Asked) -> Added:
    """50 to 54."""
    added = Added()
    try:
        added = needs(a)
        if Reason.OVERFLOW not in a.failed:
            check_levels(a, added)
    except InexpressibleError:
        a.fail(Reason.OVERFLOW)
    if Reason.OVERFLOW in a.failed:
        for reason in (Reason.LEVERAGE, Reason.MARGIN, Reason.FEE, Reason.POOL):
            a.failed.pop(reason, None)
    return added


def check_levels(a: Asked, added: Added) -> None:
    """Whatever could overflow is computed, whether or not it is then compared."""
    currency = a.contract.row.currency
    is_something = a.lots or added.fee or added.premium
    found = []
    for t in a.chain:
        if bears(a.s, t.row.handle):
            found.append((t, added_margin(a.s, a.held_lots, t.row.handle, a.extra)))
            added_notional(a, t)
    if a.is_closing or not is_something:
        return
    for t, margin in found:
        check_leverage(a, t)
        balance = Balance(a.s, t.row.handle, currency, a.held_lots)
        if balance.is_checked:
            compare_level(a, t, balance, margin + added.premium, added.fee)
    pool = a.own.row.pool
    if pool:
        asked = found[0][1] + added.premium + added.fee
        balance = Balance(a.s, pool, currency, a.held_lots)
        if asked > balance.available:
            level = a.s.traders[pool].row.level
            a.fail(Reason.POOL, balance.equity, balance.held, asked, level, Scope.SCOPE_ALL)


def compare_level(a: Asked, t: Trader, balance: Balance, asked: int, fee: int) -> None:
    """51, 52."""
    where = t.row.handle, balance.currency
    numbers = t.row.level, Scope.SCOPE_ALL
    if not fits(a.s, *where, asked, a.held_lots):
        a.fail(Reason.MARGIN, balance.equity, balance.held, asked, *numbers)
    elif not fits(a.s, *where, asked + fee, a.held_lots):
        a.fail(Reason.FEE, balance.equity, balance.held, asked + fee, *numbers)


def added_notional(a: Asked, t: Trader) -> int:
    before = worst(a.s, a.held_lots, t.row.handle, a.instrument)
    after = worst(a.s, a.held_lots, t.row.handle, a.instrument, a.extra)
    return money((after.gross - before.gross) * lot_notional(a.s, a.instrument))


def check_leverage(a: Asked, t: Trader) -> None:
    """50."""
    if t.leverage_max is None:
        return
    balance = Balance(a.s, t.row.handle, a.contract.row.currency, a.held_lots)
    added = added_notional(a, t)
    if (balance.notional + added) * 100 > balance.equity * t.leverage_max:
        most = abs(balance.equity * t.leverage_max) // 100
        most = most if balance.equity >= 0 else -most
        numbers = most, balance.notional, added, t.row.level, Scope.SCOPE_ALL
        a.fail(Reason.LEVERAGE, *numbers)


def check_sums(a: Asked, added: Added) -> None:
    """54 again: all passed, and what a level would then hold must be expressible."""
    currency = a.contract.row.currency
    try:
        for t in a.chain:
            handle = t.row.handle
            if not bears(a.s, handle):
                continue
            held = added_margin(a.s, a.held_lots, handle, a.extra) + added.fee + added.premium
            for one in (handle, a.own.row.pool):
                if one:
                    balance = Balance(a.s, one, currency, a.held_lots)
                    money(balance.held + held)
                    money(balance.notional + added_notional(a, t))
    except InexpressibleError:
        a.fail(Reason.OVERFLOW)
